# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""component_service and component_service_info on a real kube-scheduler and a real API server.

This machine may have no systemd that runs services, so systemctl is a script that starts what a unit says. What systemd itself makes of
it is in molecule/binary_controllers and tests/scenarios/test_binary_controllers.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import typing as t

import pytest

from tests.integration import processes
from tests.integration.control_plane import run
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

CHANGE = "component_service"
INFO = "component_service_info"
SCHEDULER = "kube-scheduler"
UNIT = """\
[Service]
ExecStart={program} \\
  --kubeconfig={kubeconfig} \\
  --bind-address=127.0.0.1 \\
  --v=1
"""
SYSTEMCTL = """\
#!{python}
import os, shlex, signal, subprocess, sys, time
HERE = "{here}"
UNITS = "/etc/systemd/system"

def pid(name):
    try:
        number = int(open(f"{{HERE}}/{{name}}.pid").read())
        state = open(f"/proc/{{number}}/stat").read().rpartition(")")[2].split()[0]
        return 0 if state == "Z" else number
    except OSError:
        return 0

def stop(name):
    if pid(name):
        os.kill(pid(name), signal.SIGKILL)
        while pid(name):
            time.sleep(0.02)

words = [word for word in sys.argv[1:] if not word.startswith("-")]
options = [word for word in sys.argv[1:] if word.startswith("--property=")]
if "--version" in sys.argv:
    print("systemd 252 (252)")
elif words[0] == "show":
    for number, unit in enumerate(words[1:]):
        path = f"{{UNITS}}/{{unit}}"
        is_there = os.path.exists(path)
        drop_ins = [f"{{path}}.d/{{each}}" for each in sorted(os.listdir(f"{{path}}.d"))] if os.path.isdir(f"{{path}}.d") else []
        values = {{
            "Id": unit, "LoadState": "loaded" if is_there else "not-found", "FragmentPath": path if is_there else "",
            "DropInPaths": " ".join(drop_ins), "ActiveState": "active" if pid(unit) else "failed", "UnitFileState": "enabled",
            "MainPID": str(pid(unit)), "NRestarts": "0", "User": "", "Group": "",
        }}
        names = options[0].partition("=")[2].split(",")
        print("\\n" * (number > 0) + "\\n".join(values[name] if "--value" in sys.argv else f"{{name}}={{values[name]}}" for name in names))
elif words[0] in ("restart", "stop"):
    stop(words[1])
    if words[0] == "restart":
        text = open(f"{{UNITS}}/{{words[1]}}").read().replace("\\\\\\n", " ")
        command = shlex.split(next(line for line in text.splitlines() if line.startswith("ExecStart=")).partition("=")[2])
        log = open(f"{{HERE}}/log", "ab")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        open(f"{{HERE}}/{{words[1]}}.pid", "w").write(str(process.pid))
"""


class Master:
    """A host whose scheduler has the administrator's kubeconfig."""

    def __init__(self, host: PrivateHost, plane: ControlPlane, directory: Path) -> None:
        """Start nothing yet."""
        self.host, self.plane, self.directory = host, plane, directory
        (self.port,) = processes.free_ports(1)
        self.unit = host.etc / "systemd" / "system" / f"{SCHEDULER}.service"
        self.unit.parent.mkdir(parents=True, exist_ok=True)
        program = plane.binaries / SCHEDULER
        self.unit.write_text(UNIT.format(program=program, kubeconfig=plane.kubeconfig), encoding="utf-8")
        self.systemctl = directory / "bin" / "systemctl"
        self.systemctl.parent.mkdir()
        self.systemctl.write_text(SYSTEMCTL.format(python=sys.executable, here=directory), encoding="utf-8")
        self.systemctl.chmod(0o755)
        path = f"{self.systemctl.parent}{os.pathsep}{plane.environment['PATH']}"
        self.modules = Modules({**plane.environment, "PATH": path}, directory, ("yaml", "kubernetes"), host.prefix)
        self.pki = directory / "pki"
        self.pki.mkdir()
        for name in ("ca.crt", "ca.key"):
            (self.pki / name).write_bytes((plane.pki / name).read_bytes())
        self.kubeconfig = self.host.kubernetes / f"{SCHEDULER}.kubeconfig"

    def inputs(self, **others: t.Any) -> dict[str, t.Any]:
        """The role's variables."""
        return {
            **dict.fromkeys(("bind_address", "certificate", "private_key", "program", "server", "unit"), ""),
            "arguments": {},
            "extra_sans": [],
            "writable_paths": [],
            "certificate_renew_days": 30,
            "certificate_valid_days": 90,
            "harden": True,
            "insecure_port": 0,
            "lease_duration": "15s",
            "renew_deadline": "10s",
            "retry_period": "2s",
            "wait_timeout": 60,
            "ca_certificate": str(self.pki / "ca.crt"),
            "ca_key": str(self.pki / "ca.key"),
            "kubeconfig": f"/etc/kubernetes/{SCHEDULER}.kubeconfig",
            "secure_port": self.port,
            "signs_here": True,
            **others,
        }

    def call(self, name: str, *, check: bool = False, **others: t.Any) -> dict[str, t.Any]:
        """Run one of the modules."""
        options: dict[str, t.Any] = {"staged": str(self.directory / "staged")} if name == CHANGE else {}
        return self.modules.run(name, check=check, component=SCHEDULER, inputs=self.inputs(**others), **options)

    def issue(self, sans: t.Sequence[str]) -> None:
        """What the role issues, by openssl."""
        staged = self.directory / "staged"
        staged.mkdir(exist_ok=True)
        subjects = {"own": f"/CN=system:{SCHEDULER}", "metrics": "/O=system:monitoring/CN=metrics"}
        for name, subject in subjects.items():
            extension = self.directory / f"{name}.cnf"
            usage = "extendedKeyUsage=serverAuth,clientAuth\n"
            extension.write_text(
                usage + (f"subjectAltName={','.join(sans)}\n" if name == "own" else ""), encoding="utf-8"
            )
            key, request = str(staged / f"{name}.key"), str(self.directory / f"{name}.csr")
            run(
                [
                    "openssl",
                    "req",
                    "-new",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-keyout",
                    key,
                    "-out",
                    request,
                    "-subj",
                    subject,
                ]
            )
            run([
                *("openssl", "x509", "-req", "-in", request, "-out", str(staged / f"{name}.crt"), "-days", "90"),
                *("-CA", str(self.pki / "ca.crt"), "-CAkey", str(self.pki / "ca.key"), "-set_serial", "77"),
                *("-extfile", str(extension)),
            ])  # fmt: skip

    def state(self) -> dict[str, bytes]:
        """Files of the host that a change could touch."""
        paths = [*self.host.kubernetes.rglob("*"), *self.unit.parent.rglob("kube-*"), *self.pki.iterdir()]
        return {str(path): path.read_bytes() for path in paths if path.is_file()}

    def end(self) -> None:
        """End what was started."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.directory / f"{SCHEDULER}.service.pid").read_text()), signal.SIGKILL)


@pytest.fixture(name="master")
def _master(host: PrivateHost, plane: ControlPlane, tmp_path: Path) -> t.Iterator[Master]:
    master = Master(host, plane, tmp_path)
    try:
        yield master
    finally:
        master.end()


def test_a_plan_gets_the_decisions_of_both_at_once(master: Master) -> None:
    of_scheduler = master.call(INFO)["service"]["changes"]
    inputs = {SCHEDULER: master.inputs(), "kube-controller-manager": master.inputs(retry_period="30s")}
    decisions = master.modules.run(INFO, components=inputs, host="m1")["decisions"]
    assert decisions[SCHEDULER] == {"changes": of_scheduler, "problems": []}
    (problem,) = decisions["kube-controller-manager"]["problems"]
    assert decisions["kube-controller-manager"]["changes"] == []
    assert problem["subject"] == "m1"
    assert problem["message"].startswith("kube-controller-manager of m1: ")
    refused = master.modules.run(INFO, components={"kube-proxy": {}})
    assert refused["msg"] == "components has kube-proxy: known are kube-controller-manager, kube-scheduler."


def test_check_apply_check_apply_and_what_fails_is_put_back(master: Master, plane: ControlPlane) -> None:
    before = master.state()
    found = master.call(INFO)["service"]
    checked = master.call(CHANGE, check=True)
    assert master.state() == before
    assert (found["issues"], found["has_ca_key"], checked["changed"]) == (True, True, True)
    assert checked["changes"] == found["changes"]
    assert [found["common_name"], found["ca_key"]] == [f"system:{SCHEDULER}", str(master.pki / "ca.key")]

    missing = master.call(CHANGE)
    assert "is gone: run again" in missing["msg"]
    assert master.state() == before

    master.issue(found["sans"])
    applied = master.call(CHANGE)
    assert applied.get("changes") == checked["changes"], applied
    said = run(
        [str(plane.binaries / "kubectl"), f"--kubeconfig={master.kubeconfig}", "auth", "whoami", "--output=json"]
    )
    assert json.loads(said)["status"]["userInfo"]["username"] == f"system:{SCHEDULER}"
    assert master.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert (master.pki / f"{SCHEDULER}.key").stat().st_mode & 0o777 == 0o600
    assert str(plane.kubeconfig) not in master.unit.read_text(encoding="utf-8")
    for check in (True, False):
        assert master.call(CHANGE, check=check)["changes"] == []

    after = master.state()
    broken = master.call(CHANGE, arguments={"no-such-flag": "x"}, wait_timeout=5)
    assert "The former files are back, and kube-scheduler.service runs with them" in broken["msg"]
    assert master.state() == after
    for result in (found, checked, missing, applied, broken):
        assert "PRIVATE" not in json.dumps(result)


def test_one_error_with_every_reason(master: Master) -> None:
    before = master.state()
    (master.pki / "ca.key").unlink()
    wrong: dict[str, t.Any] = {"lease_duration": "9s", "server": "http://127.0.0.1"}
    for name in (INFO, CHANGE):
        failed = master.call(name, **wrong)
        assert "the first must be longer than the second" in failed["msg"]
        assert "kube_scheduler_server" in failed["msg"]
        assert "has no key of the cluster's CA" in master.call(name)["msg"]
    before.pop(str(master.pki / "ca.key"))
    assert master.state() == before
