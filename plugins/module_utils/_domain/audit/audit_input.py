# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that an audit is made from: reports of hosts, cluster and etcd, whoever runs the control plane."""

from __future__ import annotations

import collections
import dataclasses
import functools
import posixpath
import typing as t

from ..base.address import Endpoint, canonical_ip, endpoint_or_none, is_loopback
from ..base.addresses_in_text import addresses_in
from ..base.errors import InvalidInput
from ..cluster.cluster import Cluster
from ..component.secure_port import port_of
from ..host.address_owners import owner_of, owners_of
from ..host.host import Host, client_certificates
from ..kubeconfig.document import Kubeconfig
from ..plan.groups import Groups

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..base.certificate import Certificate
    from ..base.connection_attempt import ConnectionAttempt
    from ..binary.report import ServicesReport
    from ..etcd.etcd import Member
    from ..etcd.report import EtcdReport
    from ..host.address_owners import Owners
    from ..host.report import KubeconfigFile
    from ..load_balancer_lint.lint import Lint
    from ..plan.request import PlanRequest

API_SERVER, CONTROLLER_MANAGER, SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"
KUBELET, KUBE_PROXY, ADMINISTRATOR = "kubelet", "kube-proxy", "administrator"
ETCD = "etcd"

#: Whose kubeconfig each file of kubeadm is, by its name.
_KUBEADMS: t.Mapping[str, str] = {
    "kubelet.conf": KUBELET,
    "controller-manager.conf": CONTROLLER_MANAGER,
    "scheduler.conf": SCHEDULER,
}
_KEEPALIVED = "keepalived"
#: What holds a virtual IP address, by the beginning of the name of its static pod.
_VIP_PODS = ("kube-vip", _KEEPALIVED)


@dataclasses.dataclass(frozen=True)
class ControlPlane:
    """A host with an API server, whether a static pod or a service of systemd.

    Attributes:
        host: the host.
        flags: the flags of each component, of each flag the last value.
        api_server: where its API server is reached.
        serving_certificate: path of the certificate that it presents.
        certificates: certificates by path.
        is_serving: whether it listens.
    """

    host: Host
    flags: t.Mapping[str, t.Mapping[str, str]]
    api_server: Endpoint
    serving_certificate: str
    certificates: t.Mapping[str, Certificate]
    is_serving: bool

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.host.name

    def flags_of(self, component: str) -> t.Mapping[str, str]:
        """The flags of a component; empty where it does not run here."""
        return self.flags.get(component) or {}


@dataclasses.dataclass(frozen=True)
class Client:
    """A file by which somebody connects to an API server.

    Attributes:
        host: inventory name of the host with the file.
        component: whose it is.
        path: the file.
        server: the server that it names.
    """

    host: str
    component: str
    path: str
    server: str


@dataclasses.dataclass(frozen=True)
class AuditInput:
    """What was collected.

    Attributes:
        groups: the groups of the inventory.
        hosts: every host that was inspected, by inventory name.
        services: what systemd runs of Kubernetes on each, where it does.
        control_planes: those of them with an API server, the group's order first.
        cluster: what the API reported; ``None`` when it could not be asked.
        etcd: what etcd reported; ``None`` when it could not be asked.
        attempts: what became of connections between control planes, by the host that tried.
        unseen: why a host was not inspected, by inventory name.
        cluster_failure: why the API could not be asked; empty without a reason.
        etcd_failure: the same of etcd.
        given_endpoint: the endpoint that the inventory names.
        kubeconfigs: kubeconfigs of services by host and path.
        certificates: certificates that services name and that only an audit collects, by host and path.
        client_certificates: client certificates inside kubeconfigs of services, by host and path.
        lint: what the linter found in the configurations of load balancers; ``None`` where none was read.
        lint_failures: why it could not judge those of a host, by inventory name.
    """

    groups: Groups
    hosts: t.Mapping[str, Host]
    services: t.Mapping[str, ServicesReport] = dataclasses.field(default_factory=dict)
    control_planes: t.Mapping[str, ControlPlane] = dataclasses.field(default_factory=dict)
    cluster: Cluster | None = None
    etcd: EtcdReport | None = None
    attempts: t.Mapping[str, t.Sequence[ConnectionAttempt]] = dataclasses.field(default_factory=dict)
    unseen: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    cluster_failure: str = ""
    etcd_failure: str = ""
    given_endpoint: Endpoint | None = None
    kubeconfigs: t.Mapping[str, t.Mapping[str, Kubeconfig]] = dataclasses.field(default_factory=dict)
    certificates: t.Mapping[str, t.Mapping[str, Certificate]] = dataclasses.field(default_factory=dict)
    client_certificates: t.Mapping[str, t.Mapping[str, t.Sequence[Certificate]]] = dataclasses.field(
        default_factory=dict
    )
    lint: Lint | None = None
    lint_failures: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_request(cls, request: PlanRequest, *, yaml: Yaml, x509: X509) -> AuditInput:
        """From what was collected for a plan.

        Raises:
            MalformedReport: when it cannot be understood.
        """
        hosts = {name: Host.from_report(name, report, yaml=yaml, x509=x509) for name, report in request.hosts.items()}
        order = (*request.groups.control_planes, *hosts)
        made = {
            name: _control_plane(hosts[name], request.services.get(name), x509)
            for name in dict.fromkeys(order)
            if name in hosts
        }
        kubeconfigs = {
            name: dict(_parsed_kubeconfigs(report.kubeconfigs, yaml)) for name, report in request.services.items()
        }
        return cls(
            groups=request.groups,
            hosts=hosts,
            services=request.services,
            control_planes={name: item for name, item in made.items() if item is not None},
            cluster=Cluster.from_report(request.cluster, yaml=yaml) if request.cluster is not None else None,
            etcd=request.etcd,
            attempts=request.attempts,
            unseen={name: text for name, text in request.failures.hosts.items() if name not in hosts},
            cluster_failure=request.failures.cluster,
            etcd_failure=request.failures.etcd,
            given_endpoint=endpoint_or_none(str(request.inputs.endpoint or "")),
            kubeconfigs=kubeconfigs,
            certificates={
                name: dict(_leaves(_pems(host, request.services.get(name)), x509)) for name, host in hosts.items()
            },
            client_certificates={
                name: {path: client_certificates(item, x509) for path, item in found.items()}
                for name, found in kubeconfigs.items()
            },
        )

    # --- who is where ---------------------------------------------------------------------------------------------------

    @functools.cached_property
    def owners(self) -> Owners:
        """The hosts that have each address."""
        return owners_of(self.hosts)

    @functools.cached_property
    def host_of_node(self) -> t.Mapping[str, str]:
        """Inventory name by the name of the Node."""
        return {host.node_name: name for name, host in self.hosts.items()}

    def api_server_at(self, server: str, *, seen_from: str = "") -> str | None:
        """Inventory name of the host whose own API server a URL, or an address and port, names.

        Args:
            server: what is named.
            seen_from: the host on which it is named, for loopback addresses.

        Returns:
            ``None`` for the shared endpoint, and for whatever is no API server of the inventory.
        """
        found = endpoint_or_none(server)
        return None if found is None or found == self.endpoint else self._owner(found, seen_from)

    def _owner(self, endpoint: Endpoint, seen_from: str = "") -> str | None:
        for name, item in self.control_planes.items():
            if item.api_server == endpoint:
                return name
        address = canonical_ip(endpoint.host)
        if address is None:
            return self._named(endpoint)
        if is_loopback(address):
            own = self.control_planes.get(seen_from)
            return seen_from if own is not None and own.api_server.port == endpoint.port else None
        owner = owner_of(address, self.owners)
        return owner if owner is not None and self._serves_at(owner, endpoint.port) else None

    def _named(self, endpoint: Endpoint) -> str | None:
        """The host that a DNS name is the name of, or leads to alone."""
        for name, item in self.control_planes.items():
            names = {name.lower(), item.host.node_name, item.host.report.hostname.lower()}
            if endpoint.host in names and item.api_server.port == endpoint.port:
                return name
        resolved = {owner_of(address, self.owners) for address in self.resolved(endpoint)}
        owner = next(iter(resolved)) if len(resolved) == 1 else None
        return owner if owner is not None and self._serves_at(owner, endpoint.port) else None

    def _serves_at(self, name: str, port: int) -> bool:
        """Whether an API server of this host, and no load balancer of it, has a port."""
        item = self.control_planes.get(name)
        return item is not None and item.api_server.port == port and not self.holds_virtual_ip(name)

    def holds_virtual_ip(self, name: str) -> bool:
        """Whether something on a host takes virtual IP addresses over."""
        host = self.hosts[name]
        return host.is_active(_KEEPALIVED) or any(pod.startswith(_VIP_PODS) for pod in host.manifests)

    def takers(self, addresses: t.Iterable[str]) -> tuple[str, ...]:
        """Hosts on which something may take one of these addresses over: what it holds is not known, or is one of them."""
        wanted = {canonical_ip(item) for item in addresses}
        return tuple(name for name in self.hosts if self.holds_virtual_ip(name) and self._may_hold(name, wanted))

    def _may_hold(self, name: str, addresses: t.Container[str | None]) -> bool:
        """Whether keepalived of a host has one of these addresses in its configuration, where that was read."""
        host = self.hosts[name]
        if not host.is_active(_KEEPALIVED) or any(pod.startswith(_VIP_PODS) for pod in host.manifests):
            return True
        if self.lint is None or any(_is_of_keepalived(line, name) for line in self._not_understood):
            return True
        own = [router for each in self.lint.addresses for router in each.routers if router.host == name]
        return not own or any(canonical_ip(text) in addresses for router in own for text in router.addresses)

    @property
    def _not_understood(self) -> t.Iterator[str]:
        """Places in configurations of load balancers and keepalived, as HOST:FILE:LINE."""
        for finding in self.lint.not_understood if self.lint is not None else ():
            yield from finding.evidence

    def resolved(self, endpoint: Endpoint) -> tuple[str, ...]:
        """The addresses to which hosts resolve the name of an endpoint; the address itself where it is one."""
        address = canonical_ip(endpoint.host)
        if address is not None:
            return (address,)
        views = [host.report.kubelet_server for host in self.hosts.values()]
        seen = [view.addresses for view in views if view is not None and view.endpoint == endpoint]
        seen += [
            host.report.endpoint_view.addresses
            for host in self.hosts.values()
            if host.report.endpoint_view is not None and host.report.endpoint_view.endpoint == endpoint
        ]
        return tuple(dict.fromkeys(canonical_ip(item) or item for addresses in seen for item in addresses))

    # --- the endpoint ---------------------------------------------------------------------------------------------------

    @functools.cached_property
    def named_endpoints(self) -> tuple[tuple[str, Endpoint], ...]:
        """What is named as the cluster's endpoint, with where; the most trusted first, loopback left out."""
        found: list[tuple[str, Endpoint | None]] = [("kubeadm_ha_endpoint", self.given_endpoint)]
        if self.cluster is not None:
            found.append(("controlPlaneEndpoint of kubeadm-config", endpoint_or_none(self.cluster.endpoint)))
            found.append(("cluster-info", endpoint_or_none(self.cluster.joining_server or "")))
        servers = collections.Counter(
            item.server
            for item in self.clients
            if item.component == KUBELET and endpoint_or_none(item.server) is not None
        )
        found += [("kubelets", endpoint_or_none(server)) for server, _count in servers.most_common()]
        return tuple((where, item) for where, item in found if item is not None and not is_loopback(item.host))

    @functools.cached_property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that leads to more than one host's own API server; ``None`` without one."""
        for _where, item in self.named_endpoints:
            if self._owner(item) is None:
                return item
        return None

    @functools.cached_property
    def has_local_balancers(self) -> bool:
        """Whether nodes that have no API server reach one by themselves, by a load balancer on each."""
        return any(
            item.component == KUBELET
            and item.host not in self.control_planes
            and (endpoint := endpoint_or_none(item.server)) is not None
            and is_loopback(endpoint.host)
            for item in self.clients
        )

    @functools.cached_property
    def clients(self) -> tuple[Client, ...]:
        """Every kubeconfig that names a server."""
        return tuple(self._clients())

    def _clients(self) -> t.Iterator[Client]:
        for name, host in self.hosts.items():
            for path, found in host.kubeconfigs.items():
                server = found.server if found is not None else None
                if server:
                    yield Client(name, _KUBEADMS.get(posixpath.basename(path), ADMINISTRATOR), path, server)
        for name, report in self.services.items():
            for component in (KUBELET, KUBE_PROXY, CONTROLLER_MANAGER, SCHEDULER):
                path = _kubeconfig_of(report, component)
                kubeconfig = self.kubeconfigs.get(name, {}).get(path)
                if kubeconfig is not None and kubeconfig.server:
                    yield Client(name, component, path, kubeconfig.server)

    # --- etcd -----------------------------------------------------------------------------------------------------------

    @property
    def is_external_etcd(self) -> bool:
        """Whether etcd is not beside the API servers of kubeadm."""
        return self.cluster is not None and self.cluster.uses_external_etcd

    def place_of(self, member: Member) -> str:
        """Inventory name of the host that carries a member of etcd, else its address."""
        addresses = [item for url in (*member.peer_urls, *member.client_urls) for item in addresses_in(url)]
        for address in addresses:
            owner = owner_of(address, self.owners)
            if owner is not None:
                return owner
        named = self.host_of_node.get(member.name)
        return named or next(iter(addresses), "") or member.name or f"member {member.id}"


def _control_plane(host: Host, services: ServicesReport | None, x509: X509) -> ControlPlane | None:
    listens = any(item.process == API_SERVER for item in host.report.listening)
    if host.is_control_plane and host.api_server is not None:
        flags = {name: host.flags_of(name) for name in host.manifests}
        return ControlPlane(
            host, flags, host.api_server, f"{host.pki_dir}/apiserver.crt", host.certificates, host.is_serving
        )
    if services is None or API_SERVER not in services.services:
        return None
    flags = {name: service.flags for name, service in services.services.items()}
    own = flags[API_SERVER]
    address = canonical_ip(own.get("advertise-address") or own.get("bind-address") or "") or ""
    if not host.has_address(address):
        address = host.own_address(is_ipv6=":" in address)
    return ControlPlane(
        host=host,
        flags=flags,
        api_server=Endpoint(address, port_of(own)),
        serving_certificate=own.get("tls-cert-file", ""),
        certificates=dict(_leaves({item.path: item.pem for item in services.certificates}, x509)),
        is_serving=listens,
    )


def _pems(host: Host, services: ServicesReport | None) -> dict[str, str]:
    """PEM by path of what services name, and of what only an audit collects."""
    facts = host.report.audit
    of_services = {item.path: item.pem for item in services.certificates} if services is not None else {}
    return {**(facts.certificates if facts is not None else {}), **of_services}


def _leaves(pems: t.Mapping[str, str], x509: X509) -> t.Iterator[tuple[str, Certificate]]:
    for path, pem in pems.items():
        try:
            leaf = next(iter(x509.certificates(pem.encode())), None)
        except InvalidInput:
            continue
        if leaf is not None:
            yield path, leaf


def _parsed_kubeconfigs(files: t.Iterable[KubeconfigFile], yaml: Yaml) -> t.Iterator[tuple[str, Kubeconfig]]:
    for item in files:
        try:
            found = Kubeconfig.parse(yaml.load(item.text)) if item.text is not None else None
        except InvalidInput:
            continue
        if found is not None and found.fault is None:
            yield item.path, found


def _kubeconfig_of(report: ServicesReport, component: str) -> str:
    """Path of the kubeconfig of a component that systemd runs; empty without."""
    service = report.services.get(component)
    if service is None:
        return ""
    given = service.arguments.get("kubeconfig") or ("",)
    configuration = (service.arguments.get("config") or ("",))[-1]
    named = (report.configurations.get(configuration) or {}).get("clientConnection.kubeconfig", "")
    return given[-1] or named


def _is_of_keepalived(line: str, name: str) -> bool:
    """Whether a place in a configuration is in one of keepalived on a host."""
    return line.startswith(f"{name}:") and _KEEPALIVED in line


__all__ = (
    "ADMINISTRATOR",
    "API_SERVER",
    "CONTROLLER_MANAGER",
    "ETCD",
    "KUBELET",
    "KUBE_PROXY",
    "SCHEDULER",
    "AuditInput",
    "Client",
    "ControlPlane",
)
