# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd_member against real etcd servers: what failed joins leave goes, what the quorum needs stays."""

from __future__ import annotations

import json
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
    """One member."""
    with cluster_of_one(binaries, tmp_path) as running:
        yield running


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """Runs modules without PyYAML, cryptography and the Kubernetes client: the module must not need them."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


def members(etcd_cluster: EtcdCluster) -> dict[str, str]:
    """Id of each member by the host of its peer URL and port, as etcdctl sees it."""
    listed = etcd_cluster.etcdctl_json("member", "list")["members"]
    return {item["peerURLs"][0]: str(item["ID"]) for item in listed}


def removed(
    modules: Modules, etcd_cluster: EtcdCluster, member: str, *, check: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    """The result of the module."""
    arguments = {"endpoint": etcd_cluster.endpoint(), "pki_dir": str(etcd_cluster.pki), "timeout": 2, **options}
    return modules.run("etcd_member", check=check, member_id=member, **arguments)


def test_a_learner_that_never_started_goes(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    peer = etcd_cluster.servers["cp2"].peer
    etcd_cluster.retried("member", "add", "cp2", "--learner", f"--peer-urls={peer}")
    learner = members(etcd_cluster)[peer]
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = removed(modules, etcd_cluster, learner, check=check)
        assert not result.get("failed"), result
        assert result["changed"] is changed
        assert (peer in members(etcd_cluster)) is (check and changed)
    # Another learner may come now: etcd takes one at a time.
    etcd_cluster.retried("member", "add", "cp2", "--learner", f"--peer-urls={peer}")


def test_a_member_is_added_as_a_learner_and_votes_once_it_has_caught_up(
    etcd_cluster: EtcdCluster, modules: Modules
) -> None:
    pki = etcd_cluster.pki / "etcd"
    peer = etcd_cluster.servers["cp2"].peer
    access: dict[str, t.Any] = {
        "endpoints": [etcd_cluster.endpoint()],
        "ca_certificate": str(pki / "ca.crt"),
        "client_certificate": str(pki / "server.crt"),
        "client_key": str(pki / "server.key"),
    }

    def ensured(state: str, *, check: bool, changed: bool) -> dict[str, t.Any]:
        result = modules.run(
            "etcd_member", check=check, state=state, name="cp2", peer_url=peer, expected_voters=3, **access
        )
        assert not result.get("failed"), result
        assert result["changed"] is changed
        return result

    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = ensured("learner", check=check, changed=changed)
        assert (peer in members(etcd_cluster)) is not (check and changed)
    assert result["member_id"] == members(etcd_cluster)[peer]
    assert result["initial_cluster"] == {"cp1": etcd_cluster.servers["cp1"].peer, "cp2": peer}

    early = modules.run("etcd_member", state="voter", peer_url=peer, wait_timeout=1, expected_voters=3, **access)
    assert early["failed"]
    assert "can only promote a learner member which is in sync with leader" in early["msg"]

    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        ensured("voter", check=check, changed=changed)
    listed = etcd_cluster.etcdctl_json("member", "list")["members"]
    assert sorted((item["name"], bool(item.get("isLearner"))) for item in listed) == [("cp1", False), ("cp2", False)]

    etcd_cluster.kill("cp2")
    third = etcd_cluster.servers["cp3"].peer
    refused = modules.run("etcd_member", state="learner", name="cp3", peer_url=third, timeout=2, **access)
    assert refused["failed"]
    assert "cp3 was not added to etcd" in refused["msg"]


def test_what_etcd_needs_stays(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    own = members(etcd_cluster)[etcd_cluster.servers["cp1"].peer]
    refused = removed(modules, etcd_cluster, own)
    assert refused["failed"]
    assert "0 of 0 voters would be healthy" in refused["msg"]

    etcd_cluster.etcdctl("member", "add", "cp2", f"--peer-urls={etcd_cluster.servers['cp2'].peer}")
    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    etcd_cluster.await_ready("cp2")
    refused = removed(modules, etcd_cluster, own)
    assert "it is the one that is asked" in refused["msg"]

    # A voter that is down takes the quorum of two with it, and etcd itself would not answer in time.
    second = members(etcd_cluster)[etcd_cluster.servers["cp2"].peer]
    etcd_cluster.kill("cp2")
    refused = removed(modules, etcd_cluster, second)
    assert refused["failed"]
    assert "etcd has lost its quorum (0 of 2 voters are healthy, 2 are needed)" in refused["msg"]
    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    etcd_cluster.await_ready("cp2")
    result = removed(modules, etcd_cluster, second)
    assert result["changes"][0]["before"]["role"] == "voter"
    assert list(members(etcd_cluster)) == [etcd_cluster.servers["cp1"].peer]


def voter_counts(etcd_cluster: EtcdCluster) -> tuple[int, int]:
    """Voters, and those of them that answer with a linearizable read, as etcdctl sees them."""
    # With hexadecimal ids etcdctl leaves out who is a learner.
    listed = json.loads(etcd_cluster.etcdctl("member", "list", "--write-out=json"))["members"]
    voters = [item for item in listed if not item.get("isLearner")]
    return len(voters), sum(reads(etcd_cluster, str(item["name"])) for item in voters if item.get("name"))


def reads(etcd_cluster: EtcdCluster, name: str) -> bool:
    """Whether a server makes a linearizable read, which needs a quorum."""
    command = [*etcd_cluster.etcdctl_command(name), "--command-timeout=3s", "get", "health"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_second_voter_needs_a_third_or_the_switch_and_the_numbers_come_true(
    etcd_cluster: EtcdCluster, modules: Modules
) -> None:
    """Growing 1, 2, 3 and shrinking again: what each step announces is what etcdctl then counts, and what a failure then does."""
    endpoints: dict[str, t.Any] = {
        "endpoints": [etcd_cluster.endpoint()],
        "pki_dir": str(etcd_cluster.pki),
        "timeout": 2,
    }

    def ensured(name: str, state: str, **options: t.Any) -> dict[str, t.Any]:
        peer = etcd_cluster.servers[name].peer
        return modules.run("etcd_member", state=state, name=name, peer_url=peer, **endpoints, **options)

    alone: dict[str, t.Any]
    for alone in ({}, {"expected_voters": 2}):
        refused = ensured("cp2", "learner", **alone)
        assert refused["failed"]
        assert "now 1 of 1 voters healthy, 1 needed, 0 may fail; afterwards 2 of 2 voters healthy" in refused["msg"]
        assert len(members(etcd_cluster)) == 1
    # The switch lets it pass, and says what is at risk.
    added = ensured("cp2", "learner", allow_two_voters=True)
    assert added["quorum"]["after"] == {"voters": 1, "healthy_voters": 1, "needed": 1, "tolerance": 0}
    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    refused = ensured("cp2", "voter")
    assert refused["failed"]
    assert "cp2 was not given a vote in etcd: etcd would stop with either of two members" in refused["msg"]
    assert voter_counts(etcd_cluster) == (1, 1)
    voting = ensured("cp2", "voter", allow_two_voters=True)
    assert not voting.get("failed"), voting
    assert any(
        "the failure of any of 2 members of etcd stops the API" in str(warning) for warning in voting["warnings"]
    )
    after = voting["quorum"]["after"]
    assert voter_counts(etcd_cluster) == (after["voters"], after["healthy_voters"]) == (2, 2)
    # The worst next case comes true.
    assert (voting["quorum"]["worst"]["healthy_voters"], voting["quorum"]["worst"]["needed"]) == (1, 2)
    etcd_cluster.kill("cp2")
    assert not reads(etcd_cluster, "cp1")
    etcd_cluster.start("cp2", initial=("cp1", "cp2"))
    etcd_cluster.await_ready("cp2")

    assert not ensured("cp3", "learner").get("failed")
    etcd_cluster.start("cp3", initial=("cp1", "cp2", "cp3"))
    third = ensured("cp3", "voter")
    assert not third.get("warnings"), third
    assert third["quorum"]["after"] == {"voters": 3, "healthy_voters": 3, "needed": 2, "tolerance": 1}
    assert voter_counts(etcd_cluster) == (3, 3)
    etcd_cluster.kill("cp3")
    assert reads(etcd_cluster, "cp1")

    # With one down, a healthy one must stay and the dead one may go.
    identities = members(etcd_cluster)
    refused = removed(modules, etcd_cluster, identities[etcd_cluster.servers["cp2"].peer])
    assert "1 of 2 voters would be healthy and 2 needed" in refused["msg"]
    refused = removed(modules, etcd_cluster, identities[etcd_cluster.servers["cp2"].peer], is_lost=True)
    assert "it answers, so its host is not gone for good" in refused["msg"]
    gone = removed(modules, etcd_cluster, identities[etcd_cluster.servers["cp3"].peer], is_lost=True)
    assert not gone.get("failed"), gone
    assert not gone.get("warnings")
    assert (
        voter_counts(etcd_cluster)
        == (gone["quorum"]["after"]["voters"], gone["quorum"]["after"]["healthy_voters"])
        == (2, 2)
    )


def test_a_removal_that_leaves_two_warns(etcd_cluster: EtcdCluster, modules: Modules) -> None:
    for name in ("cp2", "cp3"):
        etcd_cluster.etcdctl("member", "add", name, f"--peer-urls={etcd_cluster.servers[name].peer}")
        etcd_cluster.start(name, initial=("cp1", "cp2", "cp3") if name == "cp3" else ("cp1", "cp2"))
        etcd_cluster.await_ready(name)
    third = members(etcd_cluster)[etcd_cluster.servers["cp3"].peer]
    for check in (True, False):
        result = removed(modules, etcd_cluster, third, check=check)
        assert result["changed"]
        assert any(
            "afterwards 2 of 2 voters healthy, 2 needed, 0 may fail" in str(warning) for warning in result["warnings"]
        )
    assert voter_counts(etcd_cluster) == (2, 2)
