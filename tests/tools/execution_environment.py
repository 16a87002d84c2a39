# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: its build context is made by ansible-builder, and what it would install is what the collection needs.

Called as ``python -m tests.tools.execution_environment``. No image is built: that asks for one to begin with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from .environment import IMPORTER_VENV, REAL_TREE, ROOT

#: What ansible-core brings, and ansible-builder leaves out.
_OF_ANSIBLE_CORE = frozenset({"PyYAML"})
_BUILDER = str(IMPORTER_VENV / "bin" / "ansible-builder")


def problems() -> list[str]:
    """What is wrong with it, one sentence each."""
    with tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        _run("create", "--file", str(ROOT / "execution-environment.yml"), "--context", directory)
        collections = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
        found = []
        if not (context / "Containerfile").is_file():
            found.append("execution-environment.yml: no Containerfile comes of it")
        if [item["name"] for item in collections["collections"]] != ["kubeadm.ha"]:
            found.append("execution-environment.yml: dependencies.galaxy does not name kubeadm.ha alone")
        pip = context / "pip.txt"
        # The directory that holds ansible_collections.
        _run("introspect", "--write-pip", str(pip), str(REAL_TREE.parents[2]))
        needed = {line.split()[0] for line in pip.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")}
        listed = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
        wanted = {line for line in listed if line and not line.startswith("#")} - _OF_ANSIBLE_CORE
        found += [
            f"meta/ee-requirements.txt: an execution environment would lack {name}" for name in sorted(wanted - needed)
        ]
        return found


def _run(*arguments: str) -> None:
    subprocess.run([_BUILDER, *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def main() -> int:
    """Print what is wrong; the return code of the process."""
    found = problems()
    print("\n".join(found) or "ansible-builder makes the build context, with what the collection needs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
