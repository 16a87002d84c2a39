# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the etcd cluster."""

from __future__ import annotations

import typing as t


class Etcd(t.Protocol):
    """etcd servers. Endpoints are URLs such as ``https://127.0.0.1:2379``; every method raises ``EtcdError``.

    Answers are the documents of etcd's JSON gateway, whose 64-bit numbers are texts
    (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/).
    """

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """MemberListResponse."""

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse of the very server."""

    def alarms(self, endpoint: str) -> dict[str, t.Any]:
        """AlarmResponse with every active alarm."""

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse of a linearizable read, which needs a leader and a quorum."""

    def remove(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberRemoveResponse. The id is hexadecimal, as etcdctl prints it."""

    def add(self, endpoint: str, peer_url: str) -> dict[str, t.Any]:
        """MemberAddResponse of a learner."""

    def promote(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberPromoteResponse: the learner votes. etcd refuses one that has not caught up."""

    def count(self, endpoint: str, prefix: str) -> dict[str, t.Any]:
        """RangeResponse with the number of keys that begin with the prefix, and no key."""

    def snapshot(self, endpoint: str) -> t.Iterator[bytes]:
        """The server's database in pieces, its SHA-256 (32 bytes) at the end."""


__all__ = ("Etcd",)
