# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A highly available cluster loses the data of etcd on every control plane and gets them back from a backup.

What is refused, what check mode announces, a restore that is killed in its midst, the restore, and the members that ``kubeadm.ha.site``
brings back. Then two of the three are lost for ever, and the third begins anew with what it has. kubectl, etcdctl and find say what became of it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, etcdctl, locked_hosts, ready_nodes, wait_until
from tests.scenarios.convert import new_results
from tests.scenarios.kills import once_nobody_is_at_work
from tests.scenarios.playbook import Run, kill_playbook, run_playbook

pytestmark = pytest.mark.full

CONTROL_PLANES = ("cp1", "cp2", "cp3")
NODES = (*CONTROL_PLANES, "w1")
BACKUPS = "/var/backups/kubeadm-ha"
KEPT = "/var/lib/kubeadm-ha/restore"
#: A revision that no cluster of a test comes to by writing.
BUMPED = 1_000_000_000
_STOPPING = "Restore | Stop API servers and etcd everywhere"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened.

    :param refused: what was said to a restore that must not be, by what is wrong.
    :param locked: the control planes that a lock was left on, by the refusal.
    :param files: what find saw on the control planes before and after a run in check mode.
    :param revision: of the ConfigMap's list before the loss.
    """

    lab: Lab
    results: ScenarioResults
    backup: str
    source: str
    refused: Mapping[str, Run]
    locked: Mapping[str, list[str]]
    predicted: Run
    files: tuple[str, str]
    killed: Run
    restored: Run
    alone: list[dict[str, Any]]
    names: set[str]
    revision: int
    revision_after: int
    old_watch: str
    kept: Mapping[str, str]
    again: Run
    members: list[dict[str, Any]]
    health: list[bool]
    ready: set[str]
    noop: Run
    pod: str
    findings: Mapping[str, list[str]]
    without_quorum: Run
    begun_anew: Run
    last_members: list[dict[str, Any]]
    last_names: set[str]
    last_ready: set[str]


class Operator:
    """Runs playbooks against the lab and keeps what they recorded."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._work = PROJECT / "build" / "scenarios" / lab.name
        self._work.mkdir(parents=True, exist_ok=True)
        self._inventory: Path | None = None

    @property
    def _inventories(self) -> list[Path]:
        return [self._inventory or self._lab.inventory]

    def take_out(self, hosts: Sequence[str]) -> None:
        """From now on these hosts are not in the inventory."""
        content = yaml.safe_load(self._lab.inventory.read_text(encoding="utf-8"))
        for group in content.values():
            for host in hosts:
                group.get("hosts", {}).pop(host, None)
        self._inventory = self._work / "without.yml"
        self._inventory.write_text(yaml.safe_dump(content), encoding="utf-8")

    def run(self, name: str, label: str, *arguments: str, **variables: Any) -> Run:
        """A run that may end in any way."""
        return run_playbook(
            f"kubeadm.ha.{name}",
            inventories=self._inventories,
            record=self._work / f"{label}.jsonl",
            arguments=arguments,
            variables=variables,
        )

    def succeed(self, name: str, label: str, *arguments: str, **variables: Any) -> Run:
        """A run that must end well."""
        run = self.run(name, label, *arguments, **variables)
        assert run.status == 0, run.output[-6000:]
        return run

    def findings(self) -> dict[str, list[str]]:
        """What an audit finds of severity warning or worse, by its id."""
        return grave_findings(self._inventories, self._work)

    def kill_while_stopping(self, backup: str) -> Run:
        """A restore that ends by SIGKILL when the first control plane has been stopped."""
        inventory = self._work / "restore.yml"
        inventory.write_text(json.dumps({"all": {"vars": {"kubeadm_ha_restore_backup": backup}}}), encoding="utf-8")
        return kill_playbook(
            "kubeadm.ha.restore",
            inventories=[*self._inventories, inventory],
            record=self._work / "killed.jsonl",
            when=lambda line: line["event"] == "result" and str(line.get("task", "")).endswith(_STOPPING),
        )

    def go_on(self, backup: str) -> Run:
        """A restore after one that was killed, whose modules may still be at work."""

        def start(record: Path) -> Run:
            return run_playbook(
                "kubeadm.ha.restore",
                inventories=self._inventories,
                record=record,
                variables={"kubeadm_ha_restore_backup": backup},
            )

        run = once_nobody_is_at_work(start, self._work, "restored")
        assert run.status == 0, run.output[-6000:]
        return run


def _make_config_map(lab: Lab, name: str) -> None:
    lab.kubectl("create", "configmap", name, f"--from-literal=name={name}")


def _list_revision(lab: Lab) -> int:
    listed = json.loads(lab.kubectl("get", "--raw", "/api/v1/namespaces/default/configmaps?limit=1"))
    return int(listed["metadata"]["resourceVersion"])


def _take_backup(lab: Lab, operator: Operator) -> tuple[str, str]:
    """Name and host of the backup that has the snapshot."""
    operator.succeed("backup", "backup")
    for node in CONTROL_PLANES:
        found = lab.shell(node, f"ls -d {BACKUPS}/*/etcd/snapshot.db 2>/dev/null | sort | tail -1", check=False).strip()
        made = lab.shell(node, f"ls {BACKUPS} | sort | tail -1", check=False).strip()
        if found and found.split("/")[4] == made:
            return made, node
    raise AssertionError("no backup has a snapshot")


def _spoil(lab: Lab, source: str, backup: str) -> None:
    """Copies of the backup: one whose snapshot is cut off, one of another cluster."""
    lab.shell(
        source,
        f"cd {BACKUPS} && cp -a {backup} cut && truncate -s -100 cut/etcd/snapshot.db && cp -a {backup} foreign && "
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=kubernetes -out foreign/files/etc/kubernetes/pki/ca.crt "
        "2>/dev/null",
    )


def _destroy(lab: Lab) -> None:
    """The files of one are cut off, those of the others are gone."""
    lab.shell("cp1", "find /var/lib/etcd/member -type f -exec truncate -s 100 {} +; kill -9 $(pidof etcd)")
    for node in ("cp2", "cp3"):
        lab.shell(node, "rm -rf /var/lib/etcd/member; kill -9 $(pidof etcd)")
    wait_until(lambda: not any(_serves(lab, node) for node in CONTROL_PLANES), seconds=120, what="no API server serves")


def _serves(lab: Lab, node: str) -> bool:
    code = lab.shell(
        node,
        "curl -sk -m 5 -o /dev/null -w '%{http_code}' https://127.0.0.1:6443/readyz || true",
        check=False,
    )
    return code.strip() == "200"


def _files(lab: Lab) -> str:
    script = "find /etc/kubernetes /var/lib/kubeadm-ha /var/backups /var/lib/etcd -printf '%p %s %m\\n' | grep -v journal | sort"
    return "\n".join(lab.shell(node, script, check=False) for node in CONTROL_PLANES)


def _members(lab: Lab, node: str) -> list[dict[str, Any]]:
    listed = json.loads(etcdctl(lab, "member", "list", "--write-out=json", node=node))
    members: list[dict[str, Any]] = listed["members"]
    return members


def _health(lab: Lab, node: str) -> list[bool]:
    said = etcdctl(lab, "endpoint", "health", "--cluster", "--write-out=json", node=node)
    return [bool(item["health"]) for item in json.loads(said)]


def _config_maps(lab: Lab, node: str) -> set[str]:
    return {item["metadata"]["name"] for item in lab.objects("configmaps", node=node)["items"]}


def _lose_two_for_ever(lab: Lab, operator: Operator, results: ScenarioResults) -> tuple[Run, Run]:
    """Two machines are gone with their disks: what the third still has is backed up without a quorum, and begun anew with."""
    _make_config_map(lab, "until-the-loss")
    for node in ("cp2", "cp3"):
        lab.event("kill", node)
    wait_until(lambda: not _serves(lab, "cp1"), seconds=120, what="no API server serves")
    operator.take_out(("cp2", "cp3"))
    without_quorum = operator.run("backup", "without-quorum")
    backup = lab.shell("cp1", f"ls {BACKUPS} | grep -- '-cp1$' | sort | tail -1").strip()
    assert backup, without_quorum.output[-6000:]
    begun_anew = operator.run("restore", "begun-anew", kubeadm_ha_restore_backup=backup)
    results.add_step("begin anew without a quorum", begun_anew.seconds)
    wait_until(lambda: _serves(lab, "cp1"), seconds=120, what="cp1 serves")
    wait_until(lambda: ready_nodes(lab) >= {"cp1", "w1"}, seconds=120, what="cp1 and w1 Ready")
    return without_quorum, begun_anew


def _new_pod(lab: Lab) -> str:
    lab.kubectl("rollout", "restart", "deployment/smoke")
    lab.kubectl("rollout", "status", "deployment/smoke", "--timeout=180s")
    pods = lab.objects("pods", "--selector=app=smoke")["items"]
    # Those of before are on their way out.
    return " ".join(pod["status"]["phase"] for pod in pods if "deletionTimestamp" not in pod["metadata"])


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("restore") as results, Lab("restore", name="restore") as lab:
        results.add_step("before state", lab.up_seconds)
        operator = Operator(lab)
        converted = operator.succeed("site", "converted")
        results.add_step("one to three", converted.seconds)
        _make_config_map(lab, "before")
        backup, source = _take_backup(lab, operator)
        _make_config_map(lab, "later")
        revision = _list_revision(lab)
        _spoil(lab, source, backup)
        refused = {"serving": operator.run("restore", "serving", kubeadm_ha_restore_backup=backup)}
        locked = {"serving": locked_hosts(lab, CONTROL_PLANES)}
        refused["limited"] = operator.run("restore", "limited", f"--limit={source}", kubeadm_ha_restore_backup=backup)
        locked["limited"] = locked_hosts(lab, CONTROL_PLANES)
        _destroy(lab)
        for name, wrong in (("cut", "cut"), ("foreign", "foreign"), ("missing", "20000101T000000Z"), ("unnamed", "")):
            refused[name] = operator.run("restore", f"refused-{name}", kubeadm_ha_restore_backup=wrong)
            locked[name] = locked_hosts(lab, CONTROL_PLANES)
        files = _files(lab)
        predicted = operator.succeed("restore", "predicted", "--check", "--diff", kubeadm_ha_restore_backup=backup)
        files_after = _files(lab)
        killed = operator.kill_while_stopping(backup)
        restored = operator.go_on(backup)
        results.add_step("restore", restored.seconds)
        alone = _members(lab, source)
        names = _config_maps(lab, source)
        revision_after = _list_revision(lab)
        old_watch = lab.kubectl(
            "get",
            "--raw",
            f"/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={revision}&timeoutSeconds=5",
            node=source,
        )
        kept = {node: lab.shell(node, f"cd {KEPT}/* && find . | sort") for node in CONTROL_PLANES}
        again = operator.succeed("site", "again")
        results.add_step("one to three again", again.seconds)
        wait_until(lambda: len(ready_nodes(lab)) == len(NODES), seconds=120, what="all nodes Ready")
        members = _members(lab, source)
        results.exactly("members", len(members), bound=3)
        noop = operator.succeed("site", "noop")
        results.at_most("noop_changed", sum(noop.changed_hosts.values()), bound=0)
        ready, health, pod = ready_nodes(lab), _health(lab, source), _new_pod(lab)
        findings = operator.findings()
        without_quorum, begun_anew = _lose_two_for_ever(lab, operator, results)
        yield Story(
            lab=lab,
            results=results,
            backup=backup,
            source=source,
            refused=refused,
            locked=locked,
            predicted=predicted,
            files=(files, files_after),
            killed=killed,
            restored=restored,
            alone=alone,
            names=names,
            revision=revision,
            revision_after=revision_after,
            old_watch=old_watch,
            kept=kept,
            again=again,
            members=members,
            ready=ready,
            health=health,
            noop=noop,
            pod=pod,
            findings=findings,
            without_quorum=without_quorum,
            begun_anew=begun_anew,
            last_members=_members(lab, "cp1"),
            last_names=_config_maps(lab, "cp1"),
            last_ready=ready_nodes(lab),
        )
        print(results.table())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("serving", "serves, and everything that was written since"),
        ("limited", "this playbook needs every host of kube_control_plane"),
        ("cut", "is cut off or broken"),
        ("foreign", "it is another cluster's"),
        ("missing", "is on none of the control planes"),
        ("unnamed", "give the name of a backup"),
    ],
)
def test_what_must_not_be_is_refused_before_anything_is_changed(story: Story, name: str, message: str) -> None:
    run = story.refused[name]
    assert run.status != 0
    assert any(message in failure for failure in run.failures), run.failures
    assert [record for record in run.changed if record["role"] == "cluster_backup"] == []
    assert story.locked[name] == []


def test_check_mode_announces_all_of_it_and_changes_nothing(story: Story) -> None:
    assert story.files[0] == story.files[1]
    announced = {
        (record["host"], change["object"].partition("restored-")[0])
        for record in story.predicted.changed
        for change in record["changes"] or ()
    }
    assert {(node, f"static pod {name}") for node in CONTROL_PLANES for name in ("kube-apiserver", "etcd")} <= announced
    assert (story.source, "etcd data /var/lib/etcd/") in announced
    assert (story.source, "etcd data /var/lib/etcd/member") in announced
    others = [node for node in CONTROL_PLANES if node != story.source]
    assert {(node, f"half-joined host {node}") for node in others} <= announced


def test_a_killed_restore_goes_on_where_it_was(story: Story) -> None:
    assert story.killed.status != 0
    assert any(str(record["task"]).endswith(_STOPPING) for record in story.killed.results)
    assert not any("Make the new data" in str(record["task"]) for record in story.restored.changed)
    assert all(
        len(listing.split("./manifests/etcd.yaml")) == 2 for node, listing in story.kept.items() if node != story.source
    )


def test_etcd_begins_anew_with_what_the_snapshot_has(story: Story) -> None:
    assert [item["name"] for item in story.alone] == [story.source]
    assert "before" in story.names
    assert "later" not in story.names


def test_clients_see_that_it_is_not_what_they_knew(story: Story) -> None:
    assert story.revision < BUMPED < story.revision_after
    event = json.loads(story.old_watch.splitlines()[0])
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_the_old_data_are_kept(story: Story) -> None:
    assert "./member/snap/db" in story.kept["cp1"]


def test_the_others_are_brought_back(story: Story) -> None:
    assert sorted(str(item["name"]) for item in story.members) == list(CONTROL_PLANES)
    assert not any(item.get("isLearner") for item in story.members)
    assert story.ready == set(NODES)
    assert story.health == [True, True, True]


def test_the_cluster_works(story: Story) -> None:
    assert set(story.pod.split()) == {"Running"}
    assert sum(story.noop.changed_hosts.values()) == 0


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_without_a_quorum_a_member_is_backed_up_and_the_run_says_so(story: Story) -> None:
    assert story.without_quorum.status != 0
    said = " ".join(" ".join(story.without_quorum.failures).split())
    assert "(cp1) none serves the Kubernetes API with a quorum of etcd" in said
    assert "where the quorum is lost for ever, one of them is begun anew with" in said


def test_what_was_written_until_the_loss_is_there(story: Story) -> None:
    assert story.begun_anew.status == 0, story.begun_anew.output[-6000:]
    assert [item["name"] for item in story.last_members] == ["cp1"]
    assert {"before", "until-the-loss"} <= story.last_names
    assert {"cp1", "w1"} <= story.last_ready
