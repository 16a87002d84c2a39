# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether and when a virtual IP moves, by the settings of keepalived on the hosts that may hold it.

Facts are of RFC 3768 (VRRP 2, section 6), RFC 5798 (VRRP 3) and keepalived's source, ``keepalived/vrrp/vrrp.c``: a router that ends or fails
says so by priority 0, one with ``nopreempt`` does not take over from one that still advertises, and an advertisement of a lower priority is
not counted by who has a higher one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .balancer import Setting, shown


@dataclasses.dataclass(frozen=True)
class Script:
    """Something that keepalived watches.

    Attributes:
        kind: ``script``, ``process`` or ``file``.
        name: by which it is tracked.
        command: of a script; the name of a process or the path of a file.
        where: file and line.
        interval: between two runs of a script; what passes before the loss of a process counts.
        timeout: of a run, ``None`` for the interval's length.
        fall: runs in a row that have to fail.
        rise: runs in a row that have to succeed.
        weight: that it has on the priority; 0: a failure stops the router.
    """

    kind: str
    name: str
    command: str
    where: str
    interval: Setting
    timeout: Setting | None
    fall: Setting
    rise: Setting
    weight: Setting


@dataclasses.dataclass(frozen=True)
class Track:
    """That a virtual router watches something.

    Attributes:
        script: what it watches.
        weight: on this router.
        where: file and line.
    """

    script: Script
    weight: Setting
    where: str

    @property
    def seconds(self) -> float:
        """From the failure of what is watched to the last run that fails, at the worst moment."""
        return self.script.interval.value * self.script.fall.value


@dataclasses.dataclass(frozen=True)
class VirtualRouter:
    """A ``vrrp_instance`` of a host.

    Attributes:
        host: that has it.
        name: of the instance.
        where: file and line.
        is_first_holder: whether its state is MASTER from the start.
        priority: without any weight.
        advert: between two advertisements.
        router_id: the virtual router id.
        version: of VRRP.
        keeps: whether it leaves the address to whoever has it (``nopreempt``).
        preempt_delay: before it takes the address from a router of lower priority.
        addresses: the virtual IPs.
        peers: to whom it advertises; empty for multicast.
        tracks: what it watches.
    """

    host: str
    name: str
    where: str
    is_first_holder: bool
    priority: Setting
    advert: Setting
    router_id: int
    version: int
    keeps: bool
    preempt_delay: Setting | None
    addresses: tuple[str, ...]
    peers: tuple[str, ...]
    tracks: tuple[Track, ...]

    @property
    def healthy_priority(self) -> float:
        """While everything that it watches is well: positive weights are added then."""
        return self.priority.value + sum(track.weight.value for track in self.tracks if track.weight.value > 0)

    @property
    def skew(self) -> float:
        """Seconds by which routers of a lower priority wait longer."""
        return (
            (256 - min(254.0, max(1.0, self.healthy_priority)))
            / 256
            * (self.advert.value if self.version == 3 else 1.0)
        )

    @property
    def patience(self) -> float:
        """Seconds without an advertisement after which it takes the address."""
        return 3 * self.advert.value + self.skew


@dataclasses.dataclass(frozen=True)
class Move:
    """Where the virtual IP goes in an event.

    Attributes:
        event: what happens on the host that holds it, a few words.
        holder: that host.
        seconds: until another one holds it; ``None``: it does not move.
        to: that other one; empty where it is not known.
        sum: how the seconds are made of the settings, or why it does not move.
    """

    event: str
    holder: str
    seconds: float | None
    to: str
    sum: str


HOST_LOST = "host lost"
STOPPED = "keepalived stopped"


def holder_of(routers: t.Sequence[VirtualRouter]) -> VirtualRouter:
    """The router that holds the address while all is well."""
    return max(routers, key=lambda each: (each.healthy_priority, each.is_first_holder))


def predict(routers: t.Sequence[VirtualRouter]) -> tuple[Move, ...]:
    """What becomes of the address of one virtual router.

    Args:
        routers: of every host whose configuration is known, one each. With one alone its peers are supposed to be alike with a priority
            just below.
    """
    holder = holder_of(routers)
    others = [each for each in routers if each is not holder]
    moves = [_lost(holder, others), _stopped(holder, others)]
    moves += [_failed(holder, others, track) for track in holder.tracks]
    return tuple(moves)


def _next(holder: VirtualRouter, others: t.Sequence[VirtualRouter]) -> VirtualRouter:
    """Who takes over; one that is like the holder and comes right after it where no other is known."""
    if others:
        return holder_of(others)
    below = dataclasses.replace(holder.priority, value=max(1.0, holder.priority.value - 1))
    return dataclasses.replace(holder, host="", priority=below)


def _lost(holder: VirtualRouter, others: t.Sequence[VirtualRouter]) -> Move:
    heir = _next(holder, others)
    return Move(
        HOST_LOST,
        holder.host,
        heir.patience,
        heir.host,
        f"{shown(heir.patience)} s = 3 x {heir.advert} + {shown(heir.skew)} s of {heir.priority}",
    )


def _stopped(holder: VirtualRouter, others: t.Sequence[VirtualRouter]) -> Move:
    heir = _next(holder, others)
    return Move(
        STOPPED,
        holder.host,
        heir.skew,
        heir.host,
        f"{shown(heir.skew)} s of {heir.priority}, after an advertisement of priority 0",
    )


def _failed(holder: VirtualRouter, others: t.Sequence[VirtualRouter], track: Track) -> Move:
    script, weight = track.script, track.weight
    event = f"{script.kind} {script.name} fails"
    detection = f"{script.fall} x {script.interval}" if script.kind == "script" else str(script.interval)
    if not weight.value:
        heir = _next(holder, others)
        seconds = track.seconds + heir.skew
        return Move(
            event,
            holder.host,
            seconds,
            heir.host,
            f"{shown(seconds)} s = {detection} + {shown(heir.skew)} s of {heir.priority}; {weight}: the router stops",
        )
    left = holder.healthy_priority - abs(weight.value)
    if not others:
        heir = _next(holder, others)
        seconds = track.seconds + heir.patience
        how = f"{shown(seconds)} s = {detection} + 3 x {heir.advert} + {shown(heir.skew)} s, where a peer has a priority above {shown(left)} and no nopreempt"
        return Move(event, holder.host, seconds, "", how)
    able = [each for each in others if each.healthy_priority > left]
    if not able:
        nearest = holder_of(others)
        return Move(
            event,
            holder.host,
            None,
            "",
            f"{weight} leaves {shown(left)}, and {nearest.host} has no more than {shown(nearest.healthy_priority)}: {nearest.priority}",
        )
    willing = [each for each in able if not each.keeps]
    if not willing:
        return Move(
            event,
            holder.host,
            None,
            "",
            f"{weight} leaves {shown(left)}, but {able[0].host} has nopreempt ({able[0].where}) and takes no address from who still advertises",
        )
    heir = holder_of(willing)
    delay = heir.preempt_delay.value if heir.preempt_delay is not None else 0.0
    seconds = track.seconds + max(heir.patience, delay)
    return Move(
        event,
        holder.host,
        seconds,
        heir.host,
        f"{shown(seconds)} s = {detection} + 3 x {heir.advert} + {shown(heir.skew)} s; "
        f"{weight} leaves {shown(left)}, {heir.host} has {shown(heir.healthy_priority)}",
    )


__all__ = ("HOST_LOST", "STOPPED", "Move", "Script", "Track", "VirtualRouter", "holder_of", "predict")
