# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Node is marked as a control plane, as kubeadm's last phase does it.

``mark-control-plane`` is the end of ``kubeadm init`` and of ``kubeadm join``: one patch with labels and taints
(cmd/kubeadm/app/phases/markcontrolplane). A Node without the role's label is one that this patch never reached; one with the
label and without the taint is an operator's decision.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change, Decision
from ..base.errors import ApiConflict, UnsupportedState
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api

#: The label by which the role is known, and the key of its taint.
ROLE = "node-role.kubernetes.io/control-plane"
#: The older name: a label until 1.23, and a taint beside the other one in 1.24 (kubeadm's ``SetNodeRegistrationDynamicDefaults``).
OLD_ROLE = "node-role.kubernetes.io/master"
_LABELS = (ROLE, OLD_ROLE, "node.kubernetes.io/exclude-from-external-load-balancers")
_TAINTS = (ROLE, OLD_ROLE)

#: The kubelet writes to its Node, too.
_ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class Marks:
    """Labels by name and taints that a Node lacks."""

    labels: tuple[str, ...]
    taints: tuple[t.Mapping[str, t.Any], ...]

    def texts(self) -> list[str]:
        """As a change shows them."""
        return [*(f"label {name}" for name in self.labels), *(f"taint {_taint_text(item)}" for item in self.taints)]


def missing(name: str, nodes: t.Mapping[str, Node]) -> Marks | None:
    """What ``mark-control-plane`` would have given to a Node and did not; ``None`` when it did.

    The other control planes of the cluster show what is usual there: a label or taint that none of them has is not given.

    Args:
        name: a Node that runs a control plane.
        nodes: all Nodes by name.
    """
    node = nodes.get(name)
    if node is None or _has_role(node):
        return None
    others = [item for item in nodes.values() if item.name != name and _has_role(item)]
    labels = [label for label in _LABELS if any(label in item.labels for item in others)]
    if not labels:
        return None
    has = {_taint_text(item) for item in node.taints}
    usual = {
        _taint_text(taint): {key: taint[key] for key in ("key", "value", "effect") if taint.get(key)}
        for item in others
        for taint in item.taints
        if taint["key"] in _TAINTS
    }
    return Marks(
        labels=tuple(label for label in labels if label not in node.labels),
        taints=tuple(usual[text] for text in sorted(usual) if text not in has),
    )


def decide(name: str, nodes: t.Mapping[str, Node]) -> Change | None:
    """The marking of a Node as a change; ``None`` when it is marked, or nobody in the cluster is."""
    marks = missing(name, nodes)
    if marks is None:
        return None
    return Change(
        object=f"node {name}",
        before=[],
        after=marks.texts(),
        reason="its join ended before kubeadm's last phase, mark-control-plane",
    )


def ensure(api: Api, name: str) -> Decision:
    """The Node is marked as a control plane.

    Args:
        api: the cluster, as an administrator.
        name: name of the Node.

    Raises:
        UnsupportedState: when the cluster has no such Node.
        ApiConflict: when others wrote to the Node between each reading and writing.
    """
    nodes = _nodes(api)
    if name not in nodes:
        raise UnsupportedState(
            f"The cluster has no node {name}: only a host that has joined can be marked as a control plane."
        )
    change = decide(name, nodes)

    def act() -> t.Mapping[str, t.Any]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _mark(api, name)
            except ApiConflict:
                if attempt == _ATTEMPTS:
                    raise
            else:
                break
        return {}

    return Decision(changes=() if change is None else (change,), act=act)


def _mark(api: Api, name: str) -> None:
    document = api.get("node", name)
    marks = missing(name, {**_nodes(api), **({} if document is None else {name: Node.from_api(document)})})
    if document is None or marks is None:
        return
    patch: dict[str, t.Any] = {
        "metadata": {
            "labels": dict.fromkeys(marks.labels, ""),
            "resourceVersion": document["metadata"]["resourceVersion"],
        }
    }
    if marks.taints:
        patch["spec"] = {"taints": [*(document["spec"].get("taints") or ()), *(dict(item) for item in marks.taints)]}
    api.patch("node", name, patch)


def _nodes(api: Api) -> dict[str, Node]:
    return {node.name: node for node in map(Node.from_api, api.list("node"))}


def _has_role(node: Node) -> bool:
    return ROLE in node.labels or OLD_ROLE in node.labels


def _taint_text(taint: t.Mapping[str, t.Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


__all__ = ("OLD_ROLE", "ROLE", "Marks", "decide", "ensure", "missing")
