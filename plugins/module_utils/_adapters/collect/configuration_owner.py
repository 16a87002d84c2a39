# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out whose a configuration file of this host is."""

from __future__ import annotations

import re
import typing as t

from ..._domain.base.configuration_owner import ABSENT, OTHER, PACKAGE, ROLE
from ..._domain.base.errors import CommandFailed
from .reading import output

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_OWNER_OF_FILE: t.Mapping[str, t.Sequence[str]] = {
    "dpkg": ("--search",),
    "rpm": ("--query", "--queryformat=%{NAME}: ", "--file"),
}


def owner_of(commands: Commands, path: str, content: bytes | None, marker: str) -> str:
    """One of the words of :mod:`base.configuration_owner`.

    Args:
        commands: runs what the host has.
        path: the file.
        content: what is in it, ``None`` where there is none. An empty file is nobody's.
        marker: a text that only the role's configuration has.
    """
    if not content:
        return ABSENT
    if marker.encode() in content:
        return ROLE
    return PACKAGE if _is_unchanged(commands, path) else OTHER


def _is_unchanged(commands: Commands, path: str) -> bool:
    """Whether the file is a package's. dpkg and rpm report a changed one alike: ``??5?????? c /etc/haproxy/haproxy.cfg``."""
    program = "dpkg" if commands.find("dpkg") else "rpm"
    package = output(commands, [program, *_OWNER_OF_FILE[program], path]).partition(":")[0].strip()
    if not package:
        return False
    try:
        verified = commands.run([program, "--verify", package], check=False)
    except CommandFailed:
        return False
    is_changed = re.search(rf"^..5.*{re.escape(path)}\s*$", verified.stdout, re.MULTILINE)
    is_known = verified.returncode in (0, 1) and "not installed" not in verified.stdout + verified.stderr
    return is_known and not is_changed


__all__ = ("owner_of",)
