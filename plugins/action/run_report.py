# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on the controller what a run has found, planned and done, as a table and, where that is asked for, as a page."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import render_run_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import (
    ChangeTime,
    RunRecord,
    StepTime,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownEntry, ShownPlan
from ansible_collections.kubeadm.ha.plugins.plugin_utils.run_file import REPORT, RUN, ReportNotWritten, RunFile

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "audit": {"type": "dict"},
    "directory": {"type": "str"},
    "journal": {"type": "str", "default": "__kubeadm_ha_journal"},
    "phase": {"type": "str", "choices": ["begin", "end"], "default": "end"},
    "plan": {"type": "dict"},
}
_CHANGING = "kubeadm_ha_changing"


class ActionModule(ActionBase):
    """Reads variables of all hosts; connects to nothing; never fails for a file that cannot be written."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.run_report`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            argument_spec=_ARGUMENTS, required_if=[("phase", "begin", ("directory",))]
        )
        if arguments["audit"] is not None:
            # The report has the plan itself.
            arguments["audit"] = {**arguments["audit"], "plan": None}
        variables = task_vars or {}

        def decide() -> t.Mapping[str, t.Any]:
            if arguments["phase"] == "begin":
                return _begin(arguments, is_check=bool(self._task.check_mode))
            return _end(arguments, variables)

        return {**result, **decision_result("What the run has registered", decide)}


def _begin(arguments: t.Mapping[str, t.Any], *, is_check: bool) -> dict[str, t.Any]:
    plan = ShownPlan.if_made(arguments["plan"]) or ShownPlan()
    record = RunRecord(began=time.time(), entries=plan.entries, is_check=is_check, before=arguments["audit"])
    try:
        made = RunFile.begin(str(arguments["directory"]), record)
    except ReportNotWritten as error:
        _warn(arguments["directory"], error)
        return {"file": ""}
    Display().display(f"Report: {made.page}")
    return {"file": str(made.path)}


def _end(arguments: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    hostvars = variables["hostvars"]
    names = [name for name in variables["groups"].get(_CHANGING) or () if name in hostvars]
    record = dataclasses.replace(_registered(arguments, names, hostvars), after=arguments["audit"])
    path = str((variables.get(REPORT) or {}).get("file") or "")
    file = RunFile(path) if path else None
    if file is not None:
        try:
            written = file.read()
            record = dataclasses.replace(record, began=written.began, before=written.before, entries=written.entries)
            file.write(record)
        except ReportNotWritten as error:
            _warn(path, error)
            file = None
    lines = render_run_text.lines(record)
    if file is not None:
        lines.append(f"Report: {file.page}")
    for line in lines:
        Display().display(line)
    return {"lines": lines, "file": str(file.path) if file is not None else ""}


def _registered(arguments: t.Mapping[str, t.Any], names: t.Sequence[str], hostvars: t.Mapping[str, t.Any]) -> RunRecord:
    """The run by what its tasks have registered on each host."""
    now = time.time()
    runs = {name: hostvars[name].get(RUN) or {} for name in names}
    entries = sorted(
        (entry for run in runs.values() for entry in run.get("entries") or ()), key=lambda entry: int(entry["number"])
    )
    steps = tuple(
        StepTime(name, str(step["play"]), float(step["began"]), step["ended"])
        for name, run in runs.items()
        for step in run.get("steps") or ()
    )
    return RunRecord(
        began=min((step.began for step in steps), default=now),
        entries=tuple(
            ShownEntry(**{field.name: entry[field.name] for field in dataclasses.fields(ShownEntry)})
            for entry in entries
        ),
        ended=now,
        groups={name: tuple(hostvars[name].get("group_names") or ()) for name in names},
        steps=steps,
        changes=tuple(
            ChangeTime.of_journal(name, change)
            for name in names
            for change in (hostvars[name].get(arguments["journal"]) or {}).get("journal") or ()
        ),
    )


def _warn(path: object, error: Exception) -> None:
    Display().warning(f"The report {path} cannot be written: {error}. The run itself does not depend on it.")
