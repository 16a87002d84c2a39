# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restart of kube-proxy on every node that lives.

The DaemonSet's own rolling update bears ``maxUnavailable`` pods that are not available, one by default. The pod of a node that
is down is one of them for as long as the node is down, so that not one pod of a living node would be replaced. What counts
here is nodes that are Ready; the others' kube-proxy starts anew with its node, from the DaemonSet's new template.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..base.api_time import text_of, time_of
from ..base.change import Change
from ..base.errors import NotProved, UnsupportedState
from ..base.report_fields import absent, at
from . import kube_proxy_reports

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

Document = t.Mapping[str, t.Any]

#: Object of the change, and of messages.
KUBE_PROXY_PODS = "DaemonSet kube-system/kube-proxy"

#: The label that kubeadm gives kube-proxy's pods.
KUBE_PROXY_LABELS = "k8s-app=kube-proxy"

#: The annotation that ``kubectl rollout restart`` sets.
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

_NAME, _NAMESPACE = "kube-proxy", "kube-system"
_POLL_SECONDS = 0.25
#: Nodes and the DaemonSet are read less often than the pods, as each reading may be a process.
_SECONDS_BETWEEN_NODES = 2.0


@dataclasses.dataclass(frozen=True)
class KubeProxyPod:
    """What of a pod of kube-proxy decides whether it is to be restarted; reported where the API has it.

    Attributes:
        name: its name.
        created: when it was made.
        deleted: when it is or was to be gone, as the API has it; ``None`` for one that stays.
        node: name of its node, empty without.
        owners: its ``ownerReferences``, as the API has them.
    """

    name: str = dataclasses.field(metadata=at("metadata", "name"))
    created: dt.datetime = dataclasses.field(metadata=at("metadata", "creationTimestamp"))
    deleted: str | None = dataclasses.field(metadata={**at("metadata", "deletionTimestamp"), **absent(None)})
    node: str = dataclasses.field(metadata={**at("spec", "nodeName"), **absent("", as_null=True)})
    owners: tuple[Document, ...] = dataclasses.field(
        metadata={**at("metadata", "ownerReferences"), **absent((), as_null=True)}
    )

    @classmethod
    def from_api(cls, document: Document) -> KubeProxyPod:
        """From a Pod object."""
        metadata = document["metadata"]
        return cls(
            name=metadata["name"],
            created=time_of(metadata["creationTimestamp"]),
            deleted=metadata.get("deletionTimestamp"),
            node=node_of(document),
            owners=tuple(metadata.get("ownerReferences") or ()),
        )

    @property
    def is_of_daemonset(self) -> bool:
        """Whether a restart of the DaemonSet replaces it."""
        return _is_owned(self.owners)


def decide(
    pods: t.Iterable[KubeProxyPod],
    *,
    ready_nodes: t.Container[str],
    written: dt.datetime | None,
    will_change: bool = False,
) -> Change | None:
    """The restart of the pods on living nodes that still run with an older ConfigMap.

    Args:
        pods: kube-proxy's pods, see :attr:`KubeProxyPod.is_of_daemonset`.
        ready_nodes: names of the nodes that are Ready.
        written: when the ConfigMap's kubeconfig was written last; ``None`` when nothing says so.
        will_change: the ConfigMap is about to be changed: all pods will be outdated then.
    """
    outdated = [
        pod
        for pod in pods
        if not pod.deleted
        and pod.node in ready_nodes
        and (will_change or (written is not None and pod.created < written))
    ]
    if not outdated:
        return None
    return Change(
        object=KUBE_PROXY_PODS,
        before={"outdated_pods": len(outdated)},
        after={"outdated_pods": 0},
        reason="kube-proxy reads its ConfigMap kube-system/kube-proxy only when it starts: rolling restart",
    )


def pods_of_kube_proxy(pods: t.Iterable[Document]) -> t.Sequence[Document]:
    """The pods that a restart of the DaemonSet replaces, of those with the label :data:`KUBE_PROXY_LABELS`."""
    return [pod for pod in pods if _is_owned(pod["metadata"].get("ownerReferences") or ())]


def _is_owned(owners: t.Iterable[Document]) -> bool:
    return any(owner.get("kind") == "DaemonSet" and owner.get("name") == _NAME for owner in owners)


def ready_nodes(nodes: t.Iterable[Document], *, without: t.Container[str] = ()) -> frozenset[str]:
    """Names of the nodes that are Ready, of the API's Node objects."""
    return frozenset(
        node["metadata"]["name"]
        for node in nodes
        if node["metadata"]["name"] not in without
        and any(
            item.get("type") == "Ready" and item.get("status") == "True"
            for item in (node.get("status") or {}).get("conditions") or ()
        )
    )


def node_of(pod: Document) -> str:
    """The node of a DaemonSet's pod: where it is, or is to be bound by the affinity that the controller gives it."""
    spec = pod.get("spec") or {}
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    named = [
        str(value)
        for term in required.get("nodeSelectorTerms") or ()
        for field in term.get("matchFields") or ()
        if field.get("key") == "metadata.name"
        for value in field.get("values") or ()
    ]
    return str(spec.get("nodeName") or next(iter(named), ""))


def nodes_of(pods: t.Iterable[Document]) -> frozenset[str]:
    """The nodes on which the pods are."""
    return frozenset(filter(None, map(node_of, pods)))


def refuse_manual_rollout(daemonset: Document | None) -> None:
    """Refuse a DaemonSet whose pods only a person replaces.

    Raises:
        UnsupportedState: when it is one.
    """
    strategy = ((daemonset or {}).get("spec") or {}).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        raise UnsupportedState(
            f"{KUBE_PROXY_PODS} rolls out only by hand (spec.updateStrategy.type is OnDelete), so its pods cannot be "
            "restarted here: make the type RollingUpdate."
        )


def restart(api: Api, clock: Clock, *, timeout: float, unmanaged: t.Container[str] = ()) -> tuple[str, ...]:
    """Restart the pods, and wait until each living node has a new one that is ready.

    Args:
        api: the cluster.
        clock: bounds the waiting.
        timeout: seconds without a further new pod.
        unmanaged: names of nodes that nothing is expected of.

    Returns:
        the nodes that have no new pod, because they are not Ready or unmanaged.

    Raises:
        NotProved: when a living node's pod was not replaced in time.
    """
    stamp = text_of(dt.datetime.fromtimestamp(clock.now(), tz=dt.timezone.utc))
    nodes = nodes_of(_pods(api))
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
    api.patch("daemonset", _NAME, patch, namespace=_NAMESPACE)
    around, read_at = _around(api, unmanaged), clock.monotonic()
    seen = _collect(api, nodes, around)
    most, deadline = 0, clock.monotonic() + timeout
    is_proved = False
    while not is_proved:
        if len(seen.renewed) > most:
            most, deadline = len(seen.renewed), clock.monotonic() + timeout
        if not seen.is_rolled_out and clock.monotonic() >= deadline:
            raise NotProved(_failure(seen, timeout))
        outdated = seen.next_to_replace
        if outdated is not None:
            api.delete("pod", outdated, namespace=_NAMESPACE)
        if not seen.is_rolled_out:
            clock.sleep(_POLL_SECONDS)
        # A node may have come back, or gone, since the last reading: the end is proved with a fresh one.
        is_fresh = seen.is_rolled_out or clock.monotonic() - read_at >= _SECONDS_BETWEEN_NODES
        if is_fresh:
            around, read_at = _around(api, unmanaged), clock.monotonic()
        seen = _collect(api, nodes, around)
        is_proved = is_fresh and seen.is_rolled_out
    return tuple(sorted(nodes - seen.renewed))


@dataclasses.dataclass(frozen=True)
class _Around:
    """What the pods are held against.

    Attributes:
        ready: the nodes that are Ready and managed.
        stamp: the annotation of the DaemonSet's present template.
        is_observed: whether the DaemonSet's controller knows it.
    """

    ready: frozenset[str]
    stamp: str | None
    is_observed: bool


@dataclasses.dataclass(frozen=True)
class _Seen:
    """The rollout at one time.

    Attributes:
        nodes: the nodes that kube-proxy ran on at the beginning.
        living: those of them that are Ready and managed.
        renewed: those with a new pod that is ready and has reached the API, and no other.
        mute: those with a new pod that is ready and has not reached the API yet.
        settled: those of the living ones whose only pod is ready, be it old or new.
        old: the pod of each living node that is to be replaced, by node.
        is_observed: whether the DaemonSet's controller knows the new template.
    """

    nodes: frozenset[str]
    living: frozenset[str]
    renewed: frozenset[str]
    mute: frozenset[str]
    settled: frozenset[str]
    old: t.Mapping[str, str]
    is_observed: bool

    @property
    def is_rolled_out(self) -> bool:
        """Whether every living node has its new pod. Where no node lives nothing is proved."""
        return self.living <= self.renewed and bool(self.living or not self.nodes)

    @property
    def next_to_replace(self) -> str | None:
        """The pod to delete now, because a node that is down holds the DaemonSet's own rollout up.

        One by one, and only while every living node has its pod, and no new one that has yet to reach the API.
        """
        if (
            self.mute
            or not self.is_observed
            or self.living == self.nodes
            or self.settled != self.living
            or not self.old
        ):
            return None
        return self.old[min(self.old)]


def _around(api: Api, unmanaged: t.Container[str]) -> _Around:
    daemonset = api.get("daemonset", _NAME, namespace=_NAMESPACE) or {"metadata": {}}
    template = ((daemonset.get("spec") or {}).get("template") or {}).get("metadata") or {}
    generation = int(daemonset["metadata"].get("generation", 0))
    observed = int((daemonset.get("status") or {}).get("observedGeneration", 0))
    return _Around(
        ready=ready_nodes(api.list("node"), without=unmanaged),
        stamp=(template.get("annotations") or {}).get(RESTARTED_AT),
        is_observed=observed >= generation,
    )


def _collect(api: Api, nodes: frozenset[str], around: _Around) -> _Seen:
    living = nodes & around.ready
    by_node: dict[str, list[Document]] = {}
    for pod in _pods(api):
        by_node.setdefault(node_of(pod), []).append(pod)
    only = {node: pods[0] for node, pods in by_node.items() if len(pods) == 1 and _is_ready(pods[0])}
    new = {
        node
        for node, pod in only.items()
        if (pod["metadata"].get("annotations") or {}).get(RESTARTED_AT) == around.stamp
    }
    times = kube_proxy_reports.reporting_times(api) if new & nodes else {}
    reached = {node for node in new if kube_proxy_reports.has_reported(only[node], node, times)}
    return _Seen(
        nodes=nodes,
        living=living,
        renewed=nodes & reached,
        mute=nodes & (new - reached),
        settled=living & frozenset(only),
        old={node: only[node]["metadata"]["name"] for node in living & frozenset(only) - new},
        is_observed=around.is_observed,
    )


def _pods(api: Api) -> t.Sequence[Document]:
    found = pods_of_kube_proxy(api.list("pod", namespace=_NAMESPACE, labels=KUBE_PROXY_LABELS))
    return [pod for pod in found if node_of(pod)]


def _is_ready(pod: Document) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def _failure(seen: _Seen, timeout: float) -> str:
    available = len(seen.settled | seen.renewed)
    lacking = ", ".join(sorted(seen.living - seen.renewed)) or "no node that is Ready"
    down = ", ".join(sorted(seen.nodes - seen.living))
    if seen.living <= seen.renewed | seen.mute and seen.mute:
        return (
            f"{KUBE_PROXY_PODS} was restarted, but {timeout:g} s later kube-proxy on {lacking} has not reached the API by the "
            "server in ConfigMap kube-system/kube-proxy: no Event reports its start. Its Services are not kept up to date there; "
            "'kubectl -n kube-system logs -l k8s-app=kube-proxy --prefix' says why. Run again when that is mended."
        )
    return (
        f"{KUBE_PROXY_PODS} was restarted, but {timeout:g} s later {len(seen.renewed)} of its {len(seen.nodes)} pods are new "
        f"and {available} available; waited for {lacking}{f' (not for {down}: not Ready)' if down else ''}. The events of the "
        "pods say why: 'kubectl -n kube-system describe pods -l k8s-app=kube-proxy'. Run again when that is mended."
    )


__all__ = (
    "KUBE_PROXY_LABELS",
    "KUBE_PROXY_PODS",
    "RESTARTED_AT",
    "KubeProxyPod",
    "decide",
    "node_of",
    "nodes_of",
    "pods_of_kube_proxy",
    "ready_nodes",
    "refuse_manual_rollout",
    "restart",
)
