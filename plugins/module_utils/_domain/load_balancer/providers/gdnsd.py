# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gdnsd: the inputs of the role apiserver_dns, and what they mean."""

from __future__ import annotations

import dataclasses
import ipaddress
import posixpath
import typing as t

from ...base.address import canonical_ip
from ...base.endpoint_input import parse_endpoint
from ...base.errors import InvalidInput
from ...base.role_inputs import RoleInputs
from ...host.firewall import TCP, UDP
from ...host.selinux import Needs
from .. import gdnsd_files
from ..provider import Reading
from . import shared_inputs
from .asking_api_servers import AskingApiServers
from .shared_inputs import Probe, Server

if t.TYPE_CHECKING:
    from ..report import DnsListener

ROLE = "apiserver_dns"

_LONGEST_TTL = 60
_EVERY_ADDRESS = ("*", "0.0.0.0", "::")  # noqa: S104 (nothing is bound)


@dataclasses.dataclass(frozen=True)
class NameServer:
    """A host that answers."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class Gdnsd(AskingApiServers):
    """gdnsd as the role's inputs want it. The fields are the role's variables, without its name; ``probe`` has several.

    ``python`` is the interpreter of the host for what keeps the answers. ``listen`` is never empty where everything could be read.
    """

    python: str
    endpoint: str
    servers: tuple[NameServer, ...]
    backends: tuple[Server, ...]
    listen_addresses: tuple[str, ...]
    ttl: int
    ca_certificate: str
    probe: Probe
    manage_firewall: bool
    replace_configuration: bool

    name: t.ClassVar[str] = "gdnsd"
    role: t.ClassVar[str] = ROLE
    transports: t.ClassVar[tuple[str, ...]] = (UDP, TCP)

    @property
    def zone(self) -> str:
        """The name that is answered, and nothing above it."""
        return self.endpoint.rpartition(":")[0].lower()

    @property
    def values(self) -> t.Mapping[str, t.Any]:
        """Of the role's templates."""
        arguments = [f"--server={server.target}" for server in self.backends]
        if self.certificate is not None:
            arguments.append(f"--certificate={gdnsd_files.PROBE_CERTIFICATE}")
        return {
            "marker": gdnsd_files.MARKER,
            "zone": self.zone,
            "listen": ", ".join(f'"{address}"' for address in self.listen_addresses),
            "ttl": self.ttl,
            "servers": [
                {"label": f"ns{number}", "type": "AAAA" if ":" in server.address else "A", "address": server.address}
                for number, server in enumerate(self.servers, 1)
            ],
            "configuration": gdnsd_files.CONFIGURATION,
            "loaded": gdnsd_files.LOADED,
            "loaded_directory": gdnsd_files.LOADED.split("/")[2],
            "answers": gdnsd_files.ANSWERS,
            "state_directory": posixpath.basename(posixpath.dirname(gdnsd_files.ANSWERS)),
            "watcher": gdnsd_files.WATCHER,
            "watcher_service": gdnsd_files.WATCHER_SERVICE,
            "python": self.python,
            "ca": gdnsd_files.CA,
            "arguments": " ".join(arguments),
        }

    @property
    def listen(self) -> tuple[int, ...]:
        """The port of DNS."""
        return (gdnsd_files.PORT,)

    @property
    def open(self) -> tuple[int, ...]:
        """The same."""
        return self.listen

    def selinux(
        self, ports: t.Sequence[tuple[str, int, int]], booleans: t.Mapping[str, bool], modules: t.Collection[str]
    ) -> Needs:
        """Nothing: no policy that we found confines gdnsd."""
        del ports, booleans, modules
        return Needs()

    @property
    def local_endpoint(self) -> str:
        """The endpoint itself: nobody connects through a name server."""
        return self.endpoint


#: The names of the role's variables that are read, without the role's.
VARIABLES = (
    *(
        "listen" if field.name == "listen_addresses" else field.name
        for field in dataclasses.fields(Gdnsd)
        if field.name not in ("python", "probe")
    ),
    *shared_inputs.PROBE_VARIABLES,
)


def parse(
    host: str, values: t.Mapping[str, t.Any], *, listeners: t.Sequence[DnsListener] = (), python: str = ""
) -> Reading:
    """The role's inputs, with every reason why it cannot work with them.

    Args:
        host: the host's inventory name.
        values: of the role's variables, by :data:`VARIABLES`.
        listeners: who has port 53 on the host.
        python: the interpreter of the host, empty for the usual one.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(ROLE, host, values, VARIABLES)
    servers = _servers(inputs)
    listen = _listen(inputs, servers)
    provider = Gdnsd(
        python=python or "/usr/bin/python3",
        endpoint=_endpoint(inputs),
        servers=servers,
        backends=shared_inputs.backends(inputs),
        listen_addresses=listen,
        ttl=_ttl(inputs),
        ca_certificate=shared_inputs.ca_certificate(inputs),
        probe=shared_inputs.probe(inputs),
        manage_firewall=inputs.boolean("manage_firewall"),
        replace_configuration=inputs.boolean("replace_configuration"),
    )
    _check_backends(inputs, provider)
    _check_listeners(inputs, listen, listeners)
    unmet = tuple(shared_inputs.unmet(inputs))
    return Reading(provider, tuple(inputs.problems), unmet, is_complete=not inputs.unreadable)


def _endpoint(inputs: RoleInputs) -> str:
    text = inputs.text("endpoint")
    try:
        endpoint = parse_endpoint(text)
    except InvalidInput as error:
        inputs.object_to("endpoint", f"apiserver_dns_endpoint of {inputs.host}: {error.message}", unreadable=True)
        return ""
    if endpoint.san.kind != "dns":
        inputs.object_to(
            "endpoint",
            f"apiserver_dns_endpoint of {inputs.host} is {text!r}, an address: DNS answers names only, so set kubeadm_ha_endpoint to a "
            "name that is delegated to these hosts, such as k8s.example.org:6443.",
            unreadable=True,
        )
    return str(endpoint)


def _servers(inputs: RoleInputs) -> tuple[NameServer, ...]:
    given = inputs.raw("servers")
    items = [item for item in given if isinstance(item, t.Mapping)] if isinstance(given, (list, tuple)) else []
    servers = [NameServer(str(item.get("name") or ""), _own_address(str(item.get("address") or ""))) for item in items]
    names, addresses = [server.name for server in servers], [server.address for server in servers]
    is_wrong = not all(names + addresses) or len(set(names)) != len(names) or len(set(addresses)) != len(addresses)
    if is_wrong or inputs.host not in names:
        listed = ", ".join(f"{server.name or '?'} {server.address or '?'}" for server in servers) or "nothing"
        inputs.object_to(
            "servers",
            f"apiserver_dns_servers of {inputs.host} has to list every host that answers once, {inputs.host} too, each with its name in "
            f"the inventory and its own IP address; it lists: {listed}.",
            unreadable=True,
        )
        return ()
    return tuple(servers)


def _listen(inputs: RoleInputs, servers: t.Sequence[NameServer]) -> tuple[str, ...]:
    given = inputs.raw("listen") or [server.address for server in servers if server.name == inputs.host]
    texts = [given] if isinstance(given, str) else [str(item) for item in given]
    addresses = tuple(_own_address(text) for text in texts)
    if not all(addresses):
        inputs.object_to(
            "listen",
            f"apiserver_dns_listen of {inputs.host} is {', '.join(texts)}: give IP addresses of this host, each by itself.",
            unreadable=True,
        )
    return addresses


def _own_address(text: str) -> str:
    """The address in its usual form, empty for what clients on other hosts could not reach."""
    address = canonical_ip(text)
    if address is None:
        return ""
    parsed = ipaddress.ip_address(address)
    return "" if parsed.is_unspecified or parsed.is_multicast or parsed.is_loopback else address


def _ttl(inputs: RoleInputs) -> int:
    ttl = inputs.number("ttl")
    if "ttl" not in inputs.unreadable and not 1 <= ttl <= _LONGEST_TTL:
        inputs.object_to(
            "ttl",
            f"apiserver_dns_ttl of {inputs.host} is {ttl}: give 1 to {_LONGEST_TTL} seconds; resolvers keep an API server that is gone "
            "for that long.",
            unreadable=True,
        )
    return ttl


def _check_backends(inputs: RoleInputs, provider: Gdnsd) -> None:
    """Addresses alone can be answered, and no port."""
    port = provider.endpoint.rpartition(":")[2]
    named = [server for server in provider.backends if canonical_ip(server.address) is None]
    elsewhere = [server for server in provider.backends if str(server.port) != port]
    if named:
        inputs.object_to(
            "backends",
            f"apiserver_dns_backends has for {named[0].name} the address {named[0].address!r}: give its IP address, which is what is "
            "answered.",
            unreadable=True,
        )
    if elsewhere and port:
        inputs.object_to(
            "endpoint",
            f"kubeadm_ha_endpoint has the port {port}, but the API server of {elsewhere[0].name} has {elsewhere[0].port}: DNS leads to "
            f"addresses and no ports, so give the endpoint the port {elsewhere[0].port}, which every API server then has to have.",
        )


def _check_listeners(inputs: RoleInputs, listen: t.Sequence[str], listeners: t.Sequence[DnsListener]) -> None:
    for item in listeners:
        if item.held_by != "gdnsd" and item.bound_to in (*_EVERY_ADDRESS, *listen):
            inputs.object_to(
                "listen",
                f"{item.held_by or 'Another program'} on {inputs.host} listens on port 53 of {item.bound_to} already (ss -lntup shows it), "
                f"where gdnsd is to answer: let it listen on other addresses, give this host another one in apiserver_dns_listen, or let "
                "another host answer.",
            )
            return


__all__ = ("ROLE", "VARIABLES", "Gdnsd", "NameServer", "parse")
