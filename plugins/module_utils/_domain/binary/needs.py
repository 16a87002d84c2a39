# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new master needs of the files of the master that there is."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.file_fact import ABSENT, CARRIED, MADE, NEEDED, PARENT, FileFact
from ..component.invocation import SERVICES
from ..component.static_pod import ETCD, is_below
from . import named_paths

if t.TYPE_CHECKING:
    from .report import ServiceReport, ServicesReport

#: Units and environment files, whose arguments are compared; configuration files, of which fields are.
TEXT = "text"
#: Kubeconfigs and serving certificates: who has one keeps it. Only the server that it names is compared, or the SANs.
IDENTITY = "identity"
#: Programs.
PROGRAM = "program"
#: What all masters have alike, byte for byte.
SHARED = "shared"
#: What every system has.
SYSTEM = "system"
#: Directories: those that are written to, and those above files.
DIRECTORY = "directory"

_OF_SYSTEM = (
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki",
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/var/run",
    "/etc/resolv.conf",
)
_KUBECONFIGS = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "bootstrap-kubeconfig")
_SERVING = ("tls-cert-file", "tls-private-key-file")
#: The field of a configuration file that names a kubeconfig.
KUBECONFIG_FIELD = "clientConnection.kubeconfig"


@dataclasses.dataclass(frozen=True)
class Needed:
    """Something that a new master needs.

    Attributes:
        fact: what the master that there is has.
        kind: one of the kinds above.
    """

    fact: FileFact
    kind: str


def components(report: ServicesReport) -> dict[str, ServiceReport]:
    """The services that a new master gets, in the order in which they are started: etcd has members of its own."""
    return {
        name: report.services[name]
        for name in SERVICES
        if name != ETCD
        and name in report.services
        and (report.services[name].active == "active" or report.services[name].enabled == "enabled")
    }


def find(report: ServicesReport) -> tuple[Needed, ...]:
    """Everything that a new master needs, sorted by path; what a kubelet has for itself is left out, and what only etcd names."""
    wanted = components(report)
    facts = {fact.path: fact for fact in report.facts}
    kinds: dict[str, str] = {}
    own: set[str] = set()
    for name, service in wanted.items():
        fields = fields_of(report, service)
        own |= named_paths.own_of_host(name, service.arguments, fields)
        for path, kind in _of_service(service, fields):
            kinds.setdefault(path, kind)
    for name in wanted:
        # What the named files name in turn.
        for path in report.named.get(name, ()):
            if path in facts and facts[path].use == CARRIED:
                kinds.setdefault(path, _of_path(path))
    found = []
    for path, kind in kinds.items():
        known = facts.get(path)
        if path not in own and known is not None and known.kind != ABSENT:
            use = {SYSTEM: NEEDED, DIRECTORY: MADE}.get(kind, CARRIED)
            found.append(Needed(dataclasses.replace(known, use=use), kind))
    paths = [item.fact.path for item in found]
    found += [
        Needed(fact, DIRECTORY)
        for fact in facts.values()
        if fact.use == PARENT and fact.path not in kinds and any(is_below(path, fact.path) for path in paths)
    ]
    return tuple(sorted(found, key=lambda item: item.fact.path))


def missing(report: ServicesReport) -> tuple[tuple[str, str], ...]:
    """Files that flags name and that are not there, each with its flag."""
    facts = {fact.path: fact for fact in report.facts}
    return tuple(
        (named.path, named.flag)
        for name, service in components(report).items()
        for named in named_paths.of_arguments(service.arguments)
        if named.role == named_paths.INPUT
        and named.path in facts
        and facts[named.path].kind == ABSENT
        and named.path not in named_paths.own_of_host(name, service.arguments, fields_of(report, service))
    )


def fields_of(report: ServicesReport, service: ServiceReport) -> dict[str, str]:
    """The fields of a service's configuration file."""
    return {
        field: value
        for path in service.arguments.get("config", ())
        for field, value in report.configurations.get(path, {}).items()
    }


def kubeconfigs_of(report: ServicesReport, service: ServiceReport) -> tuple[str, ...]:
    """The kubeconfigs with which a component connects to the API."""
    paths = [value for flag in _KUBECONFIGS for value in service.arguments.get(flag, ())]
    field = fields_of(report, service).get(KUBECONFIG_FIELD)
    return tuple(dict.fromkeys([*paths, *([field] if field else [])]))


def kubeconfig_of(report: ServicesReport, service: ServiceReport) -> str:
    """The kubeconfig with which a controller connects to the API: its configuration file comes before the flag. Empty without one."""
    return fields_of(report, service).get(KUBECONFIG_FIELD) or next(iter(service.arguments.get("kubeconfig", ())), "")


def _of_service(service: ServiceReport, fields: t.Mapping[str, str]) -> t.Iterator[tuple[str, str]]:
    for path in service.files:
        yield path, TEXT
    yield service.program, PROGRAM
    for flag in _SERVING:
        # Whatever else names them: a master keeps its own pair where it has one.
        for path in service.arguments.get(flag, ()):
            yield path, IDENTITY
    for named in named_paths.of_arguments(service.arguments):
        if named.role != named_paths.INPUT:
            yield named.directory, DIRECTORY
        elif named.flag in _KUBECONFIGS:
            yield named.path, IDENTITY
        else:
            yield named.path, TEXT if named.flag == "config" else _of_path(named.path)
    if KUBECONFIG_FIELD in fields:
        yield fields[KUBECONFIG_FIELD], IDENTITY
    for path in fields.values():
        if path.startswith("/"):
            yield path, _of_path(path)


def _of_path(path: str) -> str:
    return SYSTEM if any(is_below(path, directory) for directory in _OF_SYSTEM) else SHARED


__all__ = (
    "DIRECTORY",
    "IDENTITY",
    "PROGRAM",
    "SHARED",
    "SYSTEM",
    "TEXT",
    "Needed",
    "components",
    "fields_of",
    "find",
    "kubeconfig_of",
    "kubeconfigs_of",
    "missing",
)
