# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx: the inputs of the role apiserver_nginx, and what they mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...base.role_inputs import RoleInputs
from ...host.selinux import Needs, type_of
from .. import nginx_files
from ..provider import Reading
from . import shared_inputs
from .asking_api_servers import AskingApiServers
from .shared_inputs import HTTPS, TCP, Probe, Server, with_port

ROLE = "apiserver_nginx"

#: What nginx and its watcher are given to name a server: it stands in a configuration and on a command line.
_ADDRESS = re.compile(r"[A-Za-z0-9.:_-]+")
#: A time of nginx with its unit (https://nginx.org/en/docs/syntax.html).
_TIME = re.compile(r"([1-9][0-9]*)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TIMES = ("connect_timeout", "check_timeout", "check_interval", "fail_timeout", "hard_stop_after")
#: The unit lets nginx open 65536 files: two for each connection, and its logs and listeners.
_MOST_CONNECTIONS = 30000
_HTTP = "http_port_t"
_CONNECT = "httpd_can_network_connect"
#: Port types of ports that belong to no service: these may be given a type of their own.
_GENERIC = frozenset({"", "port_t", "unreserved_port_t", "ephemeral_port_t"})


@dataclasses.dataclass(frozen=True)
class Nginx(AskingApiServers):
    """nginx as the role's inputs want it. The fields are the role's variables, without its name; ``probe`` has several.

    ``stream_module`` is the file that nginx loads for TCP, empty where it has that built in; ``python`` the interpreter for the watcher.
    Both are of the host.
    """

    stream_module: str
    python: str
    endpoint: str
    bind_address: str
    bind_port: int
    backends: tuple[Server, ...]
    ca_certificate: str
    check: str
    connect_timeout: str
    check_timeout: str
    check_interval: str
    max_fails: int
    fail_timeout: str
    probe: Probe
    manage_firewall: bool
    maxconn: int
    hard_stop_after: str

    name: t.ClassVar[str] = "nginx"
    role: t.ClassVar[str] = ROLE
    transports: t.ClassVar[tuple[str, ...]] = ("tcp",)
    #: It has a file of its own.
    replace_configuration: t.ClassVar[bool] = True

    @property
    def values(self) -> t.Mapping[str, t.Any]:
        """Of the role's templates. A part that may be missing is a list of none or one."""
        every_address = f"[::]:{self.bind_port} ipv6only=off"
        return {
            "marker": nginx_files.MARKER,
            "program": nginx_files.PROGRAM,
            "configuration": nginx_files.CONFIGURATION,
            "runtime_directory": nginx_files.RUNTIME_DIRECTORY,
            "runtime_name": nginx_files.RUNTIME_DIRECTORY.rpartition("/")[2],
            "status_socket": nginx_files.STATUS_SOCKET,
            "load_modules": [self.stream_module] if self.stream_module else [],
            # One to the client and one to the API server; and the status page.
            "worker_connections": 2 * self.maxconn + 64,
            "hard_stop_after": self.hard_stop_after,
            "connect_timeout": self.connect_timeout,
            "max_fails": self.max_fails,
            "fail_timeout": self.fail_timeout,
            "bind": with_port(self.bind_address, self.bind_port) if self.bind_address else every_address,
            "servers": [{"name": server.name, "target": server.target} for server in self.backends],
            "watcher": nginx_files.WATCHER,
            "python": self.python,
            "ca": nginx_files.CA,
            "check": self.check,
            "check_timeout": f"{seconds(self.check_timeout):g}",
            "check_interval": f"{seconds(self.check_interval):g}",
            "client_certificates": [nginx_files.PROBE_CERTIFICATE] if self.probe.is_presented else [],
        }

    @property
    def listen(self) -> tuple[int, ...]:
        """The endpoint's port."""
        return (self.bind_port,) if self.bind_port else ()

    @property
    def open(self) -> tuple[int, ...]:
        """The same."""
        return self.listen

    def selinux(
        self, ports: t.Sequence[tuple[str, int, int]], booleans: t.Mapping[str, bool], modules: t.Collection[str]
    ) -> Needs:
        """What lets a web server listen on the endpoint's port and connect to those of the API servers.

        The policies of RHEL and of the reference both know the boolean and the type; without the boolean nginx is not confined.
        """
        del modules
        if _CONNECT not in booleans:
            return Needs()
        kinds = {port: type_of(port, ports) for port in self.listen}
        labels = {port: (kind, _HTTP) for port, kind in kinds.items() if kind in _GENERIC}
        return Needs(labels=labels, booleans=() if booleans[_CONNECT] else (_CONNECT,))

    @property
    def local_endpoint(self) -> str:
        """``address:port`` where its own host reaches the API servers through it."""
        return shared_inputs.local(self.bind_address, self.bind_port)


#: The names of the role's variables that are read, without the role's.
VARIABLES = (
    *(field.name for field in dataclasses.fields(Nginx) if field.name not in ("stream_module", "python", "probe")),
    *shared_inputs.PROBE_VARIABLES,
)


def parse(
    host: str, values: t.Mapping[str, t.Any], *, has_ipv6: bool, stream_module: str = "", python: str = ""
) -> Reading:
    """The role's inputs, with every reason why it cannot work with them.

    Args:
        host: the host's inventory name.
        values: of the role's variables, by :data:`VARIABLES`.
        has_ipv6: whether the host's kernel has IPv6.
        stream_module: what nginx loads for TCP.
        python: the interpreter of the host, empty for the usual one.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(ROLE, host, values, VARIABLES)
    check = inputs.choice("check", (HTTPS, TCP))
    provider = Nginx(
        stream_module=stream_module,
        python=python or "/usr/bin/python3",
        endpoint=inputs.text("endpoint"),
        bind_address=inputs.text("bind_address"),
        bind_port=shared_inputs.bind_port(inputs),
        backends=shared_inputs.backends(inputs),
        ca_certificate=shared_inputs.ca_certificate(inputs),
        check=check,
        **{name: _time(inputs, name) for name in _TIMES},
        max_fails=inputs.number("max_fails"),
        probe=shared_inputs.probe(inputs, may_present=check == HTTPS),
        manage_firewall=inputs.boolean("manage_firewall"),
        maxconn=inputs.number("maxconn"),
    )
    shared_inputs.check_bind_address(inputs, has_ipv6=has_ipv6)
    _check_addresses(inputs, provider)
    if "maxconn" not in inputs.unreadable and not 1 <= provider.maxconn <= _MOST_CONNECTIONS:
        inputs.object_to(
            "maxconn",
            f"apiserver_nginx_maxconn of {host} is {provider.maxconn}: give a number from 1 to {_MOST_CONNECTIONS}.",
            unreadable=True,
        )
    unmet = tuple(shared_inputs.unmet(inputs))
    return Reading(provider, tuple(inputs.problems), unmet, is_complete=not inputs.unreadable)


def seconds(text: str) -> float:
    """Seconds of a time of nginx, 0 for anything else."""
    found = _TIME.fullmatch(text)
    return int(found.group(1)) * _SECONDS[found.group(2)] if found else 0.0


def _time(inputs: RoleInputs, name: str) -> str:
    text = inputs.text(name)
    if not _TIME.fullmatch(text):
        inputs.object_to(
            name,
            f"{inputs.variable(name)} of {inputs.host} is {text!r}, not a time of nginx: a number with its unit, for example "
            "500ms or 2s.",
            unreadable=True,
        )
    return text


def _check_addresses(inputs: RoleInputs, provider: Nginx) -> None:
    addresses = [provider.bind_address, *(server.address for server in provider.backends)]
    wrong = [address for address in addresses if address and not _ADDRESS.fullmatch(address)]
    if wrong:
        variable = "bind_address" if wrong[0] == provider.bind_address else "backends"
        inputs.object_to(
            variable,
            f"{inputs.variable(variable)} of {inputs.host} has the address {wrong[0]!r}: give an IP address without brackets"
            f"{'' if variable == 'bind_address' else ', or a name that the host can resolve'}.",
            unreadable=True,
        )


__all__ = ("HTTPS", "ROLE", "TCP", "VARIABLES", "Nginx", "Server", "parse", "seconds")
