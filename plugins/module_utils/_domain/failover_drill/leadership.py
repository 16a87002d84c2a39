# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads a component, before an event and after it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ..base.errors import ApiError, UnsupportedState
from ..component import leader_election
from .event import ETCD

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock


@dataclasses.dataclass(frozen=True)
class Held:
    """A leader.

    Attributes:
        holder: its identity.
        count: grows with each further leader.
    """

    holder: str
    count: int


@dataclasses.dataclass(frozen=True)
class Handover:
    """A leader of one of several components, and the next one.

    Attributes:
        component: whose.
        previous_holder: identity that led.
        new_holder: identity that leads now; ``None`` when nobody else did in time.
        transitions: by how many the count of leaders has grown.
        seconds: from the event to the moment when the new leader was seen; ``None`` without one.
    """

    component: str
    previous_holder: str
    new_holder: str | None
    transitions: int
    seconds: float | None


class Leadership(t.Protocol):
    """How the leader of a component is found."""

    #: Whether API servers depend on it.
    carries_api: bool
    #: Whether several components are led.
    has_parts: bool

    def before(self) -> Held:
        """Who leads.

        Raises:
            UnsupportedState: when nobody does, so that nothing was done.
        """

    def after(self) -> Held | None:
        """Who leads since; ``None`` as long as nobody else does.

        Raises:
            ApiError: when the API cannot be asked now.
        """

    def handovers(self, at: float) -> tuple[Handover, ...]:
        """Of each component, where several are led. ``at`` is the event, by the monotonic clock."""


class Single:
    """The leadership of one component."""

    carries_api = False
    has_parts = False

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """None: what is measured is the only one."""
        return ()


class LockLeadership(Single):
    """By the lock of leader election: another identity in it."""

    def __init__(self, api: Api, clock: Clock, component: str) -> None:
        """Of a component, by the name of its lock."""
        self._api, self._clock, self._component = api, clock, component
        self._previous = ""

    def before(self) -> Held:
        """Who holds the lock."""
        record = leader_election.find(self._api, self._clock, self._component)
        if record is None or not record.is_held(self._clock.now()):
            raise UnsupportedState(f"Nobody holds the lock of {self._component}, so nothing was done: mend that first.")
        self._previous = record.holder
        return Held(record.holder, record.transitions)

    def is_of(self, host_name: str) -> bool:
        """Whether this host's instance leads."""
        return leader_election.host_of(self._previous) == host_name

    def after(self) -> Held | None:
        """Who else holds it."""
        record = leader_election.find(self._api, self._clock, self._component)
        if record is None or record.holder in ("", self._previous):
            return None
        return Held(record.holder, record.transitions)


class Part(Leadership, t.Protocol):
    """One of several."""

    def is_of(self, host_name: str) -> bool:
        """Whether this host's instance leads; known once it was asked before the event."""


class HostLeadership:
    """Of all that one host leads: another leader of each."""

    carries_api = False
    has_parts = True

    def __init__(self, clock: Clock, parts: t.Mapping[str, Part], host_name: str, *, follows: bool = False) -> None:
        """Nobody is asked yet.

        Args:
            clock: of this host.
            parts: how each leader is found, by component; those that other hosts lead are passed over.
            host_name: what the host calls itself.
            follows: whether it need lead nothing, and must not lead etcd.
        """
        self._clock, self._parts, self._host_name = clock, dict(parts), host_name
        self._follows = follows
        self._before: dict[str, Held] = {}
        self._after: dict[str, tuple[Held, float]] = {}

    def before(self) -> Held:
        """All that it leads."""
        found = {name: part.before() for name, part in self._parts.items()}
        self._before = {name: held for name, held in found.items() if self._parts[name].is_of(self._host_name)}
        if self._follows and ETCD in self._before:
            raise UnsupportedState(
                f"The member of etcd of {self._host_name} leads by now, so nothing was done: run again."
            )
        if not self._before and not self._follows:
            raise UnsupportedState(
                f"{self._host_name} leads none of {', '.join(self._parts)} any longer, so nothing was done: run again."
            )
        return _all(self._before)

    def after(self) -> Held | None:
        """All that have another leader, when all have."""
        for name in self._before.keys() - self._after.keys():
            # Each has its own way to be asked, so that one does not keep another from being seen.
            with contextlib.suppress(ApiError):
                held = self._parts[name].after()
                if held is not None:
                    self._after[name] = held, self._clock.monotonic()
        return (
            _all({name: self._after[name][0] for name in self._before})
            if len(self._after) == len(self._before)
            else None
        )

    def handovers(self, at: float) -> tuple[Handover, ...]:
        """Of each that it led."""
        return tuple(self._handover(name, at) for name in self._before)

    def _handover(self, name: str, at: float) -> Handover:
        before, found = self._before[name], self._after.get(name)
        if found is None:
            return Handover(name, before.holder, None, 0, None)
        held, seen = found
        return Handover(name, before.holder, held.holder, held.count - before.count, round(max(0.0, seen - at), 3))


def _all(found: t.Mapping[str, Held]) -> Held:
    return Held(
        "; ".join(f"{name}: {held.holder}" for name, held in found.items()), sum(held.count for held in found.values())
    )


class NoLeadership(Single):
    """Of what has no leader: the event lasts for as long as those that take the API from its clients, and nobody else is waited for."""

    carries_api = True

    def __init__(self, host_name: str) -> None:
        """``host_name``: whose instance fails."""
        self._held = Held(host_name, 0)

    def before(self) -> Held:
        """The host itself."""
        return self._held

    def after(self) -> Held | None:
        """The host itself: nothing else follows."""
        return self._held


__all__ = (
    "Handover",
    "Held",
    "HostLeadership",
    "Leadership",
    "LockLeadership",
    "NoLeadership",
    "Part",
    "Single",
)
