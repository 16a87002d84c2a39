# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says on the controller which step begins on a host and what it waits for, and keeps when it began and ended."""

from __future__ import annotations

import collections
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import StepTime
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.run_plays import Play, play_of, progress
from ansible_collections.kubeadm.ha.plugins.plugin_utils.run_file import REPORT, RUN, ReportNotWritten, RunFile

_ARGUMENTS: dict[str, dict[str, t.Any]] = {"state": {"type": "str", "choices": ["begun", "done"], "default": "begun"}}
_ROLES = Path(__file__).resolve().parents[2] / "roles"


class ActionModule(ActionBase):
    """Connects to nothing; never fails for a report that cannot be written."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.run_step`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        variables = task_vars or {}
        play = play_of(str(variables.get("ansible_play_name")))
        if self._task.check_mode or play is None:
            return {**result, "changed": False, "entries": [], "steps": []}
        host = str(variables["inventory_hostname"])
        kept = variables.get(RUN) or {}
        steps = [dict(step) for step in kept.get("steps") or ()]
        entries = kept["entries"] if kept.get("entries") is not None else _entries_of(host, variables)
        now = time.time()
        if arguments["state"] == "begun":
            steps.append({"play": play.name, "began": now, "ended": None})
            result["msg"] = self._show(play, host, entries, variables)
        for step in steps:
            if arguments["state"] == "done" and (step["play"], step["ended"]) == (play.name, None):
                step["ended"] = now
        # What makes no change is in the report at its end.
        for step in [step for step in steps if play.step and step["play"] == play.name][-1:]:
            _report(variables, StepTime(host, **step))
        return {**result, "changed": False, "entries": entries, "steps": steps}

    def _show(self, play: Play, host: str, entries: t.Sequence[t.Any], variables: t.Mapping[str, t.Any]) -> str:
        """The progress, which is shown once where it is that of all hosts."""
        counts = collections.Counter(str(entry["step"]) for entry in entries)
        limits = {wait.variable: self._limit(wait.role, wait.variable, variables) for wait in play.waits if wait.option}
        text = progress(play, host, groups=list(variables["group_names"]), steps=counts, limits=limits)
        if play.is_numbered or host == next(iter(variables.get("ansible_play_hosts_all") or ()), host):
            Display().display(text)
        return text

    def _limit(self, role: str, name: str, variables: t.Mapping[str, t.Any]) -> float:
        """The limit that a role has on this host: by its variable, else by its default; 0 when that cannot be determined."""
        try:
            if name in variables:
                return float(self._templar.template(variables[name]))
            return float(yaml_load((_ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))[name])
        except (AnsibleError, OSError, ValueError, TypeError, KeyError):
            return 0.0


def _entries_of(host: str, variables: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The entries of the plan on a host, each with its number in the whole plan."""
    plan = (variables.get("preflight_plan") or {}).get("plan") or {}
    return [
        {**entry, "number": number} for number, entry in enumerate(plan.get("entries") or ()) if entry["host"] == host
    ]


def _report(variables: t.Mapping[str, t.Any], step: StepTime) -> None:
    path = (variables.get(REPORT) or {}).get("file")
    if not path:
        return
    try:
        RunFile(str(path)).update(lambda record: record.with_step(step, variables["group_names"]))
    except ReportNotWritten as error:
        Display().warning(f"The report {path} cannot be written: {error}. The run goes on without it.")
