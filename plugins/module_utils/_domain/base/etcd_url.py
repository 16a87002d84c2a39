# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of etcd, as its flags, its record of members and ``--etcd-servers`` of an API server have them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .address import Endpoint, canonical_ip, is_loopback
from .errors import InvalidInput

_URL = re.compile(r"(?P<scheme>https?://)?(?P<host>\[[^\]]*\]|[^:/\s]*)(?::(?P<port>\d{1,5}))?/*")


@dataclasses.dataclass(frozen=True)
class EtcdUrl:
    """Where a URL leads.

    Attributes:
        host: an IP address in its canonical spelling, or a name as it is written; empty where the URL has none.
        port: as it is written, which may be too large for one; ``None`` where the URL has none.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> EtcdUrl | None:
        """Where a text leads; ``None`` when it is no URL on the network: a socket of the host itself is none."""
        found = _URL.fullmatch(text.strip())
        # Clients of etcd take a host with a port as a URL, too; a word alone is none.
        if found is None or not (found["scheme"] or found["port"]):
            return None
        host, port = found["host"], found["port"]
        return cls(canonical_ip(host) or host, None if port is None else int(port))

    @property
    def address(self) -> str | None:
        """The IP address; ``None`` when the host is a name."""
        return canonical_ip(self.host)

    def endpoint(self, *, default_port: int) -> Endpoint | None:
        """Host and port; ``None`` when one of them cannot be one."""
        port = default_port if self.port is None else self.port
        try:
            return Endpoint.parse(f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}")
        except InvalidInput:
            return None


def urls_of(text: str) -> list[str]:
    """The URLs of a flag: a list with commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def lead_to_loopback(urls: t.Collection[str]) -> bool:
    """Whether URLs lead to addresses of loopback alone; a name counts as elsewhere, and no URL leads nowhere."""
    parsed = [EtcdUrl.parse(url) for url in urls]
    return bool(parsed) and all(url is not None and url.address is not None and is_loopback(url.host) for url in parsed)


__all__ = ("EtcdUrl", "lead_to_loopback", "urls_of")
