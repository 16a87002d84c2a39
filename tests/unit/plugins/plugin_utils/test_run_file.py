# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run on a disk where anything may have happened: whoever writes it learns one thing only, that it is not written."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import resource
import shutil
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import RunRecord, StepTime
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownEntry
from ansible_collections.kubeadm.ha.plugins.plugin_utils.run_file import ReportNotWritten, RunFile

if t.TYPE_CHECKING:
    from pathlib import Path

ENTRY = ShownEntry(host="w1", step="join", object="Node w1", before=None, after="worker", reason="it has not joined")
RECORD = RunRecord(began=1000.0, entries=(ENTRY,))
GROUPS = ("kubeadm_ha_join_workers",)


def begin_step(file: RunFile) -> None:
    """The first step of a host begins."""
    file.update(lambda record: record.with_step(StepTime("w1", "Join workers", 1001.0), GROUPS))


@contextlib.contextmanager
def no_space(size: int) -> t.Iterator[None]:
    """No file may be larger: what a full disk is to a writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_but_page_and_data_is_left(tmp_path: Path) -> None:
    file = RunFile.begin(str(tmp_path), RECORD)
    begin_step(file)
    assert sorted(tmp_path.iterdir()) == [file.page, file.path]
    assert json.loads(file.path.read_text(encoding="utf-8"))["entries"][0]["outcome"] == "begun"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def _steps(path: str, host: str) -> None:
    for number in range(15):
        RunFile(path).update(lambda record, play=f"{number}": record.with_step(StepTime(host, play, 1001.0), GROUPS))  # type: ignore[misc]


def test_hosts_that_go_on_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    file = RunFile.begin(str(tmp_path), RECORD)
    hosts = [f"w{number}" for number in range(6)]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_steps, args=(str(file.path), host)) for host in hosts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(hosts)
    steps = file.read().steps
    assert {(step.host, step.play) for step in steps} == {(host, f"{number}") for host in hosts for number in range(15)}


@pytest.mark.parametrize("size", [0, 3000])
def test_a_report_that_does_not_fit_is_none(tmp_path: Path, size: int) -> None:
    """Not an empty one, nor half of one."""
    with no_space(size), pytest.raises(ReportNotWritten):
        RunFile.begin(str(tmp_path), RECORD)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_meanwhile_leaves_what_was_there(tmp_path: Path) -> None:
    file = RunFile.begin(str(tmp_path), RECORD)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with no_space(100), pytest.raises(ReportNotWritten):
        begin_step(file)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    begin_step(file)


def test_a_directory_that_is_gone_meanwhile(tmp_path: Path) -> None:
    file = RunFile.begin(str(tmp_path / "reports"), RECORD)
    shutil.rmtree(tmp_path / "reports")
    for use in (begin_step, RunFile.read, lambda file: file.write(RECORD)):
        with pytest.raises(ReportNotWritten):
            use(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({**RECORD.document(), "schema": 2}),
        json.dumps({**RECORD.document(), "before": ["an audit"]}),
        json.dumps({**RECORD.document(), "before": {"findings": [1]}, "after": {}}),
        json.dumps({**RECORD.document(), "entries": [{"host": "w1"}]}),
        json.dumps({**RECORD.document(), "ended": "9999-12-31T23:59:59-14:00"}),
    ],
)
def test_data_that_somebody_else_has_written(tmp_path: Path, text: str) -> None:
    file = RunFile.begin(str(tmp_path), RECORD)
    file.path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportNotWritten):
        begin_step(file)
    assert file.path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "directory", ["~nobody-has-this-name/reports", "a\0b", "/proc/self/reports", "/dev/null/reports"]
)
def test_a_directory_that_cannot_be(directory: str) -> None:
    with pytest.raises(ReportNotWritten):
        RunFile.begin(directory, RECORD)
