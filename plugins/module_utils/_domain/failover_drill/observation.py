# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another host sees of the control plane endpoint and of the virtual IP while an event happens elsewhere."""

from __future__ import annotations

import typing as t

from ..base.change import Change, Decision
from .endpoint_answers import outage
from .holding import Sample, held, single_since
from .measurement import BEFORE

if t.TYPE_CHECKING:
    from ..._ports.address_holders import AddressHolders
    from ..._ports.clock import Clock
    from ..._ports.endpoint_watch import EndpointWatch, Probe
    from ..._ports.files import Files

_POLL_SECONDS = 0.1
#: Seconds without a failure, or with one and the same holder, after which it is over.
_SETTLED = 3.0


def observed(
    files: Files,
    clock: Clock,
    watch: EndpointWatch | None,
    holders: AddressHolders | None = None,
    *,
    path: str,
    name: str,
    longest: float,
    timeout: float,
    names: t.Mapping[str, str] | None = None,
) -> Decision:
    """It is watched while a file is there, which says that the watch has begun, and then until it is as it should be.

    Args:
        files: of this host.
        clock: of this host.
        watch: asks the endpoint; ``None`` where another host does.
        holders: who has the virtual IP; ``None`` where nobody asks for it here.
        path: of the file. Whoever lets the event happen waits for it, and removes it when the event has happened.
        name: of this watch, which the file holds: one that a killed run has left behind ends by another one's file, and leaves it alone.
        longest: seconds for which the file may be there.
        timeout: seconds for which is waited then.
        names: of hosts, by their hardware addresses.
    """

    def act() -> t.Mapping[str, t.Any]:
        samples: list[Sample] = []

        def see() -> None:
            if holders is not None:
                found = holders.ask()
                samples.append(Sample(clock.monotonic(), frozenset((names or {}).get(mac, mac) for mac in found)))
            clock.sleep(_POLL_SECONDS)

        if watch is not None:
            watch.start()
        try:
            clock.sleep(BEFORE)
            begun = clock.monotonic()
            see()
            files.write(path, name.encode())
            while files.read(path) == name.encode() and clock.monotonic() < begun + longest:
                see()
            ended = clock.monotonic()
            while clock.monotonic() < ended + timeout and not (
                _answers([] if watch is None else watch.probes(), ended, clock.monotonic())
                and _is_single(samples, ended, clock.monotonic())
            ):
                see()
            endpoint = {} if watch is None else {"endpoint": outage(watch.probes(), begun).as_dict()}
        finally:
            if watch is not None:
                watch.stop()
            if files.read(path) == name.encode():
                files.remove(path)
        return {"measured": {**endpoint, **(held(samples).as_dict() if samples else {})}}

    change = Change(f"file {path}", None, "there until the event has happened", "it says that the watch has begun")
    return Decision((change,), {"measured": None}, act)


def _answers(probes: t.Sequence[Probe], ended: float, now: float) -> bool:
    last = max((probe.ended for probe in probes if not probe.ok), default=ended)
    return now >= max(last, ended) + _SETTLED


def _is_single(samples: t.Sequence[Sample], ended: float, now: float) -> bool:
    if not samples:
        return True
    since = single_since(samples)
    return since is not None and now >= max(since, ended) + _SETTLED


__all__ = ("observed",)
