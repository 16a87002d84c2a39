# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where etcd's own record says that its members are.

The record of a member outlives a change of its host's address or of its manifest: alone it does not mind, but a second
member fetches the cluster from the recorded peer URL and never starts (kubernetes/kubeadm#1950, #2997).
"""

from __future__ import annotations

import typing as t

from ...base.address import Endpoint
from ...base.addresses_in_text import addresses_in, is_of_a_host
from ...base.etcd_url import EtcdUrl
from ...base.problem import Problem
from ...host.address_owners import Owners, owners_of, shown_owner
from ..etcd_commands import etcdctl
from ..wanted_sans import listens_on_loopback_only
from .membership import is_joined

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...etcd.etcd import Member
    from ...etcd.report import EtcdReport
    from ...host.host import Host

Hosts = t.Mapping[str, "Host"]


_PEER_PORT = 2380
_MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"


def problems(
    hosts: Hosts, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> t.Iterator[Problem]:
    """Recorded URLs of stacked etcd that do not lead to the host that carries the member."""
    owners = owners_of(hosts)
    for member, host in _carried(hosts, cluster, serving_control_plane, etcd):
        if listens_on_loopback_only(host):
            # Its manifest has to be mended first, which is reported by itself.
            continue
        wrong = [url for url in member.peer_urls if not _leads_to(url, host, owners)]
        if wrong:
            right = peer_url(host, owners)
            yield Problem(
                host.name,
                f"etcd knows its member {host.node_name} as {', '.join(wrong)}, which is {_whose(wrong, owners)} and "
                f"not where {host.name} is, so no other member can join: correct it with "
                f"{etcdctl(serving_control_plane, 'member', 'update', member.id, f'--peer-urls={right}')}",
            )
        wrong = [url for url in member.client_urls if not _leads_to(url, host, owners)]
        if wrong and len(wrong) == len(member.client_urls):
            yield Problem(
                host.name,
                f"etcd's member {host.node_name} announces {', '.join(wrong)} to its clients, which is "
                f"{_whose(wrong, owners)} and not where {host.name} is, so kubeadm could not ask it for a join: correct "
                f"--advertise-client-urls in {_MANIFEST} on {host.name}.",
            )


def peer_endpoints(
    hosts: Hosts, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> dict[str, list[Endpoint]]:
    """Where each host's member of stacked etcd is recorded, by inventory name; addresses only."""
    found: dict[str, list[Endpoint]] = {}
    for member, host in _carried(hosts, cluster, serving_control_plane, etcd):
        for url in member.peer_urls:
            parsed = EtcdUrl.parse(url)
            if parsed is None or parsed.address is None or not host.has_address(parsed.address):
                continue
            endpoint = parsed.endpoint(default_port=_PEER_PORT)
            if endpoint is not None:
                found.setdefault(host.name, []).append(endpoint)
    return found


def peer_url(host: Host, owners: Owners) -> str:
    """The peer URL that a host's member should have: its manifest's if that leads to the host, else its address."""
    flags = host.flags_of("etcd")
    described = [url for url in (flags.get("initial-advertise-peer-urls") or "").split(",") if url]
    if described and all(_leads_to(url, host, owners) and addresses_in(url) for url in described):
        return ",".join(described)
    server = host.api_server
    return f"https://{Endpoint(server.host if server is not None else '', _PEER_PORT)}"


def _carried(
    hosts: Hosts, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> t.Iterator[tuple[Member, Host]]:
    """The members of stacked etcd with the hosts that carry them: kubeadm gives a member its node's name."""
    if etcd is None or cluster.uses_external_etcd:
        return
    for member in etcd.members:
        for host in hosts.values():
            is_of_host = member.name == host.node_name and "etcd" in host.manifests
            if is_of_host and is_joined(host, cluster, serving_control_plane.cluster_ca_hashes):
                yield member, host


def _leads_to(url: str, host: Host, owners: Owners) -> bool:
    """Whether a URL leads to a host and to no other one. A name cannot be judged from here."""
    addresses = addresses_in(url)
    return all(
        is_of_a_host(address) and host.has_address(address) and len(owners.get(address) or ()) == 1
        for address in addresses
    )


def _whose(urls: t.Iterable[str], owners: Owners) -> str:
    addresses = dict.fromkeys(address for url in urls for address in addresses_in(url))
    described = (
        shown_owner(address, owners) if is_of_a_host(address) else "a loopback address" for address in addresses
    )
    return " and ".join(dict.fromkeys(described))


__all__ = ("peer_endpoints", "peer_url", "problems")
