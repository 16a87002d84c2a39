# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a full run has proved, and of which files, so that it goes on where it ended: in this checkout, or in another.

A full run takes hours. What a piece proved is kept at once in ``docs/results/full_run.json``, with a digest of every file that
could have made it end otherwise: the collection, the lab, what its tests import and these tests. It is not run
again as long as these are the same, whatever was written elsewhere meanwhile.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import typing as t

from . import keep_results, measured, touched
from .environment import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

    from .pieces import Piece

_NO_INPUT = (
    ".git-blame-ignore-revs",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README",
    "changelogs/",
    "docs/",
    "tests/tools/messages.yml",
    "tests/tools/spelling.txt",
    "tests/tools/units.json",
)
#: Tiers whose pieces are single files, which do not read each other's.
_OF_SINGLE_FILES = ("clusters", "roles")
_TESTS = ("tests/unit/", "tests/integration/", "tests/roles/", "tests/scenarios/")
#: What pytest reads without an import.
_READ_BY_ITSELF = ("__init__.py", "conftest.py")


@dataclasses.dataclass(frozen=True)
class Count:
    """What a tier, or a piece of one, proved in so many seconds. ``left_out`` names the checks that were inconclusive."""

    tier: str
    passed: int
    failed: int
    seconds: float
    left_out: tuple[str, ...] = ()


def inputs(piece: Piece, files: t.Iterable[str]) -> list[str]:
    """The files, of all files of the repository, that decide how a piece ends.

    The unit tests judge documentation, too: every file decides. What one file of tests proves does not depend on tests that it
    does not import, nor on other scenarios of Molecule.
    """
    if piece.tier == "unit":
        generated = (*keep_results.KEPT, measured.WRITTEN[0])
        return sorted(file for file in files if not file.startswith(generated))
    rest = (file for file in files if not file.startswith(_NO_INPUT))
    if piece.tier not in _OF_SINGLE_FILES:
        return sorted(rest)
    imported = _imported(piece)
    return sorted(file for file in rest if not _is_of_others(file, piece, imported))


def digest(names: t.Iterable[str], blobs: t.Mapping[str, str]) -> str:
    """One value for the names, modes and contents of files.

    Args:
        names: the files.
        blobs: what distinguishes the content of each file of the repository.
    """
    return hashlib.sha256("".join(f"{name} {blobs[name]}\n" for name in sorted(names)).encode()).hexdigest()


def tracked() -> dict[str, str]:
    """Mode and object of each file at the commit of the checkout."""
    lines = keep_results.git("ls-tree", "-r", "HEAD").splitlines()
    return {name: described for described, _tab, name in (line.partition("\t") for line in lines)}


class Memory:
    """What passed, by the files that decided it. What differs from the commit is never remembered.

    Args:
        path: where it is kept.
        blobs: of :func:`tracked`.
        commit: as :func:`keep_results.commit` names it.
        factor: the machine's.
    """

    def __init__(self, path: Path, blobs: t.Mapping[str, str], commit: str, factor: float) -> None:
        self._path = path
        self._blobs = blobs
        self._commit = commit
        self._factor = factor
        self._known: dict[str, t.Any] = json.loads(path.read_text()) if path.is_file() else {}

    def count(self, piece: Piece) -> Count | None:
        """What a piece proved earlier; ``None`` when it has to be run."""
        known = self._known.get(piece.name)
        if known is None or not self._is_clean or known["inputs"] != self._inputs(piece):
            return None
        return Count(piece.name, known["passed"], 0, known["seconds"], tuple(known["left_out"]))

    def remember(self, piece: Piece, count: Count) -> Count:
        """Keep a piece that passed; the count itself."""
        if self._is_clean and count.passed and not count.failed:
            self._known[piece.name] = {
                "inputs": self._inputs(piece),
                "commit": self._commit,
                "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
                "factor": self._factor,
                "passed": count.passed,
                "seconds": round(count.seconds, 1),
                "left_out": list(count.left_out),
            }
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{json.dumps(self._known, indent=2, sort_keys=True)}\n")
        return count

    @property
    def _is_clean(self) -> bool:
        return " " not in self._commit

    def _inputs(self, piece: Piece) -> str:
        return digest(inputs(piece, self._blobs), self._blobs)


def _imported(piece: Piece) -> frozenset[str]:
    """The piece's file of tests and all that it, or the ``conftest.py`` beside it, imports of the tests."""
    test = ROOT / piece.paths[0].partition("::")[0]
    beside = [path for path in (test, test.with_name("conftest.py")) if path.is_file()]
    return frozenset(path.relative_to(ROOT).as_posix() for first in beside for path in touched.imported(first, ROOT))


def _is_of_others(file: str, piece: Piece, imported: frozenset[str]) -> bool:
    """Whether it belongs to other tests than the piece's."""
    if file.startswith("molecule/"):
        return file.split("/")[1] not in (piece.stem, "shared")
    if not file.startswith(_TESTS) or file in imported:
        return False
    folder, _slash, name = file.rpartition("/")
    is_module = name.endswith(".py") and name not in _READ_BY_ITSELF
    return (is_module and f"{folder}/" in _TESTS) or name.startswith("test_")


__all__ = ("Count", "Memory", "digest", "inputs", "tracked")
