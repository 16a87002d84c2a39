# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles apiserver_haproxy and apiserver_keepalived on a host whose SELinux is enforcing: Debian's policy, a kernel of its own in QEMU."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.roles.balancer import Authority
from tests.roles.selinux.guest import Guest
from tests.roles.selinux.image import image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.full

HERE = pathlib.Path(__file__).resolve().parent
BIND, CONNECT = "haproxy_bind_kubernetes_port", "haproxy_connect_kubernetes_port"
BACKENDS = {"cp1": 16443, "cp2": 16444}
STATUS = "curl --silent --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/"
PLAYBOOK_SECONDS = 1500
#: In QEMU's network for guests, where nobody else has it.
VIP = "10.0.2.100"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The cluster's CA."""
    return Authority.create(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Guest]:
    """A booted guest with two programs that stand for API servers."""
    with Guest(image(), tmp_path_factory.mktemp("guest")).running() as booted:
        start_servers(booted, authority)
        yield booted


def start_servers(guest: Guest, authority: Authority) -> None:
    """Two programs on the guest's loopback interface that stand for API servers."""
    certificate, key = authority.issue("kube-apiserver", "DNS:kubernetes")
    for path in (HERE / "tls_server.py", certificate, key):
        guest.write(f"/opt/apiserver/{path.name}", path.read_text(encoding="utf-8"))
    guest.write("/opt/apiserver/state", "ready\n")
    for name, port in BACKENDS.items():
        guest.run(
            f"systemd-run --quiet --unit=apiserver-{name} --working-directory=/opt/apiserver python3 tls_server.py "
            f"{name} 127.0.0.1 {port} {certificate.name} {key.name} state"
        )


def play(guest: Guest, authority: Authority, *, playbook: str = "play.yml") -> dict[str, int]:
    """Run a role; the host's counts."""
    inputs: dict[str, object] = {
        "kubeadm_ha_endpoint": "api.example.net:6443",
        "apiserver_haproxy_backends": [
            {"name": name, "address": "127.0.0.1", "port": port} for name, port in BACKENDS.items()
        ],
        "apiserver_haproxy_ca_certificate": authority.certificate.read_text(encoding="ascii"),
        "apiserver_keepalived_vip": f"{VIP}/24",
        # The other one is not there, so nobody but the guest can have the address.
        "apiserver_keepalived_peers": [
            {"name": "lb1", "address": "10.0.2.15"},
            {"name": "lb2", "address": "10.0.2.16"},
        ],
    }
    started = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", f"--inventory={guest.inventory}"),
            *(f"--extra-vars={json.dumps(inputs)}", str(HERE / "selinux" / playbook)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PLAYBOOK_SECONDS,
        check=False,
    )
    print(f"{done.stdout}\nthe role took {time.monotonic() - started:.0f} s")
    assert done.returncode == 0
    recap = done.stdout.rpartition("PLAY RECAP")[2]
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", recap)}


def denials(guest: Guest, domain: str = "haproxy_t") -> list[str]:
    """What SELinux has refused to processes of a domain since the guest's boot."""
    said = guest.run("ausearch --input-logs --message avc,user_avc --raw", check=False)
    return [line for line in said.splitlines() if "denied" in line and re.search(rf"scontext=\S+:{domain}:", line)]


def ready(guest: Guest) -> set[str]:
    """The servers that haproxy takes for ready."""
    return {name for name, is_ready in json.loads(guest.run(STATUS))["ready"].items() if is_ready}


def wait_ready(guest: Guest) -> None:
    """Wait until haproxy takes all servers for ready."""
    deadline = time.monotonic() + 60
    while guest.run(f"{STATUS} >/dev/null && echo answers", check=False) == "" or ready(guest) != set(BACKENDS):
        assert time.monotonic() < deadline, guest.run("systemctl status haproxy --no-pager", check=False)
        time.sleep(1)


@dataclasses.dataclass(frozen=True)
class Runs:
    """Counts of the role's first and second run, and what haproxy was refused in the second, at a restart and at a reload.

    In the first run the package starts haproxy with a configuration of its own, which the policy does not let run.
    """

    first: dict[str, int]
    second: dict[str, int]
    denials: list[str]


@pytest.fixture(scope="module")
def runs(guest: Guest, authority: Authority) -> Runs:
    """The role, twice, on a host that had neither haproxy nor semanage."""
    assert guest.run("getenforce").strip() == "Enforcing"
    assert guest.run("ls /usr/sbin/haproxy /usr/sbin/semanage 2>/dev/null", check=False) == ""
    first = play(guest, authority)
    before = len(denials(guest))
    second = play(guest, authority)
    for verb in ("reload", "restart"):
        guest.run(f"systemctl {verb} haproxy")
        wait_ready(guest)
    return Runs(first, second, denials(guest)[before:])


def test_second_run_changes_nothing(runs: Runs) -> None:
    assert runs.first["changed"] > 0
    assert (runs.second["changed"], runs.second["failed"]) == (0, 0)


def test_haproxy_is_confined_and_refused_nothing(guest: Guest, runs: Runs) -> None:
    assert guest.run("getenforce").strip() == "Enforcing"
    domains = {line.split(":")[2] for line in guest.run("ps -o label= -C haproxy").splitlines()}
    assert domains == {"haproxy_t"}
    assert guest.run("semanage permissive --list --noheading").split() == []
    assert runs.denials == []


def test_it_balances(guest: Guest, runs: Runs, authority: Authority) -> None:
    assert guest.run("systemctl is-active haproxy").strip() == "active"
    assert ready(guest) == set(BACKENDS)
    port = guest.ports[6443]
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--cacert",
        str(authority.certificate),
        "--write-out",
        "%{http_code}",
    ]
    command += ["--resolve", f"kubernetes:{port}:127.0.0.1", f"https://kubernetes:{port}/readyz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("200", "")


def test_what_was_set(guest: Guest, runs: Runs) -> None:
    local = guest.run("semanage port --list --noheading --locallist")
    kinds = {port: line.split()[0] for line in local.splitlines() for port in re.findall(r"\b\d+\b", line)}
    assert kinds == {str(port): "kubernetes_port_t" for port in BACKENDS.values()}
    for boolean in (BIND, CONNECT):
        assert guest.run(f"getsebool {boolean}").strip() == f"{boolean} --> on"
        # In the stored policy too: it is so after a boot.
        assert re.search(rf"^{boolean} .*\(on\s*,\s*on\)", guest.run("semanage boolean --list"), re.MULTILINE)
    others = re.findall(r"^(haproxy_\w+) --> on$", guest.run("getsebool -a"), re.MULTILINE)
    assert sorted(others) == [BIND, CONNECT]
    assert "kubeadm_ha_haproxy" in guest.run("semodule --list").split()


def test_without_the_boolean_haproxy_may_not_bind(guest: Guest, runs: Runs) -> None:
    """The control: what the role set is what lets haproxy listen."""
    before = len(denials(guest))
    guest.run(f"setsebool {BIND} off && systemctl stop haproxy")
    try:
        guest.run("systemctl start haproxy", check=False)
        assert guest.run("ss --no-header --listening --tcp --numeric sport = :6443") == ""
        assert guest.run("systemctl is-active haproxy", check=False).strip() != "active"
        new = denials(guest)[before:]
        assert any(re.search(r"\{ name_bind \} .* src=6443 .*:kubernetes_port_t:", line) for line in new), new
    finally:
        guest.run(
            f"setsebool {BIND} on; systemctl stop haproxy; systemctl reset-failed haproxy; systemctl start haproxy"
        )
    wait_ready(guest)


@dataclasses.dataclass(frozen=True)
class Held:
    """What came of the role apiserver_keepalived beside haproxy: counts of two runs, domains of its processes, what they were refused."""

    first: dict[str, int]
    second: dict[str, int]
    domains: dict[str, str]
    denials: list[str]


@pytest.fixture(scope="module")
def held(guest: Guest, runs: Runs, authority: Authority) -> Held:
    """The role, twice, and a restart of both of its services."""
    del runs
    first = play(guest, authority, playbook="virtual_ip.yml")
    second = play(guest, authority, playbook="virtual_ip.yml")
    for unit in ("kubeadm-ha-vip-health", "keepalived"):
        guest.run(f"systemctl restart {unit}")
    deadline = time.monotonic() + 60
    while not has_address(guest):
        assert time.monotonic() < deadline, guest.run("journalctl -u keepalived --no-pager -n 30", check=False)
        time.sleep(1)
    pids = {
        unit: guest.run(f"systemctl show -P MainPID {unit}").strip() for unit in ("kubeadm-ha-vip-health", "keepalived")
    }
    domains = {unit: guest.run(f"ps -o label= -p {pid}").strip().split(":")[2] for unit, pid in pids.items()}
    return Held(first, second, domains, [line for domain in set(domains.values()) for line in denials(guest, domain)])


def has_address(guest: Guest) -> bool:
    """Whether the guest has the virtual IP address."""
    return f" {VIP}/32 " in guest.run("ip -4 -o address show")


def test_keepalived_holds_the_address_and_a_second_run_changes_nothing(guest: Guest, held: Held) -> None:
    assert guest.run("getenforce").strip() == "Enforcing"
    assert has_address(guest)
    assert held.first["changed"] > 0
    assert (held.second["changed"], held.second["failed"]) == (0, 0)


def test_keepalived_and_its_check_are_refused_nothing(held: Held) -> None:
    assert held.denials == [], held.domains


def test_the_check_still_tells_keepalived_that_haproxy_has_stopped(guest: Guest, held: Held) -> None:
    del held
    guest.run("systemctl stop haproxy")
    try:
        deadline = time.monotonic() + 30
        while has_address(guest):
            assert time.monotonic() < deadline, "the address stays although haproxy has stopped"
            time.sleep(0.5)
    finally:
        guest.run("systemctl start haproxy")
