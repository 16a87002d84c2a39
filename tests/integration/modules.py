# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the real modules: as processes of their own, or through Ansible."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.integration.control_plane import REPOSITORY

Result = dict[str, t.Any]

COLLECTIONS = REPOSITORY / ".cache"


def run_ansible(
    command: t.Sequence[str], *, environment: t.Mapping[str, str], directory: Path
) -> subprocess.CompletedProcess[str]:
    """A program of Ansible's with this collection, those of the tests' environment and a home of its own, as it ended.

    Args:
        command: the command line.
        environment: of the process, without Ansible's variables.
        directory: private directory, in which it runs.
    """
    paths = [str(COLLECTIONS), os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={
            **environment,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(filter(None, paths)),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_LOCAL_TEMP": str(directory / "ansible"),
            "ANSIBLE_HOME": str(directory / "ansible"),
        },
        cwd=directory,
        timeout=300,
        check=False,
    )


@dataclasses.dataclass(frozen=True)
class Modules:
    """Runs modules of the collection in an environment.

    Attributes:
        environment: environment of the processes, PATH with the lab's binaries.
        directory: private directory.
        missing_libraries: Python libraries that the modules must not find.
        prefix: the beginning of every command line, see private_host.
    """

    environment: t.Mapping[str, str]
    directory: Path
    missing_libraries: t.Sequence[str] = ()
    prefix: t.Sequence[str] = ()

    def run(self, name: str, /, *, check: bool = False, diff: bool = False, **arguments: t.Any) -> Result:
        """Run a module as Ansible runs it on a host, without the connection; its result whether it failed or not."""
        arguments = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_tmpdir": None}
        ended = subprocess.run(
            [*self.prefix, sys.executable, str(REPOSITORY / "plugins" / "modules" / f"{name}.py")],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True,
            text=True,
            env={**self.environment, "PYTHONPATH": os.pathsep.join([*self._blocked(), str(COLLECTIONS)])},
            timeout=300,
            check=False,
        )
        try:
            return t.cast("Result", json.loads(ended.stdout.strip().splitlines()[-1]))
        except (IndexError, ValueError) as error:
            raise AssertionError(f"{name} gave no result:\n{ended.stdout}\n{ended.stderr}") from error

    def run_by_ansible(
        self,
        name: str,
        /,
        *,
        check: bool = False,
        diff: bool = False,
        interpreter: str | Path = sys.executable,
        **arguments: t.Any,
    ) -> Result:
        """Run a module by ``ansible localhost -m``, so packed and sent as to any host, with an interpreter there."""
        command = [*self.prefix, "ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", f"kubeadm.ha.{name}"]
        command += ["-e", f"ansible_python_interpreter={interpreter}"]
        command += ["-a", json.dumps(arguments)] if arguments else []
        command += [flag for flag, wanted in (("--check", check), ("--diff", diff)) if wanted]
        path = os.pathsep.join([str(Path(sys.executable).parent), self.environment["PATH"]])
        ended = run_ansible(command, environment={**self.environment, "PATH": path}, directory=self.directory)
        try:
            # localhost | CHANGED => {...}, after the diff if one was asked for
            head, text = ended.stdout.split(" => ", 1)
            result = t.cast("Result", json.loads(text))
        except (IndexError, ValueError) as error:
            raise AssertionError(f"{name} gave no result:\n{ended.stdout}\n{ended.stderr}") from error
        return {**result, "failed": True} if head.endswith("FAILED!") else result

    def _blocked(self) -> list[str]:
        """A directory of modules that fail to import like missing ones."""
        if not self.missing_libraries:
            return []
        directory = self.directory / "missing"
        directory.mkdir(exist_ok=True)
        for library in self.missing_libraries:
            (directory / f"{library}.py").write_text(
                f"raise ModuleNotFoundError(\"No module named '{library}'\", name='{library}')\n", encoding="utf-8"
            )
        return [str(directory)]
