# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the endpoint answered, seen from another host than that of the event."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.endpoint_answers import outage
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.observation import observed
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.endpoint_watch import Probe
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.memory_api import MemoryClock

PATH = "/run/observed"


def probes(*failed: float, until: float = 14.0, took: float = 0.02) -> list[Probe]:
    """One each tenth of a second from 9 on; those that began at these times failed."""
    times = [round(9 + number / 10, 1) for number in range(round((until - 9) * 10) + 1)]
    return [Probe(began, began + took, began not in failed) for began in times]


OUTAGES = [
    ("none fails", probes(), (0, 0, 0.0)),
    ("before it may happen", probes(9.5), (1, 1, 0.0)),
    # From the last success before to the first success after: nobody knows more exactly when it was away.
    ("one fails", probes(11.0), (1, 0, 0.2)),
    ("some fail", probes(11.0, 11.1, 11.2), (3, 0, 0.4)),
    ("it comes and goes", probes(11.0, 12.0), (2, 0, 1.2)),
    ("before, too", probes(9.2, 11.0), (2, 1, 0.2)),
    ("it does not come back", probes(*(round(13 + number / 10, 1) for number in range(11))), (11, 0, None)),
    ("it was away when the watch began", probes(*(round(9 + number / 10, 1) for number in range(13))), (13, 10, 0.3)),
]


@pytest.mark.parametrize(("found", "wanted"), [case[1:] for case in OUTAGES], ids=[case[0] for case in OUTAGES])
def test_an_outage_begins_with_the_last_answer(found: list[Probe], wanted: tuple[int, int, float | None]) -> None:
    answer = outage(found, 10.0)
    assert (answer.failed, answer.failed_before, answer.rto) == wanted


class Endpoint:
    """Does not answer from the second second of the watch for some seconds."""

    def __init__(self, clock: MemoryClock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.began = clock.time
        self.calls: list[str] = []

    def start(self) -> None:
        """Begin."""
        self.calls.append("start")

    def probes(self) -> list[Probe]:
        """One each tenth of a second."""
        times = [self.began + number / 10 for number in range(int((self.clock.time - self.began) * 10 + 0.5))]
        return [Probe(at, at, not 2.0 <= at - self.began < 2.0 + self.seconds) for at in times]

    def stop(self) -> None:
        """End."""
        self.calls.append("stop")


@pytest.mark.parametrize(
    ("seconds", "rto", "lasts"), [(0.0, 0.0, 8.0), (1.0, 1.1, 8.0), (6.0, 6.1, 11.0), (99.0, None, 25.0)]
)
def test_it_is_watched_until_it_answers(seconds: float, rto: float | None, lasts: float) -> None:
    clock, files = MemoryClock(), MemoryFiles({})
    began, endpoint = clock.time, Endpoint(clock, seconds)

    def happen() -> None:
        if clock.time - began > 5:
            files.contents.pop(PATH, None)

    clock.after_sleep = happen
    decision = observed(files, clock, endpoint, path=PATH, name="1", longest=60.0, timeout=20.0)
    assert (files.contents, decision.values) == ({}, {"measured": None})
    measured = decision.act()["measured"]
    assert measured["endpoint"]["rto"] == (rto if rto is None else pytest.approx(rto, abs=0.11))
    assert clock.time - began == pytest.approx(lasts, abs=0.4)
    assert endpoint.calls == ["start", "stop"]


def test_it_ends_where_nobody_says_that_it_has_happened() -> None:
    clock, files = MemoryClock(), MemoryFiles({})
    began = clock.time
    observed(files, clock, Endpoint(clock, 0.0), path=PATH, name="1", longest=30.0, timeout=20.0).act()
    assert clock.time - began == pytest.approx(34, abs=0.4)
    assert files.contents == {}


def test_one_that_was_left_behind_leaves_the_next_one_alone() -> None:
    clock, files = MemoryClock(), MemoryFiles({})
    began = clock.time

    def begin_another() -> None:
        if clock.time - began > 5:
            files.contents[PATH] = b"2"

    clock.after_sleep = begin_another
    observed(files, clock, Endpoint(clock, 0.0), path=PATH, name="1", longest=300.0, timeout=20.0).act()
    assert clock.time - began == pytest.approx(8, abs=0.4)
    assert files.contents == {PATH: b"2"}
