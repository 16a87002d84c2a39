# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run did as JSON lines, for the scenarios: one line for each host's result of a task."""

from __future__ import annotations

import json
import os
import time
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kubeadm_ha_recorder
type: aggregate
short_description: Write what a run did as JSON lines
description:
  - Writes one line for each play, each host's result of a task, and the statistics, into the file that the environment
    variable names. Results under no_log are written without their values.
options:
  path:
    description: The file.
    env:
      - name: KUBEADM_HA_RECORD
    type: path
"""


class CallbackModule(CallbackBase):
    """Records plays, results and statistics."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kubeadm_ha_recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(os.environ["KUBEADM_HA_RECORD"])
        self._path.write_text("", encoding="utf-8")
        self._play = ""
        self._plays: dict[str, list[str]] = {}

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """A play begins on its hosts; where it has batches, on those of one."""
        self._play = play.get_name()
        inventory = play.get_variable_manager()._inventory
        hosts = [host.name for host in inventory.get_hosts(play.hosts, order=play.order)] if play.hosts else []
        # A page that is imported twice has plays of one name; the batches of a play have its identity.
        alike = self._plays.setdefault(self._play, [])
        if play._uuid not in alike:
            alike.append(play._uuid)
        occurrence = alike.index(play._uuid) + 1
        self._write(event="play", play=self._play, hosts=hosts, is_batch=bool(play.serial), occurrence=occurrence)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A task succeeded on a host."""
        self._result("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A task failed on a host."""
        self._result("failed", result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """A host could not be reached."""
        self._result("unreachable", result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """The run is over."""
        self._write(event="stats", hosts={host: stats.summarize(host) for host in stats.processed})

    def _result(self, status: str, result: t.Any) -> None:
        values = result._result
        role = result._task._role
        # Each item of a loop has a result of its own.
        items = [item for item in values.get("results") or [values] if isinstance(item, dict)]
        self._write(
            event="result",
            status=status,
            play=self._play,
            role=role.get_name().rpartition(".")[2] if role is not None else "",
            task=result._task.get_name(),
            action=result._task.action,
            host=result._host.get_name(),
            changed=bool(values.get("changed")),
            changes=[change for item in items for change in item.get("changes") or ()],
            plan=values.get("plan"),
            message=str(values.get("msg", "")),
        )

    def _write(self, **line: t.Any) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"time": time.time(), **line}, default=str) + "\n")
