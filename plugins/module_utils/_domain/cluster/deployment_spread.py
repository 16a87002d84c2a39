# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a Deployment run on more than one node.

kubeadm's CoreDNS pods land on the first node and stay there, because the scheduler moves nothing. Its manual asks for a
restart of the rollout after a join (https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/adding-linux-nodes/).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..base.change import Change, Decision
from ..base.errors import NotProved
from ..base.report_fields import absent, as_dict, at
from ..component.kube_proxy_rollout import RESTARTED_AT
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

View = t.Mapping[str, t.Any]

#: The Deployment of kubeadm's cluster DNS.
CLUSTER_DNS = ("kube-system", "coredns")

#: How often one of the pods is replaced until the scheduler takes another node; each time the others go on.
_MOST_REPLACEMENTS = 4
_POLL_SECONDS = 0.5
_KEEPS_OFF = frozenset({"NoSchedule", "NoExecute"})
#: They go away by themselves within seconds after a node is Ready.
_TRANSIENT_TAINTS = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclasses.dataclass(frozen=True)
class Deployment:
    """What of a Deployment decides where its pods run.

    Attributes:
        namespace: its namespace.
        name: its name.
        replicas: how many pods it shall have.
        node_selector: labels that a node must have.
        node_terms: terms of the required node affinity, as the API has them.
        tolerations: as the API has them.
    """

    namespace: str
    name: str
    replicas: int
    node_selector: t.Mapping[str, str]
    node_terms: tuple[View, ...]
    tolerations: tuple[View, ...]

    @property
    def object(self) -> str:
        """As changes and messages name it."""
        return f"Deployment {self.namespace}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Pod:
    """A pod of a Deployment.

    Attributes:
        name: its name.
        node: name of its node; ``None`` when it has none yet.
        is_ready: whether it is Ready.
        is_terminating: whether it is going away.
    """

    name: str
    node: str | None = dataclasses.field(metadata=absent(None))
    is_ready: bool = dataclasses.field(metadata=at("ready"))
    is_terminating: bool = dataclasses.field(metadata=at("terminating"))


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where the pods of a Deployment are.

    Attributes:
        deployment: the Deployment; ``None`` without one.
        pods: its pods.
    """

    deployment: Deployment | None = dataclasses.field(metadata=absent(None))
    pods: tuple[Pod, ...]

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def collect(api: Api, namespace: str, name: str) -> Placement:
    """What of a Deployment and its pods decides where they run."""
    document = api.get("deployment", name, namespace=namespace)
    if document is None:
        return Placement(None, ())
    labels = _selector(document)
    pods = api.list("pod", namespace=namespace, labels=",".join(f"{key}={labels[key]}" for key in sorted(labels)))
    return Placement(_deployment(document), tuple(map(_pod, pods)))


def placement(document: View, pods: t.Iterable[View]) -> Placement:
    """The same of a Deployment and pods of its namespace, which may be others', too."""
    selector = _selector(document).items()
    own = (pod for pod in pods if selector <= (pod["metadata"].get("labels") or {}).items())
    return Placement(_deployment(document), tuple(map(_pod, own)))


def _selector(document: View) -> dict[str, str]:
    return document["spec"]["selector"].get("matchLabels") or {}


def _deployment(document: View) -> Deployment:
    template = document["spec"]["template"]["spec"]
    affinity = (template.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return Deployment(
        namespace=document["metadata"].get("namespace") or "",
        name=document["metadata"]["name"],
        replicas=int(document["spec"].get("replicas", 1)),
        node_selector=template.get("nodeSelector") or {},
        node_terms=tuple(required.get("nodeSelectorTerms") or ()),
        tolerations=tuple(template.get("tolerations") or ()),
    )


def decide(report: Placement, nodes: t.Iterable[Node]) -> Change | None:
    """The spreading of a Deployment whose ready pods, two at least, are all on one node.

    Args:
        report: the result of :func:`collect`.
        nodes: the nodes of the cluster, and those that will join.

    Returns:
        ``None`` when they are spread, or when no other node may run them.
    """
    deployment = report.deployment
    ready = ready_by_node(report.pods)
    if deployment is None or len(ready) != 1:
        return None
    node = min(ready)
    count = ready[node]
    others = [item for item in nodes if item.name != node and _may_run(deployment, item)]
    if count < 2 or deployment.replicas < 2 or not others:
        return None
    return Change(
        object=deployment.object,
        before=f"{count} pods on {node}",
        after="pods on more than one node",
        reason=f"without {node} the cluster would have none of them",
    )


def ready_by_node(pods: t.Iterable[Pod]) -> dict[str, int]:
    """How many ready pods each node has that has any."""
    found: dict[str, int] = {}
    for pod in pods:
        if pod.is_ready and not pod.is_terminating and pod.node is not None:
            found[pod.node] = found.get(pod.node, 0) + 1
    return found


def joining_node(name: str, *, control_plane: bool) -> Node:
    """A node that will be there, as ``kubeadm join`` makes it."""
    taint = {"key": _CONTROL_PLANE, "effect": "NoSchedule"}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return Node(
        name=name,
        is_ready=True,
        labels={**labels, _CONTROL_PLANE: ""} if control_plane else labels,
        taints=(taint,) if control_plane else (),
    )


def ensure(api: Api, clock: Clock, nodes: t.Sequence[Node], *, namespace: str, name: str, timeout: float) -> Decision:
    """The ready pods of a Deployment are on more than one node, where that is possible.

    Args:
        api: the cluster.
        clock: bounds the waiting.
        nodes: the nodes of the cluster.
        namespace: of the Deployment.
        name: of the Deployment.
        timeout: seconds for each rollout.

    Raises:
        NotProved: when a rollout does not end in time, or the scheduler puts all pods on one node again.
    """
    report = collect(api, namespace, name)
    change = decide(report, nodes)

    def act() -> t.Mapping[str, t.Any]:
        return {"nodes": _spread(api, clock, namespace=namespace, name=name, timeout=timeout)}

    return Decision(changes=() if change is None else (change,), values={"nodes": ready_by_node(report.pods)}, act=act)


def _spread(api: Api, clock: Clock, *, namespace: str, name: str, timeout: float) -> dict[str, int]:
    """Restart the rollout; where that has left all pods together, replace one of them, and again."""
    stamp = dt.datetime.fromtimestamp(clock.now(), tz=dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
    api.patch("deployment", name, patch, namespace=namespace)
    found = _await_rollout(api, clock, namespace=namespace, name=name, timeout=timeout)
    for _attempt in range(_MOST_REPLACEMENTS):
        if len(ready_by_node(found)) > 1:
            break
        # With two nodes the old pods on the one have driven both new ones to the other. Now one place is free, which the scheduler
        # prefers and need not take: a node and pods that are just coming or going may not be in what it has seen.
        replaced = found[0].name
        api.delete("pod", replaced, namespace=namespace)
        found = _await_rollout(api, clock, namespace=namespace, name=name, timeout=timeout, without=replaced)
    nodes = ready_by_node(found)
    if len(nodes) < 2:
        raise NotProved(
            f"The rollout of Deployment {namespace}/{name} was restarted, but the scheduler has put all pods on "
            f"{', '.join(nodes)} again: check the room on the other nodes with 'kubectl describe nodes'. Nothing "
            "was lost; run again when there is room."
        )
    return nodes


def _await_rollout(
    api: Api, clock: Clock, *, namespace: str, name: str, timeout: float, without: str = ""
) -> list[Pod]:
    """Wait as ``kubectl rollout status`` does; the ready pods then."""
    deadline = clock.monotonic() + timeout
    while True:
        document = api.get("deployment", name, namespace=namespace) or {"metadata": {}}
        pods = collect(api, namespace, name).pods
        living = [pod for pod in pods if not pod.is_terminating]
        wanted = int((document.get("spec") or {}).get("replicas", 1))
        is_complete = len(living) == wanted and all(pod.is_ready for pod in living)
        if is_complete and _is_rolled_out(document, wanted) and without not in [pod.name for pod in living]:
            return living
        if clock.monotonic() >= deadline:
            raise NotProved(
                f"The rollout of Deployment {namespace}/{name} was restarted, but {timeout:g} s later "
                f"{sum(pod.is_ready for pod in living)} of {wanted} pods are ready: read 'kubectl --namespace "
                f"{namespace} describe deployment {name}'. The option timeout sets the time."
            )
        clock.sleep(_POLL_SECONDS)


def _is_rolled_out(document: View, wanted: int) -> bool:
    status = document.get("status") or {}
    if int(status.get("observedGeneration", 0)) < int(document["metadata"].get("generation", 0)):
        return False
    counts = [int(status.get(key, 0)) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3


def _pod(pod: View) -> Pod:
    conditions = {item["type"]: item["status"] for item in (pod.get("status") or {}).get("conditions") or ()}
    return Pod(
        name=pod["metadata"]["name"],
        node=pod["spec"].get("nodeName"),
        is_ready=conditions.get("Ready") == "True",
        is_terminating=bool(pod["metadata"].get("deletionTimestamp")),
    )


def _may_run(deployment: Deployment, node: Node) -> bool:
    """Whether the scheduler may put a pod there, as far as nodeSelector, required node affinity and taints say."""
    labels = node.labels
    is_selected = all(labels.get(key) == value for key, value in deployment.node_selector.items())
    terms = deployment.node_terms
    is_near = not terms or any(_matches(term, labels) for term in terms)
    taints = [taint for taint in node.taints if taint["effect"] in _KEEPS_OFF and taint["key"] not in _TRANSIENT_TAINTS]
    is_tolerated = all(any(_tolerates(item, taint) for item in deployment.tolerations) for taint in taints)
    return node.is_ready and is_selected and is_near and is_tolerated


def _tolerates(toleration: View, taint: View) -> bool:
    """https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _matches(term: View, labels: t.Mapping[str, str]) -> bool:
    """A nodeSelectorTerm. One with what this does not know (matchFields, Gt, Lt) matches nothing."""
    if term.get("matchFields"):
        return False
    expressions = term.get("matchExpressions") or ()
    return bool(expressions) and all(_holds(expression, labels) for expression in expressions)


def _holds(expression: View, labels: t.Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(expression["operator"], False)


__all__ = (
    "CLUSTER_DNS",
    "Deployment",
    "Placement",
    "Pod",
    "collect",
    "decide",
    "ensure",
    "joining_node",
    "placement",
    "ready_by_node",
)
