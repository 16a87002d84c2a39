# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes to the module which process runs the playbook, and which former owners have ended."""

from __future__ import annotations

import os
import platform
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase

_FIELDS = ("controller", "process", "started", "space")


class ActionModule(ActionBase):
    """Runs the module of the same name, once more when the holder turns out to be dead."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result."""
        super().run(tmp, task_vars)
        # A task runs in a child of ansible-playbook.
        playbook = os.getppid()
        owner = {"controller": _controller(), "process": playbook, "started": _started(playbook), "space": _space()}
        arguments = {**self._task.args, "owner": owner}
        result = self._execute_module(module_args=arguments, task_vars=task_vars)
        holder = result.get("holder")
        if holder and _may_be_taken_over(holder, owner, is_silent=bool(result.get("is_silent"))):
            dead = {name: holder[name] for name in _FIELDS}
            result = self._execute_module(module_args={**arguments, "dead": [dead]}, task_vars=task_vars)
        return t.cast("dict[str, t.Any]", result)


def _may_be_taken_over(holder: t.Mapping[str, t.Any], owner: t.Mapping[str, t.Any], *, is_silent: bool) -> bool:
    """A process of this very controller lives or does not, however long it is silent; of another one only silence counts."""
    if (holder["controller"], holder.get("space")) == (owner["controller"], owner["space"]):
        return _started(int(holder["process"])) != int(holder["started"])
    return is_silent


def _controller() -> str:
    identity = Path("/etc/machine-id")
    return f"{platform.node()} {identity.read_text(encoding='ascii').strip() if identity.exists() else ''}".strip()


def _space() -> str:
    """Where a process id means something: boot of the machine and namespace of process ids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(process: int) -> int:
    """Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), 0 when there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])
