# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of a server in the place of an API server."""

from __future__ import annotations

import typing as t


class ApiStandIn(t.Protocol):
    """Answers GETs on this host's loopback address in the place of an API server."""

    def serving(
        self, documents: t.Mapping[str, t.Mapping[str, t.Any]], *, forbidden: t.Collection[str] = ()
    ) -> t.ContextManager[str]:
        """The URL of a server that has these documents by path while the context lasts. It answers 403 for the forbidden
        paths and 404 for all others."""


__all__ = ("ApiStandIn",)
