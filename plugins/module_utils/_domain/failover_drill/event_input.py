# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of the input, and everything that is wrong with it."""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput
from .event import ETCD, FOLLOWER, FOLLOWERS, KINDS, LEADER, SUBJECTS, WHICH, Event, subject_of

_VARIABLE = "failover_drill_events"
_KEYS = ("component", "which", "how", "count")


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
            which, count = item.get("which", LEADER), int(item.get("count", 1))
            parsed.append(Event(item["component"], item["how"], count, which))
    if faults:
        raise InvalidInput(f"{'; '.join(faults)}. An event is {_example()}.")
    return tuple(parsed)


def _faults(item: t.Any) -> t.Iterator[str]:
    if not isinstance(item, dict):
        yield f"is {item!r}, no mapping"
        return
    unknown = sorted(str(key) for key in set(item) - {*_KEYS})
    if unknown:
        yield f"has {', '.join(unknown)}, which no event has"
    subject = SUBJECTS.get(str(item.get("component")))
    if subject is None:
        *first, last = SUBJECTS
        yield f"has the component {item.get('component')!r} instead of {', '.join(first)} or {last}"
    kinds = tuple(KINDS) if subject is None else subject.kinds
    if item.get("how") not in kinds:
        yield f"happens by {item.get('how')!r} instead of {', '.join(kinds)}"
    which = item.get("which", LEADER)
    most = max(each.most for each in SUBJECTS.values())
    if str(item.get("count", 1)) not in [str(number) for number in range(1, most + 1)]:
        yield f"has the count {item['count']!r} instead of 1 or {most}"
    elif subject is not None and int(item.get("count", 1)) > subject_of(item["component"], which).most:
        yield f"takes more than one {'follower of ' if which == FOLLOWER else ''}{item['component']}"
    elif item.get("component") == ETCD and item.get("how") == "kill" and int(item.get("count", 1)) > 1:
        yield "kills two members of etcd, of which the first runs again before the second is killed: let them stop, freeze or be cut off"
    if which not in WHICH:
        yield f"concerns {which!r} instead of {' or '.join(WHICH)}"
    elif which == FOLLOWER and subject is not None and item["component"] not in FOLLOWERS:
        yield f"concerns a follower, which only {' and '.join(FOLLOWERS)} have here"


def _example() -> str:
    return "{component: kube-scheduler, how: kill, count: 1}"


__all__ = ("parse",)
