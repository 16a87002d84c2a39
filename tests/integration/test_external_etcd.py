# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""external_etcd_info on a host with a real etcd and real certificates, and external_etcd_decision by what it reports."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import EtcdHost
from tests.integration import processes
from tests.integration.control_plane import run
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

ADDRESS = "192.0.2.31"
INPUTS: dict[str, t.Any] = {
    "address": "",
    "binaries": "",
    "certificate_renew_days": 30,
    "certificate_valid_days": 365,
    "clients": [],
    "control_planes": [],
    "kubernetes_version": "1.34.4",
    "manage_firewall": True,
    "packages": {"apt": ["etcd-server"]},
}
SECONDS_UNTIL_READY = 60.0


class Member:
    """A host with directories and a network of its own, where etcd has the address and the ports that it has on a server."""

    def __init__(self, host: PrivateHost, plane: ControlPlane, directory: Path) -> None:
        self.host = host
        self.plane = plane
        self.network = f"etcd-{os.getpid()}"
        self.prefix = ("ip", "netns", "exec", self.network, *host.prefix)
        self.pki = host.etc / "etcd" / "pki"
        self.directory = directory
        self.modules = Modules(plane.environment, directory, ("yaml", "cryptography", "kubernetes"), self.prefix)

    def connect(self) -> None:
        """Make the network."""
        run(["ip", "netns", "add", self.network])
        for command in (
            "link set lo up",
            "link add eth0 type veth peer name eth1",
            "link set eth0 up",
            "link set eth1 up",
            f"address add {ADDRESS}/24 dev eth0",
            "route add default dev eth0",
        ):
            run(["ip", "-n", self.network, *command.split()])

    def disconnect(self) -> None:
        """Take it away."""
        run(["ip", "netns", "delete", self.network])

    def certify(self, days: int = 365) -> None:
        """A CA, and both pairs of a member, by openssl."""
        self.pki.mkdir(parents=True)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days))
        ca = self.pki / "ca"
        run(["openssl", "req", "-x509", *key, "-subj", "/CN=etcd-ca", "-keyout", f"{ca}.key", "-out", f"{ca}.crt"])
        for name in places.PAIRS:
            names = f"subjectAltName=DNS:etcd1,DNS:{os.uname().nodename.lower()},DNS:localhost,IP:{ADDRESS},IP:127.0.0.1,IP:::1"
            command = ["openssl", "req", "-x509", *key, "-subj", "/CN=etcd1", "-addext", names]
            command += ["-addext", "extendedKeyUsage=serverAuth,clientAuth", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key"]
            command += ["-addext", "basicConstraints=critical,CA:FALSE"]
            run([*command, "-keyout", str(self.pki / f"{name}.key"), "-out", str(self.pki / f"{name}.crt")])

    def start(self) -> subprocess.Popen[bytes]:
        """etcd as the role's settings have it."""
        client, peer = f"https://{ADDRESS}:2379", f"https://{ADDRESS}:2380"
        flags = {
            "name": "etcd1",
            "data-dir": places.DATA,
            "listen-client-urls": f"{client},https://127.0.0.1:2379",
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"etcd1={peer}",
            "client-cert-auth": "true",
            "trusted-ca-file": places.CA,
            "cert-file": f"{places.PKI}/server.crt",
            "key-file": f"{places.PKI}/server.key",
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": places.CA,
            "peer-cert-file": f"{places.PKI}/peer.crt",
            "peer-key-file": f"{places.PKI}/peer.key",
            "unsafe-no-fsync": "true",
        }
        command = [
            *self.prefix,
            str(self.plane.binaries / "etcd"),
            *(f"--{key}={value}" for key, value in flags.items()),
        ]
        with (self.directory / "etcd.log").open("ab") as log:
            process = processes.start(command, log)
        deadline = time.monotonic() + SECONDS_UNTIL_READY
        while self.found().etcd is None:
            assert time.monotonic() < deadline, (self.directory / "etcd.log").read_text()[-2000:]
            time.sleep(0.5)
        return process

    def etcdctl(self, *arguments: str) -> str:
        """Ask etcd."""
        access = ["--endpoints=https://127.0.0.1:2379", f"--cacert={places.CA}"]
        access += [f"--cert={places.PKI}/server.crt", f"--key={places.PKI}/server.key"]
        return run([*self.prefix, str(self.plane.binaries / "etcdctl"), *access, *arguments])

    def inspect(self, *, check: bool = False) -> Result:
        """The result of the module."""
        return self.modules.run("external_etcd_info", check=check, packages={"apt": ["bash"]})

    def found(self) -> EtcdHost:
        """What it reports."""
        result = self.inspect()
        assert not result.get("failed"), result
        return EtcdHost.from_dict("etcd1", result["external_etcd"])

    def decided(self, **changes: t.Any) -> Result:
        """The decision by it."""
        hosts = {"etcd1": self.inspect()["external_etcd"]}
        given: dict[str, t.Any] = {
            "hosts": hosts,
            "expected": ["etcd1"],
            "name": "etcd1",
            "inputs": {**INPUTS, **changes},
        }
        return Modules(self.plane.environment, self.directory).run_by_ansible("external_etcd_decision", **given)


@pytest.fixture
def member(host: PrivateHost, plane: ControlPlane, tmp_path: Path) -> t.Iterator[Member]:
    """A host with nothing of etcd."""
    made = Member(host, plane, tmp_path)
    try:
        made.connect()
        yield made
    finally:
        made.disconnect()


@contextlib.contextmanager
def running(member: Member) -> t.Iterator[None]:
    """As long as its etcd runs."""
    process = member.start()
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_host_with_nothing_of_etcd(member: Member) -> None:
    for check in (True, False, True, False):
        assert member.inspect(check=check)["changed"] is False
    found = member.found()
    assert (found.address, found.addresses) == (ADDRESS, (ADDRESS,))
    assert (found.data, found.taken, found.pairs, found.ca, found.etcd) == ((), (), {}, "", None)
    assert found.record.state == ""
    decision = member.decided(binaries=str(member.plane.binaries))["decision"]
    assert decision["problems"] == []
    assert decision["copies"] == ["etcd", "etcdctl", "etcdutl"]
    assert decision["makes_ca"] is True
    assert decision["founders"] == ["etcd1"]


def test_a_member_that_runs(member: Member) -> None:
    member.certify()
    with running(member):
        found = member.found()
        assert found.view is not None
        assert [(item.name, item.is_healthy) for item in found.view.members] == [("etcd1", True)]
        assert found.objects == 0
        assert found.taken == (2379, 2380)
        assert found.data == (places.DATA,)
        assert {name: pair.is_whole for name, pair in found.pairs.items()} == {"server": True, "peer": True}
        assert found.has_ca_key
        assert "PRIVATE KEY" not in json.dumps(member.inspect())
        member.etcdctl("put", "/registry/pods/default/x", "1")
        member.etcdctl("put", "/other", "1")
        assert member.found().objects == 1

        # Nobody has written down that the role has begun it.
        (problem,) = member.decided()["decision"]["problems"][:1]
        assert "etcd1 has an etcd that this role did not make (/var/lib/etcd/default/member)" in problem["message"]


def test_certificates_are_held_against_their_keys_their_ca_and_the_clock(member: Member) -> None:
    member.certify(days=20)
    issues = member.decided()["decision"]["issues"]
    assert issues == ["server", "peer"]
    decision = member.decided(certificate_renew_days=10)["decision"]
    assert decision["issues"] == []
    run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(member.pki / "peer.key")])
    assert member.decided(certificate_renew_days=10)["decision"]["issues"] == ["peer"]
    assert "ends in 19 days" in json.dumps(member.decided()["decision"]["problems"])


def test_data_that_is_lost(member: Member) -> None:
    record = member.host.lib / "kubeadm-ha" / "external-etcd.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"state": "member", "founders": {}}))
    assert member.found().record.state == "member"
    assert "The data of the etcd member etcd1 is lost" in json.dumps(member.decided()["decision"]["problems"])
    record.write_text("{broken")
    assert member.found().record.state == ""


def test_hosts_that_the_play_does_not_have(member: Member) -> None:
    hosts = {"etcd1": member.inspect()["external_etcd"]}
    modules = Modules(member.plane.environment, member.directory)
    result = modules.run_by_ansible(
        "external_etcd_decision", hosts=hosts, expected=["etcd1", "etcd2"], name="etcd1", inputs=INPUTS
    )
    assert "etcd2 could not be inspected, or the play does not have it" in json.dumps(result["decision"]["problems"])
    result = modules.run_by_ansible(
        "external_etcd_decision", hosts=hosts, expected=["etcd1"], name="cp1", inputs=INPUTS
    )
    assert result["failed"] is True
    assert "cp1 is none of the hosts of etcd that were inspected (etcd1)" in result["msg"]
