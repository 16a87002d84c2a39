# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a converged name server. Queries are made on the node by the standard library; what it runs say its own tools."""

import time

import pytest

NAME = "one.kube.test"
SERVER = "192.0.2.41"
SERVICES = ("gdnsd", "kubeadm-ha-dns-answers")
#: The code of the answer and its addresses, by one query for A.
QUERY = """
import socket, struct, sys
name, server = sys.argv[1:3]
question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0" + struct.pack("!2H", 1, 1)
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.settimeout(2)
asked.sendto(struct.pack("!6H", 1, 0, 1, 0, 0, 0) + question, (server, 53))
data = asked.recv(4096)
print(data[3] & 15)
at = 12 + len(question)
for _number in range(struct.unpack("!H", data[6:8])[0]):
    kind, _class, ttl, length = struct.unpack("!2HIH", data[at + 2 : at + 12])
    if kind == 1:
        print(socket.inet_ntoa(data[at + 12 : at + 12 + length]))
    at += 12 + length
"""


def answer(host, name: str = NAME, server: str = SERVER) -> set[str]:
    """The addresses in an answer."""
    code, *addresses = host.check_output("python3 -c %s %s %s", QUERY, name, server).split()
    assert code == "0", code
    return set(addresses)


def wait(host, *wanted: str) -> None:
    """Wait until the answer has exactly these servers."""
    deadline = time.monotonic() + 15
    while answer(host) != set(wanted):
        assert time.monotonic() < deadline, f"the answer is {answer(host)}, not {wanted}"
        time.sleep(0.2)


@pytest.mark.parametrize("name", SERVICES)
def test_services(host, name) -> None:
    assert host.service(name).is_running
    assert host.service(name).is_enabled


def test_what_runs_is_what_is_written(host) -> None:
    host.check_output("cmp /etc/gdnsd/config /run/gdnsd-kubernetes/config")
    assert host.run("gdnsd checkconf").rc == 0


def test_it_listens_on_its_address_only(host) -> None:
    listening = host.check_output("ss -Hlntup 'sport = :53'").splitlines()
    assert {line.split()[4] for line in listening if "gdnsd" in line} == {f"{SERVER}:53"}


def test_the_watcher_has_no_capability(host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value kubeadm-ha-dns-answers")
    status = host.check_output("cat /proc/%s/status", pid)
    assert "CapEff:\t0000000000000000" in status
    assert f"Uid:\t{host.user('gdnsd').uid}\t" in status


def test_the_answer_has_the_servers_that_are_ready(host) -> None:
    wait(host, "192.0.2.11", "192.0.2.12")


def test_the_name_servers_have_names(host) -> None:
    assert answer(host, f"ns1.{NAME}") == {SERVER}
    assert answer(host, f"ns2.{NAME}") == {"192.0.2.42"}


def test_other_names_are_refused(host) -> None:
    code = host.check_output("python3 -c %s %s %s", QUERY, "kube.test", SERVER).split()[0]
    assert code == "5"


def test_an_unready_server_is_left_out_and_taken_back(host) -> None:
    host.check_output("echo unready > /opt/apiserver/cp1.state")
    try:
        wait(host, "192.0.2.12")
        host.check_output("echo unready > /opt/apiserver/cp2.state")
        wait(host, "192.0.2.11", "192.0.2.12", "192.0.2.13")
    finally:
        host.check_output("echo ready | tee /opt/apiserver/cp1.state /opt/apiserver/cp2.state")
    wait(host, "192.0.2.11", "192.0.2.12")


@pytest.mark.parametrize("name", SERVICES)
def test_who_is_killed_comes_back(host, name) -> None:
    before = host.check_output("systemctl show --property=MainPID --value %s", name)
    host.check_output("systemctl kill --signal=SIGKILL --kill-whom=main %s", name)
    deadline = time.monotonic() + 15
    while host.check_output("systemctl show --property=MainPID --value %s", name) in ("0", before):
        assert time.monotonic() < deadline, f"{name} does not run again"
        time.sleep(0.2)
    time.sleep(2)
    wait(host, "192.0.2.11", "192.0.2.12")


def test_a_replacement_keeps_the_copy_of_what_is_loaded(host) -> None:
    host.check_output("systemctl reload gdnsd")
    host.check_output("cmp /etc/gdnsd/config /run/gdnsd-kubernetes/config")
    wait(host, "192.0.2.11", "192.0.2.12")
