# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived: the inputs of the role apiserver_keepalived, and what they mean."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ...base.problem import Problem
from ...base.role_inputs import RoleInputs, is_number, is_port
from ...host import firewall
from .. import haproxy_files, keepalived_files, nginx_files, vrrp

ROLE = "apiserver_keepalived"
HAPROXY, NGINX, API_SERVER = "haproxy", "nginx", "api_server"
#: Where a balancer says that it lives.
_STATUS_SOCKETS = {HAPROXY: haproxy_files.STATUS_SOCKET, NGINX: nginx_files.STATUS_SOCKET}

#: Priorities are as far apart as they can be: backups that wait for the same time would both take the address.
_HIGHEST, _SPREAD = 200, 150
_LONGEST_ADVERTISED = 1.0
_SHORTEST_ADVERTISED = 0.1

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclasses.dataclass(frozen=True)
class Peer:
    """A host that may hold the virtual IP."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class Keepalived:
    """keepalived as the role's inputs want it. The fields are the role's variables, without its name.

    ``host`` is the inventory name of the host itself. ``vip`` is the address alone, empty where it could not be read;
    ``router_id`` and ``priority`` are never empty. ``ca_certificate`` is empty with a balancer, and before the cluster has a CA.
    """

    host: str
    vip: str
    peers: tuple[Peer, ...]
    track: str
    router_id: int
    advert_interval: str
    priority: int
    interface: str
    api_port: int
    ca_certificate: str
    replace_configuration: bool
    manage_firewall: bool

    @property
    def own_address(self) -> str:
        """The host's address from which it advertises, empty where it is no peer."""
        return next((peer.address for peer in self.peers if peer.name == self.host), "")

    @property
    def others(self) -> tuple[str, ...]:
        """Addresses of the other hosts."""
        return tuple(peer.address for peer in self.peers if peer.name != self.host)

    @property
    def protocols(self) -> tuple[firewall.Protocol, ...]:
        """IP protocols that the other hosts, and nobody else, reach it by."""
        return (firewall.Protocol("vrrp", self.others),) if self.others else ()

    def values(self, interface: str, python: str) -> t.Mapping[str, t.Any]:
        """Of the role's templates. A part that may be missing is a list of none or one. JSON-compatible.

        Args:
            interface: that gets the virtual IP.
            python: the interpreter for the watcher.
        """
        is_balancer = self.track != API_SERVER
        target = (
            f"[{self.own_address}]:{self.api_port}"
            if ":" in self.own_address
            else f"{self.own_address}:{self.api_port}"
        )
        return {
            "marker": keepalived_files.MARKER,
            "host": self.host,
            "script_user": keepalived_files.SCRIPT_USER,
            "health": keepalived_files.HEALTH,
            "configuration": keepalived_files.CONFIGURATION,
            "loaded": keepalived_files.LOADED,
            "loaded_directory": keepalived_files.LOADED.split("/")[2],
            "health_directory": keepalived_files.HEALTH.split("/")[2],
            "watcher": keepalived_files.WATCHER,
            "watcher_service": keepalived_files.WATCHER_SERVICE,
            "python": python,
            "interface": interface,
            "router_id": self.router_id,
            "priority": self.priority,
            "advert_interval": self.advert_interval,
            "virtual_address": f"{self.vip}/{128 if ':' in self.vip else 32}",
            # Without peers keepalived takes no unicast source.
            "unicast": [{"source": self.own_address, "peers": list(self.others)}] if self.others else [],
            # The socket is root's, who needs no capability for it.
            "users": [] if is_balancer else [keepalived_files.SCRIPT_USER],
            "address_families": "AF_UNIX" if is_balancer else "AF_INET AF_INET6",
            "private_networks": ["yes"] if is_balancer else [],
            "asked": (
                f"--socket={_STATUS_SOCKETS[self.track]}"
                if is_balancer
                else f"--server={target} --ca={keepalived_files.CA}"
            ),
        }


#: The names of the role's variables that are read, without the role's.
VARIABLES = tuple(field.name for field in dataclasses.fields(Keepalived) if field.name != "host")


@dataclasses.dataclass(frozen=True)
class Reading:
    """The inputs of the role as they were read.

    Attributes:
        provider: what they want, with a stand-in for each value that could not be read.
        problems: why the role cannot work with them.
        unmet: what it lacks before it can change anything, and what is made later in the run that asks: the cluster's CA.
        is_complete: whether there is no stand-in, so that a configuration can be made of it.
    """

    provider: Keepalived
    problems: tuple[Problem, ...]
    unmet: tuple[Problem, ...]
    is_complete: bool


def parse(host: str, values: t.Mapping[str, t.Any]) -> Reading:
    """The role's inputs, with every reason why it cannot work with them.

    Args:
        host: the host's inventory name.
        values: of the role's variables, by :data:`VARIABLES`.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(ROLE, host, values, VARIABLES)
    vip = _vip(inputs)
    peers = _peers(inputs, vip)
    track = inputs.choice("track", (HAPROXY, NGINX, API_SERVER))
    provider = Keepalived(
        host=host,
        vip=vip,
        peers=peers,
        track=track,
        router_id=_router_id(inputs, vip),
        advert_interval=_advert_interval(inputs),
        priority=_priority(inputs, peers),
        interface=inputs.text("interface"),
        api_port=_api_port(inputs),
        ca_certificate=_ca_certificate(inputs, track),
        replace_configuration=inputs.boolean("replace_configuration"),
        manage_firewall=inputs.boolean("manage_firewall"),
    )
    return Reading(provider, tuple(inputs.problems), tuple(_unmet(provider)), is_complete=not inputs.unreadable)


def parse_vip(text: str) -> Address | None:
    """The address of ``address`` or ``address/prefix``, ``None`` for what no host can have."""
    try:
        address = ipaddress.ip_interface(text.strip()).ip
    except ValueError:
        return None
    is_wrong = address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local
    return None if is_wrong else address


def _vip(inputs: RoleInputs) -> str:
    text = inputs.text("vip")
    address = parse_vip(text)
    if address is None:
        inputs.object_to(
            "vip",
            f"apiserver_keepalived_vip of {inputs.host} is {text!r}, not an address that a host can have: set kubeadm_ha_vip to a free "
            "address in the network of these hosts, such as 192.0.2.10/24 or 2001:db8::10/64.",
            unreadable=True,
        )
        return ""
    return str(address)


def _peers(inputs: RoleInputs, vip: str) -> tuple[Peer, ...]:
    given = inputs.raw("peers")
    items = [item for item in given if isinstance(item, t.Mapping)] if isinstance(given, (list, tuple)) else []
    peers = []
    for item in items:
        address = parse_vip(str(item.get("address") or ""))
        peers.append(Peer(str(item.get("name") or ""), str(address) if address else ""))
    listed = ", ".join(f"{peer.name or '?'} {peer.address or '?'}" for peer in peers) or "nothing"
    reason = _fault_of_peers(inputs.host, peers, vip)
    if reason:
        inputs.object_to(
            "peers",
            f"apiserver_keepalived_peers of {inputs.host} {reason}: list every host that may hold the virtual IP once, {inputs.host} "
            f"too, each with its name in the inventory and its own IP address; it lists: {listed}.",
            unreadable=True,
        )
        return ()
    return tuple(peers)


def _fault_of_peers(host: str, peers: t.Sequence[Peer], vip: str) -> str:
    names, addresses = [peer.name for peer in peers], [peer.address for peer in peers]
    if host not in names:
        return f"does not have {host}"
    if not all(names) or not all(addresses):
        return "has an entry without a name or an IP address"
    if len(set(names)) != len(names) or len(set(addresses)) != len(addresses):
        return "has a name or an address twice"
    if vip in addresses:
        return f"gives {names[addresses.index(vip)]} the virtual IP {vip} as its own address"
    if vip and any((":" in address) != (":" in vip) for address in addresses):
        family = "IPv6" if ":" in vip else "IPv4"
        return f"has addresses of another family than the virtual IP {vip}, which needs {family} addresses"
    return ""


def _router_id(inputs: RoleInputs, vip: str) -> int:
    text = inputs.text("router_id")
    if not text:
        return vrrp.router_id(vip) if vip else 0
    if is_number(text) and 1 <= int(text) <= 255:
        return int(text)
    inputs.object_to(
        "router_id",
        f"apiserver_keepalived_router_id of {inputs.host} is {text!r}: set kubeadm_ha_vrid to a number from 1 to 255 that no other "
        "virtual router in this network has, or leave it out.",
        unreadable=True,
    )
    return 0


def _advert_interval(inputs: RoleInputs) -> str:
    text = inputs.text("advert_interval")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if _SHORTEST_ADVERTISED <= seconds <= _LONGEST_ADVERTISED:
        # VRRP counts hundredths of a second.
        return f"{round(seconds, 2):g}"
    inputs.object_to(
        "advert_interval",
        f"apiserver_keepalived_advert_interval of {inputs.host} is {text!r}: give seconds from 0.1 to 1, such as 0.3; a dead holder is "
        "noticed after about four times that.",
        unreadable=True,
    )
    return "0"


def _priority(inputs: RoleInputs, peers: t.Sequence[Peer]) -> int:
    text = inputs.text("priority")
    if not text:
        order = [peer.name for peer in peers]
        return _HIGHEST - order.index(inputs.host) * max(1, _SPREAD // len(order)) if order else 0
    if is_number(text) and 1 <= int(text) <= 254:
        return int(text)
    inputs.object_to(
        "priority",
        f"apiserver_keepalived_priority of {inputs.host} is {text!r}: give a number from 1 to 254 that none of its peers has, or leave "
        "it empty, which takes the order of apiserver_keepalived_peers.",
        unreadable=True,
    )
    return 0


def _api_port(inputs: RoleInputs) -> int:
    text = inputs.text("api_port")
    if is_port(text):
        return int(text)
    inputs.object_to(
        "api_port",
        f"apiserver_keepalived_api_port of {inputs.host} is {text!r}, not a port. It comes from kubeadm_ha_endpoint, which has to read "
        "host:port.",
        unreadable=True,
    )
    return 0


def _ca_certificate(inputs: RoleInputs, track: str) -> str:
    text = inputs.text("ca_certificate").strip()
    if track == HAPROXY or not text:
        return ""
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        inputs.object_to(
            "ca_certificate",
            "apiserver_keepalived_ca_certificate has to be the PEM text of the cluster's CA certificate (the content of "
            "/etc/kubernetes/pki/ca.crt on a control plane), without any key, where apiserver_keepalived_track is api_server.",
            unreadable=True,
        )
    return f"{text}\n"


def _unmet(provider: Keepalived) -> t.Iterator[Problem]:
    """A new cluster has no CA yet when its plan is made; an API server cannot be verified without one."""
    if provider.track == API_SERVER and not provider.ca_certificate:
        yield Problem(
            f"{ROLE}_ca_certificate",
            f"apiserver_keepalived_ca_certificate of {provider.host} is empty: set it to the PEM text of the cluster's CA certificate "
            "(the content of /etc/kubernetes/pki/ca.crt on a control plane), because apiserver_keepalived_track is api_server.",
        )


__all__ = (
    "API_SERVER",
    "HAPROXY",
    "NGINX",
    "ROLE",
    "VARIABLES",
    "Address",
    "Keepalived",
    "Peer",
    "Reading",
    "parse",
    "parse_vip",
)
