# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of programs of the host."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """The end of a command: return code, standard output and standard error."""

    returncode: int
    stdout: str
    stderr: str


class Background(t.Protocol):
    """A program that goes on beside this process."""

    def line(self) -> str:
        """The next line of its standard output; empty when it has ended."""

    def end(self) -> None:
        """End it and wait for its end."""


class Commands(t.Protocol):
    """Runs programs of the host, never through a shell, with the C locale."""

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run to the end. With ``check`` a non-zero return code raises ``CommandFailed``; secrets go to ``stdin``."""

    def start(self, arguments: t.Sequence[str], *, log: str) -> Background:
        """Start a program that ends with this process, however that ends. Its standard error goes to the file ``log``."""

    def in_memory_file(self, text: str) -> t.ContextManager[str]:
        """A path at which programs of the host can read the text while the context lasts. It is never on a disk."""

    def find(self, program: str) -> str | None:
        """The program's path, ``None`` when the host does not have it."""


__all__ = ("Background", "CommandResult", "Commands")
