# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of balancers behind ufw and firewalld, whose API servers refuse anonymous requests."""

import ipaddress
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest
import testinfra

CA_FILE = pathlib.Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / ".cache/molecule/apiserver_haproxy_guard-pki/ca.crt"
PORT = 8443
CERTIFICATE = "/etc/haproxy/kubernetes-probe.crt"
STATUS = "curl --silent --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/"
#: Prints from whom a packet of VRRP comes that the firewall has let in.
LISTEN = """
import socket
found = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
while True:
    print(found.recvfrom(2048)[1][0], flush=True)
"""
#: Sends one from an address of its host to another host.
SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as found:
    found.bind((sys.argv[1], 0))
    found.sendto(bytes(20), (sys.argv[2], 0))
"""
#: What becomes of a connection to a port on which nobody listens: the kernel refuses it where the firewall lets it in.
TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def firewall(host) -> str:
    """The firewall that the node has."""
    return host.backend.get_variables()["inventory_hostname"]


@pytest.fixture
def address(host) -> str:
    """The node's address as the controller knows it."""
    return host.backend.get_variables()["ansible_host"]


@pytest.fixture
def other(host, firewall):
    """The other host, from whose address some things are let in."""
    name = next(each for each in ("ufw", "firewalld") if each != firewall)
    return testinfra.get_host(f"ansible://{name}", ansible_inventory=host.backend.ansible_inventory)


@pytest.fixture
def stranger(other):
    """A second address of the other host, which nobody lets in."""
    (line,) = other.check_output("ip -4 -o address show dev eth0 scope global").splitlines()
    address = str(ipaddress.ip_interface(line.split()[3]).network[-6])
    other.check_output(f"ip address add {address}/32 dev eth0")
    yield address
    other.check_output(f"ip address delete {address}/32 dev eth0")


@pytest.fixture
def heard(host):
    """The file with those from whom VRRP has come so far."""
    host.check_output(
        "systemd-run --unit=vrrp-listener --property=StandardOutput=truncate:/run/vrrp-heard python3 -c %s", LISTEN
    )
    # The kernel lists raw sockets by the protocol's number.
    within(10, lambda: ":0070 " in host.file("/proc/net/raw").content_string)
    yield host.file("/run/vrrp-heard")
    host.check_output("systemctl stop vrrp-listener")


def within(seconds: float, condition) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def ready(host) -> set[str]:
    """The servers that haproxy takes for ready."""
    return {name for name, is_ready in json.loads(host.check_output(STATUS))["ready"].items() if is_ready}


def test_checks_pass_with_the_certificate(host) -> None:
    assert ready(host) == {"cp1", "cp2"}


def test_the_servers_refuse_who_has_none(address) -> None:
    command = ["curl", "--silent", "--cacert", str(CA_FILE), "--write-out", "%{http_code}"]
    command += ["--resolve", f"kubernetes:{PORT}:{address}", f"https://kubernetes:{PORT}/readyz"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "401"


def test_key_is_for_root_only(host) -> None:
    key = host.file(f"{CERTIFICATE}.key")
    assert (key.user, key.mode) == ("root", 0o600)
    assert key.contains("PRIVATE KEY")
    assert not host.file(CERTIFICATE).contains("PRIVATE KEY")


def test_certificate(host) -> None:
    shown = host.check_output("openssl x509 -in %s -noout -subject -ext extendedKeyUsage,keyUsage", CERTIFICATE)
    assert "subject=CN=kubeadm-ha:apiserver-probe" in shown.replace(" ", "")
    assert "O=" not in shown.replace(" ", "")
    assert "TLS Web Client Authentication" in shown
    host.check_output("openssl verify -CAfile /etc/kubernetes/pki/ca.crt -purpose sslclient %s", CERTIFICATE)
    for days, is_valid in ((360, True), (366, False)):
        assert (host.run("openssl x509 -in %s -noout -checkend %s", CERTIFICATE, str(days * 86400)).rc == 0) is is_valid
    of_key = host.check_output("openssl pkey -in %s.key -pubout", CERTIFICATE)
    assert of_key == host.check_output("openssl x509 -in %s -noout -pubkey", CERTIFICATE)


def test_firewall_lets_the_endpoint_in_and_nothing_else(host, address, firewall) -> None:
    socket.create_connection((address, PORT), timeout=3).close()
    # What listens on another port of this address stays closed.
    host.check_output("systemd-run --unit=other-listener python3 -m http.server 8444")
    deadline = time.monotonic() + 10
    while not host.socket("tcp://0.0.0.0:8444").is_listening:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    try:
        # ufw drops what firewalld rejects.
        with pytest.raises(OSError, match="timed out|No route to host"):
            socket.create_connection((address, 8444), timeout=3)
    finally:
        host.check_output("systemctl stop other-listener")
    if firewall == "ufw":
        assert "8443/tcp" in host.check_output("ufw status")
        return
    for configuration in ("", "--permanent"):
        ports = host.check_output(f"firewall-cmd {configuration} --zone=public --list-ports").split()
        assert sorted(ports) == ["2379/tcp", "8443/tcp", "8472/udp"]
        assert host.check_output(f"firewall-cmd {configuration} --zone=block --list-ports") == ""
    assert host.check_output("nft list chain inet firewalld filter_IN_public_allow").count("tcp dport 8443") == 1
    host.check_output("firewall-cmd --reload")
    socket.create_connection((address, PORT), timeout=3).close()


def test_what_others_need_is_open(host, address, firewall) -> None:
    """The role host_firewall by itself. Nothing listens: a port that is let in answers that it is closed."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 2379), timeout=3)
    if firewall == "ufw":
        host.check_output("ufw reload")
        rows = [re.split(r"\s{2,}", line.strip()) for line in host.check_output("ufw status").splitlines()]
        assert ["2379/tcp", "ALLOW", "Anywhere", "# etcd clients"] in rows
        assert ["8472/udp", "ALLOW", "Anywhere", "# VXLAN"] in rows
        assert not any("2380" in row[0] and row[2].startswith("Anywhere") for row in rows)
        assert not any(row[0].startswith("Anywhere/") for row in rows)
        assert [row[3] for row in rows if row[0] == "8443/tcp"] == ["# Kubernetes API"]
    else:
        host.check_output("firewall-cmd --reload")
        for configuration in ("", "--permanent"):
            assert host.check_output(f"firewall-cmd {configuration} --zone=public --list-protocols") == ""
            assert host.check_output(f"firewall-cmd {configuration} --zone=block --list-protocols") == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 2379), timeout=3)


def test_a_port_that_one_host_alone_reaches(other, address) -> None:
    """An earlier run had opened it to everybody. Nothing listens."""
    # ufw drops what firewalld rejects.
    with pytest.raises(OSError, match="timed out|No route to host"):
        socket.create_connection((address, 2380), timeout=3)
    assert other.check_output("python3 -c %s %s 2380", TRY, address) == "ConnectionRefusedError"
    # What everybody reaches it reaches, too; what nobody does, it does not.
    assert other.check_output("python3 -c %s %s 2379", TRY, address) == "ConnectionRefusedError"
    assert other.check_output("python3 -c %s %s 2381", TRY, address) in ("TimeoutError", "OSError")


def test_vrrp_comes_from_one_host_alone(host, other, address, firewall, stranger, heard) -> None:
    """A raw socket gets what the firewall has let in: an earlier run had let everybody in."""
    peer = other.backend.get_variables()["ansible_host"]

    def send(source: str) -> None:
        other.check_output("python3 -c %s %s %s", SEND, source, address)

    send(stranger)
    send(peer)
    within(10, lambda: peer in heard.content_string.split())
    assert stranger not in heard.content_string.split()
    # It was the firewall that kept it away.
    if firewall == "ufw":
        host.check_output(f"ufw allow proto vrrp from {stranger}")
    else:
        rule = f'rule family="ipv4" source address="{stranger}" protocol value="vrrp" accept'
        host.check_output("firewall-cmd --zone=public --add-rich-rule=%s", rule)
    try:
        send(stranger)
        within(10, lambda: stranger in heard.content_string.split())
    finally:
        if firewall == "ufw":
            host.check_output(f"ufw delete allow proto vrrp from {stranger}")
        else:
            host.check_output("firewall-cmd --zone=public --remove-rich-rule=%s", rule)


def test_nothing_is_installed_for_selinux_where_there_is_none(host) -> None:
    assert not host.file("/usr/sbin/semanage").exists


def test_metrics_are_served_on_loopback_only(host, address) -> None:
    metrics = host.check_output("curl --silent http://127.0.0.1:8405/metrics")
    assert 'haproxy_server_status{proxy="kubernetes-apiserver",server="cp1",state="UP"} 1' in metrics
    with pytest.raises(OSError, match="timed out|refused|No route to host"):
        socket.create_connection((address, 8405), timeout=2)
