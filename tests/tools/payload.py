# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module of ours carries to a host: ``python3 -m tests.tools.payload`` prints a line for each.

Ansible packs every file of the collection that a module imports, directly or not, whether or not the import stands under
``TYPE_CHECKING``. Packing costs the controller once for each module and run, and the host unpacks and compiles what is
imported each time.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

from .environment import ROOT
from .import_graph import imported_files


class Payload(t.NamedTuple):
    """Bytes of the collection's own files that travel with a module.

    Attributes:
        carried: all of them.
        imported: those that a host imports.
        late: those of these that a function imports, so only the hosts that need it.
    """

    carried: int
    imported: int
    late: int


def payload_of(plugins: Path, module: str) -> Payload:
    """What ``plugins/modules/<module>.py`` carries."""
    imported = files_of(plugins, module, types=False)
    at_once = files_of(plugins, module, types=False, late=False)
    return Payload(_size(files_of(plugins, module)), _size(imported), _size(imported - at_once))


def files_of(plugins: Path, module: str, *, types: bool = True, late: bool = True) -> set[Path]:
    """The files of the collection that a module imports, itself among them.

    Without ``types`` those that a host imports, without ``late`` those that it imports before it does anything.
    """
    return _closure(plugins, plugins / "modules" / f"{module}.py", types=types, late=late)


def modules(plugins: Path) -> list[str]:
    """Names of the modules that run on hosts: those without an action plugin in their place."""
    names = [path.stem for path in sorted((plugins / "modules").glob("*.py"))]
    return [name for name in names if len(files_of(plugins, name, types=False)) > 1]


def _size(paths: t.Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def _closure(plugins: Path, start: Path, *, types: bool, late: bool) -> set[Path]:
    found: set[Path] = set()
    to_read = [start]
    while to_read:
        path = to_read.pop()
        if path not in found:
            found.add(path)
            to_read += imported_files(plugins, path, types=types, late=late)
    return found


def main() -> int:
    """Print a line for each module, in kB."""
    plugins = ROOT / "plugins"
    total = 0
    for module in modules(plugins):
        payload = payload_of(plugins, module)
        total += payload.carried
        carried, imported, late = (size / 1000 for size in payload)
        print(
            f"{module:32} {carried:5.0f} kB carried, {imported:5.0f} kB imported, {late:4.0f} kB of it where they are needed"
        )
    print(f"{'all':32} {total / 1000:5.0f} kB carried")
    return 0


if __name__ == "__main__":
    sys.exit(main())
