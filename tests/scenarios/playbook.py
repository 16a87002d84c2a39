# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks as a user would and reports what each run did."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
#: A run that takes longer hangs.
SECONDS_FOR_A_RUN = 900.0
#: How often the record of a run is read that is to be killed; a module takes longer to begin on a host.
_SECONDS_BETWEEN = 0.02


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

    def seconds_by_task(self) -> dict[str, float]:
        """How long each task took with all its hosts, wherever it came: from what was recorded before to each of its results.

        What Ansible does between plays is no task's.
        """
        seconds: dict[str, float] = {}
        for before, record in itertools.pairwise(self.records):
            if record["event"] == "result":
                name = str(record["task"])
                seconds[name] = seconds.get(name, 0.0) + record["time"] - before["time"]
        return seconds


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
            end_run(process.pid)
            raise
    return _ended(process.returncode, time.monotonic() - began, record)


def kill_playbook(
    name: str,
    *,
    inventories: Sequence[Path],
    record: Path,
    when: Callable[[Mapping[str, Any]], bool] | None,
    after: float = 0.0,
    arguments: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run ``ansible-playbook`` and end it, all its workers and its connections by SIGKILL, as a controller without power ends.

    A run that ends before, such as one that is refused, is returned as it ended.

    :param when: given each line of the recorder; the run is killed after the first that it accepts. None: the seconds are counted
        from the start of the run.
    :param after: seconds between that line and the kill.
    :param arguments: further arguments.
    :param environment: further variables of its environment.
    """
    began = time.monotonic()
    with _started(_command(name, inventories, arguments, variables), record, environment=environment) as process:
        lines = _Lines(record)
        while when is not None and process.poll() is None and not any(when(line) for line in lines.new()):
            time.sleep(_SECONDS_BETWEEN)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        if process.poll() is None:
            end_run(process.pid, _control_sockets(inventories))
    return _ended(process.returncode, time.monotonic() - began, record)


def end_run(process: int, control_sockets: Iterable[Path] = ()) -> None:
    """SIGKILL of a process with everything that it has started, sessions of their own among it, and of kept connections of ssh.

    None of them sees another one die: they are stopped first.

    :param control_sockets: directories of ssh's control sockets, whose masters are nobody's children any more.
    """
    family = {process}
    found = {process}
    while found:
        for each in found:
            _signal(each, signal.SIGSTOP)
        # Who has just been stopped may have begun another one before.
        found = {child for child, parent in _parents().items() if parent in family} - family
        family |= found
    for each in (*family, *_masters(control_sockets)):
        _signal(each, signal.SIGKILL)


def _signal(process: int, kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, kind)


def _parents() -> dict[int, int]:
    """The parent of each process."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    return parents


def _masters(control_sockets: Iterable[Path]) -> Iterator[int]:
    """Process ids of the connections that ssh keeps for others, which name themselves by their socket."""
    titles = tuple(f"ssh: {directory}/" for directory in control_sockets)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            title = path.read_text(encoding="utf-8", errors="replace")
            if titles and title.startswith(titles) and "[mux]" in title:
                yield int(path.parent.name)


def _control_sockets(inventories: Iterable[Path]) -> list[Path]:
    """Where the inventories let ssh keep its connections."""
    found = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in inventories if path.is_file())
    variables = (((document or {}).get("all") or {}).get("vars") or {} for document in found)
    return [Path(each["ansible_control_path_dir"]) for each in variables if "ansible_control_path_dir" in each]


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
    return Run(status, seconds, _log(record).read_text(encoding="utf-8"), _Lines(record).new())


def controller_files(work: Path) -> Path:
    """Where runs with records in a directory keep their temporary files on the controller."""
    return work / "controller"


def _log(record: Path) -> Path:
    return record.with_suffix(".log")


class _Lines:
    """What the recorder writes, as it comes; a line that it is still writing is left for later."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._position = 0

    def new(self) -> list[dict[str, Any]]:
        """The lines since the last call."""
        if not self._record.exists():
            return []
        with self._record.open("rb") as stream:
            stream.seek(self._position)
            whole, newline, _rest = stream.read().rpartition(b"\n")
        self._position += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]


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
        # What a killed run leaves on the controller stays with the scenario, and is found by it.
        "ANSIBLE_LOCAL_TEMP": str(controller_files(record.parent)),
    }
    # Where images of test machines forbid it, each run compiles all of Ansible: an operator's Python keeps what it has compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if configuration is not None:
        environment["ANSIBLE_CONFIG"] = str(configuration)
    return environment
