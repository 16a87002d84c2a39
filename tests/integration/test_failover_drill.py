# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of a failover drill against a real kube-scheduler whose manifest a host has, beside the control plane of the tests.

Two of them elect a leader; one is the host's. Nobody here is a kubelet: what ends is not started again.
"""

from __future__ import annotations

import contextlib
import signal
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration import processes

if t.TYPE_CHECKING:
    import subprocess

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

COMPONENT = "kube-scheduler"
#: Lease duration + 4.4 x retry period + 1 s.
SHORT = ("--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s")
BOUND = 9.4


def command(plane: ControlPlane, port: int) -> list[str]:
    """The command line of an instance."""
    return [COMPONENT, f"--kubeconfig={plane.kubeconfig}", f"--secure-port={port}", "--leader-elect=true", *SHORT]


@contextlib.contextmanager
def started(plane: ControlPlane, port: int) -> t.Iterator[subprocess.Popen[bytes]]:
    """An instance that runs for the time of a test."""
    with (plane.directory / f"scheduler-{port}.log").open("wb") as log:
        process = processes.start([str(plane.binaries / COMPONENT), *command(plane, port)[1:]], log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def manifest(line: t.Sequence[str]) -> str:
    """A static pod of it."""
    items = "".join(f"    - {item}\n" for item in line)
    head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-scheduler\nspec:\n  containers:\n  - image: x\n    command:\n"
    return head + items


def lease(plane: ControlPlane) -> dict[str, t.Any]:
    """The Lease, where there is one."""
    if "kube-scheduler" not in plane.kubectl("-n", "kube-system", "get", "lease", "--output=name"):
        return {}
    return t.cast("dict[str, t.Any]", plane.get("lease", COMPONENT)["spec"])


@contextlib.contextmanager
def two_instances(plane: ControlPlane, host: PrivateHost, *, leads: bool) -> t.Iterator[subprocess.Popen[bytes]]:
    """The host's instance and another one, of which one leads because it was started first."""
    own, other = processes.free_ports(2)
    manifests = host.kubernetes / "manifests"
    manifests.mkdir(parents=True)
    (manifests / f"{COMPONENT}.yaml").write_text(manifest(command(plane, own)), encoding="utf-8")
    first, second = (own, other) if leads else (other, own)
    with started(plane, first) as leader:
        deadline = time.monotonic() + 60
        while not lease(plane).get("holderIdentity"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        with started(plane, second) as follower:
            yield leader if leads else follower
    plane.delete(f"lease/{COMPONENT}")


@pytest.fixture
def scheduler(plane: ControlPlane, host: PrivateHost) -> t.Iterator[subprocess.Popen[bytes]]:
    """The host's instance, which leads, and another one."""
    with two_instances(plane, host, leads=True) as process:
        yield process


@pytest.fixture
def follower(plane: ControlPlane, host: PrivateHost) -> t.Iterator[subprocess.Popen[bytes]]:
    """The host's instance, which does not lead: however long it is frozen, it goes on afterwards."""
    with two_instances(plane, host, leads=False) as process:
        yield process


def state(process: subprocess.Popen[bytes]) -> str:
    """``S`` or ``R`` when it runs, ``T`` when a signal has stopped it."""
    return Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def event(modules: Modules, plane: ControlPlane, *, check: bool = False, **options: t.Any) -> Result:
    """Run the module."""
    endpoint: dict[str, t.Any] = {
        "kubeconfig": str(plane.kubeconfig),
        "endpoint": f"127.0.0.1:{plane.api_port}",
        "ca_path": str(plane.pki / "ca.crt"),
    }
    return modules.run("failover_drill_event", check=check, **endpoint, **options)


def test_interrupt_and_restore(
    plane: ControlPlane, host: PrivateHost, modules_on_host: Modules, follower: subprocess.Popen[bytes]
) -> None:
    journal = host.lib / "kubeadm-ha" / "failover_drill.json"
    for check in (True, False):
        result = event(modules_on_host, plane, check=check, state="interrupted", component=COMPONENT, how="freeze")
        assert not result.get("failed"), result
        assert result["changed"] is True
        assert (state(follower) == "T", journal.exists()) == (not check, not check)
    assert str(plane.kubeconfig) not in journal.read_text(encoding="utf-8")
    found = modules_on_host.run("failover_drill_info", kubeconfig=str(plane.kubeconfig))
    assert found["drill"]["left"] == [COMPONENT]
    assert "is stopped by a signal" in found["drill"]["instances"][1]["problem"]
    again = event(modules_on_host, plane, state="interrupted", component=COMPONENT, how="freeze")
    assert again["failed"] is True
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = event(modules_on_host, plane, check=check, state="restored")
        assert not result.get("failed"), result
        assert result["changed"] is changed
    assert state(follower) != "T"
    assert not journal.exists()


def test_a_frozen_leader_is_measured(
    plane: ControlPlane, host: PrivateHost, modules_on_host: Modules, scheduler: subprocess.Popen[bytes]
) -> None:
    before = lease(plane)
    # A leader that goes on after its lease was taken ends by itself, and no kubelet starts it again.
    result = event(modules_on_host, plane, component=COMPONENT, how="freeze", timeout=30, restore_timeout=1)
    assert result["failed"] is True
    assert "was let go, but" in result["msg"]
    after = lease(plane)
    assert after["holderIdentity"] != before["holderIdentity"]
    assert scheduler.wait(timeout=10) != -signal.SIGKILL


def test_a_stranger_of_the_same_name_is_left_alone(
    plane: ControlPlane, host: PrivateHost, modules_on_host: Modules, scheduler: subprocess.Popen[bytes]
) -> None:
    path = host.kubernetes / "manifests" / f"{COMPONENT}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "    - --v=7\n", encoding="utf-8")
    result = event(modules_on_host, plane, state="interrupted", component=COMPONENT, how="kill")
    assert result["failed"] is True
    assert "has no process with the command line of" in result["msg"]
    assert scheduler.poll() is None


def test_the_endpoint_is_watched_while_something_happens_elsewhere(
    plane: ControlPlane, modules_on_host: Modules
) -> None:
    """Nobody says that it has happened, so the watch ends by itself."""
    options: dict[str, t.Any] = {
        "kubeconfig": str(plane.kubeconfig),
        "endpoint": f"127.0.0.1:{plane.api_port}",
        "ca_path": str(plane.pki / "ca.crt"),
        "longest": 2,
        "timeout": 5,
    }
    result = modules_on_host.run("failover_drill_watch", check=True, **options)
    assert (result["changed"], result["measured"]) == (True, None)
    result = modules_on_host.run("failover_drill_watch", **options)
    assert not result.get("failed"), result
    endpoint = result["measured"]["endpoint"]
    assert endpoint["sent"] > 10
    assert (endpoint["failed"], endpoint["rto"]) == (0, 0.0)
    assert not Path("/run/kubeadm-ha-failover-drill-watch").exists()


def test_the_report_of_a_host_is_planned_and_judged(
    plane: ControlPlane, modules_on_host: Modules, scheduler: subprocess.Popen[bytes]
) -> None:
    found = modules_on_host.run("failover_drill_info", check=True, kubeconfig=str(plane.kubeconfig))
    assert not found.get("failed"), found
    assert found["changed"] is False
    drill = found["drill"]
    assert drill["instances"][0]["problem"].startswith("has no manifest")
    # No kubelet reports a pod.
    assert drill["instances"][1]["problem"] == "has a pod that is not ready"
    healthy = {**drill, "instances": [{**item, "problem": ""} for item in drill["instances"]], "unready_nodes": []}
    hosts = {"cp1": healthy, "cp2": {**healthy, "host_name": "another"}}
    events = [{"component": COMPONENT, "how": "kill"}]
    for check in (True, False):
        planned = modules_on_host.run_by_ansible("failover_drill_plan", check=check, events=events, hosts=hosts)
        assert not planned.get("failed"), planned
        (entry,) = planned["plan"]["entries"]
        assert (entry["host"], entry["bound"], planned["changed"]) == ("cp1", BOUND, False)
    refused = modules_on_host.run_by_ansible("failover_drill_plan", events=events, hosts={"cp1": drill})
    assert refused["failed"] is True
    assert f"{COMPONENT} runs on 0 of 1 control planes" in refused["msg"]
    judged = modules_on_host.run_by_ansible("failover_drill_report", entries=[entry])
    assert judged["report"]["passed"] is False
    assert judged["faults"] == [f"Event 1 ({entry['object']}) failed. It was not measured: the run ended before."]
