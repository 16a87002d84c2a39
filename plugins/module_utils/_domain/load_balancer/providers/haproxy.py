# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy: the inputs of the role apiserver_haproxy, and what they mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...base.endpoint_input import parse_endpoint
from ...base.errors import InvalidInput
from ...base.role_inputs import RoleInputs, is_port
from .. import haproxy_files
from ..provider import ClientCertificate, Reading
from . import haproxy_selinux

if t.TYPE_CHECKING:
    from ...host.selinux import Needs

ROLE = "apiserver_haproxy"
HTTPS, TCP = "https", "tcp"

#: Port of an API server for which none is given.
_DEFAULT_PORT = 6443
#: Where the host itself reaches what listens on every address.
_LOCAL = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound)
#: What haproxy takes for the name of a server.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
#: A time of haproxy with its unit (https://docs.haproxy.org/2.6/configuration.html#2.5).
_TIME = re.compile(r"[1-9][0-9]*(us|ms|s|m|h|d)")
_TIMES = ("connect_timeout", "check_timeout", "check_interval", "check_fast_interval")
_PORT_AT_THE_END = re.compile(r"(?:^|:)([0-9]+)$")


@dataclasses.dataclass(frozen=True)
class Server:
    """An API server."""

    name: str
    address: str
    port: int

    @property
    def target(self) -> str:
        """``address:port``."""
        return _with_port(self.address, self.port)


@dataclasses.dataclass(frozen=True)
class Haproxy:
    """haproxy as the role's inputs want it. The fields are the role's variables, without its name."""

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
    probe_certificate: bool
    probe_signer: str
    probe_common_name: str
    probe_valid_days: int
    probe_renew_days: int
    manage_firewall: bool
    metrics_bind: str
    maxconn: int
    hard_stop_after: str
    stats_socket: str
    replace_configuration: bool

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
            "bind": _with_port(self.bind_address, self.bind_port) if self.bind_address else every_address,
            "servers": [{"name": server.name, "dialled": server.target} for server in self.backends],
            "readiness_paths": ["/readyz"] if self.check == HTTPS else [],
            "client_certificates": [haproxy_files.PROBE_CERTIFICATE] if self.presents else [],
            "metrics_binds": [self.metrics_bind] if self.metrics_bind else [],
        }

    @property
    def loads(self) -> tuple[str, ...]:
        """The CA's certificate."""
        return (self.ca_certificate,)

    @property
    def listen(self) -> tuple[int, ...]:
        """The endpoint's port and that of the metrics."""
        metrics = _PORT_AT_THE_END.search(self.metrics_bind)
        return (*self.open, *((int(metrics.group(1)),) if metrics else ()))

    @property
    def open(self) -> tuple[int, ...]:
        """The endpoint's port."""
        return (self.bind_port,) if self.bind_port else ()

    @property
    def connect(self) -> tuple[int, ...]:
        """The ports of the API servers, in their order."""
        return tuple(server.port for server in self.backends)

    def selinux(
        self, ports: t.Sequence[tuple[str, int, int]], booleans: t.Mapping[str, bool], modules: t.Collection[str]
    ) -> Needs:
        """What lets haproxy listen on its ports and connect to those of the API servers."""
        return haproxy_selinux.needs(ports, booleans, modules, listen=self.listen, connect=self.connect)

    @property
    def local_endpoint(self) -> str:
        """``address:port`` where its own host reaches the API servers through it."""
        return _with_port(_LOCAL.get(self.bind_address, self.bind_address), self.bind_port)

    @property
    def presents(self) -> bool:
        """Whether the checks present a client certificate: one that only connects needs none."""
        return self.probe_certificate and self.check == HTTPS

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate that its checks present, if they do."""
        if not self.presents:
            return None
        return ClientCertificate(self.probe_common_name, self.probe_renew_days, self.ca_certificate)


#: The names of the role's variables that are read, without the role's.
VARIABLES = tuple(field.name for field in dataclasses.fields(Haproxy))


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
    provider = Haproxy(
        endpoint=inputs.text("endpoint"),
        bind_port=_bind_port(inputs),
        backends=_backends(inputs),
        ca_certificate=_ca_certificate(inputs),
        check=inputs.choice("check", (HTTPS, TCP)),
        probe_certificate=inputs.boolean("probe_certificate"),
        probe_signer=inputs.text("probe_signer"),
        probe_common_name=inputs.text("probe_common_name"),
        probe_valid_days=inputs.number("probe_valid_days"),
        probe_renew_days=inputs.number("probe_renew_days"),
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
    _check_probe(inputs, provider)
    if not provider.bind_address and not has_ipv6:
        inputs.object_to(
            "bind_address",
            f"The kernel of {host} has no IPv6: set apiserver_haproxy_bind_address to 0.0.0.0 for this host.",
        )
    _check_times(inputs)
    return Reading(provider, tuple(inputs.problems), is_complete=not inputs.unreadable)


def _bind_port(inputs: RoleInputs) -> int:
    port, endpoint = inputs.text("bind_port"), inputs.text("endpoint")
    if not is_port(port):
        inputs.object_to(
            "bind_port",
            f"apiserver_haproxy_bind_port of {inputs.host} is {port!r}, not a port. It comes from kubeadm_ha_endpoint "
            f"({endpoint!r}), which has to read host:port.",
            unreadable=True,
        )
        return 0
    try:
        parse_endpoint(endpoint, may_be_local=True)
    except InvalidInput as error:
        inputs.object_to("endpoint", f"apiserver_haproxy_endpoint of {inputs.host}: {error.message}")
    return int(port)


def _backends(inputs: RoleInputs) -> tuple[Server, ...]:
    given = inputs.raw("backends")
    items = [item for item in given if isinstance(item, t.Mapping)] if isinstance(given, (list, tuple)) else []
    names = [str(item.get("name", "")) for item in items]
    if not names or len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        inputs.object_to(
            "backends",
            "apiserver_haproxy_backends has to list every control plane once, each with a name of letters, digits, '.', "
            f"'_' and '-'; it lists: {', '.join(names) or 'nothing'}.",
            unreadable=True,
        )
        return ()
    servers = []
    for name, item in zip(names, items):
        address, port = str(item.get("address") or ""), str(item.get("port", _DEFAULT_PORT))
        if not address or not is_port(port):
            inputs.object_to(
                "backends",
                f"apiserver_haproxy_backends has for {name} the address {address!r} and the port {port!r}: give an IP address "
                "or a name that the host can resolve, and a number from 1 to 65535.",
                unreadable=True,
            )
        else:
            servers.append(Server(name, address, int(port)))
    return tuple(servers)


def _ca_certificate(inputs: RoleInputs) -> str:
    text = inputs.text("ca_certificate")
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        inputs.object_to(
            "ca_certificate",
            "apiserver_haproxy_ca_certificate has to be the PEM text of the cluster's CA certificate (the content of "
            "/etc/kubernetes/pki/ca.crt on a control plane), without any key.",
        )
    return text.strip() + "\n"


def _check_probe(inputs: RoleInputs, provider: Haproxy) -> None:
    if provider.presents and not provider.probe_signer:
        inputs.object_to(
            "probe_signer",
            "apiserver_haproxy_probe_certificate needs apiserver_haproxy_probe_signer: the inventory name of a control "
            "plane that has the cluster's CA key.",
        )
    renew, valid = provider.probe_renew_days, provider.probe_valid_days
    if renew >= valid and not inputs.unreadable & {"probe_renew_days", "probe_valid_days"}:
        inputs.object_to(
            "probe_renew_days",
            f"apiserver_haproxy_probe_renew_days ({renew}) has to be less than apiserver_haproxy_probe_valid_days "
            f"({valid}): each run would renew the certificate.",
        )


def _check_times(inputs: RoleInputs) -> None:
    for name in _TIMES:
        value = inputs.text(name)
        if not _TIME.fullmatch(value):
            inputs.object_to(
                name,
                f"{inputs.variable(name)} of {inputs.host} is {value!r}, not a time of haproxy: a number "
                "with its unit, for example 500ms or 2s.",
            )


def _with_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


__all__ = ("HTTPS", "ROLE", "TCP", "VARIABLES", "Haproxy", "Server", "parse")
