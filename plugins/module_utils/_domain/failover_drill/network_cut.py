# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections a cut of a host's network ends: those of its API server and its member of etcd, by their flags.

What others send to their ports is dropped, and the answers; so is what the member says to its peers, whose connections go in both directions, and
on a host without a member what the API server says to etcd. Everything else of the host goes on, SSH and its way to the endpoint among it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint, is_loopback
from ..base.errors import InvalidInput
from ..base.etcd_url import EtcdUrl, urls_of
from ..component.secure_port import port_of
from .event import API_SERVER, ETCD

if t.TYPE_CHECKING:
    from .instance import Instance

#: Never dropped.
SSH_PORT = 22
_LARGEST_PORT = 65535
#: etcd's defaults.
_CLIENT_URL, _PEER_URL = "http://localhost:2379", "http://localhost:2380"
_CLIENT_FLAGS = ("listen-client-urls", "advertise-client-urls")
_PEER_FLAGS = ("listen-peer-urls", "initial-advertise-peer-urls")


@dataclasses.dataclass(frozen=True)
class Cut:
    """What is dropped, in both directions.

    Attributes:
        served: ports of this host to which others connect.
        asked: ports of others to which this host connects.
    """

    served: tuple[int, ...]
    asked: tuple[int, ...]


def of_instances(instances: t.Iterable[Instance]) -> Cut:
    """What is dropped when these are cut off.

    Args:
        instances: of a host; those of other components have no ports that count.

    Raises:
        InvalidInput: when a flag cannot be read, or the port of SSH would be dropped.
    """
    found = {instance.component: instance.arguments for instance in instances}
    served, asked = [], []
    if API_SERVER in found:
        served.append(port_of(found[API_SERVER]))
    if ETCD in found:
        peers = _ports(ETCD, found[ETCD], _PEER_FLAGS) or [_port(ETCD, _PEER_URL)]
        clients = _ports(ETCD, found[ETCD], _CLIENT_FLAGS) or [_port(ETCD, _CLIENT_URL)]
        members = [_port(ETCD, item.partition("=")[2]) for item in _items(found[ETCD].get("initial-cluster", ""))]
        served += [*clients, *peers]
        asked += [*peers, *members]
    elif API_SERVER in found:
        asked += _ports(API_SERVER, found[API_SERVER], ("etcd-servers",))
    if SSH_PORT in (*served, *asked):
        raise InvalidInput(f"port {SSH_PORT} would be cut, which is SSH's")
    return Cut(tuple(sorted({*served})), tuple(sorted({*asked})))


def goes_on(
    api_server: t.Mapping[str, str],
    etcd: t.Mapping[str, str] | None,
    servers: t.Mapping[str, t.Sequence[str]],
    is_own: t.Callable[[str], bool],
) -> str:
    """What of a control plane would go on when it is cut off, as a clause; empty when nothing would.

    Args:
        api_server: flags of its API server.
        etcd: flags of its member of etcd; ``None`` without one.
        servers: API servers that each controller asks, by its kubeconfig.
        is_own: whether a host of an URL is this host, besides loopback.
    """

    def leads_here(host: str) -> bool:
        return is_loopback(host) or is_own(host)

    if etcd is not None:
        urls = _items(api_server.get("etcd-servers", ""))
        others = [url for url in urls if not leads_here(_parsed(API_SERVER, url).host)]
        if others:
            return f"its API server asks members of etcd on other hosts, too ({', '.join(others)})"
    port = port_of(api_server)
    for component, named in servers.items():
        for server in named:
            endpoint = Endpoint.parse(server)
            if endpoint.port != port or not leads_here(endpoint.host):
                return f"its {component} asks {endpoint} and not the API server beside it"
    return ""


def _ports(component: str, flags: t.Mapping[str, str], names: t.Sequence[str]) -> list[int]:
    return [_port(component, url) for name in names for url in _items(flags.get(name, ""))]


def _port(component: str, url: str) -> int:
    port = _parsed(component, url).port
    if port is None or not 0 < port <= _LARGEST_PORT:
        raise InvalidInput(f"{component} has an URL whose port is none ({url})")
    return port


def _parsed(component: str, url: str) -> EtcdUrl:
    found = EtcdUrl.parse(url)
    if found is None or found.port is None:
        raise InvalidInput(f"{component} has an URL without a port ({url})")
    return found


def _items(text: str) -> list[str]:
    """Those of a list with commas; a socket of the host itself has no port."""
    return [item for item in urls_of(text) if not item.startswith("unix")]


__all__ = ("SSH_PORT", "Cut", "goes_on", "of_instances")
