# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``systemctl`` for processes without systemd: it says the same of every unit that has a file."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """\
#!/bin/sh
case "$*" in *--version*) echo "systemd 252"; exit ;; esac
for each; do
  case $each in
  *.service)
    state=not-found
    [ -e "{units}/$each" ] && state=loaded
    printf 'Id=%s\\nLoadState=%s\\nActiveState=active\\nUnitFileState=enabled\\nMainPID=0\\nUser={user}\\n' "$each" "$state"
    printf 'FragmentPath={units}/%s\\nDropInPaths=\\n\\n' "$each" ;;
  esac
done
"""


def write_systemctl(path: Path, *, units: Path | str, user: str = "") -> None:
    """Write the program.

    Args:
        path: of the program.
        units: directory of the units.
        user: as which every unit runs.
    """
    path.write_text(_SCRIPT.format(units=units, user=user), encoding="utf-8")
    path.chmod(0o755)


__all__ = ("write_systemctl",)
