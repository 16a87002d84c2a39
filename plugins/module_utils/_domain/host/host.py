# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host as the audit sees it."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing as t

from ..base.address import Endpoint, San, canonical_ip
from ..base.addresses_in_text import addresses_in, is_of_a_host
from ..base.errors import InvalidInput
from ..base.version import KubernetesVersion
from ..component import anonymous_access
from ..component.secure_port import port_of
from ..etcd.etcd_access import EtcdAccess, parse_access
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG, node_of
from ..pki import certificates_dir
from ..pki.certificate_issue import KINDS

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..base.certificate import Certificate
    from .inspected_host import InspectedHost
    from .report import HostReport, KubeconfigFile, Manifest

_KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"


@dataclasses.dataclass(frozen=True)
class Host:
    """A host of the inventory.

    Attributes:
        name: its name in the inventory.
        report: what ``kubernetes_host_info`` collected.
        certificates: certificates by path, the leaf of each file.
        ca_pem: the cluster CA in PEM, empty when the host has none.
        kubeconfig_faults: what is wrong with those that are ``None``, as the end of a sentence about them.
        client_certificates: client certificates inside kubeconfigs, by path.
        kubeconfigs: kubeconfigs by path; ``None`` for one that could not be read without its credentials.
        kubelet_ca_hashes: hashes of the public keys of the CAs inside kubelet.conf; empty when it holds none.
        pki_ca_hashes: hashes of the public keys of all CAs in pki/ca.crt, several during a rotation.
        closed_to_anonymous: paths at which an API server here refuses anonymous requests, of those that matter.
    """

    name: str
    report: InspectedHost
    certificates: t.Mapping[str, Certificate]
    ca_pem: str
    kubeconfigs: t.Mapping[str, Kubeconfig | None]
    kubelet_ca_hashes: frozenset[str] = frozenset()
    pki_ca_hashes: frozenset[str] = frozenset()
    kubeconfig_faults: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    client_certificates: t.Mapping[str, t.Sequence[Certificate]] = dataclasses.field(default_factory=dict)
    closed_to_anonymous: frozenset[str] = frozenset()

    @classmethod
    def from_report(cls, name: str, report: InspectedHost, *, yaml: Yaml, x509: X509) -> Host:
        """Parse a report. Broken certificates and kubeconfigs are left out; :mod:`preflight` reports them."""
        pems = {item.path: item.pem for item in report.certificates}
        certificates = {path: _leaf(pem.encode(), x509) for path, pem in pems.items()}
        faults: dict[str, str] = {}
        kubeconfigs = {item.path: _parsed(item, yaml, faults) for item in report.kubeconfigs}
        return cls(
            name=name,
            report=report,
            certificates={path: found for path, found in certificates.items() if found is not None},
            ca_pem=pems.get(f"{_pki_dir(report)}/ca.crt", ""),
            kubeconfigs=kubeconfigs,
            kubeconfig_faults=faults,
            client_certificates={path: client_certificates(found, x509) for path, found in kubeconfigs.items()},
            kubelet_ca_hashes=_hashes(_ca_pem(kubeconfigs.get(KUBELET_KUBECONFIG)), x509),
            pki_ca_hashes=_hashes(pems.get(f"{_pki_dir(report)}/ca.crt", "").encode(), x509),
            closed_to_anonymous=frozenset(_closed_to_anonymous(report, yaml)),
        )

    @functools.cached_property
    def certified_node_name(self) -> str | None:
        """The node that the kubelet's client certificate names; ``None`` where it has none."""
        client = self.certificates.get(_KUBELET_CLIENT)
        return None if client is None else node_of(client.subject)

    @functools.cached_property
    def node_name(self) -> str:
        """Name of the host's Node object: certificate, then inventory, flag and host name, in kubeadm's lower case."""
        override = self.wanted_node_name or self.report.kubelet_flags.get("hostname-override")
        return self.certified_node_name or (override or self.report.hostname).strip().lower()

    @property
    def wanted_node_name(self) -> str:
        """The name that the inventory gives to the host's Node; empty when it gives none."""
        return (self.report.desired.node_name or "").strip().lower()

    @property
    def wanted_api_port(self) -> int | None:
        """The port that the inventory gives to the host's API server; ``None`` when it gives none."""
        return self.report.desired.api_port or None

    @property
    def wanted_advertise_address(self) -> str:
        """The address that the inventory lets the host's API server advertise; empty when it gives none."""
        text = (self.report.desired.advertise_address or "").strip()
        return canonical_ip(text) or text

    @property
    def wanted_cri_socket(self) -> str:
        """The container runtime's socket that the inventory gives to the host; empty when it gives none."""
        return (self.report.desired.cri_socket or "").strip()

    @property
    def distributions(self) -> tuple[str, ...]:
        """The host's distribution and those that it is like (``ID`` and ``ID_LIKE`` of os-release)."""
        system = self.report.os
        return (system.id, *system.like.split())

    @property
    def manifests(self) -> t.Mapping[str, Manifest]:
        """Static pods by name."""
        return self.report.manifests

    def flags_of(self, component: str) -> dict[str, str]:
        """The flags of a component's static pod, of each the last value; empty without the static pod."""
        manifest = self.manifests.get(component)
        return dict(manifest.flags) if manifest is not None else {}

    def is_active(self, service: str) -> bool:
        """Whether a service of the host runs."""
        found = self.report.services.get(service)
        return found is not None and found.active == "active"

    @property
    def is_control_plane(self) -> bool:
        """Whether a kube-apiserver runs here as a static pod."""
        return "kube-apiserver" in self.manifests

    @property
    def is_member(self) -> bool:
        """Whether this host's kubelet has joined a cluster."""
        return any(path.endswith("/kubelet.conf") for path in self.kubeconfigs)

    @property
    def advertised_address(self) -> str:
        """The address that the manifest of the host's API server gives it; empty without one."""
        text = self.flags_of("kube-apiserver").get("advertise-address") or ""
        return canonical_ip(text) or text

    @property
    def api_server(self) -> Endpoint | None:
        """Where the host's own API server is reached; ``None`` without one.

        It is what its manifest advertises, but only when that is one of the host's own addresses: another host's would lead
        everything there (:mod:`host_bound_addresses` reports it).
        """
        if not self.is_control_plane:
            return None
        address = self.advertised_address
        if not self._reaches_itself_at(address):
            address = self.own_address(is_ipv6=":" in address)
        return Endpoint(address, port_of(self.flags_of("kube-apiserver")))

    def _reaches_itself_at(self, address: str) -> bool:
        """Whether an address leads the host to itself, if nobody else: one of its own, or loopback."""
        return self.has_address(address) or (canonical_ip(address) is not None and not is_of_a_host(address))

    def own_address(self, *, is_ipv6: bool) -> str:
        """An address that an API server here can advertise: that of its etcd, its kubelet, the default route, or any."""
        etcd = self.flags_of("etcd")
        candidates = [
            *addresses_in(etcd.get("initial-advertise-peer-urls", "")),
            *addresses_in(self.report.kubelet_flags.get("node-ip") or ""),
            *addresses_in(self.default_address(is_ipv6=is_ipv6)),
            *self.report.addresses,
        ]
        own = [item for item in candidates if self.has_address(item)]
        return next((item for item in own if (":" in item) == is_ipv6), next(iter(own), ""))

    @property
    def api_server_version(self) -> KubernetesVersion | None:
        """Version of the host's API server by the tag of its image; ``None`` without one, or when the tag does not say."""
        manifest = self.manifests.get("kube-apiserver")
        image = manifest.image.partition("@")[0] if manifest is not None else ""
        return _version(image.rpartition(":")[2])

    @property
    def etcd_access(self) -> EtcdAccess | None:
        """How the host's API server reaches external etcd; ``None`` for etcd on the host itself, or without flags."""
        if not self.is_control_plane or "etcd" in self.manifests:
            return None
        return parse_access(self.flags_of("kube-apiserver"))

    @property
    def ca_hash(self) -> str | None:
        """Hash of the public key of its cluster's CA."""
        return self.ca.public_key_sha256 if self.ca is not None else None

    @property
    def is_serving(self) -> bool:
        """Whether something listens on the API server's port here."""
        server = self.api_server
        return server is not None and any(
            item.port == server.port and item.process == "kube-apiserver" for item in self.report.listening
        )

    def future_api_server(self, like: Endpoint) -> Endpoint:
        """What the API server of this host advertises or, as one of a cluster like the given one, will advertise.

        The inventory's address and port come first; else the address by which the host reaches the given API server, and
        the given port. The address is empty when the host has none of that family.
        """
        found = self.api_server
        if found is not None:
            return found
        address = self.wanted_advertise_address or self.address_towards(like.host)
        return Endpoint(address, self.wanted_api_port or like.port)

    def address_towards(self, other: str) -> str:
        """The address that the host's kernel takes towards another host's: by the smallest network that has it, else by the
        default route. Empty when the host has none of that family."""
        target = canonical_ip(other)
        networks = ((ipaddress.ip_network(item.network), item.address) for item in self.report.networks)
        if target is not None:
            having = [(network.prefixlen, own) for network, own in networks if ipaddress.ip_address(target) in network]
            if having:
                return str(canonical_ip(max(having)[1]))
        return self.default_address(is_ipv6=":" in other)

    def default_address(self, *, is_ipv6: bool) -> str:
        """The address of the interface with the default route; empty without one of that family."""
        return self.report.default_ipv6_address if is_ipv6 else self.report.default_address

    @property
    def servers(self) -> dict[str, str | None]:
        """The ``server`` of each kubeconfig's current context, by path."""
        return {path: None if found is None else found.server for path, found in self.kubeconfigs.items()}

    @property
    def ca(self) -> Certificate | None:
        """The cluster CA's certificate on this host."""
        return self.certificates.get(f"{self.pki_dir}/ca.crt")

    @property
    def ca_hashes(self) -> frozenset[str]:
        """Hashes of the CAs that identify the cluster of this host: those that its kubelet trusts, else the file ca.crt."""
        return self.kubelet_ca_hashes or self.pki_ca_hashes

    @property
    def cluster_ca_hashes(self) -> frozenset[str]:
        """Hashes of all CAs of the cluster as this member knows them: in a rotation the old one and the new one."""
        return self.kubelet_ca_hashes | self.pki_ca_hashes

    @property
    def sans(self) -> frozenset[San]:
        """SANs of the API server's certificate."""
        found = self.certificates.get(f"{self.pki_dir}/apiserver.crt")
        return found.sans if found is not None else frozenset()

    @property
    def interrupted_certificates(self) -> tuple[str, ...]:
        """Names of the certificates whose replacement an interrupted run left to be completed or undone."""
        return tuple(name for name in self.report.interrupted_certificates if name in KINDS)

    @property
    def kubeadm_version(self) -> KubernetesVersion | None:
        """Version of the installed kubeadm; ``None`` without one."""
        return _version(self.report.versions.get("kubeadm", ""))

    @property
    def kubelet_version(self) -> KubernetesVersion | None:
        """Version of the installed kubelet; ``None`` without one."""
        return _version(self.report.versions.get("kubelet", ""))

    @property
    def pki_dir(self) -> str:
        """kubeadm's ``certificatesDir`` on this host, as its static pods or its kubelet name it."""
        return _pki_dir(self.report)

    def is_same_place(self, one: str, other: str) -> bool:
        """Whether two paths are one place on this host, links of directories followed."""
        links = self.report.directory_links
        return certificates_dir.resolve(one, links) == certificates_dir.resolve(other, links)

    def has_address(self, text: str) -> bool:
        """Whether an address is one of this host's."""
        return canonical_ip(text) in {canonical_ip(item) for item in self.report.addresses}

    def has_python_module(self, name: str) -> bool:
        """Whether the interpreter that Ansible uses here can import a module."""
        return bool(self.report.python.modules.get(name))

    @property
    def has_openssl(self) -> bool:
        """Whether the program openssl is here."""
        return self.report.programs.openssl

    @property
    def plain_kubeconfigs(self) -> frozenset[str]:
        """Paths of the kubeconfigs that are edited without a YAML library."""
        return frozenset(item.path for item in self.report.kubeconfigs if item.plain)

    def as_dict(self) -> dict[str, t.Any]:
        """What the understanding adds to the report, JSON-compatible."""
        server = self.api_server
        return {
            "node_name": self.node_name,
            "is_control_plane": self.is_control_plane,
            "is_member": self.is_member,
            "api_server": str(server) if server is not None else None,
            "servers": self.servers,
            "sans": sorted(str(san) for san in self.sans),
            "interrupted_certificates": list(self.interrupted_certificates),
            "ca_public_key_sha256": self.ca_hash,
        }


def _pki_dir(report: HostReport) -> str:
    return report.pki_dir or certificates_dir.DEFAULT


def _ca_pem(kubeconfig: Kubeconfig | None) -> bytes:
    """The CA that a kubeconfig embeds; empty when it embeds none."""
    return (kubeconfig.ca_pem() or b"") if kubeconfig is not None else b""


def client_certificates(kubeconfig: Kubeconfig | None, x509: X509) -> list[Certificate]:
    """The leaf of each client certificate that a kubeconfig embeds, whichever user is the current one."""
    users = kubeconfig.users if kubeconfig is not None else ()
    found = (_leaf(user.pem("client-certificate") or b"", x509) for user in users)
    return [item for item in found if item is not None]


def _hashes(pem: bytes, x509: X509) -> frozenset[str]:
    """Hashes of the public keys of all certificates of a PEM text; empty when there is none or it is broken."""
    try:
        return frozenset(item.public_key_sha256 for item in x509.certificates(pem)) if pem else frozenset()
    except InvalidInput:
        return frozenset()


def _closed_to_anonymous(report: HostReport, yaml: Yaml) -> t.Iterator[str]:
    api_server = report.manifests.get("kube-apiserver")
    if api_server is None:
        return
    flags = dict(api_server.flags)
    for path in (anonymous_access.READYZ, anonymous_access.CLUSTER_INFO):
        if not anonymous_access.is_open(path, flags, report.anonymous_access, yaml):
            yield path


def _leaf(pem: bytes, x509: X509) -> Certificate | None:
    try:
        return x509.certificates(pem)[0]
    except (InvalidInput, IndexError):
        return None


def _parsed(item: KubeconfigFile, yaml: Yaml, faults: dict[str, str]) -> Kubeconfig | None:
    """A kubeconfig; ``None`` for one that cannot be used, with the reason among the faults."""
    if item.text is None:
        found = Kubeconfig(fault="is no YAML that can be read")
    else:
        try:
            found = Kubeconfig.parse(yaml.load(item.text))
        except InvalidInput:
            found = Kubeconfig(fault="is no YAML document")
    if found.fault is None:
        return found
    faults[item.path] = found.fault
    return None


def _version(text: str) -> KubernetesVersion | None:
    try:
        return KubernetesVersion.parse(text)
    except InvalidInput:
        return None


__all__ = ("Host", "client_certificates")
