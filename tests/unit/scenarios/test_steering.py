# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which share of probes an API server answered before it failed."""

from __future__ import annotations

import pytest

from tests.prober.log import LoggedTarget, Probe, ProbeLog
from tests.scenarios.steering import share_of


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
