# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's nginx does when API servers die, freeze and become unready, and when it or its watcher is killed.

A plain host of the lab with the role, real TLS, and three processes on it that stand for API servers. A duration fails a test beyond
three times its bound (the machine may be busy); the bounds themselves are printed with the measured figures (pytest -rP).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.roles.balancer import Authority, wait_until
from tests.roles.clients import Prober, Watch, client_context
from tests.roles.commands import lab, run
from tests.roles.figures import BALANCER_GONE, DEAD, FROZEN, NOISE, UNREADY, report
from tests.tools import environment

pytestmark = pytest.mark.full

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

OUT_SECONDS = 3.0
BACK_SECONDS = 4.0
RESTART_SECONDS = 2.0
LAB = "nginx-behaviour"
NAMES = ("cp1", "cp2", "cp3")
PORT = 6443
#: Lets something happen and waits until nginx has loaded what follows. Prints when the one was over and when the other was seen.
MEASURE = """
import contextlib, http.client, json, os, socket, sys, time
what, where, wanted, limit = sys.argv[1], sys.argv[2], set(sys.argv[3].split()), float(sys.argv[4])
if what.isdigit():
    pid = int(where)
    os.kill(pid, int(what))
    # A killed process is over when it is gone; a stopped one when it is stopped.
    with contextlib.suppress(OSError):
        while open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "TtXZ" and what != "18":
            time.sleep(0.001)
else:
    open(f"/opt/apiserver/{where}.state", "w").write(what)
event = time.monotonic()
def ready():
    with contextlib.suppress(OSError, ValueError):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(2)
        connection.sock.connect("/run/nginx-kubernetes-apiserver/status.sock")
        connection.request("GET", "/")
        return {name for name, is_ready in json.loads(connection.getresponse().read())["ready"].items() if is_ready}
while (found := ready()) != wanted:
    if time.monotonic() > event + limit:
        sys.exit(f"ready are {found}")
    time.sleep(0.01)
print(event, time.monotonic())
"""
KILL, CONTINUE, STOP = "9", "18", "19"


@dataclasses.dataclass(frozen=True)
class Balancer:
    """The host on which the role has done its work.

    Attributes:
        name: of the host.
        address: of the host.
        inventory: of the lab.
        variables: of the playbook.
        authority: of the cluster.
        log: of the prober.
    """

    name: str
    address: str
    inventory: str
    variables: dict[str, Any]
    authority: Authority
    log: pathlib.Path

    def on(self, *command: str) -> str:
        """Run a command on the host."""
        return lab("exec", "--name", LAB, self.name, "--", *command)

    def play(self) -> str:
        """Run the role; what Ansible wrote."""
        command = [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, "tests/roles/nginx.yml"]
        return run(*command, "--extra-vars", json.dumps(self.variables)).stdout

    def pid(self, service: str) -> str:
        """The main process of a service."""
        return self.on("systemctl", "show", "--property=MainPID", "--value", service).strip()

    def measure(
        self, what: str, where: str, wanted: set[str], *, limit: float = OUT_SECONDS * NOISE
    ) -> tuple[float, float]:
        """Send a signal to a process, or set the state of a server; when that was over, and when only ``wanted`` were ready."""
        found = self.on("python3", "-c", MEASURE, what, where, " ".join(wanted), str(limit)).split()
        return float(found[0]), float(found[1])

    def settle(self) -> None:
        """Let every server run and be ready."""
        units = " ".join(f"apiserver-{name}" for name in NAMES)
        self.on(
            "sh",
            "-c",
            f"systemctl start {units}; for name in {' '.join(NAMES)}; do echo ready >/opt/apiserver/$name.state; done",
        )
        self.measure("ready", NAMES[-1], set(NAMES), limit=20)

    def prober(self, path: str = "/readyz") -> Prober:
        """A prober that asks for a path."""
        certificates = {name: self.authority.directory / f"{name}.crt" for name in NAMES}
        return Prober(
            port=PORT,
            path=path,
            ca=self.authority.certificate,
            certificates=certificates,
            log=self.log,
            address=self.address,
        )

    @contextlib.contextmanager
    def watches(self) -> Iterator[dict[str, Watch]]:
        """A watch on each server."""
        context = client_context(str(self.authority.certificate))
        with contextlib.ExitStack() as stack:
            found: dict[str, Watch] = {}
            while set(found) != set(NAMES):
                watch = stack.enter_context(Watch(port=PORT, context=context, address=self.address))
                found[watch.server] = watch
            yield found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balancer]:
    """One host with the role."""
    lab("up", "bare", "--name", LAB)
    try:
        inventory = lab("inventory", "--name", LAB).strip().splitlines()[-1]
        shown = run("ansible-inventory", "-i", inventory, "--list").stdout
        variables = json.loads(shown[shown.index("{") :])["_meta"]["hostvars"]
        ((name, of_host),) = variables.items()
        directory = tmp_path_factory.mktemp("pki")
        authority = Authority.create(directory / "ca")
        for server in NAMES:
            authority.issue(server, "DNS:kubernetes")
        made = Balancer(
            name,
            of_host["ansible_host"],
            inventory,
            {
                "pki": str(authority.directory),
                "kubeadm_ha_endpoint": f"api.example.net:{PORT}",
                "apiserver_nginx_backends": [
                    {"name": server, "address": "127.0.0.1", "port": 16441 + number}
                    for number, server in enumerate(NAMES)
                ],
                "apiserver_nginx_ca_certificate": authority.certificate.read_text(encoding="ascii"),
            },
            authority,
            directory / "probes.jsonl",
        )
        made.play()
        yield made
    finally:
        lab("down", "--name", LAB)


@pytest.fixture
def balancer(host: Balancer) -> Balancer:
    """The host with every server ready."""
    host.settle()
    return host


def test_second_run_changes_nothing(balancer: Balancer) -> None:
    assert "changed=0 " in balancer.play()


def test_killed_server(balancer: Balancer) -> None:
    pid = balancer.pid("apiserver-cp1")
    with balancer.watches() as watches, balancer.prober() as prober:
        time.sleep(1)
        event, out = balancer.measure(KILL, pid, {"cp2", "cp3"})
        time.sleep(2)
        assert watches["cp2"].alive
        assert watches["cp3"].alive
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    assert prober.failed == ()
    assert prober.servers(after=out + 0.5) == {"cp2", "cp3"}
    report("killed server is out", out - event, OUT_SECONDS, of=("nginx", DEAD))


def test_killed_server_comes_back(balancer: Balancer) -> None:
    balancer.measure(KILL, balancer.pid("apiserver-cp2"), {"cp1", "cp3"})
    with balancer.prober() as prober:
        time.sleep(0.5)
        balancer.on("systemctl", "start", "apiserver-cp2")
        event, back = balancer.measure("ready", "cp2", set(NAMES), limit=BACK_SECONDS * NOISE)
        time.sleep(1)
    assert prober.failed == ()
    assert "cp2" in prober.servers(after=back)
    report("started server is back", back - event, BACK_SECONDS)


def test_frozen_server(balancer: Balancer) -> None:
    pid = balancer.pid("apiserver-cp1")
    with balancer.watches() as watches:
        try:
            with balancer.prober() as prober:
                time.sleep(1)
                event, out = balancer.measure(STOP, pid, {"cp2", "cp3"})
                time.sleep(10)
                # nginx cannot end the sessions of a server that it does not use any more: they are as frozen as that is.
                assert watches["cp1"].ended is None
                print(f"session of the frozen server was open after {time.monotonic() - event:.1f} s")
                assert [watch.server for watch in watches.values() if not watch.alive] == ["cp1"]
        finally:
            balancer.on("kill", "-CONT", pid)
        time.sleep(1)
        assert watches["cp1"].alive
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    assert [probe for probe in prober.failed if probe.scheduled > out + 0.5] == []
    assert prober.servers(after=out + 0.5) == {"cp2", "cp3"}
    report("frozen server is out", out - event, OUT_SECONDS)
    report("rto freeze", prober.rto(event), OUT_SECONDS, of=("nginx", FROZEN))


def test_unready_server(balancer: Balancer) -> None:
    with balancer.watches() as watches, balancer.prober() as prober:
        time.sleep(1)
        event, out = balancer.measure("unready", "cp1", {"cp2", "cp3"})
        time.sleep(2)
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    assert [probe for probe in prober.failed if probe.scheduled > out + 0.5] == []
    report("unready server is out", out - event, OUT_SECONDS)
    report("rto unready", prober.rto(event), OUT_SECONDS, of=("nginx", UNREADY))


def test_every_server_unready_closes_nothing(balancer: Balancer) -> None:
    with balancer.watches() as watches, balancer.prober("/version") as prober:
        balancer.measure("unready", "cp1", {"cp2", "cp3"})
        balancer.measure("unready", "cp2", {"cp3"})
        _event, unready = balancer.measure("slow", "cp3", set())
        time.sleep(3)
        assert prober.servers(after=unready + 0.5) == set(NAMES)
        balancer.settle()
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    assert prober.failed == ()


def test_reload_cuts_nothing(balancer: Balancer) -> None:
    master = balancer.pid("nginx-kubernetes-apiserver")
    with balancer.watches() as watches, balancer.prober() as prober:
        for _ in range(3):
            balancer.on("systemctl", "reload", "nginx-kubernetes-apiserver")
            time.sleep(1)
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    assert balancer.pid("nginx-kubernetes-apiserver") == master
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    assert prober.failed == ()


def test_changed_configuration_cuts_nothing(balancer: Balancer) -> None:
    master = balancer.pid("nginx-kubernetes-apiserver")
    changed = dataclasses.replace(balancer, variables={**balancer.variables, "apiserver_nginx_maxconn": 2000})
    with balancer.watches() as watches, balancer.prober() as prober:
        assert "changed=0 " not in changed.play()
        balancer.play()
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    assert balancer.pid("nginx-kubernetes-apiserver") == master
    assert prober.failed == ()


def test_killed_watcher_comes_back(balancer: Balancer) -> None:
    with balancer.watches() as watches, balancer.prober("/version") as prober:
        balancer.on("systemctl", "kill", "--signal=SIGKILL", "kubernetes-apiserver-watch")
        event, out = balancer.measure("unready", "cp3", {"cp1", "cp2"})
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    assert prober.failed == ()
    report("unready server is out after the watcher was killed", out - event, OUT_SECONDS)


def test_killed_nginx_comes_back_with_the_verdicts(balancer: Balancer) -> None:
    balancer.measure("unready", "cp3", {"cp1", "cp2"})
    with balancer.prober() as prober:
        time.sleep(1)
        event, _seen = balancer.measure(KILL, balancer.pid("nginx-kubernetes-apiserver"), {"cp1", "cp2"})
        time.sleep(2)
    report("rto killed nginx", prober.rto(event), RESTART_SECONDS, of=("nginx", BALANCER_GONE))
    assert prober.servers(after=event + RESTART_SECONDS) == {"cp1", "cp2"}


def test_who_holds_a_virtual_ip_sees_whether_nginx_lives(balancer: Balancer) -> None:
    program = (environment.ROOT / "roles/apiserver_keepalived/files/kubeadm-ha-vip-health").read_text(encoding="utf-8")
    # As the role apiserver_keepalived runs it.
    hardened = ("RuntimeDirectory=health", "CapabilityBoundingSet=", "PrivateNetwork=yes", "ProtectSystem=strict")
    balancer.on(
        *(
            "systemd-run",
            "--unit=health",
            *(f"--property={each}" for each in hardened),
            "/usr/bin/python3",
            "-c",
            program,
        ),
        *("--health=/run/health/state", "--socket=/run/nginx-kubernetes-apiserver/status.sock"),
    )

    def becomes(state: str) -> bool:
        return balancer.on("sh", "-c", "cat /run/health/state || true").strip() == state

    try:
        wait_until(lambda: becomes("0"), limit=10, what="nginx lives")
        balancer.on("systemctl", "kill", "--signal=SIGSTOP", "nginx-kubernetes-apiserver")
        try:
            wait_until(lambda: becomes("1"), limit=10, what="nginx is frozen")
        finally:
            balancer.on("systemctl", "kill", "--signal=SIGCONT", "nginx-kubernetes-apiserver")
        wait_until(lambda: becomes("0"), limit=10, what="nginx lives again")
    finally:
        balancer.on("systemctl", "stop", "health")


def test_client_certificate_where_anonymous_requests_are_refused(balancer: Balancer) -> None:
    balancer.on(
        "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet", "python3-cryptography"
    )
    asking = {
        "client_ca": "ca.crt",
        "apiserver_nginx_probe_certificate": True,
        "apiserver_nginx_probe_signer": balancer.name,
        "apiserver_nginx_pki_dir": "/opt/apiserver",
    }
    with_certificate = dataclasses.replace(balancer, variables={**balancer.variables, **asking})
    with_certificate.play()
    for name in NAMES:
        balancer.on("systemctl", "restart", f"apiserver-{name}")
    balancer.settle()
    time.sleep(3)
    balancer.measure("ready", "cp1", set(NAMES))
    url = f"https://kubernetes:{PORT}/readyz"
    anonymous = (
        "curl",
        "--silent",
        "--insecure",
        "--resolve",
        f"kubernetes:{PORT}:127.0.0.1",
        url,
        "--write-out",
        "%{http_code}",
    )
    assert balancer.on(*anonymous).strip() == "401"
    key = "/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt.key"
    assert balancer.on("stat", "--format=%U %a", key).strip() == "root 600"
    assert "changed=0 " in with_certificate.play()
