# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator gets wrong in an inventory or on the command line is refused before any host is inspected.

The hosts cannot be reached: a run that tried would fail otherwise.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.scenarios.playbook import run_playbook

ROLES = Path(__file__).parents[2] / "roles"
NOWHERE = {"ansible_host": "127.0.0.9", "ansible_port": 1}
INVENTORY: dict[str, t.Any] = {
    "kube_control_plane": {"hosts": {"cp1": {}, "cp2": {}, "cp3": {}}},
    "kube_node": {"hosts": {"w1": {}, "w2": {}}},
    "kube_load_balancer": {"hosts": {"lb1": {}}},
}
ETCD: dict[str, t.Any] = {"etcd": {"hosts": {"etcd1": {}, "etcd2": {}}}}
ENDPOINT = {"kubeadm_ha_endpoint": "192.0.2.10:6443"}


def refusals(
    directory: Path,
    playbook: str = "kubeadm.ha.site",
    *arguments: str,
    hosts: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    **variables: t.Any,
) -> list[str]:
    """The reasons to stop, one a line, of a run that fails in its first task."""
    groups = {
        group: {"hosts": {name: dict((hosts or {}).get(name, {})) for name in content["hosts"]}}
        for group, content in {**INVENTORY, **(ETCD if playbook == "kubeadm.ha.etcd" else {})}.items()
    }
    inventory = directory / "hosts.yml"
    inventory.write_text(
        json.dumps({**groups, "all": {"vars": {**NOWHERE, **ENDPOINT, **variables}}}), encoding="utf-8"
    )
    run = run_playbook(playbook, arguments=arguments, inventories=[inventory], record=directory / "run.jsonl")
    assert run.status != 0
    assert "unreachable=1" not in run.output, run.output
    (failure,) = run.failures
    heading, *reasons = failure.splitlines()
    assert heading.startswith("Nothing was changed."), failure
    return [reason.removeprefix("- ") for reason in reasons]


def test_all_that_is_wrong_with_the_variables_of_any_host(tmp_path: Path) -> None:
    found = refusals(
        tmp_path,
        "kubeadm.ha.site",
        "--extra-vars",
        "kubeadm_ha_secure_logging=maybe",
        hosts={
            "cp2": {"kubeadm_ha_api_port": "http"},
            "w1": {"kubeadm_ha_worker_batch": 3},
            "lb1": {"apiserver_haproxy_maxcon": 1},
        },
        kubeadm_ha_endpont="a",
        kubeadm_ha_backup_dir="backups",
        kubeadm_ha_adopt_manifest_flags="perhaps",
        kubeadm_ha_extra_sans=["a_b", "c"],
        __private="x",
    )
    begins = [
        "kubeadm_ha_adopt_manifest_flags: 'perhaps' is neither true nor false",
        "kubeadm_ha_extra_sans: 'a_b' has a name that kubeadm refuses",
        "apiserver_haproxy_maxcon (set for lb1) is no variable of this collection",
        "kubeadm_ha_endpont (set for cp1, cp2, cp3 and others) is no variable of this collection",
        "kubeadm_ha_backup_dir: 'backups' is not an absolute path",
        "kubeadm_ha_worker_batch is set for w1, but not for cp1, cp2, cp3, w2, lb1",
        "kubeadm_ha_secure_logging: 'maybe' is neither true nor false",
        "kubeadm_ha_api_port of cp2: 'http' is not a port",
    ]
    assert len(found) == len(begins), found
    assert [begin for begin in begins if not any(reason.startswith(begin) for reason in found)] == [], found


def test_what_tasks_have_registered_is_no_input(tmp_path: Path) -> None:
    """A later inspection of the same run has the results of an earlier one among its hosts' variables."""
    registered = {
        name
        for path in sorted(ROLES.glob("*/tasks/**/*.yml"))
        for name in _registered(yaml.safe_load(path.read_text(encoding="utf-8")))
    }
    assert {"preflight_reachability", "control_plane_join_result"} <= registered
    found = refusals(tmp_path, hosts={"cp1": dict.fromkeys(registered, "x")}, kubeadm_ha_backup_dir="backups")
    assert [reason for reason in found if "is no variable" in reason] == []
    assert len(found) == 1, found


def _registered(tasks: t.Any) -> t.Iterator[str]:
    """Names under which tasks keep what they found, in blocks, too."""
    for task in tasks or ():
        names = [task.get("register"), *(task.get("ansible.builtin.set_fact") or ())]
        yield from (name for name in names if name and not name.startswith(("__", "ansible_")))
        for part in ("block", "rescue", "always"):
            yield from _registered(task.get(part))


@pytest.mark.parametrize(
    ("playbook", "arguments", "expected"),
    [
        ("kubeadm.ha.site", ("--tags", "foo"), "--tags foo would leave tasks out"),
        ("kubeadm.ha.audit", ("--tags", "foo"), "--tags foo would leave tasks out"),
        ("kubeadm.ha.verify", ("--tags", "foo"), "--tags foo would leave tasks out"),
        ("kubeadm.ha.site", ("--skip-tags", "untagged"), "--skip-tags untagged would leave tasks out"),
        (
            "kubeadm.ha.site",
            ("--limit", "cp1"),
            "--limit cp1 leaves out cp2, cp3, w1, w2, lb1: the plan needs every host",
        ),
    ],
)
def test_a_part_of_a_run(tmp_path: Path, playbook: str, arguments: tuple[str, ...], expected: str) -> None:
    (reason,) = refusals(tmp_path, playbook, *arguments)
    assert reason.startswith(expected)


#: What each playbook does when a part of it is asked for; arguments after it, and how the reason begins.
PARTS = {
    "a backup": ("backup", ("--tags", "foo"), "--tags foo would"),
    "a restore": ("restore", ("--tags", "foo"), "--tags foo would"),
    "a restore without workers": (
        "restore",
        ("--limit", "kube_control_plane"),
        "--limit kube_control_plane leaves out w1, w2: this playbook needs every host of kube_control_plane, kube_node; run without",
    ),
    "a rollback": ("rollback", ("--tags", "foo"), "--tags foo would"),
    "a rollback of one host": (
        "rollback",
        ("--limit", "cp1"),
        "--limit cp1 leaves out cp2, cp3, w1, w2, lb1: the plan",
    ),
    "a rollback without what has no tag": ("rollback", ("--skip-tags", "untagged"), "--skip-tags untagged would"),
    "the removal of a node": (
        "remove_node",
        ("--tags", "foo", "-e", "kubeadm_ha_remove_node=w2"),
        "--tags foo would",
    ),
    "a drill": ("failover_drill", ("--tags", "foo"), "--tags foo would"),
    "a drill on one host": (
        "failover_drill",
        ("--limit", "cp1"),
        "--limit cp1 leaves out cp2, cp3, lb1: this playbook",
    ),
    "external etcd": ("etcd", ("--tags", "foo"), "--tags foo would"),
    "a member of external etcd": ("etcd", ("--limit", "etcd1"), "--limit etcd1 leaves out cp1, cp2, cp3, etcd2: this"),
    "a linter": ("lint_load_balancer", ("--tags", "foo"), "--tags foo would"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_playbook(tmp_path: Path, name: str) -> None:
    playbook, arguments, expected = PARTS[name]
    (reason,) = refusals(tmp_path, f"kubeadm.ha.{playbook}", *arguments)
    assert reason.startswith(expected)


def test_a_backup_of_workers_is_none_of_the_cluster(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({**INVENTORY, "all": {"vars": NOWHERE}}), encoding="utf-8")
    arguments = ("--limit", "kube_node")
    run = run_playbook("kubeadm.ha.backup", arguments=arguments, inventories=[inventory], record=tmp_path / "run.jsonl")
    assert run.status != 0
    assert "UNREACHABLE" not in run.output, run.output
    (failure,) = run.failures
    assert failure.startswith(
        "Nothing was backed up: --limit kube_node leaves out every host of kube_control_plane, and one"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("--tags", "foo"), "--tags foo would leave tasks out"), (("--limit", "cp1"), "--limit cp1 leaves out cp2, cp3")],
)
def test_a_part_of_an_audit_without_an_endpoint(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({**INVENTORY, "all": {"vars": NOWHERE}}), encoding="utf-8")
    run = run_playbook("kubeadm.ha.audit", arguments=arguments, inventories=[inventory], record=tmp_path / "run.jsonl")
    assert run.status != 0
    assert run.failures[-1].startswith(expected), run.output


def test_a_restore_from_its_middle(tmp_path: Path) -> None:
    """Ansible gathers facts then, whatever the play says."""
    local: dict[str, t.Any] = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    arguments = ("--start-at-task", "Read the command line")
    (reason,) = refusals(tmp_path, "kubeadm.ha.restore", *arguments, **local)
    assert reason.startswith("--start-at-task would leave out what comes before 'Read the command line'")


#: What each of them goes on to do when it is asked for all of it, or for a part that stands by itself: connect to hosts.
WHOLES = {
    "a backup": ("backup", ()),
    "a backup without workers": ("backup", ("--limit", "kube_control_plane")),
    "a backup of one control plane": ("backup", ("--limit", "cp1")),
    "a restore": ("restore", ("-e", "kubeadm_ha_restore_backup=a")),
    "a drill": ("failover_drill", ()),
    "external etcd": ("etcd", ()),
    "the linter on one host": ("lint_load_balancer", ("--limit", "lb1")),
}


@pytest.mark.parametrize("name", WHOLES)
def test_a_playbook_that_is_run_as_a_whole_goes_on(tmp_path: Path, name: str) -> None:
    playbook, arguments = WHOLES[name]
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({**INVENTORY, **ETCD, "all": {"vars": {**NOWHERE, **ENDPOINT}}}), encoding="utf-8")
    run = run_playbook(
        f"kubeadm.ha.{playbook}", arguments=arguments, inventories=[inventory], record=tmp_path / "run.jsonl"
    )
    assert "UNREACHABLE" in run.output, run.output
    assert "to stop" not in run.output, run.output


@pytest.mark.parametrize("arguments", [("--tags", "ha"), ("--limit", "all"), ("--skip-tags", "nothing")])
def test_a_selection_of_everything_goes_on(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The hosts are asked then, which cannot be reached."""
    inventory, own = tmp_path / "hosts.yml", tmp_path / "own.yml"
    inventory.write_text(json.dumps({**INVENTORY, "all": {"vars": {**NOWHERE, **ENDPOINT}}}), encoding="utf-8")
    own.write_text("- {name: Own, ansible.builtin.import_playbook: kubeadm.ha.audit, tags: ha}\n", encoding="utf-8")
    run = run_playbook(str(own), arguments=arguments, inventories=[inventory], record=tmp_path / "run.jsonl")
    assert "UNREACHABLE" in run.output, run.output
    assert "w2 could not be inspected" in run.output


def test_a_host_that_cannot_be_reached_is_one_reason_of_several(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({**INVENTORY, "all": {"vars": {**NOWHERE, **ENDPOINT}}}), encoding="utf-8")
    run = run_playbook("kubeadm.ha.site", inventories=[inventory], record=tmp_path / "run.jsonl")
    assert run.status != 0
    heading, *reasons = run.failures[-1].splitlines()
    assert heading.startswith("Nothing was changed."), run.output
    assert all(
        any(name in reason and "could not be inspected" in reason for reason in reasons) for name in ("w2", "lb1")
    )
    # A node may be gone for good; a load balancer is no node.
    remedy = "take it out of the inventory and name its node in kubeadm_ha_lost_nodes."
    assert [
        [name for name in ("w2", "lb1") if f"{name} could not" in reason] for reason in reasons if remedy in reason
    ].count(["w2"]) == 1
    assert not [reason for reason in reasons if "lb1 could not" in reason and remedy in reason]
