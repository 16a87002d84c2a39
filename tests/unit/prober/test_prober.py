# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prober as tests use it: a subprocess, an open loop, a log that names what happened."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.prober.analysis import (
    certificates,
    counted,
    failed_after,
    failures,
    longest_gap_ms,
    rto_seconds,
    summarize_log,
    window,
)
from tests.prober.process import PROJECT, Prober, ProberError
from tests.unit.prober.server import Mode, serving

if TYPE_CHECKING:
    from tests.prober.log import Probe
    from tests.unit.prober.conftest import Pki

INTERVAL = 0.05


def assert_on_schedule(probes: tuple[Probe, ...], *, interval: float = INTERVAL) -> None:
    """Every slot of the schedule has one probe: none skipped, none moved."""
    for earlier, later in itertools.pairwise(probes):
        assert later.scheduled - earlier.scheduled == pytest.approx(interval, abs=1e-5)


def slots(begin: float, end: float) -> object:
    """How many probes of one target the schedule has between two moments: one more or less depends on the phase."""
    return pytest.approx((end - begin) / INTERVAL, abs=1.01)


def test_hanging_server_does_not_slow_the_schedule(pki: Pki, tmp_path: Path) -> None:
    with (
        serving(pki.first) as hanging,
        serving(pki.second) as healthy,
        Prober(
            targets={"cp1": hanging.address, "cp2": healthy.address}, ca=pki.ca, log=tmp_path / "log", timeout=4
        ) as prober,
    ):
        prober.wait_for_success("cp1", seconds=5)
        hang = prober.mark("hang")
        hanging.mode = Mode.HANG_HANDSHAKE
        time.sleep(0.6)
        hanging.mode = Mode.ANSWER
        release = prober.mark("release")
        time.sleep(0.3)
        log = prober.stop()
    probes = counted(log, "cp1")
    assert_on_schedule(probes)
    assert_on_schedule(counted(log, "cp2"))
    hung = window(probes, start=hang.monotonic + INTERVAL, end=release.monotonic - INTERVAL)
    assert len(hung) == slots(hang.monotonic + INTERVAL, release.monotonic - INTERVAL)
    assert len(hung) >= 9
    assert max(probe.latency_ms for probe in hung) > 450
    assert max(probe.late_ms for probe in hung) < 250, "started when they were due"
    served = [moment for moment in hanging.accepted if hang.monotonic <= moment <= release.monotonic]
    assert len(served) >= 9, "the server itself must have seen the connections while it hung"
    assert failures(probes) == (), "600 ms are within the limit"
    assert longest_gap_ms(probes) > 450
    assert longest_gap_ms(counted(log, "cp2")) < longest_gap_ms(probes), "the other target goes on"
    assert not hanging.resumed, "every probe is a full handshake"


def test_limit_counts_from_the_schedule(pki: Pki, tmp_path: Path) -> None:
    with (
        serving(pki.first) as server,
        Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log", timeout=0.3) as prober,
    ):
        prober.wait_for_success("cp1", seconds=5)
        server.mode = Mode.HANG_RESPONSE
        hang = prober.mark("hang")
        time.sleep(0.8)
        stopped = prober.mark("stop")
        log = prober.stop()
    failed = failed_after(counted(log, "cp1"), hang.monotonic)
    hung = window(failed, start=hang.monotonic, end=stopped.monotonic)
    assert len(hung) == slots(hang.monotonic, stopped.monotonic)
    for probe in failed:
        assert probe.error == "response: timeout"
        assert 299 <= probe.latency_ms < 500
        assert probe.fingerprint == pki.first.fingerprint
    assert rto_seconds(counted(log, "cp1"), hang.monotonic) == float("inf")


#: Seconds in which a probe begins and ends on a busy machine, too.
_AFTERWARDS = 0.4


def test_outage_and_recovery_on_cue(pki: Pki, tmp_path: Path) -> None:
    with (
        serving(pki.first) as server,
        Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log") as prober,
    ):
        prober.wait_for_success("cp1", seconds=5)
        for mode in (None, Mode.FAIL, Mode.CLOSE_REQUEST):
            prober.mark(str(mode))
            if mode is None:
                server.refuse()
            else:
                server.mode = mode
            time.sleep(0.25)
            if mode is None:
                server.listen()
            else:
                server.mode = Mode.ANSWER
            recovered = prober.mark(f"{mode} over")
            prober.wait_for_success("cp1", seconds=5, after=recovered.monotonic)
            time.sleep(_AFTERWARDS)
        log = prober.stop()
    probes = counted(log, "cp1")
    assert (log.interval, log.timeout) == (0.05, 1.0), "the defaults of the design"
    assert_on_schedule(probes)
    for mode, error in (
        (None, "connect: refused"),
        (Mode.FAIL, "response: status 500"),
        (Mode.CLOSE_REQUEST, "response: closed"),
    ):
        began, over = log.event(str(mode)), log.event(f"{mode} over")
        failed = failed_after(probes, began.monotonic, end=over.monotonic)
        assert len(failed) >= 2
        assert error in {probe.error for probe in failed}
        outage = over.monotonic - began.monotonic
        rto = rto_seconds(probes, began.monotonic, end=over.monotonic + _AFTERWARDS)
        assert 0.1 < rto < outage + _AFTERWARDS
    summary = summarize_log(log)["cp1"]
    assert summary.sent == len(probes)
    assert summary.failed == len(failures(probes)) >= 6
    assert summary.longest_gap_ms > 150


def test_certificate_changes(pki: Pki, tmp_path: Path) -> None:
    stages = {"first": True, "second": True, "wrong_san": False, "foreign": False}
    with (
        serving(pki.first) as server,
        Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log") as prober,
    ):
        for stage in stages:
            server.serve(getattr(pki, stage))
            prober.mark(stage)
            time.sleep(0.4)
        end = prober.mark("end")
        log = prober.stop()
    probes = counted(log, "cp1")
    borders = [log.event(stage).monotonic for stage in stages] + [end.monotonic]
    for (stage, accepted), begin, finish in zip(stages.items(), borders, borders[1:], strict=False):
        inside = [probe for probe in window(probes, start=begin) if probe.completed < finish]
        assert len(inside) >= 2
        assert {probe.ok for probe in inside} == {accepted}
        expected = getattr(pki, stage).serial if accepted else None
        assert {probe.serial for probe in inside} == {expected}
    assert [seen.serial for seen in certificates(probes)] == [pki.first.serial, pki.second.serial]
    reasons = {probe.error for probe in failures(probes)}
    assert any("IP address mismatch" in str(reason) for reason in reasons)
    assert any("unable to get local issuer certificate" in str(reason) for reason in reasons)


def test_waiting_target_counts_from_its_first_verified_success(pki: Pki, tmp_path: Path) -> None:
    with serving(pki.wrong_san) as server:
        server.refuse()
        prober = Prober(targets={}, wait={"endpoint": server.address}, ca=pki.ca, log=tmp_path / "log")
        with prober:
            time.sleep(0.3)
            server.listen()
            time.sleep(0.3)
            assert counted(prober.read(), "endpoint") == ()
            served = prober.mark("served")
            server.serve(pki.first)
            assert prober.wait_for_success("endpoint", seconds=5) >= served.monotonic - INTERVAL
            server.mode = Mode.FAIL
            time.sleep(0.2)
            log = prober.stop()
    probes = counted(log, "endpoint")
    assert probes[0].ok
    assert probes[0].completed >= served.monotonic
    assert len(failures(probes)) >= 2, "once it counts, failures count"
    everything = [probe for probe in log.probes if probe.target == "endpoint"]
    assert {probe.ok for probe in everything[: -len(probes)]} == {False}


def test_command_line_prints_a_summary(pki: Pki, tmp_path: Path) -> None:
    with serving(pki.first) as server, serving(None) as plain:
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "tests.prober", "--ca", str(pki.ca), "--log", str(tmp_path / "log")),
                *("--target", f"cp1=cp1.test:{server.port}/livez", "--resolve", "cp1.test=127.0.0.1"),
                *("--target", f"smoke=http://{plain.address}/", "--wait", "endpoint=127.0.0.1:1"),
                *("--duration", "0.52", "--interval", "0.1", "--summary", str(tmp_path / "summary.json")),
            ],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    summary = json.loads(finished.stdout)
    assert summary == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    target = summary["targets"]["cp1"]
    assert (target["sent"], target["failed"], target["failures"]) == (6, 0, [])
    assert [seen["serial"] for seen in target["certificates"]] == [pki.first.serial]
    assert set(server.requests) == {"GET /livez HTTP/1.1"}
    assert summary["targets"]["smoke"]["failed"] == 0
    endpoint = summary["targets"]["endpoint"]
    assert (endpoint["sent"], endpoint["counted_from"]) == (0, None)
    assert endpoint["not_counted"] in (5, 6), "its turn within the interval comes last"
    assert summary["prober"]["cpu_seconds"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_in_order(pki: Pki, tmp_path: Path, number: signal.Signals) -> None:
    with serving(pki.first) as server:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.prober", "--ca", str(pki.ca), "--log", str(tmp_path / "log")),
                *("--target", f"cp1={server.address}"),
            ],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
        )
        deadline = time.monotonic() + 10
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        output, _errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert json.loads(output)["targets"]["cp1"]["failed"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "at least one --target"),
        (["--target", "cp1=127.0.0.1:1"], "--ca is required"),
        (["--target", "a=127.0.0.1:1", "--wait", "a=127.0.0.1:2"], "a name of its own"),
        (["--target", "a=tcp://127.0.0.1:1", "--interval", "0"], "greater than 0"),
        (["--target", "cp1=127.0.0.1:1", "--ca", "missing"], "No such file"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.prober", "--log", str(tmp_path / "log"), *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert finished.returncode in (1, 2)
    assert message in finished.stderr


def test_prober_that_cannot_start_says_why(tmp_path: Path) -> None:
    prober = Prober(targets={"cp1": "127.0.0.1:1"}, ca=tmp_path / "missing.crt", log=tmp_path / "log")
    with pytest.raises(ProberError, match="No such file"):
        prober.start()


def test_prober_that_died_is_not_a_measurement(pki: Pki, tmp_path: Path) -> None:
    with serving(pki.first) as server:
        prober = Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log")
        prober.start()
        process = prober._process
        assert process is not None
        process.kill()
        process.wait()
        with pytest.raises(ProberError, match="died"):
            prober.stop()


def test_prober_ends_with_the_process_that_started_it(pki: Pki, tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from tests.prober.process import Prober\n"
        "prober = Prober(targets={'cp1': sys.argv[1]}, ca=pathlib.Path(sys.argv[2]), log=pathlib.Path(sys.argv[3]))\n"
        "prober.start()\n"
        "print(prober._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with serving(pki.first) as server:
        crashed = subprocess.run(
            [sys.executable, "-c", script, server.address, str(pki.ca), str(tmp_path / "log")],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        pid = int(crashed.stdout)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and _runs(pid):
            time.sleep(0.05)
        assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_stalled_prober_reports_failures_of_its_own(pki: Pki, tmp_path: Path) -> None:
    with (
        serving(pki.first) as server,
        Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log", timeout=0.3) as prober,
    ):
        prober.wait_for_success("cp1", seconds=5)
        process = prober._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.8)
        os.kill(process.pid, signal.SIGCONT)
        prober.wait_for_success("cp1", seconds=5)
        log = prober.stop()
    probes = counted(log, "cp1")
    assert_on_schedule(probes)
    stalled = [probe for probe in probes if probe.error == "schedule: the prober stalled"]
    assert len(stalled) >= 7
    assert log.end is not None
    assert log.end.late_max_ms > 600


def test_settled_measurement_is_not_touched_by_the_next_event(pki: Pki, tmp_path: Path) -> None:
    with (
        serving(pki.first) as server,
        Prober(targets={"cp1": server.address}, ca=pki.ca, log=tmp_path / "log", timeout=0.5) as prober,
    ):
        prober.wait_for_success("cp1", seconds=5)
        changed = prober.mark("changed")
        prober.settle()
        kill = prober.mark("kill")
        server.refuse()
        time.sleep(0.2)
        log = prober.stop()
    assert kill.monotonic - changed.monotonic >= 0.5
    assert all(probe.completed < kill.monotonic for probe in window(log.probes, end=changed.monotonic))
    assert summarize_log(log, end=changed.monotonic)["cp1"].failed == 0
    assert len(failed_after(counted(log, "cp1"), kill.monotonic)) >= 2
