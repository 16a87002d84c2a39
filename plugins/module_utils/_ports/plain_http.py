# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of plain HTTP from this host."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.address import Endpoint
    from .._domain.base.plain_answer import PlainAnswer


class PlainHttp(t.Protocol):
    """Asks servers over HTTP without TLS, each request over a connection of its own."""

    def get(self, endpoints: t.Sequence[Endpoint], path: str, *, seconds: float) -> t.Sequence[PlainAnswer]:
        """What each endpoint answered, in their order, many at a time. An endpoint may be there several times. ``seconds``
        bounds each wait for the network."""


__all__ = ("PlainHttp",)
