# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the project and of its lab, for tests of roles."""

from __future__ import annotations

import subprocess
import sys

from tests.tools import environment


def run(*command: str, check: bool = True, limit: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command of the project."""
    done = subprocess.run(
        command,
        cwd=environment.ROOT,
        env=environment.environment(),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{command} exits {done.returncode}:\n{done.stdout}"
    return done


def lab(*arguments: str, check: bool = True) -> str:
    """A command of the lab."""
    return run(sys.executable, "tests/lab", *arguments, check=check).stdout
