# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What matters of a Node of the Kubernetes API."""

from __future__ import annotations

import typing as t

#: kubeadm's annotation of a Node, up to the releases that write the socket into a file of the host.
_CRI_SOCKET = "kubeadm.alpha.kubernetes.io/cri-socket"


def node_view(node: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What matters of a Node object."""
    conditions = {item["type"]: item for item in node["status"].get("conditions", ())}
    ready = conditions.get("Ready") or {}
    return {
        "name": node["metadata"]["name"],
        "labels": node["metadata"].get("labels", {}),
        "taints": node["spec"].get("taints", []),
        "addresses": [item["address"] for item in node["status"].get("addresses", ())],
        "kubelet_version": node["status"]["nodeInfo"]["kubeletVersion"],
        "ready": ready.get("status") == "True",
        "ready_status": str(ready.get("status") or "Unknown"),
        "ready_reason": " ".join(f"{ready.get('reason') or ''} {ready.get('message') or ''}".split()),
        "cri_socket": node["metadata"].get("annotations", {}).get(_CRI_SOCKET, ""),
    }


__all__ = ("node_view",)
