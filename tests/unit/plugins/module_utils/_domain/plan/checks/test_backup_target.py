# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory for backups: found on a real file system, judged by the plan."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import backup_target
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, before, kubeconfig, plan_of

if t.TYPE_CHECKING:
    from pathlib import Path

PATH = "/srv/backups"
GOOD = {
    "path": PATH,
    "existing": "/srv",
    "is_directory": True,
    "is_writable": True,
    "is_private": True,
    "free_bytes": 5 << 30,
}
TARGETS: dict[str, tuple[dict[str, t.Any], str]] = {
    "absent": ({}, ""),
    "there": ({"existing": PATH}, ""),
    "a file": ({"existing": PATH, "is_directory": False}, "/srv/backups on cp1 is no directory, so"),
    "below a file": ({"is_directory": False}, "/srv on cp1 is no directory, so /srv/backups cannot keep backups"),
    "read-only": ({"is_writable": False}, "Nothing can be written to /srv on cp1 (read-only or immutable)"),
    "open to others": ({"existing": PATH, "is_private": False}, "Others than root may write to /srv/backups on cp1"),
    "below what is open to others": ({"is_private": False}, ""),
    "full": ({"free_bytes": 5}, "cp1 has less than 1 GiB free for backups in /srv/backups: make room"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_directory_that_cannot_keep_backups_is_a_reason_to_stop(name: str) -> None:
    change, expected = TARGETS[name]
    arguments = before()
    arguments["hosts"]["cp1"]["backup_target"] = {**GOOD, **change}
    found = [problem.message for problem in plan_of(arguments).problems]
    assert [expected in message for message in found] == ([True] if expected else []), found


def test_every_host_that_is_backed_up_is_asked_and_nobody_else() -> None:
    target = {**GOOD, "is_writable": False}
    arguments = after()
    for name in ("cp1", "lb1"):
        arguments["hosts"][name]["backup_target"] = target
    assert plan_of(arguments).problems == ()
    conf = {"path": "/root/.kube/config", "text": kubeconfig("https://192.0.2.11:6443"), "mode": "0600"}
    arguments["hosts"]["lb1"]["kubeconfigs"] = [conf]
    (problem,) = plan_of(arguments).problems
    assert problem.message.startswith("Nothing can be written to /srv on lb1 (read-only or immutable)")


def test_the_room_that_counts_is_where_the_backups_are() -> None:
    arguments = before()
    arguments["hosts"]["cp1"].update(backup_target=GOOD, free_bytes=5)
    assert plan_of(arguments).problems == ()


def test_each_host_has_its_own_directory() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["backup_target"] = GOOD
    planned = {entry.host: entry.change.object for entry in plan_of(arguments).entries if entry.step == "backup"}
    assert planned["cp1"] == f"backup {PATH}"
    assert planned["w1"] == "backup /var/backups/kubeadm-ha"


def test_what_is_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    absent = backup_target.collect(str(tmp_path / "a" / "b"))
    assert (absent.existing, absent.is_directory, absent.is_writable) == (str(tmp_path), True, True)
    assert absent.free_bytes
    assert absent.free_bytes > 0
    (tmp_path / "file").write_text("x", encoding="utf-8")
    below = backup_target.collect(str(tmp_path / "file" / "b"))
    assert (below.existing, below.is_directory) == (str(tmp_path / "file"), False)
    (tmp_path / "link").symlink_to("nowhere")
    assert backup_target.collect(str(tmp_path / "link" / "b")).is_directory is False
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert backup_target.collect(str(tmp_path / "open")).is_private is False
