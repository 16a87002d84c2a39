# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy, nginx with its module stream, and keepalived: the machine's, or out of Debian's packages, which are taken apart and not installed.

Installed, they would begin to serve. apt verifies the packages as it does each other one.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.tools.environment import SetupError, user_cache

_PACKAGES = {"haproxy": ("haproxy",), "nginx": ("nginx", "libnginx-mod-stream"), "keepalived": ("keepalived",)}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_MODULE = "nginx/modules/ngx_stream_module.so"


@dataclasses.dataclass(frozen=True)
class Programs:
    """Where they are.

    Attributes:
        root: of what was taken apart, ``/`` where all are the machine's.
    """

    root: Path

    def path(self, name: str) -> str:
        """A program."""
        return shutil.which(name, path=_PATH) or str(self.root / "usr/sbin" / name)

    @property
    def stream_module(self) -> str:
        """nginx's module, empty where it is built in."""
        places = (Path("/usr/lib"), Path("/usr/lib64"), self.root / "usr/lib")
        return next((str(place / _MODULE) for place in places if (place / _MODULE).exists()), "")

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which they find their libraries."""
        places = sorted({str(path.parent) for path in self.root.glob("**/*.so.*")}) if self.root != Path("/") else []
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(places)} if places else dict(os.environ)


def programs() -> Programs:
    """The programs.

    Raises:
        SetupError: when one is missing and there is no apt that could get it.
    """
    missing = [name for name in _PACKAGES if shutil.which(name, path=_PATH) is None]
    if not missing:
        return Programs(Path("/"))
    root = user_cache() / "balancers" / "-".join(missing)
    if not root.is_dir():
        _take_apart([package for name in missing for package in _PACKAGES[name]], root)
    return Programs(root)


def _take_apart(packages: list[str], target: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SetupError(f"not found: install the packages {', '.join(packages)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as name:
        work = Path(name)
        (work / "debs" / "partial").mkdir(parents=True)
        # With what they depend on and the machine lacks. It changes nothing of the machine's, so it needs none of its locks.
        options = (
            "-o",
            "Debug::NoLocking=1",
            "-o",
            "APT::Sandbox::User=root",
            "-o",
            f"Dir::Cache::archives={work / 'debs'}",
        )
        download = [
            "apt-get",
            "-qq",
            *options,
            "install",
            "--download-only",
            "--no-install-recommends",
            "--yes",
            *packages,
        ]
        if subprocess.run(download, check=False, stdin=subprocess.DEVNULL).returncode != 0:
            subprocess.run(["apt-get", "-qq", "update"], check=True, stdin=subprocess.DEVNULL)
            subprocess.run(download, check=True, stdin=subprocess.DEVNULL)
        for package in sorted((work / "debs").glob("*.deb")):
            subprocess.run(
                ["dpkg-deb", "--extract", str(package), str(work / "tree")], check=True, stdin=subprocess.DEVNULL
            )
        (work / "tree").replace(target)
        # Workers of nginx and haproxy have users of their own.
        target.chmod(0o755)


__all__ = ("Programs", "programs")
