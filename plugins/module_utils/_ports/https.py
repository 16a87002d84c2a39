# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of servers that answer over TLS."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: of HTTP; 0 where there was no answer.
        body: what it sent, or why there is none.
    """

    status: int
    body: str


class Https(t.Protocol):
    """Asks servers whose certificate a CA has signed."""

    def ask(
        self,
        url: str,
        *,
        ca: bytes,
        pair: tuple[str, str] | None = None,
        body: t.Mapping[str, t.Any] | None = None,
    ) -> Answer:
        """One request over a connection of its own, without a proxy.

        Args:
            url: with ``https://``.
            ca: certificates in PEM, one of which must have signed the server's, whose names and addresses are verified.
            pair: paths of the client's certificate and key.
            body: what is posted as JSON; without it the request is a GET.
        """


__all__ = ("Answer", "Https")
