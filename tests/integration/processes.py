# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as processes of the tests: they never outlive them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def start(command: t.Sequence[str], log: t.IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a server that is killed when this process ends, however it ends."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - fixtures run in the main thread, and it is but a system call
    )


def free_ports(count: int) -> list[int]:
    """TCP ports of the loopback interface that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _number in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def environment(binaries: Path) -> dict[str, str]:
    """This process's environment with the binaries first in PATH."""
    return {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, signal.SIGKILL)
