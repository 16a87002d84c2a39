# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads: the holders of the locks of leader election.

kube-controller-manager and kube-scheduler elect a leader by a Lease in kube-system. In older releases the record could
stand in an annotation of an Endpoints or a ConfigMap, alone or together with the Lease (``--leader-elect-resource-lock``:
``endpoints``, ``configmaps``, ``endpointsleases``, ``configmapsleases``).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..base.api_time import seconds_of
from ..base.change import Decision

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

NAMESPACE = "kube-system"
#: Annotation of the older locks (client-go, tools/leaderelection/resourcelock).
ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
#: Kinds that can carry it.
_OLDER_LOCKS = ("endpoints", "configmap")


@dataclasses.dataclass(frozen=True)
class Record:
    """A record of leader election.

    Attributes:
        lock: ``lease``, ``endpoints`` or ``configmap``.
        holder: identity of the leader; empty when it has given the lock back.
        duration: seconds that the lock is held after a renewal.
        acquired: when the leader took it, as the API writes it; ``None`` if unknown.
        renewed: its last renewal, likewise.
        transitions: how often the leader has changed.
    """

    lock: str
    holder: str
    duration: float
    acquired: str | None
    renewed: str | None
    transitions: int

    @classmethod
    def from_lease(cls, document: t.Mapping[str, t.Any]) -> Record:
        """The record of a Lease. Fields that nobody has set yet are missing."""
        spec = document.get("spec") or {}
        return cls._of("lease", spec, transitions="leaseTransitions")

    @classmethod
    def from_annotation(cls, lock: str, document: t.Mapping[str, t.Any]) -> Record | None:
        """The record of an older lock; ``None`` when the object holds none that can be read."""
        text = (document["metadata"].get("annotations") or {}).get(ANNOTATION)
        try:
            record = json.loads(text or "")
        except ValueError:
            return None
        return cls._of(lock, record, transitions="leaderTransitions") if isinstance(record, dict) else None

    @classmethod
    def _of(cls, lock: str, fields: t.Mapping[str, t.Any], *, transitions: str) -> Record:
        return cls(
            lock=lock,
            holder=str(fields.get("holderIdentity") or ""),
            duration=float(fields.get("leaseDurationSeconds") or 0),
            acquired=fields.get("acquireTime"),
            renewed=fields.get("renewTime"),
            transitions=int(fields.get(transitions) or 0),
        )

    @property
    def node(self) -> str | None:
        """The host name that the components put before ``_`` into their identity (``cp1_6b0d...``)."""
        return host_of(self.holder) or None

    def is_held(self, now: float) -> bool:
        """Whether the leader has renewed the lock within its duration; ``now`` in seconds since the epoch."""
        renewed = seconds_of(self.renewed or "")
        return bool(self.holder) and renewed is not None and now - renewed <= self.duration


def host_of(identity: str) -> str:
    """The part before ``_``, where there is one."""
    return identity.rpartition("_")[0] or identity


def inspect(api: Api, clock: Clock, components: t.Sequence[str]) -> Decision:
    """The leader of each component.

    Args:
        api: the cluster.
        clock: this host's time, to which the times of the locks are compared.
        components: names of the locks.

    Raises:
        ApiError: when the API cannot be read.
    """
    return Decision(
        values={"leaders": [_leader(component, find(api, clock, component), clock) for component in components]}
    )


def find(api: Api, clock: Clock, component: str) -> Record | None:
    """The lock that is in use: a held one, else the one that was renewed last; ``None`` when there is none."""
    lease = api.get("lease", component, namespace=NAMESPACE)
    found = [] if lease is None else [Record.from_lease(lease)]
    if not any(record.is_held(clock.now()) for record in found):
        older = ((lock, api.get(lock, component, namespace=NAMESPACE)) for lock in _OLDER_LOCKS)
        records = (Record.from_annotation(lock, document) for lock, document in older if document is not None)
        found += [record for record in records if record is not None]
    return max(found, key=lambda record: seconds_of(record.renewed or "") or 0.0, default=None)


def _leader(component: str, record: Record | None, clock: Clock) -> dict[str, t.Any]:
    if record is None:
        nothing = ("lock", "holder", "node", "acquire_time", "renew_time", "age", "renewed_ago", "lease_duration")
        return {"component": component, **dict.fromkeys(nothing), "transitions": 0, "is_held": False}
    now = clock.now()
    return {
        "component": component,
        "lock": record.lock,
        "holder": record.holder or None,
        "node": record.node,
        "acquire_time": record.acquired,
        "renew_time": record.renewed,
        "age": _since(record.acquired, now),
        "renewed_ago": _since(record.renewed, now),
        "lease_duration": record.duration,
        "transitions": record.transitions,
        "is_held": record.is_held(now),
    }


def _since(text: str | None, now: float) -> float | None:
    time = seconds_of(text or "")
    return None if time is None else round(now - time, 3)


__all__ = ("ANNOTATION", "NAMESPACE", "Record", "find", "host_of", "inspect")
