# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another host sees of the control plane endpoint while an event happens elsewhere."""

from __future__ import annotations

import typing as t

from ..base.change import Change, Decision
from .measurement import BEFORE, Endpoint, answers

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.endpoint_watch import EndpointWatch, Probe
    from ..._ports.files import Files

_POLL_SECONDS = 0.1
#: Seconds without a failure after which the endpoint is back.
_SETTLED = 3.0


def observed(
    files: Files, clock: Clock, watch: EndpointWatch, *, path: str, longest: float, timeout: float
) -> Decision:
    """The endpoint is watched while a file is there, which says that the watch has begun, and then until it answers again.

    Args:
        files: of this host.
        clock: of this host.
        watch: asks the endpoint.
        path: of the file. Whoever lets the event happen waits for it, and removes it when the event has happened.
        longest: seconds for which the file may be there.
        timeout: seconds for which is waited for the endpoint then.
    """

    def act() -> t.Mapping[str, t.Any]:
        watch.start()
        try:
            clock.sleep(BEFORE)
            begun = clock.monotonic()
            files.write(path, b"")
            while files.exists(path) and clock.monotonic() < begun + longest:
                clock.sleep(_POLL_SECONDS)
            ended = clock.monotonic()
            while not _is_settled(watch.probes(), ended, clock.monotonic()) and clock.monotonic() < ended + timeout:
                clock.sleep(_POLL_SECONDS)
            found = outage(watch.probes(), begun)
        finally:
            watch.stop()
            files.remove(path)
        return {"measured": {"endpoint": found.as_dict()}}

    change = Change(f"file {path}", None, "there until the event has happened", "it says that the endpoint is watched")
    return Decision((change,), {"measured": None}, act)


def outage(probes: t.Sequence[Probe], begun: float) -> Endpoint:
    """How the endpoint answered, by one clock: without that of the event an outage begins with the last answer before it.

    Args:
        probes: in the order in which they began.
        begun: nothing had happened until then.
    """
    failed = next((probe.began for probe in probes if not probe.ok and probe.ended >= begun), None)
    if failed is None:
        return answers(probes, begun)
    return answers(probes, max((probe.began for probe in probes if probe.ok and probe.began < failed), default=begun))


def _is_settled(probes: t.Sequence[Probe], ended: float, now: float) -> bool:
    last = max((probe.ended for probe in probes if not probe.ok), default=ended)
    return now >= max(last, ended) + _SETTLED


__all__ = ("observed", "outage")
