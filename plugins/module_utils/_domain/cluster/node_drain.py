# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node has been drained, so that its kubelet may go away, and the drain itself.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

import typing as t

from ..base.change import Change, Decision
from ..base.enumeration import listed_some
from ..base.errors import ApiError, NotProved, UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 2.0
_PAGE = 500
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")
#: Reasons of the API server: a pod that is gone, and one that a budget keeps for now.
_GONE, _KEPT = "NotFound", "TooManyRequests"
#: So many pods are named.
_SHOWN = 3


def inspect(api: Api, clock: Clock, name: str, *, wait_timeout: float) -> Decision:
    """Nothing runs there but what would be on every node. A node that does not exist is drained.

    Args:
        api: the cluster.
        clock: this host's time.
        name: of the Node object.
        wait_timeout: seconds; 0 asks once.

    Raises:
        NotProved: when pods are there, or may come, with the remedy.
    """
    deadline = clock.monotonic() + wait_timeout
    while True:
        node = api.get("node", name)
        if node is None:
            return Decision(values={"node": {}})
        pods = _pods(api, name)
        is_cordoned = _is_cordoned(node)
        if is_cordoned and not pods:
            return Decision(values={"node": {"name": name}})
        if clock.monotonic() >= deadline:
            found = f"runs {listed_some(pods, _SHOWN)}" if pods else "takes new pods"
            raise NotProved(
                f"The node {name} is not drained: it {found}. Drain it first, so that pods end in order and their budgets are kept: kubectl drain "
                f"{name} --ignore-daemonsets --delete-emptydir-data"
            )
        clock.sleep(_SECONDS_BETWEEN)


def drain(api: Api, clock: Clock, name: str, *, timeout: float) -> Decision:
    """Nothing runs there but what would be on every node. A node that does not exist is drained.

    Args:
        api: the cluster, as an administrator.
        clock: bounds the waiting.
        name: of the Node object.
        timeout: seconds until the last pod has ended.

    Raises:
        UnsupportedState: when a pod belongs to no controller, so that nobody would start it elsewhere.
        NotProved: when pods are still there at the end, with what keeps them.
    """
    node = api.get("node", name)
    if node is None:
        return Decision()
    pods = _pods_in_the_way(api, name)
    if _is_cordoned(node) and not pods:
        return Decision()
    alone = sorted(_name_of(pod) for pod in pods if not pod["metadata"].get("ownerReferences"))
    if alone:
        raise UnsupportedState(
            f"The node {name} was not drained: {listed_some(alone, _SHOWN)} "
            f"{'belongs' if len(alone) == 1 else 'belong'} to no controller, so nobody would start it elsewhere. Delete such pods, or let a Deployment "
            "have them, then run again."
        )

    def act() -> t.Mapping[str, t.Any]:
        api.patch("node", name, {"spec": {"unschedulable": True}})
        deadline = clock.monotonic() + timeout
        while True:
            left = _pods_in_the_way(api, name)
            if not left:
                return {}
            kept = [text for pod in left for text in [_evict(api, pod)] if text]
            if clock.monotonic() >= deadline:
                names = [_name_of(pod) for pod in left]
                because = f" ({kept[0]})" if kept else ""
                raise NotProved(
                    f"The node {name} takes no new pods any more, but {listed_some(names, _SHOWN)} did not go within {timeout:g} s{because}. "
                    "Let them go, or raise the timeout, then run again."
                )
            clock.sleep(_SECONDS_BETWEEN)

    return Decision(changes=(drain_change(name),), act=act)


def drain_change(name: str) -> Change:
    """The drain as a change."""
    return Change(f"pods of node {name}", "scheduled", "evicted", "its host leaves the cluster")


def _evict(api: Api, pod: t.Mapping[str, t.Any]) -> str:
    """Ask for a pod's end, unless it is ending; why it may not end now, empty when it may."""
    metadata = pod["metadata"]
    if metadata.get("deletionTimestamp"):
        return ""
    own = {"name": metadata["name"], "namespace": metadata["namespace"]}
    try:
        api.create({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": own})
    except ApiError as error:
        if error.details.get("reason") == _GONE:
            return ""
        if error.details.get("reason") == _KEPT:
            return error.message
        raise
    return ""


def _pods(api: Api, name: str) -> list[str]:
    return sorted(_name_of(pod) for pod in _pods_in_the_way(api, name))


def _pods_in_the_way(api: Api, name: str) -> list[dict[str, t.Any]]:
    found = (pod for page in api.pages("pod", size=_PAGE, fields=f"spec.nodeName={name}") for pod in page)
    return [pod for pod in found if _is_in_the_way(pod)]


def _name_of(pod: t.Mapping[str, t.Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _is_cordoned(node: t.Mapping[str, t.Any]) -> bool:
    return bool((node.get("spec") or {}).get("unschedulable"))


def _is_in_the_way(pod: t.Mapping[str, t.Any]) -> bool:
    metadata = pod.get("metadata") or {}
    owners = [owner.get("kind") for owner in metadata.get("ownerReferences") or ()]
    has_ended = (pod.get("status") or {}).get("phase") in _ENDED
    return not (has_ended or "DaemonSet" in owners or _MIRROR in (metadata.get("annotations") or {}))


__all__ = ("drain", "drain_change", "inspect")
