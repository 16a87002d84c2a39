# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file of ``plugins/`` imports which: ``python3 -m tests.tools.import_graph`` prints floors, rooms and arrows.

An import counts wherever it stands, in a function or under ``TYPE_CHECKING`` too, unless asked otherwise.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import sys
import typing as t
from pathlib import Path

from .environment import ROOT

_NAMESPACE = "ansible_collections.kubeadm.ha.plugins."
_DOMAIN = ("module_utils", "_domain")

#: For each of some names those that it uses.
Graph = t.Mapping[str, t.AbstractSet[str]]


@functools.cache
def imported_files(plugins: Path, path: Path, *, types: bool, late: bool = True) -> tuple[Path, ...]:
    """The files below ``plugins`` that a file imports itself.

    Without ``types`` not those under ``TYPE_CHECKING``, without ``late`` not those of functions, which are imported where one is called.
    """
    package = path.relative_to(plugins).parent
    found: list[Path] = []
    for node in _imports(ast.parse(path.read_text(encoding="utf-8")), types=types, late=late):
        module = node.module or ""
        if node.level:
            folder = plugins / package.joinpath(*[".."] * (node.level - 1), *module.split("."))
        elif module.startswith(_NAMESPACE):
            folder = plugins.joinpath(*module.removeprefix(_NAMESPACE).split("."))
        else:
            continue
        folder = folder.resolve()
        candidates = [folder.with_suffix(".py"), *(folder / f"{alias.name}.py" for alias in node.names)]
        found += [candidate for candidate in candidates if candidate.is_file()]
    return tuple(found)


def files(plugins: Path) -> dict[str, set[str]]:
    """Every file with those that it imports, by path below ``plugins``."""
    plugins = plugins.resolve()
    return {
        path.relative_to(plugins).as_posix(): {
            imported.relative_to(plugins).as_posix() for imported in imported_files(plugins, path, types=True)
        }
        for path in sorted(plugins.rglob("*.py"))
    }


def circle(graph: Graph) -> list[str]:
    """The names along one circle, the first of them at both ends; empty when there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def rooms(graph: Graph) -> dict[str, set[str]]:
    """The rooms of the domain with those that their files use."""
    found: dict[str, set[str]] = {}
    for path, used in graph.items():
        room = _room(path)
        if room:
            found.setdefault(room, set()).update(other for other in map(_room, used) if other not in ("", room))
    return found


def floors(graph: Graph) -> list[list[str]]:
    """Names by how high they stand: those on the first floor use nobody, each other one somebody of the floor below it.

    Raises:
        graphlib.CycleError: when there is a circle.
    """
    found: list[list[str]] = []
    sorter = graphlib.TopologicalSorter(graph)
    sorter.prepare()
    while sorter.is_active():
        floor = sorter.get_ready()
        found.append(sorted(floor))
        sorter.done(*floor)
    return found


def _room(path: str) -> str:
    parts = Path(path).parts
    return parts[2] if parts[:2] == _DOMAIN and len(parts) > 3 else ""


def _imports(node: ast.AST, *, types: bool, late: bool) -> t.Iterator[ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            yield child
        elif not late and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        elif types or not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _imports(child, types=types, late=late)


def main() -> int:
    """Print the rooms of the domain from the top floor down, each with its size and what it uses."""
    graph = files(ROOT / "plugins")
    found = circle(graph)
    if found:
        print("circle: " + " -> ".join(found))
        return 1
    used = rooms(graph)
    for number, floor in reversed(list(enumerate(floors(used)))):
        print(f"floor {number}")
        for room in floor:
            members = [path for path in graph if _room(path) == room]
            lines = sum(len((ROOT / "plugins" / path).read_text(encoding="utf-8").splitlines()) for path in members)
            print(f"  {room:14} {len(members):3} files {lines:6} lines -> {', '.join(sorted(used[room])) or 'nobody'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
