# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access of an API server to etcd that is not a static pod of its host.

The flags of kube-apiserver name it (https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/),
so a control plane with external etcd needs no further input.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class EtcdAccess:
    """External etcd as an API server reaches it.

    Attributes:
        endpoints: client URLs, in the order of the flag.
        ca_certificate: path of the CA of etcd's servers; empty without TLS, as the other two.
        client_certificate: path of the API server's client certificate for etcd.
        client_key: path of its key.
    """

    endpoints: tuple[str, ...]
    ca_certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""

    @property
    def is_secured(self) -> bool:
        """Whether everything for TLS with a client certificate is given."""
        has_files = all((self.ca_certificate, self.client_certificate, self.client_key))
        return has_files and all(url.startswith("https://") for url in self.endpoints)

    def objection(self, whose: str) -> str | None:
        """Why a run stops at this access of the API server of ``whose``; ``None`` when it is secured."""
        if self.is_secured:
            return None
        return (
            f"The API server of {whose} reaches etcd ({', '.join(self.endpoints)}) without TLS and a client certificate, "
            "so whoever reaches etcd owns the cluster: secure etcd first, and name https URLs, --etcd-cafile, "
            "--etcd-certfile and --etcd-keyfile to the API server."
        )

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible, by the names of the options of ``etcd_member_info``."""
        return {**dataclasses.asdict(self), "endpoints": list(self.endpoints)}


def parse_access(flags: t.Mapping[str, str]) -> EtcdAccess | None:
    """The access to etcd of an API server with these flags, ``None`` when they name none."""
    endpoints = tuple(url.strip().rstrip("/") for url in flags.get("etcd-servers", "").split(",") if url.strip())
    if not endpoints:
        return None
    return EtcdAccess(
        endpoints=endpoints,
        ca_certificate=flags.get("etcd-cafile", ""),
        client_certificate=flags.get("etcd-certfile", ""),
        client_key=flags.get("etcd-keyfile", ""),
    )


def parse_member(flags: t.Mapping[str, str]) -> EtcdAccess:
    """The access to a member with what it has itself: its certificate is good for clients, too, where etcd's guides were followed.

    Args:
        flags: its settings. The URL that it gives others counts before one that it listens on.

    Raises:
        InvalidInput: when it cannot be reached so.
    """
    urls = [
        url.strip().rstrip("/")
        for flag in ("advertise-client-urls", "listen-client-urls")
        for url in flags.get(flag, "").split(",")
    ]
    secured = next((url for url in urls if url.startswith("https://")), "")
    found = EtcdAccess((secured,), *(flags.get(flag, "") for flag in ("trusted-ca-file", "cert-file", "key-file")))
    if not secured or not found.is_secured:
        raise InvalidInput(
            "etcd of this host names no https URL for its clients (--advertise-client-urls), or not all of --trusted-ca-file, --cert-file and "
            "--key-file, so that nobody can be certain whom he asks: secure it first."
        )
    return found


__all__ = ("EtcdAccess", "parse_access", "parse_member")
