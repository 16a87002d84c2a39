# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables ``kubeadm_ha_*``: which there are, and what each may be.

Every value that an inventory gives to a host is checked before any host is inspected, whether the play of that host reads it
early or late, and all problems are collected.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ..base.boolean import boolean
from ..base.endpoint_input import is_subdomain, parse_endpoint, parse_san
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..kubeadm.node_registration_input import parse_kubelet_flags, parse_labels, parse_taints
from ..kubeadm.token_life import check_ttl
from .desired import LOAD_BALANCERS

#: By host, then by name of the variable.
Values = t.Mapping[str, t.Mapping[str, object]]
#: Reads a value.
#:
#: Raises:
#:     InvalidInput: when it cannot be used. The message begins with the value.
Reader = t.Callable[[object], object]

PREFIX = "kubeadm_ha_"

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
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*\$?\Z")


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A value whose template Ansible cannot resolve."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Input:
    """A variable of the collection.

    Attributes:
        read: checks a value.
        scope: :data:`PLAN`, :data:`EVERY` or :data:`HOST`.
    """

    read: Reader
    scope: str


#: Of the whole cluster, read once, on the first host of the play.
PLAN = "plan"
#: Of the whole cluster, read on every host.
EVERY = "every"
#: Each host's own.
HOST = "host"


def parse_bool(value: object) -> bool:
    """A boolean as Ansible takes it."""
    read = boolean(str(value)) if isinstance(value, (bool, int, str)) else None
    if read is not None:
        return read
    raise InvalidInput(f"{value!r} is neither true nor false: write one of the two.")


def parse_list(value: object) -> list[object]:
    """A list; as on the command line a text is split at its commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if isinstance(value, (list, tuple)):
        return list(value)
    raise InvalidInput(f"{value!r} is not a list: write [one, two].")


def parse_port(value: object) -> int:
    """A port of an API server that does not collide with another component of a control plane."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not re.match(r"[0-9]{1,5}\Z", text) or not 1 <= int(text) <= 65535:
        raise InvalidInput(f"{value!r} is not a port: write a number from 1 to 65535.")
    port = int(text)
    if port in COMPONENT_PORTS:
        raise InvalidInput(f"{port} is the port of {COMPONENT_PORTS[port]} on a control plane: choose another one.")
    return port


def parse_directory(value: object) -> str:
    """An absolute path in its shortest spelling."""
    if not isinstance(value, str) or not value.startswith("/") or value != value.strip() or ".." in value.split("/"):
        raise InvalidInput(f"{value!r} is not an absolute path: write one that begins with / and has no '..'.")
    return posixpath.normpath("/" + value.lstrip("/"))


def parse_backup_directory(value: object) -> str:
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


def parse_batch(value: object) -> list[int | str]:
    """How many workers are changed at the same time: a number, a percentage, or a list of them for the batches in turn."""
    items = value if isinstance(value, (list, tuple)) and value else [value]
    return [_batch(item) for item in items]


def _batch(value: object) -> int | str:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    match = re.match(r"([0-9]{1,6})(%?)\Z", text)
    number = int(match.group(1)) if match else 0
    if match is None or number < 1 or (match.group(2) and number > 100):
        raise InvalidInput(f"{value!r} is no number of hosts: write a number from 1, or a percentage from 1% to 100%.")
    return f"{number}%" if match.group(2) else number


def _choice(*choices: str) -> Reader:
    def read(value: object) -> str:
        if value not in choices:
            raise InvalidInput(f"{value!r} is none of {', '.join(choices)}: choose one of them.")
        return str(value)

    return read


def _address(value: object) -> str:
    try:
        san = parse_san(value)
    except InvalidInput:
        san = None
    if san is None or san.kind != "ip":
        raise InvalidInput(f"{value!r} is not an IP address: give the one that the host's API server shall advertise.")
    return san.value


def _node_name(value: object) -> str:
    if not isinstance(value, str) or not is_subdomain(value):
        raise InvalidInput(
            f"{value!r} cannot be the name of a Node: write lower-case letters, digits, '-' and '.' (RFC 1123)."
        )
    return value


def _wanted_node_name(value: object) -> str:
    """kubeadm and the kubelet write it in lower case."""
    return value.lower() if isinstance(value, str) and is_subdomain(value.lower()) else _node_name(value)


def _user(value: object) -> str:
    if not isinstance(value, str) or not _USER.match(value):
        raise InvalidInput(f"{value!r} is not the name of a user: correct the entry, or take it out.")
    return value


def _cri_socket(value: object) -> str:
    if not isinstance(value, str) or not re.match(r"(unix://)?/[^\s]*[^/\s]\Z", value):
        raise InvalidInput(
            f"{value!r} is not the socket of a container runtime: write it as unix:///run/containerd/containerd.sock."
        )
    return value


def _check(value: object) -> str:
    if not isinstance(value, str) or not re.match(r"[A-Za-z][A-Za-z0-9._-]*\Z", value):
        raise InvalidInput(
            f"{value!r} is not the name of a check of kubeadm: write it as kubeadm does, such as NumCPU."
        )
    return value


def _ttl(value: object) -> str:
    text = str(value or "15m")
    check_ttl(text)
    return text


def _group(value: object) -> str:
    if not isinstance(value, str) or not re.match(r"[A-Za-z0-9_.:-]+\Z", value):
        raise InvalidInput(f"{value!r} is not the name of a group of the inventory.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{value!r} is not the name of a file.")
    return value


def _listed(read: Reader) -> Reader:
    return lambda value: [read(item) for item in parse_list(value)]


def _or_empty(read: Reader) -> Reader:
    return lambda value: "" if value in (None, "") else read(value)


#: Every variable of the collection.
INPUTS: t.Mapping[str, Input] = {
    "kubeadm_ha_endpoint": Input(parse_endpoint, EVERY),
    "kubeadm_ha_load_balancer": Input(_choice(*LOAD_BALANCERS), PLAN),
    "kubeadm_ha_control_plane_group": Input(_group, PLAN),
    "kubeadm_ha_node_group": Input(_group, PLAN),
    "kubeadm_ha_load_balancer_group": Input(_group, PLAN),
    "kubeadm_ha_extra_sans": Input(_listed(parse_san), PLAN),
    "kubeadm_ha_admin_users": Input(_listed(_user), HOST),
    "kubeadm_ha_unmanaged_nodes": Input(_listed(_node_name), PLAN),
    "kubeadm_ha_unmanaged_files": Input(_listed(parse_directory), HOST),
    "kubeadm_ha_allow_two_control_planes": Input(parse_bool, PLAN),
    "kubeadm_ha_allow_older_kubeadm": Input(parse_bool, PLAN),
    "kubeadm_ha_reset_half_joined": Input(parse_bool, PLAN),
    "kubeadm_ha_adopt_manifest_flags": Input(parse_bool, PLAN),
    "kubeadm_ha_probe_certificate": Input(parse_bool, PLAN),
    "kubeadm_ha_skip_reachability": Input(parse_bool, PLAN),
    "kubeadm_ha_patches_dir": Input(_or_empty(parse_directory), EVERY),
    "kubeadm_ha_backup_dir": Input(parse_backup_directory, HOST),
    "kubeadm_ha_token_ttl": Input(_ttl, HOST),
    "kubeadm_ha_worker_batch": Input(parse_batch, PLAN),
    "kubeadm_ha_break_lock": Input(parse_bool, HOST),
    "kubeadm_ha_secure_logging": Input(parse_bool, HOST),
    "kubeadm_ha_audit_file": Input(_text, HOST),
    "kubeadm_ha_node_name": Input(_or_empty(_wanted_node_name), HOST),
    "kubeadm_ha_api_port": Input(_or_empty(parse_port), HOST),
    "kubeadm_ha_advertise_address": Input(_or_empty(_address), HOST),
    "kubeadm_ha_kubelet_extra_args": Input(parse_kubelet_flags, HOST),
    "kubeadm_ha_node_labels": Input(parse_labels, HOST),
    "kubeadm_ha_node_taints": Input(parse_taints, HOST),
    "kubeadm_ha_cri_socket": Input(_or_empty(_cri_socket), HOST),
    "kubeadm_ha_ignore_preflight_errors": Input(_listed(_check), HOST),
}
#: Names of groups, which the first play needs before it has hosts.
GROUP_NAMES: t.Mapping[str, str] = {
    "kubeadm_ha_control_plane_group": "kube_control_plane",
    "kubeadm_ha_node_group": "kube_node",
    "kubeadm_ha_load_balancer_group": "kube_load_balancer",
}


#: Options of ``kubeadm.ha.cluster_plan`` whose values are read by these readers, by the variable that gives them.
OPTIONS: t.Mapping[str, str] = {
    "admin_users": "kubeadm_ha_admin_users",
    "adopt_manifest_flags": "kubeadm_ha_adopt_manifest_flags",
    "allow_older_kubeadm": "kubeadm_ha_allow_older_kubeadm",
    "allow_two_control_planes": "kubeadm_ha_allow_two_control_planes",
    "backup_directory": "kubeadm_ha_backup_dir",
    "patches_dir": "kubeadm_ha_patches_dir",
    "probe_certificate": "kubeadm_ha_probe_certificate",
    "reset_half_joined": "kubeadm_ha_reset_half_joined",
    "unmanaged_nodes": "kubeadm_ha_unmanaged_nodes",
    "worker_batch": "kubeadm_ha_worker_batch",
}


def problems(values: Values, first: str) -> t.Iterator[Problem]:
    """Values that cannot be used, or not where they stand.

    Args:
        values: of the variables that each host of the run has, those of :data:`INPUTS` only.
        first: the host on which the plan reads its inputs.
    """
    for name, known in INPUTS.items():
        given = {host: of_host[name] for host, of_host in values.items() if name in of_host}
        wrong = list(_wrong(name, known, given, len(values)))
        yield from wrong
        if not wrong and known.scope != HOST:
            yield from _divided(name, known, given, list(values), first)


def merged(of_plan: t.Sequence[Problem], of_hosts: t.Sequence[Problem]) -> tuple[Problem, ...]:
    """What the plan says of its own inputs, and what is wrong with the variables of hosts, each variable once."""

    def is_own(problem: Problem) -> bool:
        known = INPUTS.get(problem.subject)
        return known is not None and known.scope == HOST

    own = {problem.subject for problem in of_hosts if is_own(problem)}
    asked = [problem for problem in of_plan if problem.subject not in own]
    subjects = {problem.subject for problem in asked}
    return (*asked, *(problem for problem in of_hosts if problem.subject not in subjects))


def _wrong(name: str, known: Input, given: t.Mapping[str, object], count: int) -> t.Iterator[Problem]:
    """A problem for each complaint, with the hosts that have it unless they are all of them."""
    complaints: dict[str, list[str]] = {}
    for host, value in given.items():
        try:
            if isinstance(value, Unreadable):
                raise InvalidInput(f"its template cannot be resolved: {value.reason}")
            known.read(value)
        except InvalidInput as error:
            complaints.setdefault(error.message, []).append(host)
    for complaint, hosts in complaints.items():
        common = len(hosts) == (count if known.scope == HOST else len(given))
        of = "" if common else f" of {_listing(hosts)}"
        yield Problem(name, f"{name}{of}: {complaint}")


def _divided(
    name: str, known: Input, given: t.Mapping[str, object], hosts: t.Sequence[str], first: str
) -> t.Iterator[Problem]:
    """One value holds for the whole cluster, so every host that is asked for it must have the same."""
    by_value: dict[str, list[str]] = {}
    for host, value in given.items():
        by_value.setdefault(repr(known.read(value)), []).append(host)
    missing = [host for host in hosts if host not in given]
    everywhere = "it holds for the whole cluster, so set it once for all hosts, for example below all: vars:"
    if len(by_value) > 1:
        each = " and ".join(f"{value} for {_listing(of)}" for value, of in by_value.items())
        yield Problem(name, f"{name} is {each}: {everywhere}.")
    elif given and missing and (known.scope == EVERY or first in missing):
        yield Problem(
            name, f"{name} is set for {_listing(list(given))}, but not for {_listing(missing)}: {everywhere}."
        )


def _listing(hosts: t.Sequence[str], most: int = 5) -> str:
    more = len(hosts) - most
    return ", ".join(hosts[:most]) + (f" and {more} more" if more > 0 else "")


__all__ = (
    "COMPONENT_PORTS",
    "EVERY",
    "GROUP_NAMES",
    "HOST",
    "INPUTS",
    "OPTIONS",
    "PLAN",
    "PREFIX",
    "Input",
    "Unreadable",
    "Values",
    "merged",
    "parse_backup_directory",
    "parse_batch",
    "parse_bool",
    "parse_directory",
    "parse_list",
    "parse_port",
    "problems",
)
