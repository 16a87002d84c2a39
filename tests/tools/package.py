# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's archive: built, inspected, imported like Ansible Galaxy does.

Called as ``python -m tests.tools.package [--only-build]``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

from .environment import CACHE, IMPORTER_VENV, REAL_TREE, ROOT

SHIPPED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "README.zh-CN.md",
    "changelogs",
    "docs",
    "examples",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
REQUIRED = {"FILES.json", "LICENSE", "MANIFEST.json", "README.md", "meta", "plugins"}
IMPORTER_SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = False
RUN_ANSIBLE_TEST = False
"""


def build(output: Path) -> Path:
    """Build the archive of the real tree into a directory; its path."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.tar.gz"):
        old.unlink()
    command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(output), str(REAL_TREE)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    (archive,) = output.glob("*.tar.gz")
    return archive


def differences(names: t.Iterable[str]) -> list[str]:
    """What an archive with these members has too much or too little.

    >>> differences(["FILES.json", "LICENSE", "MANIFEST.json", "README.md", "meta/runtime.yml", "plugins/a", "tests/b"])
    ['the archive holds tests, which users do not need: name it in build_ignore of galaxy.yml']
    """
    members = list(names)
    top = {name.split("/")[0] for name in members}
    found = [
        f"the archive holds {name}, which users do not need: name it in build_ignore of galaxy.yml"
        for name in sorted(top - SHIPPED)
    ]
    found += [f"the archive lacks {name}" for name in sorted(REQUIRED - top)]
    found += [f"the archive holds {name}" for name in members if name.endswith(".pyc") or "__pycache__" in name]
    return found


def galaxy_import(archive: Path) -> int:
    """Run galaxy-importer; its return code, 1 also when it warns of something that this collection can mend."""
    settings = CACHE / "galaxy-importer.cfg"
    settings.write_text(IMPORTER_SETTINGS)
    variables = {"GALAXY_IMPORTER_CONFIG": str(settings), "PATH": f"{IMPORTER_VENV / 'bin'}:/usr/bin:/bin"}
    command = [str(IMPORTER_VENV / "bin" / "python"), "-m", "galaxy_importer.main", str(archive)]
    done = subprocess.run(
        command,
        cwd=archive.parent,
        env={**_inherited(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("WARNING:", "ERROR:"))]
    return done.returncode or (1 if complaints else 0)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VIRTUAL_ENV"))}


def main(arguments: t.Sequence[str]) -> int:
    """Build, inspect, import; the return code of the process."""
    only_build = "--only-build" in arguments
    archive = build(ROOT / "build" if only_build else CACHE / "package")
    with tarfile.open(archive) as handle:
        found = differences(handle.getnames())
    print("\n".join(found) or f"{archive.name} holds what users need and nothing else")
    if only_build or found:
        return 1 if found else 0
    return galaxy_import(archive)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
