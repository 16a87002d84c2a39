# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's address where every host would get it.

kubeadm renders ``extraArgs`` on each control plane that joins, whatever they say: an address to which only one host can
bind, or which only one can advertise, breaks the others (kubernetes/kubeadm#1348, #1359, #3186). What is only connected
to, or only identifies something, breaks nobody; :func:`dependencies` finds it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...base.address import canonical_ip
from ...base.addresses_in_text import addresses_in, is_of_a_host
from ...base.enumeration import listed
from ...base.errors import UnsupportedState
from ...base.file_fact import CARRIED
from ...base.problem import Problem
from ...host.address_owners import Owners, owner_of, owners_of, shown_owner
from ...kubeadm import extra_volumes
from ...kubeadm.cluster_configuration import ClusterConfiguration
from ...kubeadm.extra_args import COMPONENTS
from ...kubeadm.manifest_flags import OPTION_KEYS, PER_HOST

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired

Hosts = t.Mapping[str, "Host"]

_CONFIGURATION = "ConfigMap kube-system/kubeadm-config"
#: Flags whose value a component binds to or listens on.
_BINDING = re.compile(r"(?:^|-)(?:bind-)?address$|^listen-")
#: Flags whose value a component connects to, or that only identify something: each host can do that with another's
#: address.
_CONNECTED_TO = frozenset(
    {
        "api-audiences",
        "external-hostname",
        "oidc-issuer-url",
        "service-account-issuer",
        "service-account-jwks-uri",
        "discovery-srv",
    }
)
#: Fields to which every node's kubelet or kube-proxy binds.
_KUBELET_FIELDS = ("address", "healthzBindAddress")
_KUBE_PROXY_FIELDS = ("bindAddress", "healthzBindAddress", "metricsBindAddress")
_MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


@dataclasses.dataclass(frozen=True)
class Dependency:
    """Something that works on every host, but only as long as one host does.

    Attributes:
        host: the host (inventory name).
        message: what depends on it.
    """

    host: str
    message: str


class Scope(t.NamedTuple):
    """Who has which address, and the hosts (inventory names) that get a value."""

    owners: Owners
    receivers: t.Sequence[str]


def problems(desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    """Every address that belongs to another host than the one that gets it."""
    owners = owners_of(hosts)
    for name in desired.control_planes:
        if name in hosts:
            yield from _not_its_own(hosts[name], owners)
    yield from _advertised_twice(desired, hosts, serving_control_plane, owners)
    control_planes = Scope(owners, desired.control_planes)
    if len(desired.control_planes) > 1:
        yield from _configuration(control_planes, cluster, serving_control_plane)
        yield from _patches(control_planes, serving_control_plane)
    if len(desired.nodes) > 1:
        yield from _node_configuration(Scope(owners, desired.nodes), cluster)


def bound_addresses(scope: Scope, component: str, name: str, values: t.Iterable[str]) -> tuple[str, ...]:
    """The addresses in a flag's values that not every receiver can have.

    Args:
        scope: who has which address and who gets the flag.
        component: for example ``kube-controller-manager``.
        name: the flag without dashes.
        values: its values.
    """
    if name in _CONNECTED_TO:
        return ()
    found = tuple(address for value in values for address in addresses_in(value) if is_of_a_host(address))
    if name in PER_HOST[component]:
        return found
    if _BINDING.search(name):
        return tuple(address for address in found if not set(scope.receivers) <= set(scope.owners.get(address) or ()))
    single = {address: owner_of(address, scope.owners) for address in found}
    # A value that names several hosts is a list of what to connect to.
    hosts = set(single.values()) - {None}
    return tuple(address for address in found if single[address] is not None) if len(hosts) == 1 else ()


def dependencies(desired: Desired, hosts: Hosts, cluster: Cluster) -> t.Iterator[Dependency]:
    """What every control plane or node connects to at one host's address, by the cluster-wide configuration."""
    yield from dependencies_besides(desired.endpoint.host, owners_of(hosts), cluster)


def dependencies_besides(endpoint: str, owners: Owners, cluster: Cluster) -> t.Iterator[Dependency]:
    """The same.

    Args:
        endpoint: the address or name of the endpoint, which moves; empty without.
        owners: who has which address.
        cluster: the cluster.
    """
    for text, what in _connected_to(cluster):
        names = {owner_of(address, owners) for address in addresses_in(text) if address != endpoint}
        if len(names) == 1 and None not in names:
            yield Dependency(str(names.pop()), what)


def _not_its_own(host: Host, owners: Owners) -> t.Iterator[Problem]:
    """An API server that announces another host's address."""
    advertised = host.advertised_address
    server = host.api_server
    if server is None or not advertised or host.has_address(advertised):
        return
    if canonical_ip(advertised) is None:
        whose = "no address"
    else:
        whose = shown_owner(advertised, owners) if is_of_a_host(advertised) else "loopback"
    yield Problem(
        host.name,
        f"The API server of {host.name} advertises {advertised}, which is {whose} and none of {host.name}'s own, so the Service "
        f"kubernetes never leads to it: write --advertise-address={host.own_address(is_ipv6=':' in advertised)} into {_MANIFEST} "
        f"on {host.name}.",
    )


def _advertised_twice(
    desired: Desired, hosts: Hosts, serving_control_plane: Host, owners: Owners
) -> t.Iterator[Problem]:
    """An address at which another host than the API server's own would answer."""
    like = serving_control_plane.api_server
    for name in desired.control_planes if like is not None else ():
        host = hosts.get(name)
        address = host.future_api_server(like).host if host is not None and like is not None else ""
        having = owners.get(address) or ()
        others = [other for other in having if host is not None and other != name]
        if host is None or not others or name not in having:
            continue
        if host.is_control_plane:
            remedy = (
                f"give it one that only {name} has, in --advertise-address of {_MANIFEST}, in the URLs of etcd.yaml beside it "
                "and in etcd's own record of the member (etcdctl member update)"
            )
            yield Problem(
                name,
                f"The API server of {name} advertises {address}, which {_listed(others)} {_have(others)} too, so other hosts "
                f"reach themselves there: {remedy}.",
            )
        else:
            yield Problem(
                name,
                f"{name} would advertise {address}, which {_listed(others)} {_have(others)} too: set "
                f"kubeadm_ha_advertise_address of {name} to an address that only {name} has.",
            )


def _configuration(scope: Scope, cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    configuration = _parsed(cluster)
    if configuration is None:
        return
    for component, key in OPTION_KEYS.items():
        where = ".".join(COMPONENTS[key])
        for name, value in configuration.extra_args(key):
            bound = bound_addresses(scope, component, name, [value])
            if bound:
                yield Problem(
                    _CONFIGURATION,
                    f"{where}.extraArgs of {_CONFIGURATION} gives every control plane --{name}={value}, but "
                    f"{_whose(bound, scope.owners)}. Remedy: {_remedy(component, name, serving_control_plane)}.",
                )
        if key in extra_volumes.COMPONENTS:
            for mount in extra_volumes.parse_mounts(configuration.document, key).values():
                texts = (mount.name, mount.host_path, mount.mount_path)
                bound = bound_addresses(scope, component, "volume", texts)
                if bound:
                    yield Problem(
                        _CONFIGURATION,
                        f"The volume {mount.name} ({mount.host_path}) in {where}.extraVolumes of {_CONFIGURATION} is for "
                        f"every control plane, but {_whose(bound, scope.owners)}: choose a path without a host's address.",
                    )


def _patches(scope: Scope, serving_control_plane: Host) -> t.Iterator[Problem]:
    """Patches that are carried to the joining control planes."""
    for component, patches in (serving_control_plane.report.kubeadm_patches or {}).items():
        carried = [path for path in _carried(serving_control_plane) if path.rpartition("/")[2].startswith(component)]
        for name, value in sorted(patches.flags):
            bound = bound_addresses(scope, component, name, [value])
            if bound and carried:
                yield Problem(
                    serving_control_plane.name,
                    f"kubeadm's patch {carried[0]} of {serving_control_plane.name} sets --{name}={value} and would be "
                    f"copied to every control plane, but {_whose(bound, scope.owners)}: name its directory in "
                    "kubeadm_ha_unmanaged_files, and put a patch with its own address on each host.",
                )


def _carried(serving_control_plane: Host) -> list[str]:
    return [fact.path for fact in serving_control_plane.report.control_plane_files.files if fact.use == CARRIED]


def _node_configuration(scope: Scope, cluster: Cluster) -> t.Iterator[Problem]:
    for subject, document, fields in (
        (cluster.kubelet_config_map, cluster.kubelet_configuration, _KUBELET_FIELDS),
        ("kube-system/kube-proxy", cluster.kube_proxy_configuration, _KUBE_PROXY_FIELDS),
    ):
        for field in fields if isinstance(document, dict) else ():
            value = str(document.get(field) or "")
            addresses = addresses_in(value) or addresses_in(value.rpartition(":")[0])
            bound = [item for item in addresses if is_of_a_host(item) and not _have_all(scope, item)]
            if bound:
                name = subject.rpartition("/")[2]
                yield Problem(
                    f"ConfigMap {subject}",
                    f"ConfigMap {subject} gives every node {field}: {value}, but {_whose(bound, scope.owners)}. Remedy: take "
                    f"it out (kubectl -n kube-system edit configmap {name}), or write 0.0.0.0 (:: for IPv6) instead.",
                )


def _have_all(scope: Scope, address: str) -> bool:
    return set(scope.receivers) <= set(scope.owners.get(address) or ())


def _remedy(component: str, name: str, serving_control_plane: Host) -> str:
    edit = "kubectl -n kube-system edit configmap kubeadm-config"
    if name in PER_HOST[component]:
        return f"take it out ({edit}); kubeadm gives each control plane its own, and the manifests stay as they are"
    return (
        f"take it out, or write 0.0.0.0 (:: for IPv6) instead of the address ({edit}), and do the same in "
        f"/etc/kubernetes/manifests/{component}.yaml on {serving_control_plane.name}; or let each host have its own by "
        "kubeadm's patches (kubeadm_ha_patches_dir, with the same directory in kubeadm_ha_unmanaged_files so that it "
        "is not copied)"
    )


def manifest_remedy(component: str, serving_control_plane: Host) -> str:
    """What to do with a flag of the serving control plane's manifest that no other host can have."""
    return (
        "no other host can have this, so write 0.0.0.0 (:: for IPv6) instead of the address, or what joining ones get, "
        f"into /etc/kubernetes/manifests/{component}.yaml on {serving_control_plane.name}, and what is no default of "
        f"kubeadm's into {_CONFIGURATION}; or let each host have its own by kubeadm's patches (kubeadm_ha_patches_dir, "
        "with the same directory in kubeadm_ha_unmanaged_files so that it is not copied)"
    )


def _connected_to(cluster: Cluster) -> t.Iterator[tuple[str, str]]:
    configuration = _parsed(cluster)
    if configuration is not None:
        for key in OPTION_KEYS.values():
            for name, value in configuration.extra_args(key):
                if name in _CONNECTED_TO and name not in (
                    "api-audiences",
                    "service-account-issuer",
                    "external-hostname",
                ):
                    yield value, f"every API server asks --{name}={value} there"
        repository = configuration.image_repository or ""
        yield repository, f"every node pulls images of kubeadm from {repository}"
    kubelet = cluster.kubelet_configuration
    for server in (kubelet.get("clusterDNS") or ()) if isinstance(kubelet, dict) else ():
        yield str(server), f"every pod asks {server} for DNS names"


def _parsed(cluster: Cluster) -> ClusterConfiguration | None:
    try:
        return ClusterConfiguration.parse(cluster.configuration)
    except UnsupportedState:
        return None


def _whose(addresses: t.Sequence[str], owners: Owners) -> str:
    return " and ".join(f"{address} is {shown_owner(address, owners)}" for address in dict.fromkeys(addresses))


def _listed(names: t.Sequence[str]) -> str:
    shown = list(names) if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return listed(shown)


def _have(names: t.Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


__all__ = (
    "Dependency",
    "Scope",
    "bound_addresses",
    "dependencies",
    "dependencies_besides",
    "manifest_remedy",
    "problems",
)
