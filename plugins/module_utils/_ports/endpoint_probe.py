# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the control plane endpoint, as this host sees it."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.address import Endpoint
    from .._domain.base.endpoint_view import View


class EndpointProbe(t.Protocol):
    """Inspects the control plane endpoint from this host, by its resolver and without any proxy."""

    def inspect(self, endpoint: Endpoint) -> View:
        """What this host sees now, after at most the seconds that it was made for."""

    def begin(self, endpoint: Endpoint) -> t.Callable[[], View]:
        """Inspect beside what the caller does meanwhile; what is returned waits for the end."""


__all__ = ("EndpointProbe",)
