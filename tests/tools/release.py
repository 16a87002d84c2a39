# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of a release: what must be right is checked, then it is built twice with the same bytes.

Called as ``python -m tests.tools.release``. What it says when something is missing is what to do; it commits and publishes nothing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import typing as t
from pathlib import Path

import yaml

from . import archive, environment, keep_results, package
from .environment import CACHE, ROOT

#: Semantic versioning without what comes after a hyphen: Galaxy shows such releases to nobody who does not ask for them.
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def problems(
    version: str, released: t.Collection[str], *, notes: t.Collection[str], fragments: t.Collection[str]
) -> list[str]:
    """Why a version is not released yet, one sentence each with its remedy.

    Args:
        version: of ``galaxy.yml``.
        released: versions in the changelog.
        notes: headings of ``CHANGELOG.md``.
        fragments: names of changelog fragments that are in no release.

    >>> problems("1.0.0", ["1.0.0"], notes=["v1.0.0"], fragments=[])
    []
    """
    if not _VERSION.fullmatch(version):
        return [f"galaxy.yml: version {version} is not of the form 1.2.3"]
    found = []
    newer = sorted((old for old in released if _number(old) > _number(version)), key=_number)
    if newer:
        found.append(f"galaxy.yml: version {version} is older than {newer[-1]}, which is released: set a higher one")
    if version not in released:
        found.append(f"the changelog has no release {version}: run antsibull-changelog release")
    elif f"v{version}" not in notes:
        found.append(f"CHANGELOG.md has no part v{version}: run antsibull-changelog generate")
    if fragments:
        count = len(fragments)
        found.append(
            f"{count} changelog fragment{'s' if count > 1 else ''} would be in no release: {', '.join(sorted(fragments)[:3])}"
        )
    return found


def headings(text: str) -> list[str]:
    """The releases that a changelog in Markdown has. antsibull-changelog escapes the dots."""
    return [found.replace("\\", "") for found in re.findall(r"^## (v\S+)", text, flags=re.MULTILINE)]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _state() -> list[str]:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    changelog = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))
    notes = ROOT / "CHANGELOG.md"
    text = notes.read_text(encoding="utf-8") if notes.is_file() else ""
    found = problems(
        str(galaxy["version"]),
        list(changelog["releases"]),
        notes=headings(text),
        fragments=[path.name for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml")],
    )
    if keep_results.git("status", "--porcelain"):
        found.append("the checkout has changes that are not committed: a release is made of a commit")
    return found


def build_twice() -> Path:
    """The archive in ``build/``, after a second one from another copy of the sources had the same bytes.

    Raises:
        ValueError: they differ.
    """
    time = int(keep_results.git("log", "-1", "--format=%ct"))
    archives = []
    for number in (1, 2):
        shutil.rmtree(environment.REAL_TREE, ignore_errors=True)
        environment.copy_real_tree()
        built = package.build(CACHE / f"release-{number}")
        archive.normalize(built, time=time)
        archives.append(built)
    first, second = (path.read_bytes() for path in archives)
    if first != second:
        raise ValueError("two archives of the same commit differ")
    target = ROOT / "build" / archives[0].name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(archives[0], target)
    return target


def _installs(built: Path) -> bool:
    """Whether ``ansible-galaxy`` takes it, checks its checksums, and finds its documentation."""
    with tempfile.TemporaryDirectory() as directory:
        install = [
            "ansible-galaxy",
            "collection",
            "install",
            "--offline",
            "--no-deps",
            "--collections-path",
            directory,
            str(built),
        ]
        verify = ["ansible-galaxy", "collection", "verify", "--offline", "--collections-path", directory, "kubeadm.ha"]
        doc = ["ansible-doc", "--playbook-dir", directory, "kubeadm.ha.kubeadm_certificate_info"]
        variables = {**environment.environment(), "ANSIBLE_COLLECTIONS_PATH": directory}
        return all(
            subprocess.run(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
            ).returncode
            == 0
            for command in (install, verify, doc)
        )


def main() -> int:
    """Check, build, inspect, import, install; the return code of the process."""
    environment.prepare_importer()
    found = _state()
    try:
        built = build_twice()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    with tarfile.open(built) as handle:
        found += package.differences(handle.getnames())
    if package.galaxy_import(built) != 0:
        found.append("Galaxy's importer complains: see above")
    if not _installs(built):
        found.append("ansible-galaxy does not install the archive: see above")
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    print(f"{built.relative_to(ROOT)}  sha256 {digest}, the same bytes twice")
    print(
        "\n".join(f"not a release yet: {problem}" for problem in found)
        or "this is a release: tag the commit and publish the archive"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
