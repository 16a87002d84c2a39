# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan of a control plane of systemd services is built from."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ...base.address import DEFAULT_API_PORT, Endpoint, San, canonical_ip, endpoint_or_none, same_server
from ...base.errors import InvalidInput
from ...base.file_fact import FILE
from ...binary import extension, host_bound, needs
from ...binary.report import ServicesReport
from ...kubeconfig.document import Kubeconfig
from ...pki.certificate import missing_sans
from ..situation import ApiServer

if t.TYPE_CHECKING:
    from ...._ports.x509 import X509
    from ...._ports.yaml import Yaml
    from ...base.certificate import Certificate
    from ...base.connection_attempt import ConnectionAttempt
    from ...base.endpoint_view import View
    from ...base.file_fact import FileFact
    from ...base.role_decision import RoleDecision
    from ...binary.extension import Extension
    from ...binary.host_bound import Master
    from ...host.host import Host
    from ...host.report import KubeconfigFile
    from ..desired import Desired
    from ..situation import Balancer

API_SERVER, CONTROLLER_MANAGER = "kube-apiserver", "kube-controller-manager"


@dataclasses.dataclass(frozen=True)
class Authority:
    """The CA that has issued the API server's certificate.

    Attributes:
        pem: its certificates; empty where none of the host's files is it.
        certificate: the API server's own; ``None`` where there is none.
    """

    pem: str = ""
    certificate: Certificate | None = None


@dataclasses.dataclass(frozen=True)
class Signing:
    """Files with which the CA signs: its certificate and its key."""

    certificate: str
    key: str


@dataclasses.dataclass(frozen=True)
class Scaling:
    """A control plane of systemd services and the hosts that it shall have.

    Attributes:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        services: what systemd runs there.
        source: inventory name of the master that the others become like.
        authority: the CA.
        signing: what signs certificates of that CA on the source; ``None`` where that is not there.
        served: the certificate of each host's API server, by inventory name.
        kubeconfigs: of each host by path; ``None`` for one that cannot be read.
        balancers: the load balancer hosts by inventory name.
        files: what each host that shall be a master has of what it needs, by path.
        decisions: what each role that inspects its hosts before the plan would change there.
        authority_keys: public key of the CA of each host's API server, by inventory name.
        certificates: those of the source's files, by path.
        client_certificates: those with which the source's kubeconfigs are used, by path, as far as they have them.
        attempts: what became of connections to etcd, by the host that tried.
        endpoint_views: the endpoint as each host sees it, by inventory name.
        refuses_anonymous: whether the checks of load balancers, and proofs, need a client certificate.
    """

    desired: Desired
    hosts: t.Mapping[str, Host]
    services: t.Mapping[str, ServicesReport]
    source: str
    authority: Authority
    signing: Signing | None
    served: t.Mapping[str, Certificate]
    kubeconfigs: t.Mapping[str, t.Mapping[str, Kubeconfig | None]]
    balancers: t.Mapping[str, Balancer] = dataclasses.field(default_factory=dict)
    files: t.Mapping[str, t.Mapping[str, FileFact]] = dataclasses.field(default_factory=dict)
    decisions: t.Mapping[str, t.Mapping[str, RoleDecision]] = dataclasses.field(default_factory=dict)
    authority_keys: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    certificates: t.Mapping[str, tuple[Certificate, ...]] = dataclasses.field(default_factory=dict)
    client_certificates: t.Mapping[str, Certificate] = dataclasses.field(default_factory=dict)
    attempts: t.Mapping[str, t.Sequence[ConnectionAttempt]] = dataclasses.field(default_factory=dict)
    endpoint_views: t.Mapping[str, View] = dataclasses.field(default_factory=dict)
    refuses_anonymous: bool = False

    @functools.cached_property
    def server(self) -> Endpoint:
        """The API server of the source."""
        return self._own_server(self.source) or Endpoint("")

    @functools.cached_property
    def api_servers(self) -> tuple[ApiServer, ...]:
        """Every API server that there is or will be."""
        names = [name for name in self.desired.control_planes if name in self.hosts]
        found = [(name, self.server_of(name)) for name in names]
        return tuple(ApiServer(self.node_name(name), server.host, server.port) for name, server in found)

    def server_of(self, name: str) -> Endpoint:
        """The API server of a host that is or shall be a master; without address where the host has none that fits."""
        return self._own_server(name) or self.hosts[name].future_api_server(self.server)

    def _own_server(self, name: str) -> Endpoint | None:
        service = self._report(name).services.get(API_SERVER)
        if service is None or service.fault:
            return None
        host = self.hosts[name]
        wanted = canonical_ip(_last(service.arguments, "advertise-address")) or canonical_ip(
            _last(service.arguments, "bind-address")
        )
        address = wanted if wanted is not None and host.has_address(wanted) else host.default_address(is_ipv6=False)
        port = _last(service.arguments, "secure-port")
        return Endpoint(canonical_ip(address) or address, int(port) if port.isdigit() else DEFAULT_API_PORT)

    def node_name(self, name: str) -> str:
        """The name of a host's Node: that of its kubelet, the inventory's, or the host's.

        A kubelet that was not started yet may have the arguments of another master, as an interrupted run has brought them.
        """
        host, given = self.hosts[name], self._override(name)
        is_own = name == self.source or given != self._override(self.source)
        return (given if is_own else "") or host.wanted_node_name or host.report.hostname.strip().lower()

    def _override(self, name: str) -> str:
        kubelet = self._report(name).services.get("kubelet")
        return _last(kubelet.arguments, "hostname-override") if kubelet is not None else ""

    def _report(self, name: str) -> ServicesReport:
        return self.services.get(name, ServicesReport(services={}))

    @functools.cached_property
    def targets(self) -> tuple[str, ...]:
        """Inventory names of the masters but for the source, in the order of the group."""
        return tuple(name for name in self.desired.control_planes if name in self.hosts and name != self.source)

    def master(self, name: str) -> Master:
        """A host as a master."""
        host = self.hosts[name]
        return host_bound.Master(
            name=name,
            node_name=self.node_name(name),
            address=self.server_of(name).host,
            # Who has the virtual IP address now gives it away.
            addresses=host_bound.canonical(host.report.addresses) - self._shared_addresses,
            report=self._report(name),
        )

    @functools.cached_property
    def extensions(self) -> t.Mapping[str, Extension]:
        """What makes each of :attr:`targets` a master."""
        source = self.master(self.source)
        return {
            name: extension.decide(
                source,
                self.master(name),
                self.files.get(name, {}),
                {**self.kubeconfigs.get(self.source, {}), **self.kubeconfigs.get(name, {})},
                self.desired.endpoint,
            )
            for name in self.targets
        }

    def missing_sans(self, name: str) -> tuple[str, ...]:
        """SANs that the certificate of a host's API server must have and does not: the endpoint, and the address of every master."""
        certificate = self.served.get(name)
        if certificate is None:
            return ()
        addresses = {San.parse(server.address) for server in self.api_servers if server.address}
        return tuple(sorted(san.value for san in missing_sans(certificate, self.desired.sans | addresses)))

    def certificate_paths(self, name: str) -> tuple[str, str]:
        """The certificate of a host's API server and its key; empty where it has none."""
        service = self._report(name).services.get(API_SERVER)
        arguments = service.arguments if service is not None else {}
        return _last(arguments, "tls-cert-file"), _last(arguments, "tls-private-key-file")

    def leads_to_a_master(self, server: str) -> bool:
        """Whether a kubeconfig's server is one of the API servers itself, by address or by name."""
        return self.master_at(server) is not None and not same_server(server, self.desired.endpoint.url)

    def master_at(self, server: str) -> str | None:
        """Inventory name of the master whose API server a kubeconfig names; ``None`` for another place."""
        found = endpoint_or_none(server)
        if found is None:
            return None
        name = self._masters_by_name.get(found.host)
        return name if name is not None and self.server_of(name).port == found.port else None

    @functools.cached_property
    def _masters_by_name(self) -> t.Mapping[str, str]:
        """Inventory names by everything that a master is called. What two have is the later one's."""
        names: dict[str, str] = {}
        for name in (name for name in self.desired.control_planes if name in self.hosts):
            host = self.hosts[name]
            address = self.server_of(name).host
            own = [item for item in host.report.addresses if item not in self._shared_addresses]
            texts = (address, name, self.node_name(name), host.report.hostname.lower(), *own)
            names.update(dict.fromkeys(texts, name))
        return names

    @property
    def _shared_addresses(self) -> frozenset[str]:
        """Addresses that one host after the other has."""
        return frozenset(filter(None, [canonical_ip(self.desired.vip_address)]))

    @property
    def probe_signing(self) -> Signing | None:
        """What signs a client certificate that the API server takes; ``None`` where that is not there."""
        service = self._report(self.source).services.get(API_SERVER)
        path = _last(service.arguments, "client-ca-file") if service is not None else ""
        signing = self.signing
        if signing is None:
            return None
        keys = {item.public_key_sha256 for item in self.certificates.get(signing.certificate, ())}
        trusted = {item.public_key_sha256 for item in self.certificates.get(path, ())}
        return signing if keys & trusted else None

    @property
    def needs_probe_certificate(self) -> bool:
        """Whether the checks of load balancers present a client certificate."""
        return self.refuses_anonymous or self.desired.probe_certificate

    @property
    def controller_kubeconfig(self) -> str:
        """The kubeconfig by whose client a master proves an API server that refuses anonymous requests; empty where none is needed."""
        manager = self._report(self.source).services.get(CONTROLLER_MANAGER)
        return _last(manager.arguments, "kubeconfig") if self.refuses_anonymous and manager is not None else ""

    def client_kubeconfig(self, name: str) -> str:
        """The same on any host: that of its kubelet, else of its kube-controller-manager."""
        kubelet = self._report(name).services.get("kubelet")
        own = _last(kubelet.arguments, "kubeconfig") if self.refuses_anonymous and kubelet is not None else ""
        return own or (self.controller_kubeconfig if name in self.desired.control_planes else "")

    def components_reading(self, name: str, path: str) -> tuple[str, ...]:
        """The components of a host that connect to the API with a kubeconfig."""
        report = self._report(name)
        return tuple(
            component
            for component, service in needs.components(report).items()
            if path in needs.kubeconfigs_of(report, service)
        )

    def kubeconfig_files(self, name: str) -> t.Mapping[str, KubeconfigFile]:
        """The kubeconfigs of a host by path: its components' and its users'."""
        found = {item.path: item for item in self._report(name).kubeconfigs}
        return {**{item.path: item for item in self.hosts[name].report.kubeconfigs}, **found}


def parse_kubeconfigs(
    hosts: t.Mapping[str, Host], services: t.Mapping[str, ServicesReport], yaml: Yaml
) -> dict[str, dict[str, Kubeconfig | None]]:
    """The kubeconfigs of each host, those of its users and those of its components."""
    found: dict[str, dict[str, Kubeconfig | None]] = {}
    for name, host in hosts.items():
        own = {item.path: _parsed(item.text, yaml) for item in services[name].kubeconfigs} if name in services else {}
        found[name] = {**host.kubeconfigs, **own}
    return found


def find_authority(report: ServicesReport, x509: X509) -> Authority:
    """The CA that has issued the certificate of a host's API server: what pods trust, what clients are checked with, or any other."""
    served = _served_pem(report)
    if not served:
        return Authority()
    pems = {item.path: item.pem for item in report.certificates}
    manager = report.services.get(CONTROLLER_MANAGER)
    first = [
        _last(manager.arguments, "root-ca-file") if manager is not None else "",
        _last(report.services[API_SERVER].arguments, "client-ca-file"),
    ]
    for path in dict.fromkeys((*first, *sorted(pems))):
        pem = pems.get(path)
        if pem and pem != served and _signed(x509, served, pem):
            return Authority(pem, _leaf(x509, served))
    return Authority("", _leaf(x509, served))


def find_signing(report: ServicesReport, authority: Authority, x509: X509) -> Signing | None:
    """What kube-controller-manager signs certificates with, where that is the CA and its key is there."""
    manager = report.services.get(CONTROLLER_MANAGER)
    if manager is None:
        return None
    found = Signing(
        _last(manager.arguments, "cluster-signing-cert-file"), _last(manager.arguments, "cluster-signing-key-file")
    )
    pem = next((item.pem for item in report.certificates if item.path == found.certificate), "")
    is_there = any(fact.path == found.key and fact.kind == FILE for fact in report.facts)
    own, other = (_leaf(x509, text) if text else None for text in (pem, authority.pem))
    is_it = own is not None and other is not None and own.public_key_sha256 == other.public_key_sha256
    return found if is_there and is_it else None


def find_served(services: t.Mapping[str, ServicesReport], x509: X509) -> dict[str, Certificate]:
    """The certificate of each host's API server."""
    pems = {name: _served_pem(report) for name, report in services.items()}
    found = {name: _leaf(x509, pem) for name, pem in pems.items() if pem}
    return {name: certificate for name, certificate in found.items() if certificate is not None}


def find_authority_keys(services: t.Mapping[str, ServicesReport], x509: X509) -> dict[str, str]:
    """Public key of the CA of each host's API server, where that CA is among the host's files."""
    found = {name: find_authority(report, x509).pem for name, report in services.items()}
    leaves = {name: _leaf(x509, pem) for name, pem in found.items() if pem}
    return {name: leaf.public_key_sha256 for name, leaf in leaves.items() if leaf is not None}


def find_certificates(report: ServicesReport, x509: X509) -> dict[str, tuple[Certificate, ...]]:
    """The certificates of a host's files by path."""
    found = {}
    for item in report.certificates:
        try:
            found[item.path] = tuple(x509.certificates(item.pem.encode()))
        except InvalidInput:
            continue
    return found


def find_client_certificates(kubeconfigs: t.Mapping[str, Kubeconfig | None], x509: X509) -> dict[str, Certificate]:
    """The certificates that kubeconfigs themselves have for their users, by path."""
    pems = {path: item.client_certificate() for path, item in kubeconfigs.items() if item is not None}
    leaves = {path: _leaf(x509, pem.decode("ascii", "replace")) for path, pem in pems.items() if pem}
    return {path: leaf for path, leaf in leaves.items() if leaf is not None}


def _served_pem(report: ServicesReport) -> str:
    """What a host's API server serves; empty without one that can be read."""
    service = report.services.get(API_SERVER)
    path = _last(service.arguments, "tls-cert-file") if service is not None else ""
    return next((item.pem for item in report.certificates if item.path == path), "") if path else ""


def _signed(x509: X509, pem: str, ca: str) -> bool:
    try:
        return x509.is_signed_by(pem.encode(), ca.encode())
    except InvalidInput:
        return False


def _leaf(x509: X509, pem: str) -> Certificate | None:
    try:
        return x509.certificates(pem.encode())[0]
    except InvalidInput:
        return None


def _parsed(text: str | None, yaml: Yaml) -> Kubeconfig | None:
    if text is None:
        return None
    try:
        found = Kubeconfig.parse(yaml.load(text))
    except InvalidInput:
        return None
    return None if found.fault is not None else found


def _last(arguments: t.Mapping[str, t.Sequence[str]], flag: str) -> str:
    """The last value of a flag, which counts; empty without one."""
    values = arguments.get(flag) or ("",)
    return values[-1]


__all__ = (
    "Authority",
    "Scaling",
    "Signing",
    "find_authority",
    "find_authority_keys",
    "find_certificates",
    "find_client_certificates",
    "find_served",
    "find_signing",
    "parse_kubeconfigs",
)
