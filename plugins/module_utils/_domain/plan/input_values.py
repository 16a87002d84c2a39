# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the value of a variable of the inventory may be: each reader takes what Ansible gives, and refuses with a remedy."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ..base.boolean import boolean
from ..base.endpoint_input import is_subdomain, parse_san
from ..base.errors import InvalidInput
from ..kubeadm.token_life import check_ttl

#: Reads a value.
#:
#: Raises:
#:     InvalidInput: when it cannot be used. The message begins with the value.
Reader = t.Callable[[t.Any], t.Any]

#: Ports of Kubernetes' own components on a control plane: etcd, kubelet, kube-proxy, controller manager, scheduler
#: (https://kubernetes.io/docs/reference/networking/ports-and-protocols/).
COMPONENT_PORTS: t.Mapping[int, str] = {
    2379: "etcd",
    2380: "etcd",
    2381: "etcd",
    10248: "kubelet",
    10249: "kube-proxy",
    10250: "kubelet",
    10256: "kube-proxy",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
}
#: Directories that are backed up, or whose content a program takes for its own.
_NOT_FOR_BACKUPS = ("/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd", "/proc", "/sys", "/dev")
_BACKUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*\$?\Z")


def parse_bool(value: t.Any) -> bool:
    """A boolean as Ansible takes it."""
    read = boolean(str(value)) if isinstance(value, (bool, int, str)) else None
    if read is not None:
        return read
    raise InvalidInput(f"{value!r} is neither true nor false: write one of the two.")


def parse_list(value: t.Any) -> list[t.Any]:
    """A list; as on the command line a text is split at its commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if isinstance(value, (list, tuple)):
        return list(value)
    raise InvalidInput(f"{value!r} is not a list: write [one, two].")


def parse_port(value: t.Any) -> int:
    """A port of an API server that does not collide with another component of a control plane."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not re.match(r"[0-9]{1,5}\Z", text) or not 1 <= int(text) <= 65535:
        raise InvalidInput(f"{value!r} is not a port: write a number from 1 to 65535.")
    port = int(text)
    if port in COMPONENT_PORTS:
        raise InvalidInput(f"{port} is the port of {COMPONENT_PORTS[port]} on a control plane: choose another one.")
    return port


def parse_directory(value: t.Any) -> str:
    """An absolute path in its shortest spelling."""
    if not isinstance(value, str) or not value.startswith("/") or value != value.strip() or ".." in value.split("/"):
        raise InvalidInput(f"{value!r} is not an absolute path: write one that begins with / and has no '..'.")
    return posixpath.normpath("/" + value.lstrip("/"))


def parse_backup_directory(value: t.Any) -> str:
    """Where backups may be kept."""
    path = parse_directory(value)
    if path == "/":
        raise InvalidInput(
            f"{value!r} is the root directory: give a directory of its own, such as /var/backups/kubeadm-ha."
        )
    for other in _NOT_FOR_BACKUPS:
        if path == other or path.startswith(f"{other}/"):
            raise InvalidInput(
                f"{value!r} is in {other}, where no backup can be kept: give a directory elsewhere, such as "
                "/var/backups/kubeadm-ha."
            )
    return path


def parse_batch(value: t.Any) -> list[t.Any]:
    """How many workers are changed at the same time: a number, a percentage, or a list of them for the batches in turn."""
    items = value if isinstance(value, (list, tuple)) and value else [value]
    return [_batch(item) for item in items]


def choice_of(*choices: str) -> Reader:
    """One of these texts."""

    def read(value: t.Any) -> str:
        if value not in choices:
            raise InvalidInput(f"{value!r} is none of {', '.join(choices)}: choose one of them.")
        return str(value)

    return read


def parse_address(value: t.Any) -> str:
    """An IP address."""
    try:
        san = parse_san(value)
    except InvalidInput:
        san = None
    if san is None or san.kind != "ip":
        raise InvalidInput(f"{value!r} is not an IP address: give the one that the host's API server shall advertise.")
    return san.value


def parse_node_name(value: t.Any) -> str:
    """The name of a Node."""
    if not isinstance(value, str) or not is_subdomain(value):
        raise InvalidInput(
            f"{value!r} cannot be the name of a Node: write lower-case letters, digits, '-' and '.' (RFC 1123)."
        )
    return value


def parse_wanted_node_name(value: t.Any) -> str:
    """kubeadm and the kubelet write it in lower case."""
    return value.lower() if isinstance(value, str) and is_subdomain(value.lower()) else parse_node_name(value)


def parse_user(value: t.Any) -> str:
    """A user of the host."""
    if not isinstance(value, str) or not _USER.match(value):
        raise InvalidInput(f"{value!r} is not the name of a user: correct the entry, or take it out.")
    return value


def parse_cri_socket(value: t.Any) -> str:
    """The socket of a container runtime."""
    if not isinstance(value, str) or not re.match(r"(unix://)?/[^\s]*[^/\s]\Z", value):
        raise InvalidInput(
            f"{value!r} is not the socket of a container runtime: write it as unix:///run/containerd/containerd.sock."
        )
    return value


def parse_check(value: t.Any) -> str:
    """The name of a check of kubeadm."""
    if not isinstance(value, str) or not re.match(r"[A-Za-z][A-Za-z0-9._-]*\Z", value):
        raise InvalidInput(
            f"{value!r} is not the name of a check of kubeadm: write it as kubeadm does, such as NumCPU."
        )
    return value


def parse_ttl(value: t.Any) -> str:
    """The life of a bootstrap token; without a value it is 15 minutes."""
    text = str(value or "15m")
    check_ttl(text)
    return text


def parse_inventory_name(value: object) -> str:
    """The name of a host in the inventory."""
    if not isinstance(value, str) or not value or value.split() != [value]:
        raise InvalidInput(f"{value!r} is no name of a host: write one of the inventory's.")
    return value


def parse_group(value: t.Any) -> str:
    """The name of a group of the inventory."""
    if not isinstance(value, str) or not re.match(r"[A-Za-z0-9_.:-]+\Z", value):
        raise InvalidInput(f"{value!r} is not the name of a group of the inventory.")
    return value


def parse_file_name(value: t.Any) -> str:
    """The name of a file."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{value!r} is not the name of a file.")
    return value


def listed(read: Reader) -> Reader:
    """Reads a list of such values."""
    return lambda value: [read(item) for item in parse_list(value)]


def parse_backup_name(value: t.Any) -> str:
    """The name of a backup, which is that of its directory."""
    text = value if isinstance(value, str) else ""
    if not _BACKUP.match(text):
        raise InvalidInput(f"{value!r} is no name of a backup: write one such as 20261121T080000Z, without a path.")
    return text


def or_empty(read: Reader) -> Reader:
    """Reads such a value, or none."""
    return lambda value: "" if value in (None, "") else read(value)


def _batch(value: t.Any) -> int | str:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    match = re.match(r"([0-9]{1,6})(%?)\Z", text)
    number = int(match.group(1)) if match else 0
    if match is None or number < 1 or (match.group(2) and number > 100):
        raise InvalidInput(f"{value!r} is no number of hosts: write a number from 1, or a percentage from 1% to 100%.")
    return f"{number}%" if match.group(2) else number


__all__ = (
    "COMPONENT_PORTS",
    "Reader",
    "choice_of",
    "listed",
    "or_empty",
    "parse_address",
    "parse_backup_directory",
    "parse_backup_name",
    "parse_batch",
    "parse_bool",
    "parse_check",
    "parse_cri_socket",
    "parse_directory",
    "parse_file_name",
    "parse_group",
    "parse_inventory_name",
    "parse_list",
    "parse_node_name",
    "parse_port",
    "parse_ttl",
    "parse_user",
    "parse_wanted_node_name",
)
