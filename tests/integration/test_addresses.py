# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and their owners, asked of a real etcd and of a real kernel."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import typing as t

import pytest

from tests.integration import processes
from tests.integration.control_plane import REPOSITORY, run
from tests.integration.etcd_cluster import cluster_of_one
from tests.integration.modules import Modules
from tests.unit.plugins.module_utils._domain.plan.test_planning import before, plan_of

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.etcd_cluster import EtcdCluster

STALE = "https://198.51.100.9:2380"
OWN = "https://192.0.2.11:2380"


@pytest.fixture
def etcd_cluster(binaries: Path, tmp_path: Path) -> t.Iterator[EtcdCluster]:
    """An etcd cluster of one member, cp1."""
    with cluster_of_one(binaries, tmp_path) as running:
        yield running


def reasons(etcd_cluster: EtcdCluster, modules: Modules) -> list[str]:
    """Why the conversion of a cluster stops whose cp1 carries the real member."""
    arguments = before()
    pki = etcd_cluster.pki / "etcd"
    arguments["hosts"]["cp1"]["manifests"]["etcd"]["flags"] = [
        ["initial-advertise-peer-urls", OWN],
        ["listen-peer-urls", OWN],
        ["trusted-ca-file", str(pki / "ca.crt")],
        ["cert-file", str(pki / "server.crt")],
        ["key-file", str(pki / "server.key")],
    ]
    seen = modules.run("etcd_member_info", endpoint=etcd_cluster.endpoint(), pki_dir=str(etcd_cluster.pki))
    assert seen["healthy"], "alone, a member does not mind where its record says that it is"
    for member in seen["members"]:
        # A test's etcd listens on loopback, which no control plane's does; the record of its peers is the real one.
        member["client_urls"] = ["https://192.0.2.11:2379"]
    arguments["etcd"] = seen
    return [problem.message for problem in plan_of(arguments).problems]


def test_the_command_that_is_reported_corrects_etcds_record(
    etcd_cluster: EtcdCluster, binaries: Path, tmp_path: Path
) -> None:
    modules = Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))
    listed = etcd_cluster.etcdctl_json("member", "list")["members"][0]
    etcd_cluster.etcdctl("member", "update", str(listed["ID"]), f"--peer-urls={STALE}")
    (message,) = reasons(etcd_cluster, modules)
    assert f"etcd knows its member cp1 as {STALE}, which is no host's address" in message
    assert "exec etcd-cp1 -- etcdctl" in message
    # What kubectl would run in the pod, with the port at which this etcd listens.
    command = shlex.split(message.partition(" -- ")[2].replace("https://127.0.0.1:2379", etcd_cluster.endpoint()))
    run([str(binaries / command[0]), *command[1:]])
    assert etcd_cluster.etcdctl_json("member", "list")["members"][0]["peerURLs"] == [OWN]
    assert reasons(etcd_cluster, modules) == []


def test_the_kernels_address_towards_each_network(tmp_path: Path) -> None:
    """As on a machine behind NAT: the default route's address is not the cluster's."""
    links = """
        ip link set lo up
        ip link add nat0 type bridge && ip addr add 10.0.2.15/24 dev nat0 && ip link set nat0 up
        ip link add net0 type bridge && ip addr add 192.0.2.12/24 dev net0 && ip link set net0 up
        ip addr add 192.0.2.99/24 dev net0
        ip -6 addr add 2001:db8::12/64 dev net0 nodad
        ip route add default via 10.0.2.2 dev nat0
        ip route add 198.51.100.0/25 via 192.0.2.1 dev net0
        ip route add unreachable 203.0.113.0/24
    """
    script = tmp_path / "report.py"
    script.write_text(
        "import dataclasses, json\n"
        "from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.routes import networks\n"
        "print(json.dumps([dataclasses.asdict(item) for item in networks()]))\n",
        encoding="utf-8",
    )
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    ended = subprocess.run(
        ["unshare", *user, "--net", "sh", "-ec", f'{links}\nexec "$0" "$1"', sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / ".cache")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = {item["network"]: item["address"] for item in json.loads(ended.stdout)}
    assert found == {
        "10.0.2.0/24": "10.0.2.15",
        "192.0.2.0/24": "192.0.2.12",
        "198.51.100.0/25": "192.0.2.12",
        "2001:db8::/64": "2001:db8::12",
    }
