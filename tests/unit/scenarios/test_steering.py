# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which share of probes an API server answered before it failed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prober.log import Event, LoggedTarget, Probe, ProbeLog
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios import steering
from tests.scenarios.steering import Steering, hold_share, share_of


def probe(scheduled: float, serial: str, *, target: str = "endpoint", ok: bool = True) -> Probe:
    """One probe."""
    return Probe(
        target=target,
        scheduled=scheduled,
        wall=0.0,
        late_ms=0.0,
        ok=ok,
        latency_ms=1.0,
        status=200 if ok else None,
        error=None if ok else "connect: refused",
        serial=serial,
        fingerprint="",
    )


@pytest.mark.parametrize(
    ("probes", "share"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([probe(9.0, "A"), probe(9.5, "A")], 100, id="all"),
        pytest.param([probe(9.0, "A"), probe(9.1, "B"), probe(9.2, "B")], 33, id="a third"),
        pytest.param([probe(7.9, "A"), probe(9.0, "B")], 0, id="too early"),
        pytest.param([probe(10.0, "A"), probe(9.0, "B")], 0, id="too late"),
        pytest.param([probe(9.0, "A", target="control"), probe(9.0, "B")], 0, id="another target"),
        pytest.param([probe(9.0, "A", ok=False), probe(9.0, "B")], 0, id="failed"),
    ],
)
def test_only_answers_right_before_count(probes: list[Probe], share: int) -> None:
    log = ProbeLog(
        interval=0.05, timeout=1.0, targets=(LoggedTarget(name="endpoint", url="", wait=False),), probes=tuple(probes)
    )
    assert share_of(log, "endpoint", "A", until=10.0) == share


LOG = ProbeLog(
    interval=0.05,
    timeout=1.0,
    targets=(LoggedTarget(name="endpoint", url="", wait=False),),
    probes=(probe(9.0, "A"), probe(9.1, "B"), probe(9.2, "B")),
)


def test_it_happens_while_clients_are_led_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []

    @contextlib.contextmanager
    def to(_self: Steering, api_server: str) -> Iterator[str]:
        happened.append(f"led to {api_server}")
        yield "A"
        happened.append("not led any more")

    class Marks(Prober):
        def mark(self, name: str) -> Event:
            happened.append(f"mark {name}")
            return Event(name=name, monotonic=10.0, wall=0.0)

        def stop(self) -> ProbeLog:
            happened.append("stop")
            return LOG

    monkeypatch.setattr(Steering, "to", to)
    monkeypatch.setattr(steering.time, "sleep", lambda seconds: happened.append(f"{seconds:g} s"))
    prober = Marks(targets={"endpoint": "https://192.0.2.1:6443/readyz"}, log=tmp_path / "log")
    way = Steering(endpoint="192.0.2.1:6443", ca=tmp_path)
    event, log, serial = way.fail(prober, "192.0.2.2:6443", "kill", lambda: happened.append("kill"), lasts=7)
    assert (event.monotonic, log, serial) == (10.0, LOG, "A")
    assert happened == ["led to 192.0.2.2:6443", "2.5 s", "mark kill", "kill", "7 s", "not led any more", "stop"]


@pytest.mark.parametrize(("serial", "verdict"), [("A", Verdict.OK), ("C", Verdict.FAILED)])
def test_whoever_was_not_led_there_has_measured_nothing(serial: str, verdict: Verdict) -> None:
    results = ScenarioResults(scenario="steering", kubernetes="v1.34.4")
    hold_share(results, "share", LOG, serial, Event(name="kill", monotonic=10.0, wall=0.0))
    assert [figure.verdict() for figure in results.figures] == [verdict]
