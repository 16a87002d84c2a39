# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes' root file system: Debian trixie from the mirrors that the machine itself uses."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab import shell
from tests.lab.errors import LabError

SUITE = "trixie"
#: What its users call it.
RELEASE = "Debian 13"

# A small Debian server with what Ansible needs (python3, python3-apt); no YAML or cryptography for Python.
PACKAGES = (
    "ca-certificates",
    "curl",
    "dbus",
    "iproute2",
    "iputils-ping",
    "kmod",
    "less",
    "mount",
    "nftables",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
    "util-linux",
)

_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)")


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """Where Debian comes from, and its security updates."""

    main: str
    security: str | None

    def sources(self) -> str:
        """The nodes' sources.list."""
        lines = [f"deb {self.main} {SUITE} main", f"deb {self.main} {SUITE}-updates main"]
        if self.security is not None:
            lines.append(f"deb {self.security} {SUITE}-security main")
        return "".join(f"{line}\n" for line in lines)


def machine_mirrors(apt: Path = Path("/etc/apt"), *, codename: str | None = None) -> Mirrors:
    """The mirrors of this machine.

    :raises LabError: when the machine does not run Debian, or its apt has no mirror of its own release.
    """
    release = codename or _codename()
    found = {suite: uri for uri, suite in _sources(apt)}
    if release not in found:
        raise LabError("the lab needs a machine that runs Debian and whose apt has a mirror of its release")
    return Mirrors(main=found[release], security=found.get(f"{release}-security"))


def build_root(target: Path, mirrors: Mirrors) -> None:
    """Write the root file system as a tar."""
    shell.say(f"making a Debian {SUITE} root file system")
    options = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", *options]
    shell.run([*command, SUITE, target, "-"], stdin=mirrors.sources())


def _codename() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return release.get("VERSION_CODENAME", "") if release.get("ID") == "debian" else ""


def _sources(apt: Path) -> Iterator[tuple[str, str]]:
    """Pairs of URI and suite of all binary sources, in both of apt's formats."""
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            if matched := _ONE_LINE.match(line.strip()):
                yield matched[1], matched[2]
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            fields = dict(re.findall(r"^([A-Za-z-]+):\s*(.*)$", stanza, re.MULTILINE))
            if "deb" in fields.get("Types", "").split():
                for uri in fields.get("URIs", "").split():
                    yield from ((uri, suite) for suite in fields.get("Suites", "").split())
