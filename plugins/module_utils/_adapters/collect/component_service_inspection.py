# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what a host has of a component that systemd runs. Nothing here changes the host."""

from __future__ import annotations

import grp
import os
import posixpath
import pwd
import re
import socket
import typing as t

from ..._domain.base.errors import InvalidInput, UnsupportedState
from ..._domain.component import invocation
from ..._domain.component_service import decision, desired
from ..._domain.component_service.arguments import last_of
from ..._domain.component_service.found import FoundService
from ..._domain.component_service.layout import DROP_IN, UNITS
from ..._domain.component_service.profile import MANAGER, PROFILES
from ..host import own_addresses
from ..host.clock import HostClock
from ..host.service_host import SystemdHost
from ..text.readers import yaml_reader
from ..text.x509 import IMPORT_ERROR, CryptographyX509
from .reading import output
from .service_files import ServiceFiles

if t.TYPE_CHECKING:
    from ..._domain.component_service.decision import Plan
    from ..._domain.component_service.desired import DesiredService
    from ..._domain.component_service.found import Flags
    from ..._domain.component_service.profile import Profile
    from ..._ports.commands import Commands
    from ..._ports.files import Files

_API_SERVER = "kube-apiserver"
_VERSION = re.compile(r"v\d+\.\d+\.\d+\S*")
_ENABLED = ("enabled", "enabled-runtime", "static", "indirect", "generated", "alias", "linked")
#: Documentation addresses (RFC 5737, RFC 3849), which lead to the default route.
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


class Planned(t.NamedTuple):
    """What is to change on this host, and by what that was decided."""

    profile: Profile
    desired: DesiredService
    plan: Plan
    ports: decision.Ports


def planned(files: Files, commands: Commands, component: str, inputs: t.Mapping[str, t.Any]) -> Planned:
    """Inspect this host and decide.

    Args:
        files: of the host.
        commands: of the host.
        component: which one.
        inputs: values of the role's variables.

    Raises:
        InvalidInput: with every reason why nothing can be changed.
        UnsupportedState: when how the service is started is not certain.
    """
    profile = PROFILES[component]
    wanted, faults = desired.parse(profile, os.uname().nodename, inputs)
    found = ComponentServiceInspection(files, commands).collect(profile, wanted)
    x509 = CryptographyX509() if IMPORT_ERROR is None else None
    ports = decision.Ports(files, SystemdHost(commands), yaml_reader(), x509, HostClock())
    plan = decision.decide(profile, wanted, faults, found, ports)
    if plan.problems:
        raise InvalidInput(" ".join(problem.message for problem in plan.problems))
    return Planned(profile, wanted, plan, ports)


class ComponentServiceInspection:
    """Reads one host."""

    def __init__(self, files: Files, commands: Commands) -> None:
        self._commands = commands
        self._systemd = SystemdHost(commands)
        self._services = ServiceFiles(files, commands)

    def collect(self, profile: Profile, wanted: DesiredService) -> FoundService:
        """What the host has of a component.

        Raises:
            UnsupportedState: when how its unit starts it is not certain.
        """
        unit = wanted.unit
        state = self._systemd.properties(unit, "LoadState", "ActiveState", "UnitFileState", "User", "Group")
        host = os.uname().nodename
        common: dict[str, t.Any] = {
            "host": host,
            "addresses": tuple(filter(None, (own_addresses.towards(*each) for each in _SOMEWHERE))),
            "api_server": self._flags(_API_SERVER),
        }
        if state.get("LoadState", "not-found") == "not-found":
            program = self._program(profile, wanted)
            manager = {} if profile.is_manager else self._flags(MANAGER)
            return FoundService(**common, program=program, version=self._version(program), manager=manager)
        sources = self._services.sources(unit, pending=[f"{UNITS}/{unit}.d/{DROP_IN}"])
        read = invocation.of_component(sources, profile.component, program=wanted.program or None)
        flags = last_of(read.flags)
        user, uid, gid = _user(state.get("User", ""), state.get("Group", ""))
        return FoundService(
            **common,
            sources=sources,
            others=self._services.others(sources),
            flags=flags,
            program=read.program,
            version=self._version(read.program),
            user=user,
            uid=uid,
            gid=gid,
            is_active=state.get("ActiveState") == "active",
            is_enabled=state.get("UnitFileState") in _ENABLED,
            manager=flags if profile.is_manager else self._flags(MANAGER),
        )

    def _flags(self, component: str) -> Flags:
        """Of another component, which may not be there, or be started in a way that is not understood."""
        try:
            return last_of(invocation.parse(self._services.sources(f"{component}.service")).flags)
        except UnsupportedState:
            return {}

    def _program(self, profile: Profile, wanted: DesiredService) -> str:
        if wanted.program:
            return wanted.program if os.access(wanted.program, os.X_OK) else ""
        try:
            beside = invocation.parse(self._services.sources(f"{_API_SERVER}.service")).program
        except UnsupportedState:
            beside = ""
        candidate = posixpath.join(posixpath.dirname(beside), profile.component) if beside else ""
        return (
            candidate if candidate and os.access(candidate, os.X_OK) else self._commands.find(profile.component) or ""
        )

    def _version(self, program: str) -> str:
        found = _VERSION.search(output(self._commands, [program, "--version"])) if program else None
        return "" if found is None else found.group()


def _user(user: str, group: str) -> tuple[str, int | None, int]:
    """Whom a service runs as: name, and numbers of user and group."""
    if not user:
        return "", 0, 0
    try:
        entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
        gid = entry.pw_gid if not group else int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        return user, None, 0
    return user, entry.pw_uid, gid


__all__ = ("ComponentServiceInspection", "Planned", "planned")
