# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan of a new cluster is built from."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ...base.address import DEFAULT_API_PORT, Endpoint, San
from ...base.errors import InvalidInput
from ..situation import api_servers
from .stage import AUTHORITIES

if t.TYPE_CHECKING:
    from ...base.role_decision import RoleDecision
    from ...external_etcd.decision import EtcdDecision
    from ...host.host import Host
    from ..desired import Desired
    from ..situation import ApiServer, Balancer
    from .stage import Stage

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Creation:
    """The hosts of a cluster that is to be made.

    Attributes:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        stage: how far it is.
        balancers: the load balancer hosts by inventory name.
        etcd: what the role external_etcd would change on each of its hosts.
        decisions: what each role that inspects its hosts before the plan would change there.
    """

    desired: Desired
    hosts: t.Mapping[str, Host]
    stage: Stage
    balancers: t.Mapping[str, Balancer] = dataclasses.field(default_factory=dict)
    decisions: t.Mapping[str, t.Mapping[str, RoleDecision]] = dataclasses.field(default_factory=dict)
    etcd: t.Mapping[str, EtcdDecision] = dataclasses.field(default_factory=dict)

    @property
    def first(self) -> Host:
        """The first control plane."""
        return self.hosts[self.stage.first]

    @property
    def has_authorities(self) -> bool:
        """Whether the cluster's certificate authorities are there."""
        return self.stage.name == AUTHORITIES

    @functools.cached_property
    def server(self) -> Endpoint:
        """What the API server of the first control plane will advertise."""
        return future_server(self.first, self.desired)

    @functools.cached_property
    def api_servers(self) -> tuple[ApiServer, ...]:
        """Every API server that there will be."""
        return api_servers(self.desired.control_planes, self.hosts, self.server)

    @functools.cached_property
    def sans(self) -> tuple[str, ...]:
        """SANs of every API server's certificate: the endpoint, and names and addresses of all control planes."""
        own = [text for server in self.api_servers for text in (server.name, server.address) if text]
        return _sorted({*self.desired.sans, *(San.parse(text) for text in own)})

    @functools.cached_property
    def etcd_sans(self) -> tuple[str, ...]:
        """SANs of the certificates of etcd on every control plane."""
        own = [text for server in self.api_servers for text in (server.name, server.address) if text]
        return _sorted({San.parse(text) for text in (*own, *_LOCAL)})

    @property
    def external_etcd(self) -> t.Mapping[str, t.Any]:
        """How API servers reach etcd that is not on the control planes; empty where it is."""
        return next((found.access for found in self.etcd.values()), {})

    def decision(self, role: str, host: str) -> RoleDecision | None:
        """What a role would change on a host; ``None`` where it has not inspected it."""
        return self.decisions.get(role, {}).get(host)


def future_server(first: Host, desired: Desired) -> Endpoint:
    """What the API server of the first control plane will advertise.

    That is the inventory's address and port; else the address in the endpoint's network, or that of the default route.
    """
    address = first.wanted_advertise_address
    if not address:
        near = desired.vip_address or desired.endpoint.host
        address = first.address_towards(near) if _is_address(near) else first.default_address(is_ipv6=False)
        address = address or first.default_address(is_ipv6=True)
    return Endpoint(address, first.wanted_api_port or DEFAULT_API_PORT)


def _is_address(text: str) -> bool:
    try:
        return San.parse(text).kind == "ip"
    except InvalidInput:
        return False


def _sorted(sans: t.Iterable[San]) -> tuple[str, ...]:
    return tuple(sorted(san.value for san in sans))


__all__ = ("Creation", "future_server")
