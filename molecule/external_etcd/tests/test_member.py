# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a member of an etcd cluster that the role external_etcd has made, with etcd's own tools and openssl."""

import json
import socket

import pytest
import testinfra

PKI = "/etc/etcd/pki"
ACCESS = f"--endpoints=https://127.0.0.1:2379 --cacert={PKI}/ca.crt --cert={PKI}/server.crt --key={PKI}/server.key"
#: What becomes of a connection.
TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""


def etcdctl(host, arguments: str) -> str:
    """Ask the member of the host."""
    return host.check_output(f"etcdctl {ACCESS} {arguments}")


def test_service(host) -> None:
    assert host.service("etcd").is_running
    assert host.service("etcd").is_enabled
    assert host.check_output("ps -o user= -C etcd").strip() == "etcd"


def test_three_members_vote(host) -> None:
    members = json.loads(etcdctl(host, "member list --write-out=json"))["members"]
    assert sorted(member["name"] for member in members) == ["etcd1", "etcd2", "etcd3"]
    assert not any(member.get("isLearner") for member in members)
    assert all(url.startswith("https://") for member in members for url in member["peerURLs"] + member["clientURLs"])


def test_what_is_written_is_read(host) -> None:
    name = host.check_output("hostname")
    etcdctl(host, f"put /test/{name} {name}")
    assert etcdctl(host, f"get /test/{name} --print-value-only") == name


def test_nobody_without_a_certificate_is_answered(host) -> None:
    answer = host.run(f"curl -sS --cacert {PKI}/ca.crt https://127.0.0.1:2379/version")
    assert answer.rc != 0
    assert "certificate required" in answer.stderr or "bad certificate" in answer.stderr


def test_control_planes_reach_the_clients_port_and_others_neither(host) -> None:
    """Members reach both, or they would not vote. The tests run on a machine that is none of the hosts."""
    address = host.backend.get_variables()["ansible_host"]
    for port in (2379, 2380):
        # ufw drops.
        with pytest.raises(TimeoutError):
            socket.create_connection((address, port), timeout=3)
    control_plane = testinfra.get_host("ansible://etcd4", ansible_inventory=host.backend.ansible_inventory)
    assert control_plane.check_output("python3 -c %s %s 2379", TRY, address) == "connected"
    assert control_plane.check_output("python3 -c %s %s 2380", TRY, address) == "TimeoutError"


def test_certificates_are_valid_for_the_member(host) -> None:
    for pair in ("server", "peer"):
        assert "OK" in host.check_output(f"openssl verify -CAfile {PKI}/ca.crt {PKI}/{pair}.crt")
        names = host.check_output(f"openssl x509 -in {PKI}/{pair}.crt -noout -ext subjectAltName")
        assert f"DNS:{host.check_output('hostname')}" in names
        assert host.file(f"{PKI}/{pair}.key").mode == 0o600
        assert host.file(f"{PKI}/{pair}.key").user == "etcd"


def test_the_key_of_the_ca_is_on_one_host(host) -> None:
    assert host.file(f"{PKI}/ca.key").exists == (host.check_output("hostname") == "etcd1")


def test_nothing_permits_a_start_without_data(host) -> None:
    assert not host.file("/run/kubeadm-ha-etcd/first-start.env").exists
