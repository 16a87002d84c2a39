# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scenarios a change touches, for ``make quick``.

A change of a role, or of a module that the role's tasks name, touches the role's Molecule scenario and the tests of
``tests/roles`` that name the role. A change of a playbook, or of a file that a cluster scenario imports, touches that
scenario. ``make test`` takes them first.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import typing as t
from pathlib import Path

from .environment import ROOT

_DAY = 24 * 60 * 60


@dataclasses.dataclass(frozen=True)
class Selection:
    """Words for pytest's ``-k``: names of scenarios and stems of test files."""

    roles: tuple[str, ...]
    clusters: tuple[str, ...]


def changed_paths() -> list[Path]:
    """What differs from the branch's upstream; new files too.

    Where nothing differs (a fresh clone, as in continuous integration), or without an upstream: what the commits of the
    last day before the newest one changed.
    """
    upstream = _git("rev-parse", "--verify", "--quiet", "@{upstream}")
    base = _git("merge-base", upstream[0], "HEAD") if upstream else []
    new = _git("ls-files", "--others", "--exclude-standard")
    names = [*_git("diff", "--name-only", base[0]), *new] if base else []
    if not names:
        base = _a_day_before_the_newest_commit()
        names = [*(_git("diff", "--name-only", base[0]) if base else _git("ls-files")), *new]
    return [Path(name) for name in sorted(set(names))]


def _a_day_before_the_newest_commit() -> list[str]:
    newest = _git("log", "-1", "--format=%ct")
    return _git("rev-list", "-1", f"--before={int(newest[0]) - _DAY}", "HEAD") if newest else []


def select(paths: t.Iterable[Path], root: Path = ROOT) -> Selection:
    """The scenarios that the paths, relative to ``root``, touch."""
    changed = set(paths)
    roles = _roles(changed, root)
    texts = {path.parent.name: _text(path.parent.rglob("*.yml")) for path in root.glob("molecule/*/molecule.yml")}
    scenarios = {name for name, text in texts.items() if any(_names(text, f"kubeadm.ha.{role}") for role in roles)}
    if any(path.parts[:2] == ("molecule", "shared") for path in changed):
        scenarios = set(texts)
        roles |= scenarios
    tests = {
        path.stem
        for path in root.glob("tests/roles/test_*.py")
        if _used(path, root) & {root / name for name in changed}
        or any(_names(_text(_used(path, root)), name) for role in roles for name in (role, f"kubeadm.ha.{role}"))
    }
    # A role's scenarios are ROLE and ROLE_SOMETHING.
    chosen = {name for name in texts if any(name == role or name.startswith(f"{role}_") for role in roles)}
    return Selection(tuple(sorted(scenarios | chosen | tests)), tuple(sorted(_clusters(changed, root))))


def _with_importers(playbooks: set[str], root: Path) -> set[str]:
    """Playbooks and those that import one of them, directly or not."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (root / "playbooks").glob("*.yml")}
    importers = {name for name, text in texts.items() if any(_names(text, f"{page}.yml") for page in playbooks)}
    return playbooks if importers <= playbooks else _with_importers(playbooks | importers, root)


def _roles(changed: set[Path], root: Path) -> set[str]:
    roles = {path.parts[1] for path in changed if path.parts[0] in ("roles", "molecule") and len(path.parts) > 2}
    stems = _touched_plugins(changed, root)
    texts = {role.name: _text(role.rglob("*.yml")) for role in root.glob("roles/*") if role.is_dir()}
    roles |= {role for role, text in texts.items() if any(_names(text, f"kubeadm.ha.{stem}") for stem in stems)}
    while True:
        more = {
            role for role, text in texts.items() if any(_names(text, f"kubeadm.ha.{name}") for name in roles)
        } - roles
        if not more:
            return roles
        roles |= more


def _touched_plugins(changed: set[Path], root: Path) -> set[str]:
    """Names of the plugins that are, or import, a changed file."""
    files = {path.relative_to(root): path.read_text() for path in root.glob("plugins/**/*.py")}
    touched = {path for path in files if path in changed}
    while True:
        more = {
            path for path, text in files.items() if any(_names(text, other.stem) for other in touched if _shared(other))
        } - touched
        if not more:
            return {path.stem for path in touched if not _shared(path)}
        touched |= more


def _shared(path: Path) -> bool:
    return path.parts[1] == "module_utils" and path.stem != "__init__"


def _clusters(changed: set[Path], root: Path) -> set[str]:
    lab = any(path.parts[:2] == ("tests", "lab") for path in changed)
    playbooks = _with_importers({path.stem for path in changed if path.parts[0] == "playbooks"}, root)
    found = set()
    for test in root.glob("tests/scenarios/test_*.py"):
        files = imported(test, root)
        text = _text(files)
        named = any(_names(text, f"kubeadm.ha.{name}") or _names(text, f"{name}.yml") for name in playbooks)
        if lab or named or any(path.relative_to(root) in changed for path in files):
            found.add(test.stem)
    return found


def _used(test: Path, root: Path) -> set[Path]:
    """The test, what it imports, and the files beside it that these name."""
    files = imported(test, root)
    text = _text(files)
    return files | {path for path in test.parent.glob("*.yml") if path.name in text}


def imported(test: Path, root: Path) -> set[Path]:
    """The test and what it imports of the tests' own packages, however far down."""
    files, queue = set(), [test]
    while queue:
        path = queue.pop()
        if path in files:
            continue
        files.add(path)
        for module in re.findall(r"^\s*(?:from|import) (tests(?:\.\w+)+)", path.read_text(), re.MULTILINE):
            candidate = root / f"{module.replace('.', '/')}.py"
            if candidate.is_file():
                queue.append(candidate)
    return files


def _names(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", text) is not None or f".{word} import" in text


def _text(paths: t.Iterable[Path]) -> str:
    return "\n".join(path.read_text(errors="replace") for path in sorted(paths) if path.is_file())


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []
