# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a host. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .change import Decision
from .errors import UnsupportedState

if t.TYPE_CHECKING:
    from .._ports import Clock, Files

#: In /run, so that a lock does not outlive a reboot.
PATH = "/run/kubeadm-ha.lock"


@dataclasses.dataclass(frozen=True)
class Owner:
    """The process that runs a playbook.

    Attributes:
        controller: the controller's machine id and host name.
        process: process id of ansible-playbook there.
        started: start time of that process in clock ticks since boot (field 22 of /proc/PID/stat), so that a reused
            process id is not mistaken for it.
    """

    controller: str
    process: int
    started: int


def take(files: Files, clock: Clock, owner: Owner, *, dead: t.Sequence[Owner], max_age: float) -> Decision:
    """Take the lock, or refuse because another run holds it.

    Args:
        files: the host's files.
        clock: the host's clock.
        owner: who takes it.
        dead: owners that are known to have ended, whose locks may be taken over.
        max_age: seconds after which any lock may be taken over.

    Raises:
        UnsupportedState: when a run that may be alive holds it; ``holder`` is in the details.
    """
    holder, since = _read(files)
    age = clock.now() - since
    if holder is not None and holder != owner and holder not in dead and 0 <= age <= max_age:
        raise UnsupportedState(
            f"Another run of kubeadm.ha holds the lock {PATH} on this host since {age:.0f} s (process {holder.process} on "
            f"{holder.controller}): wait for its end; if that run is dead, set kubeadm_ha_break_lock: true for one run.",
            holder=dataclasses.asdict(holder),
        )
    text = json.dumps({**dataclasses.asdict(owner), "since": clock.now()})
    files.write(PATH, text.encode(), mode=0o600)
    return Decision()


def release(files: Files, owner: Owner) -> Decision:
    """Give the lock back if it is ours."""
    holder, _since = _read(files)
    if holder == owner:
        files.remove(PATH)
    return Decision()


def _read(files: Files) -> tuple[Owner | None, float]:
    content = files.read(PATH)
    try:
        found = json.loads(content) if content else {}
        return Owner(str(found["controller"]), int(found["process"]), int(found["started"])), float(found["since"])
    except (KeyError, TypeError, ValueError):
        return None, 0.0


__all__ = ("PATH", "Owner", "release", "take")
