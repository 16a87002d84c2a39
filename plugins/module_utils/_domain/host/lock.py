# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a host."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..base.change import Decision
from ..base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.lock_file import LockFile


@dataclasses.dataclass(frozen=True)
class Owner:
    """The process that runs a playbook.

    Attributes:
        controller: the controller's machine id and host name.
        process: process id of ansible-playbook there.
        started: start time of that process in clock ticks since boot (field 22 of /proc/PID/stat), so that a reused
            process id is not mistaken for it.
        space: boot id and namespace of process ids, in which the process id means something. Containers of one image have
            the same host name and machine id.
    """

    controller: str
    process: int
    started: int
    space: str = ""


def ensure(lock: LockFile, clock: Clock, owner: Owner, *, dead: t.Sequence[Owner], max_age: float) -> Decision:
    """Take the lock, or refuse because another run holds it.

    Args:
        lock: the host's lock.
        clock: the host's clock.
        owner: who takes it.
        dead: owners that have ended, or may be taken for it, whose locks may be taken over.
        max_age: seconds without a sign of life after which an owner may be taken for dead.

    Raises:
        UnsupportedState: when a run that may be alive holds it: ``holder`` and ``is_silent`` (for longer than
            ``max_age``) are in the details. When a module still changes the host, whoever holds the lock.
    """
    with lock.alone():
        holder, since = _read(lock)
        if holder == owner:
            lock.write(_text(owner))
            return Decision()
        if lock.is_at_work():
            raise UnsupportedState(
                "A module of kubeadm.ha is changing this host now, perhaps left over from an interrupted run: wait for its "
                "end, then run again."
            )
        if holder is not None and holder not in dead:
            age = clock.now() - since
            raise UnsupportedState(
                f"Another run of kubeadm.ha holds the lock of this host, last at work here {max(age, 0):.0f} s ago (process "
                f"{holder.process} on {holder.controller}): wait for its end; if that run is dead, set kubeadm_ha_break_lock: "
                "true for one run.",
                **_held(holder, age, max_age),
            )
        lock.write(_text(owner))
    return Decision()


def release(lock: LockFile, clock: Clock, owner: Owner, *, dead: t.Sequence[Owner], max_age: float) -> Decision:
    """Give the lock back if it is ours, or that of a run that is dead and left nothing at work.

    Args:
        lock: the host's lock.
        clock: the host's clock.
        owner: who gives it back.
        dead: owners that have ended, or may be taken for it.
        max_age: seconds without a sign of life after which an owner may be taken for dead.

    Returns:
        In the values ``holder`` and ``is_silent`` (for longer than ``max_age``) where somebody else keeps it.
    """
    with lock.alone():
        holder, since = _read(lock)
        if holder is None:
            return Decision()
        if holder == owner or (holder in dead and not lock.is_at_work()):
            lock.remove()
            return Decision()
        return Decision(values=_held(holder, clock.now() - since, max_age))


def _held(holder: Owner, age: float, max_age: float) -> dict[str, t.Any]:
    return {"holder": dataclasses.asdict(holder), "is_silent": not 0 <= age <= max_age}


def _text(owner: Owner) -> bytes:
    return json.dumps(dataclasses.asdict(owner)).encode()


def _read(lock: LockFile) -> tuple[Owner | None, float]:
    content, since = lock.read()
    try:
        found = json.loads(content) if content else {}
        owner = Owner(
            str(found["controller"]), int(found["process"]), int(found["started"]), str(found.get("space") or "")
        )
    except (KeyError, TypeError, ValueError):
        return None, 0.0
    return owner, since


__all__ = ("Owner", "ensure", "release")
