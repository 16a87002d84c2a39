# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event of a plan: which host it concerns, and what is to be expected."""

from __future__ import annotations

import dataclasses
import typing as t

from .event import LEADER

#: What the host of an event is asked for.
MEASURED, INTERRUPTED = "measured", "interrupted"
#: The end of a remedy.
RUN_AGAIN = "then run kubeadm.ha.failover_drill again"


@dataclasses.dataclass(frozen=True)
class Entry:
    """An event of the plan.

    Attributes:
        number: of the event, from 1.
        component: whose leader.
        how: a key of ``KINDS``.
        host: inventory name of the leader's or the follower's host; *known after apply* where an earlier event changes the leader.
        others: hosts whose instances fail with it; likewise.
        object: what happens, in words.
        bound: seconds within which another instance must lead, or what else is expected must be so; ``None`` where an outage was accepted.
        observer: inventory name of the host that watches the endpoint meanwhile; empty where the host of the event does.
        witness: inventory name of the host that sees who has the virtual IP meanwhile; empty without one.
        virtual_ip: that address.
        interface: the witness's, in the network of that address.
        names: inventory names by hardware addresses in that network.
        state: what the host of the event is asked for: ``measured`` when it measures and restores by itself, ``interrupted`` when others
            measure and it is restored afterwards.
        which: ``leader`` or ``follower``.
    """

    number: int
    component: str
    how: str
    host: str
    others: tuple[str, ...]
    object: str
    bound: float | None
    observer: str = ""
    witness: str = ""
    virtual_ip: str = ""
    interface: str = ""
    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    state: str = MEASURED
    which: str = LEADER


__all__ = ("INTERRUPTED", "MEASURED", "RUN_AGAIN", "Entry")
