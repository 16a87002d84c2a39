# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the programs of the host."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import typing as t

from ..._domain.base.errors import CommandFailed
from ..._ports.commands import CommandResult

#: kubeadm and kubectl live here on hosts whose sudo has a short path; /opt/bin is Flatcar's.
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"
#: ``PR_SET_PDEATHSIG`` of ``prctl`` (linux/prctl.h).
_PARENT_DEATH_SIGNAL = 1
_PRCTL = ctypes.CDLL(None).prctl


class HostBackground:
    """``Background`` by ``subprocess``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Its standard output must be a pipe."""
        self._process = process

    def line(self) -> str:
        """The next line; see the port."""
        return self._process.stdout.readline() if self._process.stdout is not None else ""

    def end(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()
        self._process.communicate()


class HostCommands:
    """``Commands`` by ``subprocess``."""

    def __init__(self, *, search_path: str | None = None, timeout: float = 600.0) -> None:
        """``search_path`` is by default PATH and then the usual places; ``timeout``, in seconds, holds for every command."""
        self._search_path = search_path or os.pathsep.join(filter(None, (os.environ.get("PATH"), _SEARCH_PATH)))
        self._timeout = timeout

    def find(self, program: str) -> str | None:
        """The program's path, ``None`` when the host does not have it."""
        return shutil.which(program, path=self._search_path)

    @contextlib.contextmanager
    def in_memory_file(self, text: str) -> t.Iterator[str]:
        """The text in memory of this process; only the same user's and root's processes can open the path."""
        descriptor = os.memfd_create("kubeadm-ha")
        try:
            with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as stream:
                stream.write(text)
            yield f"/proc/{os.getpid()}/fd/{descriptor}"
        finally:
            os.close(descriptor)

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run to the end; see the port."""
        program = self._program(arguments)
        try:
            ended = subprocess.run(
                [program, *arguments[1:]],
                input=stdin if stdin is not None else "",
                env={**self._environment(), **(environment or {})},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(
                f"{_shown(arguments)} did not end within {self._timeout:.0f} s.", command=list(arguments)
            ) from error
        if check and ended.returncode != 0:
            raise CommandFailed(
                f"{_shown(arguments)} failed with return code {ended.returncode}: {_last_lines(ended.stderr)}",
                command=list(arguments),
                rc=ended.returncode,
                stderr=ended.stderr,
            )
        return CommandResult(ended.returncode, ended.stdout, ended.stderr)

    def start(self, arguments: t.Sequence[str], *, log: str) -> HostBackground:
        """Start a program; see the port."""
        program = self._program(arguments)
        with open(log, "w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                [program, *arguments[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment(),
                encoding="utf-8",
                errors="replace",
                preexec_fn=_end_with_parent,  # noqa: PLW1509 (one system call, whose function is there already)
            )
        return HostBackground(process)

    def _program(self, arguments: t.Sequence[str]) -> str:
        program = self.find(arguments[0])
        if program is None:
            raise CommandFailed(f"This host has no {arguments[0]}: install it, or name its directory in PATH.")
        return program

    def _environment(self) -> dict[str, str]:
        return {**_without_proxies(os.environ), "PATH": self._search_path, "LC_ALL": "C"}


def _end_with_parent() -> None:
    """In the child: a killed parent leaves none behind."""
    _PRCTL(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _without_proxies(environment: t.Mapping[str, str]) -> dict[str, str]:
    """Programs here ask the cluster only, never through a proxy; and kubeadm would write the session's into static pods."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


def _shown(arguments: t.Sequence[str]) -> str:
    return " ".join(arguments[:4])


def _last_lines(text: str) -> str:
    return " ".join(text.strip().splitlines()[-5:])


__all__ = ("HostBackground", "HostCommands")
