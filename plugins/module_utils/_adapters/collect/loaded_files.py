# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service was started after the files that it loads were written."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from .reading import output, read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

#: Files and starts are not timed by one clock.
_SECONDS_OF_GRACE = 0.1


def has_loaded(commands: Commands, unit: str, paths: t.Iterable[str]) -> bool:
    """Whether the unit runs and was started after all of the files that are there were written."""
    main = output(commands, ["systemctl", "show", "--property=MainPID", "--value", unit]).strip()
    stat = _text(f"/proc/{main}/stat").rpartition(")")[2].split() if main not in ("", "0") else []
    if len(stat) < 20:
        return False
    uptime = float(_text("/proc/uptime").split()[0])
    started = time.time() - uptime + int(stat[19]) / os.sysconf("SC_CLK_TCK")
    written = []
    for path in paths:
        with contextlib.suppress(OSError):
            written.append(os.path.getmtime(path))
    return all(when <= started + _SECONDS_OF_GRACE for when in written)


def _text(path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


__all__ = ("has_loaded",)
