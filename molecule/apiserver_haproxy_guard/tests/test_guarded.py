# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of balancers behind ufw and firewalld, whose API servers refuse anonymous requests."""

import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

CA_FILE = pathlib.Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / ".cache/molecule/apiserver_haproxy_guard-pki/ca.crt"
PORT = 8443
CERTIFICATE = "/etc/haproxy/kubernetes-probe.crt"
STATUS = "curl --silent --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/"


@pytest.fixture
def firewall(host) -> str:
    """The firewall that the node has."""
    return host.backend.get_variables()["inventory_hostname"]


@pytest.fixture
def address(host) -> str:
    """The node's address as the controller knows it."""
    return host.backend.get_variables()["ansible_host"]


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
        assert ["Anywhere/vrrp", "ALLOW", "Anywhere/vrrp"] in rows
        assert [row[3] for row in rows if row[0] == "8443/tcp"] == ["# Kubernetes API"]
    else:
        host.check_output("firewall-cmd --reload")
        for configuration in ("", "--permanent"):
            assert host.check_output(f"firewall-cmd {configuration} --zone=public --list-protocols") == "vrrp"
            assert host.check_output(f"firewall-cmd {configuration} --zone=block --list-protocols") == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 2379), timeout=3)


def test_nothing_is_installed_for_selinux_where_there_is_none(host) -> None:
    assert not host.file("/usr/sbin/semanage").exists


def test_metrics_are_served_on_loopback_only(host, address) -> None:
    metrics = host.check_output("curl --silent http://127.0.0.1:8405/metrics")
    assert 'haproxy_server_status{proxy="kubernetes-apiserver",server="cp1",state="UP"} 1' in metrics
    with pytest.raises(OSError, match="timed out|refused|No route to host"):
        socket.create_connection((address, 8405), timeout=2)
