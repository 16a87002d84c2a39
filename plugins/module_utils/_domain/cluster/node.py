# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Node of the Kubernetes API: what matters of it here, and its place in a report."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.api_time import seconds_of
from ..base.report_fields import as_dict, at

#: kubeadm's annotation of a Node, up to the releases that write the socket into a file of the host.
_CRI_SOCKET = "kubeadm.alpha.kubernetes.io/cri-socket"


@dataclasses.dataclass(frozen=True)
class Node:
    """A Node, one that is there or one that will be.

    Attributes:
        name: its name.
        labels: values by name.
        taints: as the API has them.
        is_ready: whether the status of its condition Ready is ``True``.
        addresses: of every type, in the API's order.
        kubelet_version: of the kubelet that runs, as it reports it; empty when it is not known.
        ready_status: status of its condition Ready, ``True``, ``False`` or ``Unknown``; empty when it is not known.
        ready_reason: reason and message of that condition.
        ready_since: since when it has that status, without such a condition since when there is the Node; seconds since the epoch, 0 when it
            is not known.
        cri_socket: kubeadm's annotation with the container runtime's socket, empty without.
    """

    name: str
    labels: t.Mapping[str, str]
    taints: tuple[t.Mapping[str, t.Any], ...]
    is_ready: bool = dataclasses.field(metadata=at("ready"))
    addresses: tuple[str, ...] = ()
    kubelet_version: str = ""
    ready_status: str = ""
    ready_reason: str = ""
    ready_since: float = 0.0
    cri_socket: str = ""

    @classmethod
    def from_api(cls, document: t.Mapping[str, t.Any]) -> Node:
        """From a Node object."""
        conditions = {item["type"]: item for item in document["status"].get("conditions", ())}
        ready = conditions.get("Ready") or {}
        return cls(
            name=document["metadata"]["name"],
            labels=document["metadata"].get("labels") or {},
            taints=tuple(document["spec"].get("taints") or ()),
            is_ready=ready.get("status") == "True",
            addresses=tuple(item["address"] for item in document["status"].get("addresses", ())),
            kubelet_version=document["status"]["nodeInfo"]["kubeletVersion"],
            ready_status=str(ready.get("status") or "Unknown"),
            ready_reason=" ".join(f"{ready.get('reason') or ''} {ready.get('message') or ''}".split()),
            ready_since=seconds_of(
                ready.get("lastTransitionTime") or document["metadata"].get("creationTimestamp") or ""
            )
            or 0.0,
            cri_socket=document["metadata"].get("annotations", {}).get(_CRI_SOCKET, ""),
        )

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("Node",)
