# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks as a user would and tells what each run did."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
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
) -> Run:
    """Run ``ansible-playbook`` and wait for its end.

    :param name: playbook name such as ``kubeadm.ha.site``.
    :param inventories: inventory files or directories.
    :param record: file for the recorder.
    :param arguments: further arguments, such as ``--check``.
    :param variables: extra variables.
    :param configuration: an ansible.cfg to use.
    :param directory: where Ansible is started. In another one than the project's nothing tells it where collections are,
        but what is there: an ansible.cfg.
    """
    command = [str(Path(sys.executable).with_name("ansible-playbook")), name]
    for inventory in inventories:
        command += ["--inventory", str(inventory)]
    if variables:
        command += ["--extra-vars", json.dumps(variables)]
    record.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    ended = subprocess.run(
        [*command, *arguments],
        cwd=directory,
        env=_environment(record, configuration, with_collections=directory == PROJECT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_FOR_A_RUN,
        check=False,
    )
    seconds = time.monotonic() - began
    record.with_suffix(".log").write_text(ended.stdout, encoding="utf-8")
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return Run(ended.returncode, seconds, ended.stdout, [json.loads(line) for line in lines])


def _environment(record: Path, configuration: Path | None, *, with_collections: bool) -> dict[str, str]:
    environment = {
        **{name: text for name, text in os.environ.items() if with_collections or name != "ANSIBLE_COLLECTIONS_PATH"},
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "kubeadm_ha_recorder",
        "ANSIBLE_FORKS": "10",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_NOCOLOR": "True",
        "KUBEADM_HA_RECORD": str(record),
    }
    if configuration is not None:
        environment["ANSIBLE_CONFIG"] = str(configuration)
    return environment
