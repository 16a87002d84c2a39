# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SELinux is to allow, and what its own tools print of what it allows. What a program needs is said where that is known."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.report_fields import present

#: A line of ``semanage port -l``: type, protocol, ports and ranges.
_PORT_LINE = re.compile(r"^(?P<type>\w+_t)\s+(?P<protocol>\w+)\s+(?P<ports>[0-9, -]+)$")
#: A line of ``getsebool -a``.
_BOOLEAN_LINE = re.compile(r"^(?P<name>\w+) --> (?P<value>on|off)$")


@dataclasses.dataclass(frozen=True)
class SelinuxFacts:
    """What the policy allows.

    Attributes:
        mode: ``enforcing``, ``permissive`` or ``disabled``.
        has_tools: whether ``semanage`` is there; without it the texts are empty.
        ports: text of ``semanage port -l``.
        booleans: text of ``getsebool -a``.
        modules: text of ``semodule -l``.
    """

    mode: str
    has_tools: bool = dataclasses.field(default=False, metadata=present())
    ports: str = dataclasses.field(default="", metadata=present())
    booleans: str = dataclasses.field(default="", metadata=present())
    modules: str = dataclasses.field(default="", metadata=present())


@dataclasses.dataclass(frozen=True)
class Needs:
    """What is to be set.

    Attributes:
        labels: the type that each port has and the one that it gets.
        booleans: to be on.
        modules: policy modules to install.
    """

    labels: t.Mapping[int, tuple[str, str]] = dataclasses.field(default_factory=dict)
    booleans: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class PortLabel:
    """The type that SELinux is to know a TCP port by."""

    port: int
    type: str


@dataclasses.dataclass(frozen=True)
class SelinuxNeeds:
    """What SELinux is to allow.

    Attributes:
        labels: the types that TCP ports get.
        booleans: to be on.
        modules: policy modules to install.
        tools: packages without which the rest cannot be determined.
    """

    labels: tuple[PortLabel, ...] = dataclasses.field(default=(), metadata=present())
    booleans: tuple[str, ...] = dataclasses.field(default=(), metadata=present())
    modules: tuple[str, ...] = dataclasses.field(default=(), metadata=present())
    tools: tuple[str, ...] = dataclasses.field(default=(), metadata=present())


def parse_ports(text: str) -> list[tuple[str, int, int]]:
    """``type``, first and last port of each TCP entry of ``semanage port -l``, in its order."""
    found = []
    for line in text.splitlines():
        match = _PORT_LINE.match(line.strip())
        if match and match.group("protocol") == "tcp":
            for part in match.group("ports").split(","):
                first, _dash, last = part.strip().partition("-")
                found.append((match.group("type"), int(first), int(last or first)))
    return found


def parse_booleans(text: str) -> dict[str, bool]:
    """The booleans of ``getsebool -a``."""
    matches = (_BOOLEAN_LINE.match(line.strip()) for line in text.splitlines())
    return {match.group("name"): match.group("value") == "on" for match in matches if match}


def parse_modules(text: str) -> set[str]:
    """The names of the policy modules of ``semodule -l``; older versions print the module's version after it."""
    return {line.split()[0] for line in text.splitlines() if line.strip()}


def type_of(port: int, ports: t.Sequence[tuple[str, int, int]]) -> str:
    """The type of a port: the narrowest entry that holds it (local entries come first), empty without one."""
    holding = [(last - first, kind) for kind, first, last in ports if first <= port <= last]
    return min(holding, key=lambda item: item[0])[1] if holding else ""


__all__ = (
    "Needs",
    "PortLabel",
    "SelinuxFacts",
    "SelinuxNeeds",
    "parse_booleans",
    "parse_modules",
    "parse_ports",
    "type_of",
)
