# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a drill: what is to fail, and how."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import InvalidInput

#: Components of which one leads.
COMPONENTS = ("kube-controller-manager", "kube-scheduler")
#: It elects its leader among its members, without a lock.
ETCD = "etcd"
#: What may happen to the leader, and what to call it when it has happened.
KINDS: t.Mapping[str, str] = {"stop": "stopped", "kill": "killed", "freeze": "frozen"}
_MOST = 2
_VARIABLE = "failover_drill_events"


@dataclasses.dataclass(frozen=True)
class Event:
    """What is to fail.

    Attributes:
        component: whose leader.
        how: a key of :data:`KINDS`.
        count: how many instances at the same time, the leader among them.
    """

    component: str
    how: str
    count: int = 1

    def __str__(self) -> str:
        """In words."""
        more = "" if self.count == 1 else f" and {self.count - 1} more"
        return f"leader of {self.component}{more} {KINDS[self.how]}"


def parse(events: t.Any) -> tuple[Event, ...]:
    """The events of the input.

    Raises:
        InvalidInput: with everything that is wrong.
    """
    if not isinstance(events, (list, tuple)) or not events:
        raise InvalidInput(f"{_VARIABLE} is not a list with one event at least, such as {_example()}.")
    parsed, faults = [], []
    for number, item in enumerate(events, 1):
        found = list(_faults(item))
        faults += [f"event {number} of {_VARIABLE} {fault}" for fault in found]
        if not found:
            parsed.append(Event(item["component"], item["how"], int(item.get("count", 1))))
    if faults:
        raise InvalidInput(f"{'; '.join(faults)}. An event is {_example()}.")
    return tuple(parsed)


def _faults(item: t.Any) -> t.Iterator[str]:
    if not isinstance(item, dict):
        yield f"is {item!r}, no mapping"
        return
    unknown = sorted(str(key) for key in set(item) - {"component", "how", "count"})
    if unknown:
        yield f"has {', '.join(unknown)}, which no event has"
    if item.get("component") not in (*COMPONENTS, ETCD):
        yield f"has the component {item.get('component')!r} instead of {', '.join(COMPONENTS)} or {ETCD}"
    if item.get("how") not in KINDS:
        yield f"happens by {item.get('how')!r} instead of {', '.join(KINDS)}"
    if str(item.get("count", 1)) not in [str(number) for number in range(1, _MOST + 1)]:
        yield f"has the count {item['count']!r} instead of 1 or {_MOST}"
    elif item.get("component") == ETCD and int(item.get("count", 1)) > 1:
        yield "takes more than one member of etcd, which three members do not bear"


def _example() -> str:
    return "{component: kube-scheduler, how: kill, count: 1}"


__all__ = ("COMPONENTS", "ETCD", "KINDS", "Event", "parse")
