# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy: the inputs of the role apiserver_haproxy, and what they mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...base.role_inputs import RoleInputs
from .. import haproxy_files
from ..provider import Reading
from . import haproxy_selinux, shared_inputs
from .asking_api_servers import AskingApiServers
from .shared_inputs import HTTPS, TCP, Probe, Server, with_port

if t.TYPE_CHECKING:
    from ...host.selinux import Needs

ROLE = "apiserver_haproxy"
#: A time of haproxy with its unit (https://docs.haproxy.org/2.6/configuration.html#2.5).
_TIME = re.compile(r"[1-9][0-9]*(us|ms|s|m|h|d)")
_TIMES = ("connect_timeout", "check_timeout", "check_interval", "check_fast_interval")
_PORT_AT_THE_END = re.compile(r"(?:^|:)([0-9]+)$")


@dataclasses.dataclass(frozen=True)
class Haproxy(AskingApiServers):
    """haproxy as the role's inputs want it. The fields are the role's variables, without its name; ``probe`` has several."""

    endpoint: str
    bind_address: str
    bind_port: int
    backends: tuple[Server, ...]
    ca_certificate: str
    check: str
    connect_timeout: str
    check_timeout: str
    check_interval: str
    check_fast_interval: str
    probe: Probe
    manage_firewall: bool
    metrics_bind: str
    maxconn: int
    hard_stop_after: str
    stats_socket: str
    replace_configuration: bool

    name: t.ClassVar[str] = "haproxy"
    role: t.ClassVar[str] = ROLE
    transports: t.ClassVar[tuple[str, ...]] = ("tcp",)

    @property
    def values(self) -> t.Mapping[str, t.Any]:
        """Of ``haproxy.cfg.j2``. A part that may be missing is a list of none or one."""
        every_address = f":::{self.bind_port} v4v6"
        return {
            "marker": haproxy_files.MARKER,
            "state_directory": haproxy_files.STATE_DIRECTORY,
            "status_socket": haproxy_files.STATUS_SOCKET,
            "stats_socket": self.stats_socket,
            "lua": haproxy_files.LUA,
            "ca": haproxy_files.CA,
            "maxconn": self.maxconn,
            "hard_stop_after": self.hard_stop_after,
            "connect_timeout": self.connect_timeout,
            "check_timeout": self.check_timeout,
            "check_interval": self.check_interval,
            "check_fast_interval": self.check_fast_interval,
            "bind": with_port(self.bind_address, self.bind_port) if self.bind_address else every_address,
            "servers": [{"name": server.name, "dialled": server.target} for server in self.backends],
            "readiness_paths": ["/readyz"] if self.check == HTTPS else [],
            "client_certificates": [haproxy_files.PROBE_CERTIFICATE] if self.probe.is_presented else [],
            "metrics_binds": [self.metrics_bind] if self.metrics_bind else [],
        }

    @property
    def listen(self) -> tuple[int, ...]:
        """The endpoint's port and that of the metrics."""
        metrics = _PORT_AT_THE_END.search(self.metrics_bind)
        return (*self.open, *((int(metrics.group(1)),) if metrics else ()))

    @property
    def open(self) -> tuple[int, ...]:
        """The endpoint's port."""
        return (self.bind_port,) if self.bind_port else ()

    def selinux(
        self, ports: t.Sequence[tuple[str, int, int]], booleans: t.Mapping[str, bool], modules: t.Collection[str]
    ) -> Needs:
        """What lets haproxy listen on its ports and connect to those of the API servers."""
        return haproxy_selinux.needs(ports, booleans, modules, listen=self.listen, connect=self.connect)

    @property
    def local_endpoint(self) -> str:
        """``address:port`` where its own host reaches the API servers through it."""
        return shared_inputs.local(self.bind_address, self.bind_port)


#: The names of the role's variables that are read, without the role's.
VARIABLES = (
    *(field.name for field in dataclasses.fields(Haproxy) if field.name != "probe"),
    *shared_inputs.PROBE_VARIABLES,
)


def parse(host: str, values: t.Mapping[str, t.Any], *, has_ipv6: bool) -> Reading:
    """The role's inputs, with every reason why it cannot work with them.

    Args:
        host: the host's inventory name.
        values: of the role's variables, by :data:`VARIABLES`.
        has_ipv6: whether the host's kernel has IPv6.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(ROLE, host, values, VARIABLES)
    check = inputs.choice("check", (HTTPS, TCP))
    provider = Haproxy(
        endpoint=inputs.text("endpoint"),
        bind_port=shared_inputs.bind_port(inputs),
        backends=shared_inputs.backends(inputs),
        ca_certificate=shared_inputs.ca_certificate(inputs),
        check=check,
        probe=shared_inputs.probe(inputs, may_present=check == HTTPS),
        bind_address=inputs.text("bind_address"),
        connect_timeout=inputs.text("connect_timeout"),
        check_timeout=inputs.text("check_timeout"),
        check_interval=inputs.text("check_interval"),
        check_fast_interval=inputs.text("check_fast_interval"),
        manage_firewall=inputs.boolean("manage_firewall"),
        metrics_bind=inputs.text("metrics_bind"),
        maxconn=inputs.number("maxconn"),
        hard_stop_after=inputs.text("hard_stop_after"),
        stats_socket=inputs.text("stats_socket"),
        replace_configuration=inputs.boolean("replace_configuration"),
    )
    shared_inputs.check_bind_address(inputs, has_ipv6=has_ipv6)
    _check_times(inputs)
    unmet = tuple(shared_inputs.unmet(inputs))
    return Reading(provider, tuple(inputs.problems), unmet, is_complete=not inputs.unreadable)


def _check_times(inputs: RoleInputs) -> None:
    for name in _TIMES:
        value = inputs.text(name)
        if not _TIME.fullmatch(value):
            inputs.object_to(
                name,
                f"{inputs.variable(name)} of {inputs.host} is {value!r}, not a time of haproxy: a number "
                "with its unit, for example 500ms or 2s.",
            )


__all__ = ("HTTPS", "ROLE", "TCP", "VARIABLES", "Haproxy", "Server", "parse")
