# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every static pod of every control plane runs, and the Service kubernetes leads to every API server.

A joined control plane whose controller manager crashes for ever, or whose API server announces another host's address, passes
every inspection of the Node, etcd and ``/readyz``.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ..base.address import canonical_ip
from ..base.errors import NotProved
from ..base.report_fields import absent, as_dict, at
from .static_pod import COMPONENTS, ETCD

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

View = t.Mapping[str, t.Any]

#: kubeadm's label of its static pods.
_LABELS = "tier=control-plane"
_COMPONENTS = (*COMPONENTS, ETCD)
#: A container that has been restarted must run this many seconds: one that crashes at its start runs for less.
_STABLE_SECONDS = 10.0
_POLL_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class StaticPod:
    """A pod of a control plane.

    Attributes:
        component: what runs in it.
        node: name of its node.
        is_ready: whether it is Ready.
        restarts: of all its containers.
        running_since: when the youngest of them was started, in seconds since the epoch; ``None`` when none runs.
        reason: why containers wait, empty without a reason.
    """

    component: str
    node: str
    is_ready: bool = dataclasses.field(metadata=at("ready"))
    restarts: int
    running_since: float | None = dataclasses.field(metadata=absent(None))
    reason: str


@dataclasses.dataclass(frozen=True)
class Health:
    """What runs of the control planes.

    Attributes:
        static_pods: their static pods.
        api_server_addresses: where the Service kubernetes leads to, sorted.
    """

    static_pods: tuple[StaticPod, ...]
    api_server_addresses: tuple[str, ...]

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def collect(api: Api) -> Health:
    """The static pods of the control planes and the addresses of the Service kubernetes."""
    pods = api.list("pod", namespace="kube-system", labels=_LABELS)
    endpoints = api.get("endpoints", "kubernetes", namespace="default") or {}
    addresses = (str(item["ip"]) for subset in endpoints.get("subsets") or () for item in subset.get("addresses") or ())
    return Health(tuple(map(_static_pod, pods)), tuple(sorted(addresses)))


def problems(found: Health, control_planes: t.Sequence[View], *, now: float) -> list[str]:
    """What does not run as it should.

    Args:
        found: the result of :func:`collect`.
        control_planes: ``name`` (of the node) and ``address`` of each control plane.
        now: seconds since the epoch.
    """
    reported = [
        f"{component} of {node} {reason}" for component, node, reason in unready(found, control_planes, now=now)
    ]
    wanted = {canonical_ip(str(host["address"])): host["name"] for host in control_planes}
    announced = {canonical_ip(address) for address in found.api_server_addresses}
    reported += [
        f"the Service kubernetes does not lead to {name} ({address})"
        for address, name in wanted.items()
        if address not in announced
    ]
    reported += [
        f"the Service kubernetes leads to {address}, which is no API server"
        for address in sorted(str(item) for item in announced - set(wanted))
    ]
    return reported


def unready(found: Health, control_planes: t.Sequence[View], *, now: float) -> t.Iterator[tuple[str, str, str]]:
    """Component, node and reason, as the end of a sentence, of each static pod that does not run as it should. Arguments as :func:`problems` has them."""
    pods = {(pod.component, pod.node): pod for pod in found.static_pods}
    for component in sorted({pod.component for pod in found.static_pods}.intersection(_COMPONENTS)):
        for host in control_planes:
            reason = _reason(pods.get((component, host["name"])), now)
            if reason is not None:
                yield component, str(host["name"]), reason


def ensure(api: Api, clock: Clock, control_planes: t.Sequence[View], *, timeout: float) -> None:
    """Wait until there is no problem.

    Raises:
        NotProved: with every problem that is left in the end.
    """
    deadline = clock.monotonic() + timeout
    while True:
        reported = problems(collect(api), control_planes, now=clock.now())
        if not reported:
            return
        if clock.monotonic() >= deadline:
            raise NotProved(
                f"The control plane is not whole after {timeout:g} s: {'; '.join(reported)}. Read the log of what does not run "
                "(kubectl -n kube-system logs POD --previous), and compare the flags in /etc/kubernetes/manifests of that host "
                "with those of another one."
            )
        clock.sleep(_POLL_SECONDS)


def _reason(pod: StaticPod | None, now: float) -> str | None:
    if pod is None:
        return "has no pod"
    if not pod.is_ready:
        details = [pod.reason] if pod.reason else []
        details += [f"restarted {pod.restarts} times"] if pod.restarts else []
        return f"is not ready{' (' + ', '.join(details) + ')' if details else ''}"
    if pod.restarts and pod.running_since is not None and now - pod.running_since < _STABLE_SECONDS:
        return f"has just been restarted ({pod.restarts} times in all)"
    return None


def _static_pod(pod: t.Mapping[str, t.Any]) -> StaticPod:
    status = pod.get("status") or {}
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or ()}
    containers = status.get("containerStatuses") or ()
    states = [item.get("state") or {} for item in containers]
    waiting = [str(state["waiting"].get("reason") or "") for state in states if state.get("waiting")]
    started = [_seconds(state["running"].get("startedAt")) for state in states if state.get("running")]
    return StaticPod(
        component=str((pod["metadata"].get("labels") or {}).get("component") or pod["metadata"]["name"]),
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        is_ready=conditions.get("Ready") == "True",
        restarts=sum(int(item.get("restartCount") or 0) for item in containers),
        running_since=max((item for item in started if item is not None), default=None),
        reason=", ".join(waiting),
    )


def _seconds(text: t.Any) -> float | None:
    """Seconds since the epoch of a time as the API writes it."""
    try:
        return datetime.datetime.strptime(f"{text}+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
    except ValueError:
        return None


__all__ = ("Health", "StaticPod", "collect", "ensure", "problems", "unready")
