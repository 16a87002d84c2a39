# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_dns answers when API servers die, freeze, become unready and come back, and when it is changed itself.

Two plain hosts of the lab answer, a third one has what stands for the API servers. A duration fails a test beyond three times its bound
(the machine may be busy); the bounds themselves are printed with the measured figures (pytest -rP).
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.roles import dns_query
from tests.roles.balancer import Authority
from tests.roles.commands import lab, run
from tests.roles.figures import DEAD, FROZEN, NOISE, UNREADY, report

pytestmark = pytest.mark.full

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

OUT_SECONDS = 3.0
KILLED_SECONDS = 2.0
LAB = "dns-behaviour"
SERVERS = ("lb1", "lb2")
API_HOST = "lb3"
NAME = "one.kube.test"
FIRST_NUMBER = 201
SERVICES = ("gdnsd", "kubeadm-ha-dns-answers")


def ask(server: str, *, seconds: float = 1.0) -> set[str]:
    """The addresses in a server's answer to one query. Without an answer it is an OSError."""
    found = dns_query.addresses(server, NAME, seconds=seconds)
    assert set(found.values()) <= {2}
    return set(found)


@dataclasses.dataclass(frozen=True)
class Hosts:
    """The hosts, and the API servers behind the name.

    Attributes:
        inventory: of the lab.
        variables: of the role.
        addresses: of the servers of the name, in their order.
        api: address of each API server by its name.
    """

    inventory: str
    variables: dict[str, Any]
    addresses: tuple[str, ...]
    api: dict[str, str]

    def on(self, name: str, *command: str) -> str:
        """Run a command on a host."""
        return lab("exec", "--name", LAB, name, "--", *command)

    def play(self, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the role."""
        variables = json.dumps({**self.variables, **more})
        command = [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, "tests/roles/name_server.yml"]
        return run(*command, "--extra-vars", variables, check=False)

    def backends(self, *names: str) -> list[dict[str, str]]:
        """The input of the role for these API servers."""
        return [{"name": name, "address": self.api[name]} for name in names]

    def state(self, name: str, state: str) -> None:
        """What an API server answers from now on."""
        self.on(API_HOST, "sh", "-c", f"echo {state} >/opt/apiserver/{name}.state")

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to an API server."""
        self.on(API_HOST, "systemctl", "kill", f"--signal={signal}", f"apiserver-{name}")

    def start(self, *names: str) -> None:
        """API servers that are ready."""
        for name in names:
            self.state(name, "ready")
            options = ["--collect", "--working-directory=/opt/apiserver", f"--unit=apiserver-{name}"]
            program = ["/usr/bin/python3", "tls_server.py", name, self.api[name], "6443", "server.crt", "server.key"]
            self.on(API_HOST, "systemd-run", *options, *program, f"{name}.state")

    def wait(self, what: str, *names: str, bound: float = OUT_SECONDS, of: str = "") -> None:
        """Until both servers answer with exactly these API servers. ``of``: the event in the table of all load balancers."""
        started, wanted = time.monotonic(), {self.api[name] for name in names}
        for server in self.addresses:
            while (found := self.answer(server)) != wanted:
                assert time.monotonic() < started + bound * NOISE, f"{what}: {server} answers {found}, not {wanted}"
        report(what, time.monotonic() - started, bound, of=("DNS", of) if of else None)

    @staticmethod
    def answer(server: str) -> set[str] | None:
        """One answer, ``None`` without any."""
        try:
            return ask(server)
        except OSError:
            return None


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Hosts on which the role has done its work, in front of three API servers."""
    lab("up", "virtual_ip", "--name", LAB)
    try:
        inventory = lab("inventory", "--name", LAB).strip().splitlines()[-1]
        shown = run("ansible-inventory", "-i", inventory, "--list").stdout
        variables = json.loads(shown[shown.index("{") :])["_meta"]["hostvars"]
        addresses = tuple(variables[name]["ansible_host"] for name in SERVERS)
        network = ipaddress.ip_interface(f"{addresses[0]}/24").network
        authority = Authority.create(tmp_path_factory.mktemp("pki") / "ca")
        certificate, key = authority.issue("server", "DNS:kubernetes")
        api = {f"cp{number}": str(network[FIRST_NUMBER + number]) for number in range(1, 5)}
        made = Hosts(
            inventory,
            {
                "server_certificate": str(certificate),
                "server_key": str(key),
                "kubeadm_ha_endpoint": f"{NAME}:6443",
                "apiserver_dns_servers": [
                    {"name": name, "address": address} for name, address in zip(SERVERS, addresses, strict=True)
                ],
                "apiserver_dns_ca_certificate": authority.certificate.read_text(encoding="ascii"),
            },
            addresses,
            api,
        )
        made.variables["apiserver_dns_backends"] = made.backends("cp1", "cp2", "cp3")
        for address in api.values():
            made.on(API_HOST, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        # Before any API server is there.
        first = made.play()
        assert first.returncode == 0, first.stdout
        made.wait("none is there yet", "cp1", "cp2", "cp3")
        made.start("cp1", "cp2", "cp3")
        yield made
    finally:
        lab("down", "--name", LAB)


@pytest.fixture
def settled(hosts: Hosts) -> Hosts:
    """All three are ready."""
    hosts.wait("all are ready", "cp1", "cp2", "cp3", bound=10.0)
    return hosts


def test_second_run_changes_nothing(settled: Hosts) -> None:
    done = settled.play()
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("changed=0 ") == len(SERVERS) + 1, done.stdout


def test_dead_server(settled: Hosts) -> None:
    settled.signal("cp1", "SIGKILL")
    settled.wait("dead", "cp2", "cp3", of=DEAD)
    settled.start("cp1")
    settled.wait("back in", "cp1", "cp2", "cp3")


def test_frozen_server(settled: Hosts) -> None:
    settled.signal("cp2", "SIGSTOP")
    settled.wait("frozen", "cp1", "cp3", of=FROZEN)
    settled.signal("cp2", "SIGCONT")
    settled.wait("back in", "cp1", "cp2", "cp3")


def test_unready_servers(settled: Hosts) -> None:
    settled.state("cp3", "unready")
    settled.wait("unready", "cp1", "cp2", of=UNREADY)
    settled.state("cp1", "unready")
    settled.state("cp2", "unready")
    settled.wait("all unready, so all are answered", "cp1", "cp2", "cp3")
    settled.state("cp2", "ready")
    settled.wait("one back in", "cp2")
    settled.state("cp1", "ready")
    settled.state("cp3", "ready")
    settled.wait("all back in", "cp1", "cp2", "cp3")


def test_the_first_answer_is_the_right_one(settled: Hosts) -> None:
    settled.on("lb1", "systemctl", "stop", *SERVICES)
    settled.signal("cp1", "SIGKILL")
    try:
        settled.on("lb1", "systemctl", "start", "gdnsd")
        assert ask(settled.addresses[0]) == {settled.api["cp2"], settled.api["cp3"]}
    finally:
        settled.start("cp1")


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_killed_comes_back(settled: Hosts, service: str) -> None:
    settled.on("lb1", "systemctl", "kill", "--signal=SIGKILL", service)
    settled.wait(f"{service} killed", "cp1", "cp2", "cp3", bound=KILLED_SECONDS)
    time.sleep(KILLED_SECONDS)
    assert settled.on("lb1", "systemctl", "is-active", service).strip() == "active"
    settled.state("cp3", "unready")
    settled.wait("unready", "cp1", "cp2")
    settled.state("cp3", "ready")


@contextlib.contextmanager
def asking(server: str) -> Iterator[list[str]]:
    """Ask a server all the time; what was lost."""
    over, lost = threading.Event(), list[str]()

    def loop() -> None:
        while not over.wait(0.02):
            try:
                assert ask(server, seconds=2.0)
            except OSError as error:
                lost.append(str(error))

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()


def test_another_list_of_servers_loses_no_answer(settled: Hosts) -> None:
    settled.start("cp4")
    with asking(settled.addresses[0]) as first, asking(settled.addresses[1]) as second:
        done = settled.play(apiserver_dns_backends=settled.backends("cp1", "cp2", "cp4"), apiserver_dns_ttl=2)
        assert done.returncode == 0, done.stdout
        settled.wait("another list", "cp1", "cp2", "cp4")
        done = settled.play()
        assert done.returncode == 0, done.stdout
    assert (first, second) == ([], [])


def test_it_listens_on_its_address_only(settled: Hosts) -> None:
    shown = settled.on("lb1", "ss", "-Hlntup", "sport = :53")
    assert {line.split()[4] for line in shown.splitlines() if "gdnsd" in line} == {f"{settled.addresses[0]}:53"}


def test_somebody_elses_configuration_is_a_reason_to_stop(settled: Hosts) -> None:
    settled.on("lb1", "sh", "-c", "cp /etc/gdnsd/config /root/config && echo 'options => {}' >/etc/gdnsd/config")
    try:
        done = settled.play()
        assert done.returncode != 0
        text = " ".join(done.stdout.split())
        assert "/etc/gdnsd/config on lb1 was written by somebody else" in text
        assert "apiserver_dns_replace_configuration: true" in text
        assert settled.on("lb1", "cat", "/etc/gdnsd/config") == "options => {}\n"
    finally:
        settled.on("lb1", "cp", "/root/config", "/etc/gdnsd/config")


def test_a_resolver_that_leads_elsewhere_is_named(settled: Hosts) -> None:
    """The entry point by which a new cluster begins, on a host whose resolver does not know the name."""
    variables = json.dumps(settled.variables)
    call = "name=kubeadm.ha.apiserver_dns tasks_from=resolve"
    command = ["-m", "ansible", "adhoc", "-i", settled.inventory, "lb3", "-b", "-m", "include_role", "-a", call]
    done = run(sys.executable, *command, "-e", variables, check=False)
    text = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert f"The resolver of lb3 answers {NAME} with" in text
    assert f"delegate {NAME} to {settled.addresses[0]} and {settled.addresses[1]} in the zone above it" in text
    lines = "".join(f"{address} {NAME}\\n" for address in list(settled.api.values())[:2])
    settled.on("lb3", "sh", "-c", f"printf '{lines}' >>/etc/hosts")
    done = run(sys.executable, *command, "-e", variables, check=False)
    assert done.returncode == 0, done.stdout
