# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and programs of a host that may be missing: what cannot be read is empty."""

from __future__ import annotations

import typing as t

from ..._domain.base.errors import CommandFailed

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands


def read(path: str) -> bytes | None:
    """A file's content, ``None`` where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def output(commands: Commands, arguments: t.Sequence[str]) -> str:
    """Standard output of a command; empty when the host does not have it or it fails."""
    if commands.find(arguments[0]) is None:
        return ""
    try:
        result = commands.run(arguments, check=False)
    except CommandFailed:
        return ""
    return result.stdout if result.returncode == 0 else ""


def unit_properties(commands: Commands, unit: str, names: t.Iterable[str]) -> dict[str, str]:
    """Properties of a unit, as systemd writes them; none where it does not answer."""
    shown = output(commands, ["systemctl", "show", f"--property={','.join(names)}", unit])
    return dict(line.partition("=")[::2] for line in shown.splitlines() if "=" in line)


__all__ = ("output", "read", "unit_properties")
