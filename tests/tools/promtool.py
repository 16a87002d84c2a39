# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' promtool: the machine's, or out of Debian's package prometheus, which is taken apart and not installed.

``python3 -m tests.tools.promtool`` prints its path. apt verifies the package as it does each other one.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from .environment import SetupError, user_cache

_PACKAGE = "prometheus"


def promtool() -> Path:
    """The program.

    Raises:
        SetupError: when the machine has none and no apt that could get it.
    """
    found = shutil.which("promtool")
    if found is not None:
        return Path(found)
    kept = user_cache() / "promtool" / "promtool"
    if not kept.is_file():
        _take_apart(kept)
    return kept


def _take_apart(target: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SetupError(f"promtool not found: install the package {_PACKAGE}, or put promtool on PATH")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as name:
        work = Path(name)
        print(f"setup: taking promtool out of the package {_PACKAGE}", flush=True)
        download = ["apt-get", "-qq", "download", _PACKAGE]
        if subprocess.run(download, cwd=work, check=False, stdin=subprocess.DEVNULL).returncode != 0:
            # A machine that has never asked for its package lists.
            subprocess.run(["apt-get", "-qq", "update"], check=True, stdin=subprocess.DEVNULL)
            subprocess.run(download, cwd=work, check=True, stdin=subprocess.DEVNULL)
        (package,) = work.glob("*.deb")
        subprocess.run(
            ["dpkg-deb", "--extract", str(package), str(work / "tree")], check=True, stdin=subprocess.DEVNULL
        )
        (work / "tree" / "usr" / "bin" / "promtool").replace(target)


if __name__ == "__main__":
    print(promtool())
