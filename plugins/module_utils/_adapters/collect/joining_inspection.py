# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what a join, a backup and a load balancer need of a host, by the standard library alone.

Nothing here changes the host.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import typing as t

from ..._domain.base.errors import CommandFailed
from ..._domain.component import kubelet_socket
from ..._domain.host.container_sockets import KNOWN_SOCKETS

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_CONNECT_SECONDS = 0.5
#: Where a kubelet gets its runtime from: kubeadm's flags, the operator's, what kubeadm writes for this host alone (since
#: 1.32), and the kubelet's own configuration. The first that names one is what it uses.
_FLAG_FILES = ("/etc/sysconfig/kubelet", "/etc/default/kubelet", "/var/lib/kubelet/kubeadm-flags.env")
_CONFIGURATIONS = (kubelet_socket.INSTANCE_CONFIGURATION, "/var/lib/kubelet/config.yaml")
_FLAG = re.compile(r"--container-runtime-endpoint=[\"']?([^\s\"']+)")
#: Subcommands of kubeadm that change a host or the cluster. Any other (version, config, token, certs check-expiration)
#: is somebody's inspection.
_CHANGING = re.compile(r"^(init|join|reset|upgrade)$")
_READING = re.compile(r"^(plan|diff|preflight|--help|-h)$")


class JoiningInspection:
    """Reads one host."""

    def __init__(self, commands: Commands, *, cri_socket: str | None, directories: t.Sequence[str]) -> None:
        """``cri_socket``: tried besides those that kubeadm knows. ``directories``: those that a run would write to."""
        self._commands = commands
        self._sockets = dict.fromkeys([*KNOWN_SOCKETS, *([cri_socket] if cri_socket else [])])
        self._directories = directories

    def cri_sockets(self) -> list[str]:
        """Those of container runtimes that answer."""
        return [path for path in self._sockets if _answers(path)]

    def read_only(self) -> list[str]:
        """The directories that cannot be written to or made."""
        return [path for path in self._directories if not _is_writable(path)]

    def haproxy_version(self) -> str:
        """Of the installed haproxy; empty without one."""
        if self._commands.find("haproxy") is None:
            return ""
        try:
            text = self._commands.run(["haproxy", "-v"], check=False).stdout
        except (CommandFailed, OSError, subprocess.SubprocessError):
            return ""
        found = re.search(r"version (\d+\.\d+[^\s]*)", text)
        return found.group(1) if found is not None else ""


def _answers(url: str) -> bool:
    """Whether something listens, by which kubeadm, too, finds the runtimes of a host (``isExistingSocket``)."""
    path = url[len("unix://") :] if url.startswith("unix://") else url
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_CONNECT_SECONDS)
            probe.connect(path)
    except OSError:
        return False
    return True


def kubelet_cri_socket() -> str:
    """The socket that the kubelet was given; empty without one."""
    flags = [values[-1] for values in (_FLAG.findall(_text(path)) for path in _FLAG_FILES) if values]
    configured = [kubelet_socket.socket_in(_text(path)) for path in _CONFIGURATIONS]
    return next(filter(None, [*flags, *configured]), "")


def _is_writable(path: str) -> bool:
    """Whether the directory, or the nearest one above it that exists, can be written to.

    The kernel answers for read-only file systems and immutable directories, too, and to root as to others.
    """
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return os.path.isdir(path) and os.access(path, os.W_OK)


def changing_kubeadm() -> list[int]:
    """Process ids of every kubeadm that changes something here, not in a container that is a host of its own."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _text(f"/proc/{entry}/comm").strip() == "kubeadm":
            words = _text(f"/proc/{entry}/cmdline").split("\0")[1:]
            if _changes(words) and not _is_elsewhere(entry):
                found.append(int(entry))
    return sorted(found)


def _is_elsewhere(process: str) -> bool:
    """Whether a process has both network and process ids apart from ours. One of which that is not known may be here."""
    return all(_namespace(process, kind) not in ("", _namespace("self", kind)) for kind in ("net", "pid"))


def _namespace(process: str, kind: str) -> str:
    try:
        return os.readlink(f"/proc/{process}/ns/{kind}")
    except OSError:
        return ""


def _changes(words: t.Sequence[str]) -> bool:
    """Whether kubeadm with these arguments changes anything. One whose arguments cannot be read may."""
    named = [word for word in words if word]
    if not named:
        return True
    is_trial = any(word in ("--dry-run", "--dry-run=true") for word in named)
    return (
        not is_trial
        and any(_CHANGING.match(word) for word in named)
        and not any(_READING.match(word) for word in named)
    )


def _text(path: str) -> str:
    """The file's text; empty when it is not there or cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("JoiningInspection", "changing_kubeadm", "kubelet_cri_socket")
