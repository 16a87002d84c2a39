# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of connections of the host."""

from __future__ import annotations

import typing as t


class Connections(t.Protocol):
    """TCP connections of the host."""

    def clients(self, port: int) -> frozenset[str]:
        """Addresses of others that are connected to a port of this host."""


__all__ = ("Connections",)
