# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run consists of, how long each piece took the last time, and which pieces still fit into the time.

A piece is what one call of pytest does: a tier, one scenario of Molecule, one test file of ``tests/roles`` or
``tests/scenarios``. Durations are kept in units: seconds divided by the factor of the machine (:mod:`machine`).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

from .environment import ROOT, SetupError, user_cache
from .touched import Selection

#: The scenario that no run leaves out.
MAIN_SCENARIO = "test_convert"
#: The main job that comes before all other pieces that are not required.
SECOND_SCENARIO = "test_create"
#: The order of the further scenarios among those that a change touches alike; what is not named comes last, by name.
_ORDER = ("test_binary", "test_interrupted", "test_starting_states", "test_convert_odd")
#: What the required pieces may take together, so that a run ends within 75 minutes on a machine of factor 2.5, too.
REQUIRED_UNITS = 1600.0
#: Units of a piece that never ran: more than any scenario takes.
UNKNOWN_UNITS = 600.0
#: The units that a checkout begins with; those that this machine measured come first.
_KNOWN = Path(__file__).with_name("units.json")


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a run that is started by itself.

    Attributes:
        name: unique, and what the table and the units call it.
        tier: the tier whose options it runs with.
        paths: what pytest is given.
        is_required: whether a run without it proves too little.
    """

    name: str
    tier: str
    paths: tuple[str, ...]
    is_required: bool

    @property
    def stem(self) -> str:
        """The name without that of the tier, by which a person asks for it."""
        return self.name.partition(" ")[2] or self.name


class Units:
    """The last known durations of pieces, in units."""

    def __init__(self, measured: Path | None = None, known: Path = _KNOWN) -> None:
        self._measured = measured or user_cache() / "units.json"
        self._known = known

    def of(self, name: str) -> float:
        """Units of a piece."""
        return float(_read(self._measured).get(name, _read(self._known).get(name, UNKNOWN_UNITS)))

    def remember(self, name: str, units: float) -> None:
        """Keep what a piece took that passed."""
        self._measured.parent.mkdir(parents=True, exist_ok=True)
        content = {**_read(self._measured), name: round(units, 1)}
        self._measured.write_text(f"{json.dumps(content, indent=2, sort_keys=True)}\n")


def pieces(
    selection: Selection,
    tiers: t.Mapping[str, str],
    root: Path = ROOT,
    *,
    full: bool = False,
    units: Units | None = None,
) -> list[Piece]:
    """Every piece in the order in which a run takes them: first what is required, then what the change touches.

    Args:
        selection: the scenarios that the change touches.
        tiers: directories of the tiers by name.
        root: the checkout.
        full: also the scenarios that only ``make full`` has; everything is required then.
        units: the last known durations. With them no more roles are required than :data:`REQUIRED_UNITS` have room for; the
            others are the first of the further pieces.
    """
    found = [Piece(name, name, (tiers[name],), is_required=True) for name in ("unit", "integration")]
    found += [
        Piece(f"clusters {stem}", "clusters", (path,), is_required=stem == MAIN_SCENARIO)
        for stem, path in _files(root, tiers["clusters"], full=full)
    ]
    for stem, path in _files(root, tiers["roles"], full=full):
        if stem != "test_molecule":
            found.append(Piece(f"roles {stem}", "roles", (path,), is_required=stem in selection.roles))
    for molecule in sorted(root.glob("molecule/*/molecule.yml")):
        name = molecule.parent.name
        path = f"{tiers['roles']}/test_molecule.py::test_scenario[{name}]"
        found.append(Piece(f"roles {name}", "roles", (path,), is_required=name in selection.roles))
    if full:
        found = [dataclasses.replace(piece, is_required=True) for piece in found]
    elif units is not None:
        found = list(_with_room(found, units))
    return sorted(found, key=lambda piece: _rank(piece, selection))


def named(found: t.Sequence[Piece], stems: t.Sequence[str]) -> list[Piece]:
    """The pieces of these stems in that order; all of them without one.

    Raises:
        SetupError: there is no such piece.
    """
    by_stem = {piece.stem: piece for piece in found}
    unknown = [stem for stem in stems if stem not in by_stem]
    if unknown:
        raise SetupError(f"there is no piece {', '.join(unknown)}; there are {', '.join(sorted(by_stem))}")
    return [by_stem[stem] for stem in stems] or list(found)


def _with_room(found: t.Sequence[Piece], units: Units) -> t.Iterator[Piece]:
    """The pieces, of the roles only as many required as there is room for."""
    room = REQUIRED_UNITS - sum(units.of(piece.name) for piece in found if piece.is_required and piece.tier != "roles")
    for piece in found:
        if piece.is_required and piece.tier == "roles":
            fits_in = units.of(piece.name) <= room
            room -= units.of(piece.name) if fits_in else 0
            yield dataclasses.replace(piece, is_required=fits_in)
        else:
            yield piece


def fits(units: float, *, factor: float, elapsed: float, limit: float) -> bool:
    """Whether a piece of so many units would end within the limit; ``elapsed`` and ``limit`` in seconds of the clock."""
    return elapsed + units * factor <= limit


def _rank(piece: Piece, selection: Selection) -> tuple[int, int, int, str]:
    stem = piece.stem
    tiers = ("unit", "integration", "roles", "clusters")
    if piece.is_required:
        return (0, tiers.index(piece.tier), 0, piece.name)
    if stem == SECOND_SCENARIO:
        return (1, 0, 0, piece.name)
    is_touched = stem in selection.clusters
    # Roles that the change does not touch are short and many: they come before the long scenarios.
    order = _ORDER.index(stem) if stem in _ORDER else len(_ORDER)
    if piece.tier == "roles":
        return (1, 1, 0 if stem in selection.roles else 1, piece.name)
    return (1, 2 if is_touched else 3, order, piece.name)


def _files(root: Path, directory: str, *, full: bool) -> t.Iterator[tuple[str, str]]:
    for path in sorted((root / directory).glob("test_*.py")):
        # A file whose every test belongs to `make full` has the mark for all of them.
        if full or "\npytestmark = pytest.mark.full" not in path.read_text():
            yield path.stem, path.relative_to(root).as_posix()


def _read(path: Path) -> dict[str, float]:
    return t.cast("dict[str, float]", json.loads(path.read_text())) if path.is_file() else {}


__all__ = ("MAIN_SCENARIO", "UNKNOWN_UNITS", "Piece", "Units", "fits", "named", "pieces")
