# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a load balancer's configuration decides when a failed API server is left alone, with the place of each setting."""

from __future__ import annotations

import dataclasses
import enum


@dataclasses.dataclass(frozen=True)
class Setting:
    """A number that a configuration sets, or leaves to its program.

    Attributes:
        name: as the program calls it.
        value: seconds of a duration, else the number.
        where: file and line, ``haproxy.cfg:12``; empty where it is the program's default.
        unit: ``s`` of a duration, else empty.
    """

    name: str
    value: float
    where: str = ""
    unit: str = "s"

    def __str__(self) -> str:
        return f"{self.name} {shown(self.value)}{self.unit and ' '}{self.unit} ({self.where or 'default'})"


class CheckKind(enum.Enum):
    """What a check asks a server for."""

    #: Whether it takes a connection. The kernel of a frozen process does.
    TCP = "tcp"
    #: The first answer of a TLS handshake, which is not gone on with.
    HELLO = "hello"
    #: A whole TLS handshake.
    TLS = "tls"
    #: An answer over HTTP without TLS, which is what an API server does not speak.
    HTTP = "http"
    #: An answer over HTTPS.
    HTTPS = "https"
    #: Something that cannot be foreseen, such as an external program.
    OTHER = "other"


@dataclasses.dataclass(frozen=True)
class Check:
    """How a load balancer asks a server whether it is to be used.

    Attributes:
        kind: what is asked for.
        path: of HTTP and HTTPS.
        verifies: whether the certificate of TLS and HTTPS is verified.
        where: file and line that ask for it.
        interval: between the end of a check and the next one of a server in a settled state.
        fast_interval: the same while the state changes.
        fall: checks in a row that have to fail.
        rise: checks in a row that have to pass before it is used again.
        connect_limit: that a connection, with its TLS handshake, may take.
        answer_limit: that the answer may take then.
        grace: between the last failed check and what follows, such as a reload.
    """

    kind: CheckKind
    path: str
    verifies: bool
    where: str
    interval: Setting
    fast_interval: Setting
    fall: Setting
    rise: Setting
    connect_limit: Setting
    answer_limit: Setting
    grace: Setting | None = None


@dataclasses.dataclass(frozen=True)
class Passive:
    """What nginx learns of a server from connections that fail.

    Attributes:
        max_fails: connections that fail within ``fail_timeout`` before it is left alone for as long; 0: it never is.
        fail_timeout: see there.
    """

    max_fails: Setting
    fail_timeout: Setting


@dataclasses.dataclass(frozen=True)
class SessionEnd:
    """What ends the open connections of a server that is out.

    Attributes:
        where: file and line.
        after_dead: seconds after it is out, where it does not answer.
        after_unready: seconds after it is out, where it answers.
    """

    where: str
    after_dead: float = 0.0
    after_unready: float = 0.0


@dataclasses.dataclass(frozen=True)
class Server:
    """An API server behind a load balancer.

    Attributes:
        name: as the configuration has it.
        host: address or name.
        port: of it, 0 where the listener's is taken.
        where: file and line.
        is_backup: whether it is used only where no other can be.
        check: that the load balancer sends, ``None`` without.
        passive: of nginx.
        session_end: what ends its connections when it is out, ``None`` without.
        out_by_errors: the setting by which connections that fail take it out, ``None`` without.
    """

    name: str
    host: str
    port: int
    where: str
    is_backup: bool = False
    check: Check | None = None
    passive: Passive | None = None
    session_end: SessionEnd | None = None
    out_by_errors: Setting | None = None


@dataclasses.dataclass(frozen=True)
class Listener:
    """Where clients connect.

    Attributes:
        host: address; empty for all.
        port: of it.
        where: file and line.
    """

    host: str
    port: int
    where: str


@dataclasses.dataclass(frozen=True)
class PassOn:
    """What happens to a new connection that its server does not take.

    Attributes:
        is_passed: whether another server gets it in the end.
        attempts: connections to the same server before that, or before it is given up.
        pause: seconds between two of them.
        where: the setting that decides, or that it is missing.
    """

    is_passed: bool
    attempts: int
    pause: float
    where: str


@dataclasses.dataclass(frozen=True)
class Balancer:
    """A load balancer in front of API servers.

    Attributes:
        program: ``haproxy`` or ``nginx``.
        name: of its backend or upstream.
        where: file and line.
        listeners: where clients connect.
        servers: behind it.
        is_tcp: whether it passes TLS on untouched.
        connect: that a connection to a server may take; ``None`` without a limit.
        pass_on: see there.
        idle: after which a connection without any data is closed; ``None`` without a limit.
        server_keepalive: after which a connection to a host that is gone ends; ``None`` without TCP keepalive.
        stop_after: a reload after which open connections are cut; ``None`` where they never are.
        learners: processes of which each finds out by itself what fails; 1 where they share what they know, or their number is not known.
        shares_state: whether all its processes know what one has learned of a server.
    """

    program: str
    name: str
    where: str
    listeners: tuple[Listener, ...]
    servers: tuple[Server, ...]
    is_tcp: bool
    connect: Setting | None
    pass_on: PassOn
    idle: Setting | None
    server_keepalive: Setting | None
    stop_after: Setting | None
    learners: int = 1
    shares_state: bool = True

    @property
    def used(self) -> tuple[Server, ...]:
        """The servers that are used while all are healthy."""
        return tuple(server for server in self.servers if not server.is_backup) or self.servers


@dataclasses.dataclass(frozen=True)
class NotUnderstood:
    """Something in a configuration that may matter and is left out of the predictions.

    Attributes:
        where: file and line.
        what: the keyword, without its values: these may be secrets.
    """

    where: str
    what: str


def shown(value: float) -> str:
    """A number for the reader."""
    return f"{round(value, 2):g}"


__all__ = (
    "Balancer",
    "Check",
    "CheckKind",
    "Listener",
    "NotUnderstood",
    "PassOn",
    "Passive",
    "Server",
    "SessionEnd",
    "Setting",
    "shown",
)
