# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run begins and does on a host is written down, while it holds the host's lock."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import journal_file
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.journal_file import JournalFile
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Change
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState

CHANGES = (
    Change("kubeconfig /etc/kubernetes/admin.conf", "https://192.0.2.11:6443", "https://192.0.2.10:6443", "old"),
    Change("node cp2", None, "control plane", "the inventory has it"),
)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock"
    path.write_text(json.dumps({"controller": "bastion 4567", "process": 4712, "started": 1}))
    return path


def journal(directory: Path) -> JournalFile:
    return JournalFile(
        "kubeadm.ha.some", path=str(directory / "state" / "journal.jsonl"), lock_path=str(directory / "lock")
    )


def lines(directory: Path) -> list[dict[str, t.Any]]:
    text = (directory / "state" / "journal.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_changes_are_written_as_they_begin_and_as_they_are_done(lock: Path) -> None:
    directory = lock.parent
    with journal(directory).around(CHANGES):
        assert [(line["state"], line["object"]) for line in lines(directory)] == [
            ("begun", "kubeconfig /etc/kubernetes/admin.conf"),
            ("begun", "node cp2"),
        ]
    done = lines(directory)[2:]
    assert [line["state"] for line in done] == ["done", "done"]
    assert (
        done[1].items()
        >= {
            **CHANGES[1].as_dict(),
            "module": "kubeadm.ha.some",
            "run": "4712/1 on bastion 4567",
        }.items()
    )
    path = directory / "state" / "journal.jsonl"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_fails_stays_begun(lock: Path) -> None:
    with pytest.raises(RuntimeError, match="killed"), journal(lock.parent).around(CHANGES[:1]):
        raise RuntimeError("killed")
    assert [line["state"] for line in lines(lock.parent)] == ["begun"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_without_a_run_nothing_is_written(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "lock").write_text(content)
    with journal(tmp_path).around(CHANGES):
        pass
    assert not (tmp_path / "state").exists()


def test_nothing_is_changed_that_cannot_be_written_down(lock: Path) -> None:
    (lock.parent / "state").write_text("a file")
    with pytest.raises(UnsupportedState), journal(lock.parent).around(CHANGES):
        pytest.fail("it was changed all the same")


def test_a_large_journal_is_put_aside(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "_LARGEST", 100)
    for _time in range(2):
        with journal(lock.parent).around(CHANGES):
            pass
    kept = (lock.parent / "state" / "journal.jsonl.1").read_text(encoding="utf-8")
    assert len(kept.splitlines()) == 2
    assert [line["state"] for line in lines(lock.parent)] == ["done", "done"]
