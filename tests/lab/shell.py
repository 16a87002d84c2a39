# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the machine's programs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.errors import LabError

_BEGAN = time.monotonic()


def say(message: str) -> None:
    """Progress, on standard error with the seconds since the start: standard output is for results."""
    sys.stderr.write(f"[{time.monotonic() - _BEGAN:6.1f}s] {message}\n")
    sys.stderr.flush()


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | bytes | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    check: bool = True,
    timeout: float | None = None,
) -> str:
    """Standard output of a command; ``environment`` adds to this process's, ``log`` gets both outputs instead.

    :raises LabError: when it cannot be started, takes longer than ``timeout`` seconds, or fails and ``check`` is set.
    """
    arguments = [str(part) for part in command]
    try:
        ended = subprocess.run(
            arguments,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{arguments[0]} is not installed: run `python3 tests/lab setup`") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{_short(arguments)} took more than {timeout:.0f} s") from error
    output = ended.stdout.decode(errors="replace")
    if log:
        with log.open("a", encoding="utf-8") as file:
            file.write(output)
    if check and ended.returncode != 0:
        said = output if log else (ended.stderr.decode(errors="replace") or output)
        raise LabError(f"{_short(arguments)} failed: {_last_line(said)}{f' (see {log})' if log else ''}")
    return output


def _short(arguments: Sequence[str]) -> str:
    text = " ".join(arguments)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
