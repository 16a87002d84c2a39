# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of TCP connections from this host."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.address import Endpoint
    from .._domain.base.connection_attempt import ConnectResult


class Sockets(t.Protocol):
    """Tries TCP connections from this host."""

    def connect(self, endpoints: t.Sequence[Endpoint], *, seconds: float) -> t.Sequence[ConnectResult]:
        """How each attempt ended, in the order of the endpoints, after at most that many seconds. No data is sent."""


__all__ = ("Sockets",)
