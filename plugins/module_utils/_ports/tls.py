# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of TLS servers."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.address import Endpoint


class Tls(t.Protocol):
    """Reads what a TLS server serves."""

    def served_certificate(
        self, endpoint: Endpoint, *, server_name: str | None = None, timeout: float = 5.0
    ) -> bytes | None:
        """The served leaf certificate in PEM, unverified; ``None`` when nothing answers in time (seconds)."""


__all__ = ("Tls",)
