# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd_member_info against clusters of real etcd servers; etcdctl is the second opinion."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

from tests.integration import processes
from tests.integration.etcd_cluster import cluster_of_one
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.etcd_cluster import EtcdCluster


@pytest.fixture
def etcd_cluster(binaries: Path, tmp_path: Path) -> t.Iterator[EtcdCluster]:
    """A cluster of one member."""
    with cluster_of_one(binaries, tmp_path) as running:
        yield running


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """Runs modules without PyYAML, cryptography and the Kubernetes client: the module must not need them."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


def inspect(modules: Modules, etcd_cluster: EtcdCluster, **options: t.Any) -> dict[str, t.Any]:
    """The module's result, which is never a change."""
    arguments = {"endpoint": etcd_cluster.endpoint(), "pki_dir": str(etcd_cluster.pki), **options}
    result = modules.run("etcd_member_info", **arguments)
    assert not result.get("changed")
    return result


def state_by_name(result: t.Mapping[str, t.Any]) -> dict[str, tuple[bool, bool, bool]]:
    """Started, healthy and learner by name."""
    return {item["name"]: (item["started"], item["healthy"], item["is_learner"]) for item in result["members"]}


def test_one_member_as_etcdctl_sees_it(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    result = inspect(modules, etcd_cluster)
    status = etcd_cluster.etcdctl_json("endpoint", "status")[0]["Status"]
    listed = etcd_cluster.etcdctl_json("member", "list")["members"][0]
    assert len(result["members"]) == 1
    member = result["members"][0]
    assert member["id"] == str(listed["ID"])
    assert member["peer_urls"] == listed["peerURLs"]
    assert member["client_urls"] == listed["clientURLs"]
    assert member["version"] == status["version"]
    assert member["db_size"] == status["dbSize"]
    assert member["raft_term"] == status["raftTerm"]
    assert int(result["leader"], 16) == status["leader"]  # etcdctl leaves this one decimal
    assert member["is_leader"]
    assert result["quorum"] == {"voters": 1, "healthy_voters": 1, "needed": 1, "tolerance": 0}
    assert (result["healthy"], result["problems"], result["alarms"]) == (True, [], [])
    # Check mode and a second inspection report the same.
    again = modules.run("etcd_member_info", check=True, endpoint=etcd_cluster.endpoint(), pki_dir=str(etcd_cluster.pki))
    assert again["members"][0]["id"] == member["id"]


def test_a_cluster_that_grows_fails_and_recovers(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    # An added member that has not started counts as a voter: two voters, both needed.
    etcd_cluster.etcdctl("member", "add", "cp2", f"--peer-urls={etcd_cluster.servers['cp2'].peer}")
    waiting = inspect(modules, etcd_cluster, timeout=1)
    assert not waiting["healthy"]
    assert waiting["quorum"] == {"voters": 2, "healthy_voters": 0, "needed": 2, "tolerance": 0}
    assert any("has not started" in problem for problem in waiting["problems"])
    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    two = inspect(modules, etcd_cluster, wait_timeout=30)
    assert two["quorum"] == {"voters": 2, "healthy_voters": 2, "needed": 2, "tolerance": 0}

    # A learner has no vote.
    etcd_cluster.retried("member", "add", "cp3", "--learner", f"--peer-urls={etcd_cluster.servers['cp3'].peer}")
    etcd_cluster.start("cp3", initial=("cp1", "cp2", "cp3"))
    refused = inspect(modules, etcd_cluster, wait_timeout=1)
    assert refused["failed"]
    assert "cp3 is still a learner" in refused["msg"]
    learning = inspect(modules, etcd_cluster)
    assert learning["quorum"]["voters"] == 2
    assert state_by_name(learning) == {
        "cp1": (True, True, False),
        "cp2": (True, True, False),
        "cp3": (True, True, True),
    }
    learner = next(item["id"] for item in learning["members"] if item["is_learner"])
    etcd_cluster.retried("member", "promote", learner)
    three = inspect(modules, etcd_cluster, wait_timeout=30, expected_voters=3)
    assert three["quorum"] == {"voters": 3, "healthy_voters": 3, "needed": 2, "tolerance": 1}
    assert [item["name"] for item in three["members"] if item["is_leader"]] != []

    # One lost: it works and bears no further loss. The gate reports who.
    etcd_cluster.kill("cp3")
    two_left = inspect(modules, etcd_cluster)
    assert two_left["quorum"] == {"voters": 3, "healthy_voters": 2, "needed": 2, "tolerance": 0}
    assert not two_left["healthy"]
    gate = inspect(modules, etcd_cluster, wait_timeout=1)
    assert gate["failed"]
    assert "cp3 is not healthy" in gate["msg"]

    # Two lost: no quorum. It is reported, not hidden behind an error.
    etcd_cluster.kill("cp2")
    stopped = inspect(modules, etcd_cluster, timeout=1)
    assert stopped["quorum"]["healthy_voters"] == 0
    assert stopped["leader"] is None

    etcd_cluster.start("cp2")
    etcd_cluster.start("cp3")
    mended = inspect(modules, etcd_cluster, wait_timeout=60, expected_voters=3)
    assert mended["healthy"]
    assert inspect(modules, etcd_cluster, expected_voters=5)["msg"].count("it has 3 voters instead of 5") == 1


def test_an_alarm_is_reported(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    identity = etcd_cluster.etcdctl_json("member", "list")["members"][0]["ID"]
    body = {"action": "ACTIVATE", "memberID": str(int(str(identity), 16)), "alarm": "NOSPACE"}
    etcd_cluster.gateway("/v3/maintenance/alarm", body)
    assert "NOSPACE" in etcd_cluster.etcdctl("alarm", "list")
    alarmed = inspect(modules, etcd_cluster)
    assert (alarmed["healthy"], alarmed["alarms"]) == (False, ["alarm NOSPACE of cp1"])
    etcd_cluster.etcdctl("alarm", "disarm")
    assert inspect(modules, etcd_cluster)["healthy"]


def test_what_cannot_be_asked_is_one_sentence(etcd_cluster: EtcdCluster, modules: Modules, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"endpoint": "https://127.0.0.1:1"}, "did not answer"),
        ({"endpoint": etcd_cluster.endpoint().replace("https", "http")}, "no endpoint of etcd"),
        ({"pki_dir": str(tmp_path / "nothing")}, "set pki_dir"),
    ]
    for options, reported in cases:
        refused = inspect(modules, etcd_cluster, **options)
        assert refused["failed"], options
        assert reported in refused["msg"]
    # A server with a certificate of another CA is not trusted.
    subprocess.run(
        [
            str(etcd_cluster.binaries / "kubeadm"),
            "init",
            "phase",
            "certs",
            "etcd-ca",
            f"--cert-dir={tmp_path / 'other'}",
        ],
        check=True,
        capture_output=True,
    )
    pki = etcd_cluster.pki / "etcd"
    distrusted = inspect(
        modules,
        etcd_cluster,
        ca_certificate=str(tmp_path / "other" / "etcd" / "ca.crt"),
        client_certificate=str(pki / "healthcheck-client.crt"),
        client_key=str(pki / "healthcheck-client.key"),
    )
    assert distrusted["failed"]
    assert "certificate verify failed" in distrusted["msg"].lower() or "CERTIFICATE_VERIFY_FAILED" in distrusted["msg"]


def test_external_etcd_is_found_by_the_flags_of_the_api_server(
    etcd_cluster: EtcdCluster, modules: Modules, tmp_path: Path
) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    pki = etcd_cluster.pki / "etcd"
    flags = {
        # Nobody answers at the first one.
        "etcd-servers": f"{etcd_cluster.endpoint('cp2')},{etcd_cluster.endpoint()}",
        "etcd-cafile": pki / "ca.crt",
        "etcd-certfile": pki / "healthcheck-client.crt",
        "etcd-keyfile": pki / "healthcheck-client.key",
    }
    lines = "".join(f"    - --{name}={value}\n" for name, value in flags.items())
    (manifests / "kube-apiserver.yaml").write_text(
        f"spec:\n  containers:\n  - command:\n    - kube-apiserver\n{lines}", encoding="utf-8"
    )
    options: dict[str, t.Any] = {"manifests_dir": str(manifests), "pki_dir": str(tmp_path / "none")}
    result = modules.run("etcd_member_info", **options, wait_timeout=30, expected_voters=1)
    assert not result.get("failed"), result
    assert result["healthy"]
    assert result["members"][0]["id"] == str(etcd_cluster.etcdctl_json("member", "list")["members"][0]["ID"])
    etcd_cluster.kill("cp1")
    lost = modules.run("etcd_member_info", **options, timeout=1)
    assert lost["failed"]
    assert etcd_cluster.endpoint() in lost["msg"]
    assert etcd_cluster.endpoint("cp2") in lost["msg"]
    # With a static pod of etcd the host has its own etcd cluster, whatever the flags say.
    (manifests / "etcd.yaml").write_text("spec: {}\n", encoding="utf-8")
    assert "no certificate for clients of etcd" in modules.run("etcd_member_info", **options)["msg"]


def test_a_join_that_would_make_etcd_weaker_is_refused(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    options: dict[str, t.Any] = {"endpoint": etcd_cluster.endpoint(), "pki_dir": str(etcd_cluster.pki)}
    refused = modules.run("etcd_member_info", planned_additions=1, **options)
    assert refused["failed"]
    assert "No control plane was joined: etcd would stop with either of two members" in refused["msg"]
    for more in ({"planned_additions": 2}, {"planned_additions": 1, "allow_two_voters": True}, {}):
        assert not modules.run("etcd_member_info", **{**options, **more}).get("failed")
