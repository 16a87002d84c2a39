# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One event, measured: who takes over and when, how long the endpoint is away, when new pods run again."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ..base.errors import ApiConflict, ApiError, UnsupportedState
from ..base.report_fields import as_dict
from ..cluster.smoke_name import NAME as SMOKE
from .endpoint_answers import Endpoint, answers, outage

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.endpoint_watch import EndpointWatch
    from .leadership import Handover, Held, Leadership

_POLL_SECONDS = 0.1
#: Seconds for which the endpoint is watched before the event, and after the last thing that is waited for.
BEFORE = 1.0
_AFTER = 1.2
#: Seconds for which an event lasts at least that takes the API from some of its clients: long enough for a load balancer to notice.
_HELD = 5.0
_POD_LABEL = "kubeadm.ha/failover-drill"


@dataclasses.dataclass(frozen=True)
class Measured:
    """What was seen.

    Attributes:
        began: the event, in seconds since the epoch by the clock of its host.
        previous_holder: identity that led.
        new_holder: identity that leads now; ``None`` when nobody else did in time.
        transitions: by how many the count of leaders has grown, that of the lock or etcd's term.
        seconds: from the event to the moment when the new leader was seen; ``None`` without one.
        endpoint: how the endpoint answered; ``None`` where another host watches it.
        pods_seconds: from the event to the moment when all pods of a new Deployment were ready; ``None`` when they were not.
        handovers: of each that led, where several failed at once.
    """

    began: float
    previous_holder: str
    new_holder: str | None
    transitions: int
    seconds: float | None
    endpoint: Endpoint | None
    pods_seconds: float | None
    handovers: tuple[Handover, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def measure(
    api: Api | None,
    clock: Clock,
    watch: EndpointWatch | None,
    interrupt: t.Callable[[], float],
    leadership: Leadership,
    *,
    deployment: t.Mapping[str, t.Any] | None,
    timeout: float,
) -> Measured:
    """Let it happen, and see what follows. Nothing is restored here.

    Args:
        api: the cluster; ``None`` where nothing is asked of it.
        clock: of this host.
        watch: asks the endpoint meanwhile; ``None`` where another host does.
        interrupt: lets it happen and returns when, by the monotonic clock.
        leadership: who leads.
        deployment: created right after the event; ``None``: no pods are asked for. Nor are they where the API depends on the leader:
            nodes that are connected to the API server beside it wait for the end of the event, so that it should not wait for them.
        timeout: seconds for which is waited.

    Raises:
        UnsupportedState: when nobody leads, so nothing was done.
    """
    before = leadership.before()
    if watch is not None:
        watch.start()
        clock.sleep(BEFORE)
    try:
        asked = clock.monotonic()
        at = interrupt()
        began = clock.now() - (clock.monotonic() - at)
        seen = _Seen(api, clock, leadership, None if leadership.carries_api else deployment)
        while not seen.is_complete and clock.monotonic() < at + timeout:
            seen.update(at)
            clock.sleep(_POLL_SECONDS)
        if leadership.carries_api or leadership.has_parts:
            clock.sleep(max(0.0, at + _HELD - clock.monotonic()))
        clock.sleep(_AFTER)
        # What ends one after the other takes the endpoint away before the last has ended.
        judged = (outage, asked) if leadership.has_parts else (answers, at)
        endpoint = None if watch is None else judged[0](watch.probes(), judged[1])
    finally:
        if watch is not None:
            watch.stop()
    after = seen.after
    return Measured(
        began=round(began, 3),
        previous_holder=before.holder,
        new_holder=None if after is None else after.holder,
        transitions=0 if after is None else after.count - before.count,
        seconds=seen.seconds,
        endpoint=endpoint,
        pods_seconds=seen.pods_seconds,
        handovers=leadership.handovers(at),
    )


class _Seen:
    """What has been seen since the event. An API server that does not answer is asked again."""

    def __init__(
        self, api: Api | None, clock: Clock, leadership: Leadership, deployment: t.Mapping[str, t.Any] | None
    ) -> None:
        self._api = api
        self._clock = clock
        self._leadership = leadership
        self._deployment = None if api is None else deployment
        self._is_created = False
        self.after: Held | None = None
        self.seconds: float | None = None
        self.pods_seconds: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.after is not None and (self._deployment is None or self.pods_seconds is not None)

    def update(self, at: float) -> None:
        """Ask once."""
        try:
            if self.after is None:
                self.after = self._leadership.after()
                self.seconds = None if self.after is None else _since(at, self._clock)
            if self._api is not None and self._deployment is not None and self.pods_seconds is None:
                self._see_pods(self._api, self._deployment, at)
        except ApiError:
            return

    def _see_pods(self, api: Api, deployment: t.Mapping[str, t.Any], at: float) -> None:
        metadata = deployment["metadata"]
        if not self._is_created:
            try:
                api.create(deployment)
            except ApiConflict:
                # An answer was lost, or an interrupted drill has left it.
                api.delete("deployment", metadata["name"], namespace=metadata["namespace"])
                return
            self._is_created = True
        found = api.get("deployment", metadata["name"], namespace=metadata["namespace"]) or {}
        if int((found.get("status") or {}).get("readyReplicas") or 0) >= deployment["spec"]["replicas"]:
            self.pods_seconds = _since(at, self._clock)


def deployment_of(api: Api, *, namespace: str, name: str, avoided: t.Collection[str] = ()) -> dict[str, t.Any]:
    """A Deployment like that of the smoke application which runs in the namespace.

    Args:
        api: the cluster.
        namespace: that of both.
        name: of the new one.
        avoided: names of nodes that are to run none of its pods.

    Raises:
        UnsupportedState: when there is none.
    """
    found = api.get("deployment", SMOKE, namespace=namespace)
    if found is None:
        raise UnsupportedState(
            f"The namespace {namespace} has no smoke application: run it first (kubeadm.ha.cluster_smoke), so that its image is "
            "on the nodes."
        )
    labels = {_POD_LABEL: name}
    spec = copy.deepcopy(found["spec"])
    spec["selector"] = {"matchLabels": labels}
    spec["template"]["metadata"] = {"labels": labels}
    # Where they run is of no interest, and all of the nodes may not be there.
    spec["template"]["spec"].pop("topologySpreadConstraints", None)
    if avoided:
        fields = [{"key": "metadata.name", "operator": "NotIn", "values": [node]} for node in avoided]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": fields}]}}
        spec["template"]["spec"]["affinity"] = {"nodeAffinity": required}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
    }


def _since(at: float, clock: Clock) -> float:
    """What happens while a process still ends is no time at all."""
    return round(max(0.0, clock.monotonic() - at), 3)


__all__ = ("BEFORE", "Endpoint", "Measured", "answers", "deployment_of", "measure")
