# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only an audit asks a host for: backups, connections of every process, who keeps the clock, where etcd's data is, further certificates."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import typing as t

from ..._domain.backup.layout import MANIFEST, PARTIAL, SNAPSHOT
from ..._domain.base.address import Endpoint
from ..._domain.base.api_time import seconds_of
from ..._domain.base.errors import InvalidInput
from ..._domain.host.host_audit import HostAudit, KeptBackup, ProcessConnection
from ..host.backup_manifest import created
from ..host.tcp_sockets import ESTABLISHED, LISTEN, tcp_sockets
from .units import services

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_TIME_SERVICES = ("chronyd", "chrony", "systemd-timesyncd", "ntpd", "ntp", "ntpsec", "openntpd", "vmtoolsd")
#: Their sockets are in the report of every host.
_REPORTED = ("kubelet", "kube-proxy")
_UNIT = re.compile(r"/([^/]+\.service)(?:/|$)", re.MULTILINE)
_DEFAULT_PORT = 6443
_PUBLIC = (b"PUBLIC KEY", b"CERTIFICATE")
_LARGEST = 1 << 20


def collect(
    commands: Commands,
    *,
    backup_directory: str,
    servers: t.Iterable[str],
    key_files: t.Iterable[str],
    etcd_data: str,
    kubernetes_dirs: t.Iterable[str],
    certificates: t.Mapping[str, str],
) -> HostAudit:
    """What an audit asks for.

    Args:
        commands: runs the host's programs.
        backup_directory: where the backups of the host are, empty without.
        servers: URLs and addresses of API servers that files of the host name; their ports are those of API servers.
        key_files: files with keys of service accounts. Only public ones are read into a hash.
        etcd_data: directory of etcd's data, empty without.
        kubernetes_dirs: directories whose content the user must be able to read.
        certificates: see :class:`HostAudit`.
    """
    return HostAudit(
        backups=tuple(_backups(backup_directory)) if backup_directory else (),
        connections=tuple(_connections(_ports(servers))),
        time_services=tuple(
            sorted(name for name, found in services(commands, _TIME_SERVICES).items() if found.active == "active")
        ),
        etcd_mount=_mount(etcd_data) if etcd_data and os.path.isdir(etcd_data) else "",
        public_keys={path: digest for path in key_files for digest in _digest(path)},
        unreadable=tuple(sorted({path for directory in kubernetes_dirs for path in _unreadable(directory)})),
        certificates=certificates,
    )


def _backups(directory: str) -> t.Iterator[KeptBackup]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        place = os.path.join(directory, name)
        if os.path.isdir(place):
            time = seconds_of(created(os.path.join(place, MANIFEST)) or "")
            yield KeptBackup(
                name=name,
                created=time,
                is_complete=time is not None and not name.endswith(PARTIAL),
                has_snapshot=os.path.isfile(os.path.join(place, SNAPSHOT)),
            )


def _ports(servers: t.Iterable[str]) -> frozenset[int]:
    found = {_DEFAULT_PORT}
    for server in servers:
        try:
            found.add(Endpoint.parse(server).port)
        except InvalidInput:
            continue
    return frozenset(found)


def _connections(ports: t.Container[int]) -> t.Iterator[ProcessConnection]:
    """Those that processes have begun: the near end is no port on which something listens."""
    sockets = tcp_sockets()
    listening = {item["local"].rpartition(":")[2] for item in sockets if item["state"] == LISTEN}
    wanted = {
        item["inode"]: item["remote"]
        for item in sockets
        if item["state"] == ESTABLISHED
        and int(item["remote"].rpartition(":")[2]) in ports
        and item["local"].rpartition(":")[2] not in listening
    }
    found = {(process, unit, wanted[inode]) for inode, process, unit in _owners(wanted) if process not in _REPORTED}
    yield from (ProcessConnection(*item) for item in sorted(found))


def _owners(inodes: t.Container[str]) -> t.Iterator[tuple[str, str, str]]:
    """Inode, name and service of each process that has one of the sockets."""
    for directory in glob.glob("/proc/[0-9]*"):
        for link in glob.glob(f"{directory}/fd/*"):
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                match = _UNIT.search(_text(f"{directory}/cgroup"))
                yield target[8:-1], _text(f"{directory}/comm").strip(), match.group(1) if match is not None else ""


def _mount(path: str) -> str:
    found = os.path.realpath(path)
    while not os.path.ismount(found):
        found = os.path.dirname(found)
    return found


def _digest(path: str) -> t.Iterator[str]:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST)
    except OSError:
        return
    if any(word in content for word in _PUBLIC) and b"PRIVATE KEY" not in content:
        yield hashlib.sha256(content.strip()).hexdigest()


def _unreadable(directory: str) -> t.Iterator[str]:
    if not os.path.isdir(directory):
        return
    if not os.access(directory, os.R_OK | os.X_OK):
        yield directory
        return
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if not os.access(path, os.R_OK):
            yield path


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("collect",)
