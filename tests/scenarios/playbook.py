# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks as a user would and reports what each run did."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
#: A run that takes longer hangs.
SECONDS_FOR_A_RUN = 900.0


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a playbook.

    :param status: exit status of ansible-playbook.
    :param seconds: wall time.
    :param output: what it printed, both streams.
    :param records: what the recorder wrote.
    """

    status: int
    seconds: float
    output: str
    records: Sequence[Mapping[str, Any]]

    @property
    def results(self) -> list[Mapping[str, Any]]:
        """The result of each task on each host."""
        return [record for record in self.records if record["event"] == "result"]

    @property
    def changed(self) -> list[Mapping[str, Any]]:
        """Results that changed something (in check mode: would change)."""
        return [record for record in self.results if record["changed"]]

    @functools.cached_property
    def changed_hosts(self) -> dict[str, int]:
        """Number of changed tasks by host, from Ansible's own statistics."""
        statistics = next(record for record in reversed(self.records) if record["event"] == "stats")
        return {host: counts["changed"] for host, counts in statistics["hosts"].items()}

    @property
    def plan(self) -> list[Mapping[str, Any]]:
        """The entries of the first plan of the run."""
        plans = (record["plan"] for record in self.results if record["plan"] and "serving" in record["plan"])
        return list(next((plan["entries"] for plan in plans if plan.get("server") is not None), []))

    @property
    def failures(self) -> list[str]:
        """Messages of failed tasks."""
        return [record["message"] for record in self.results if record["status"] != "ok"]

    def seconds_by_play(self) -> list[tuple[str, float]]:
        """Plays in their order and how long each took with all its batches, without those that had no hosts."""
        begins = [(record["play"], record["time"]) for record in self.records if record["event"] == "play"]
        ends = [time_ for _play, time_ in begins[1:]] + [self.records[-1]["time"]]
        busy = {record["play"] for record in self.results}
        seconds: dict[str, float] = {}
        for (play, begin), end in zip(begins, ends, strict=True):
            if play in busy:
                seconds[play] = seconds.get(play, 0.0) + end - begin
        return list(seconds.items())


def run_playbook(
    name: str,
    *,
    inventories: Iterable[Path],
    record: Path,
    arguments: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    configuration: Path | None = None,
    directory: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
    programs: Path | None = None,
) -> Run:
    """Run ``ansible-playbook`` and wait for its end.

    :param name: playbook name such as ``kubeadm.ha.site``.
    :param inventories: inventory files or directories.
    :param record: file for the recorder.
    :param arguments: further arguments, such as ``--check``.
    :param variables: extra variables.
    :param configuration: an ansible.cfg to use.
    :param directory: where Ansible is started. In another one than the project's nothing shows it where collections are,
        but what is there: an ansible.cfg.
    :param environment: further variables of its environment.
    :param programs: the directory of another ``ansible-playbook`` than that of these tests.
    """
    began = time.monotonic()
    command = _command(name, inventories, arguments, variables, programs)
    with _started(
        command, record, configuration=configuration, directory=directory, environment=environment
    ) as process:
        try:
            process.wait(SECONDS_FOR_A_RUN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return _ended(process.returncode, time.monotonic() - began, record)


def kill_playbook(
    name: str,
    *,
    inventories: Iterable[Path],
    record: Path,
    when: Callable[[Mapping[str, Any]], bool],
    after: float = 0.0,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run ``ansible-playbook`` and end it and all its workers by SIGKILL.

    A run that ends before, such as one that is refused, is returned as it ended.

    :param when: given each line of the recorder; the run is killed after the first that it accepts.
    :param after: seconds between that line and the kill.
    :param arguments: further arguments.
    :param environment: further variables of its environment.
    """
    began = time.monotonic()
    with _started(_command(name, inventories, arguments), record, environment=environment) as process:
        while process.poll() is None and not any(when(line) for line in _lines(record)):
            time.sleep(0.1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return _ended(process.returncode, time.monotonic() - began, record)


def _command(
    name: str,
    inventories: Iterable[Path],
    arguments: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    programs: Path | None = None,
) -> list[str]:
    command = [str((programs or Path(sys.executable).parent) / "ansible-playbook"), name]
    for inventory in inventories:
        command += ["--inventory", str(inventory)]
    if variables:
        command += ["--extra-vars", json.dumps(variables)]
    return [*command, *arguments]


def _started(
    command: Sequence[str],
    record: Path,
    *,
    configuration: Path | None = None,
    directory: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    with _log(record).open("w") as log:
        return subprocess.Popen(
            command,
            cwd=directory,
            env={**_environment(record, configuration, with_collections=directory == PROJECT), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def _ended(status: int, seconds: float, record: Path) -> Run:
    return Run(status, seconds, _log(record).read_text(encoding="utf-8"), _lines(record))


def _log(record: Path) -> Path:
    return record.with_suffix(".log")


def _lines(record: Path) -> list[dict[str, Any]]:
    """What the recorder has written; a line that it is still writing is left out."""
    text = record.read_text(encoding="utf-8") if record.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _environment(record: Path, configuration: Path | None, *, with_collections: bool) -> dict[str, str]:
    environment = {
        **{name: text for name, text in os.environ.items() if with_collections or name != "ANSIBLE_COLLECTIONS_PATH"},
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "kubeadm_ha_recorder",
        # All hosts share the two cores of one machine: more at once would take them from each other.
        "ANSIBLE_FORKS": "2",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_NOCOLOR": "True",
        "KUBEADM_HA_RECORD": str(record),
    }
    if configuration is not None:
        environment["ANSIBLE_CONFIG"] = str(configuration)
    return environment
