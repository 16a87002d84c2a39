# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_lock by real ansible processes that live and die."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.modules import Modules
from tests.integration.private_host import PrivateHost

if t.TYPE_CHECKING:
    from pathlib import Path

OTHER = {"controller": "bastion 0123", "process": 4711, "started": 99, "space": ""}


@pytest.fixture
def lock(host: PrivateHost) -> Path:
    """The lock file of the host."""
    return host.run_directory / "kubeadm-ha.lock"


def test_check_take_check_take(lock: Path, modules_on_host: Modules) -> None:
    for check in (True, False, True, False):
        present = lock.exists()
        # Each is a process of its own; that of the one before has ended, so its lock is taken over.
        result = modules_on_host.run_by_ansible("host_lock", check=check)
        assert not result.get("failed"), result
        assert result["changed"] is False, "it is bookkeeping of a run"
        assert lock.exists() is (present or not check)
    assert lock.stat().st_mode & 0o777 == 0o600


def test_a_living_run_keeps_its_lock(lock: Path, modules_on_host: Modules) -> None:
    mine = {"controller": "bastion 4567", "process": 4712, "started": 100, "space": ""}
    assert not modules_on_host.run("host_lock", owner=OTHER).get("failed")
    content = lock.read_text(encoding="utf-8")
    assert json.loads(content).items() >= OTHER.items()
    for refused in (modules_on_host.run("host_lock", owner=mine), modules_on_host.run_by_ansible("host_lock")):
        assert refused["failed"] is True
        assert refused["holder"] == OTHER
        assert "kubeadm_ha_break_lock" in refused["msg"]
    assert not modules_on_host.run("host_lock", owner=mine, state="absent").get("failed")
    assert lock.read_text(encoding="utf-8") == content, "only its owner gives it back"
    # The action plugin takes a silent one of another controller for dead; the module itself decides by what it is given.
    silent = modules_on_host.run("host_lock", owner=mine, max_age=0)
    assert silent["is_silent"] is True
    assert not modules_on_host.run("host_lock", owner=mine, dead=[OTHER]).get("failed")
    assert json.loads(lock.read_text(encoding="utf-8")).items() >= mine.items()
    assert not modules_on_host.run("host_lock", owner=mine, state="absent").get("failed")
    assert not lock.exists()


def test_a_broken_lock_is_taken_over(lock: Path, modules_on_host: Modules) -> None:
    lock.write_text("{", encoding="utf-8")
    assert not modules_on_host.run("host_lock", owner=OTHER).get("failed")
    assert json.loads(lock.read_text(encoding="utf-8")).items() >= OTHER.items()


def test_silence_counts_for_another_controller_only(lock: Path, modules_on_host: Modules) -> None:
    assert not modules_on_host.run("host_lock", owner=OTHER).get("failed")
    assert not modules_on_host.run_by_ansible("host_lock", max_age=0).get("failed")
    assert json.loads(lock.read_text(encoding="utf-8"))["controller"] != OTHER["controller"]


def test_a_container_of_the_same_name_is_not_taken_for_dead(lock: Path, modules_on_host: Modules) -> None:
    assert not modules_on_host.run_by_ansible("host_lock").get("failed")
    holder = json.loads(lock.read_text(encoding="utf-8"))
    # Its process is not seen from here, whatever its number.
    for space in (f"{holder['space']}0", f"another-boot {holder['space'].partition(' ')[2]}"):
        lock.write_text(json.dumps({**holder, "space": space}), encoding="utf-8")
        refused = modules_on_host.run_by_ansible("host_lock")
        assert refused["failed"] is True
        assert refused["holder"]["space"] == space
