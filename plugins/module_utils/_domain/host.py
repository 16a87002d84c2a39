# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host as the audit understands it. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import dataclasses
import typing as t

from . import anonymous_access
from .address import DEFAULT_API_PORT, Endpoint, San, canonical_ip
from .errors import InvalidInput
from .version import KubernetesVersion

if t.TYPE_CHECKING:
    from .._ports import X509, Yaml
    from .certificate import Certificate

#: Subject of a kubelet's client certificate (https://kubernetes.io/docs/reference/access-authn-authz/node/).
_NODE_PREFIX = "system:node:"
_KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"


@dataclasses.dataclass(frozen=True)
class Host:
    """A host of the inventory.

    Attributes:
        name: its name in the inventory.
        report: what ``kubernetes_host_info`` collected.
        certificates: certificates by path, the leaf of each file.
        ca_pem: the cluster CA in PEM, empty when the host has none.
        kubeconfigs: parsed kubeconfigs by path; ``None`` for one that could not be read without its credentials.
        closed_to_anonymous: paths at which an API server here refuses anonymous requests, of those that matter.
    """

    name: str
    report: t.Mapping[str, t.Any]
    certificates: t.Mapping[str, Certificate]
    ca_pem: str
    kubeconfigs: t.Mapping[str, t.Any]
    closed_to_anonymous: frozenset[str] = frozenset()

    @classmethod
    def from_report(
        cls, name: str, report: t.Mapping[str, t.Any], *, yaml: Yaml, x509: X509, pki_dir: str = "/etc/kubernetes/pki"
    ) -> Host:
        """Understand a report. Broken certificates and kubeconfigs are left out; :mod:`preflight` tells of them."""
        pems = {item["path"]: item["pem"] for item in report["certificates"]}
        certificates = {path: _leaf(pem, x509) for path, pem in pems.items()}
        return cls(
            name=name,
            report=report,
            certificates={path: found for path, found in certificates.items() if found is not None},
            ca_pem=pems.get(f"{pki_dir}/ca.crt", ""),
            kubeconfigs={item["path"]: _parsed(item["text"], yaml) for item in report["kubeconfigs"]},
            closed_to_anonymous=frozenset(_closed_to_anonymous(report, yaml)),
        )

    @property
    def node_name(self) -> str:
        """Name of the host's Node object: certificate, then flag, then host name, as kubeadm and the kubelet do."""
        client = self.certificates.get(_KUBELET_CLIENT)
        if client is not None and f"CN={_NODE_PREFIX}" in client.subject:
            return client.subject.partition(f"CN={_NODE_PREFIX}")[2].split(",")[0]
        override = self.report["kubelet_flags"].get("hostname-override")
        return str(override or self.report["hostname"]).lower()

    @property
    def manifests(self) -> t.Mapping[str, t.Any]:
        """Static pods by name."""
        return t.cast("t.Mapping[str, t.Any]", self.report["manifests"])

    @property
    def is_control_plane(self) -> bool:
        """Whether a kube-apiserver runs here as a static pod."""
        return "kube-apiserver" in self.manifests

    @property
    def is_member(self) -> bool:
        """Whether this host's kubelet has joined a cluster."""
        return any(path.endswith("/kubelet.conf") for path in self.kubeconfigs)

    @property
    def api_server(self) -> Endpoint | None:
        """What the host's own API server advertises; ``None`` without one."""
        if not self.is_control_plane:
            return None
        flags = dict(self.manifests["kube-apiserver"]["flags"])
        address = flags.get("advertise-address") or self.report["default_address"]
        return Endpoint.parse(f"{address}", default_port=int(flags.get("secure-port", DEFAULT_API_PORT)))

    @property
    def is_serving(self) -> bool:
        """Whether something listens on the API server's port here."""
        server = self.api_server
        return server is not None and any(
            item["port"] == server.port and item["process"] == "kube-apiserver" for item in self.report["listening"]
        )

    @property
    def address(self) -> str:
        """The address that other hosts reach this one's API server by, or would."""
        server = self.api_server
        return server.host if server is not None else str(self.report["default_address"])

    @property
    def servers(self) -> dict[str, str | None]:
        """The ``server`` of each kubeconfig's current context, by path."""
        return {path: current_server(document) for path, document in self.kubeconfigs.items()}

    @property
    def ca(self) -> Certificate | None:
        """The cluster CA's certificate on this host."""
        return next((found for path, found in self.certificates.items() if path.endswith("/pki/ca.crt")), None)

    @property
    def sans(self) -> frozenset[San]:
        """SANs of the API server's certificate."""
        found = next((item for path, item in self.certificates.items() if path.endswith("/pki/apiserver.crt")), None)
        return found.sans if found is not None else frozenset()

    @property
    def kubeadm_version(self) -> KubernetesVersion | None:
        """Version of the installed kubeadm; ``None`` without one."""
        return _version(self.report["versions"].get("kubeadm", ""))

    @property
    def kubelet_version(self) -> KubernetesVersion | None:
        """Version of the installed kubelet; ``None`` without one."""
        return _version(self.report["versions"].get("kubelet", ""))

    def has_address(self, text: str) -> bool:
        """Whether an address is one of this host's."""
        return canonical_ip(text) in {canonical_ip(item) for item in self.report["addresses"]}

    def has_python_module(self, name: str) -> bool:
        """Whether the interpreter that Ansible uses here can import a module."""
        return bool(self.report["python"]["modules"].get(name))

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
            "ca_public_key_sha256": self.ca.public_key_sha256 if self.ca is not None else None,
        }


def current_server(document: t.Any) -> str | None:
    """The ``server`` of a kubeconfig's current context, or of its only cluster; ``None`` when there is no such thing."""
    if not isinstance(document, dict):
        return None
    clusters = {item.get("name"): item.get("cluster") or {} for item in document.get("clusters") or ()}
    contexts = {item.get("name"): item.get("context") or {} for item in document.get("contexts") or ()}
    context = contexts.get(document.get("current-context")) or {}
    cluster = clusters.get(context.get("cluster"))
    if cluster is None and len(clusters) == 1:
        cluster = next(iter(clusters.values()))
    return cluster.get("server") if cluster else None


def _closed_to_anonymous(report: t.Mapping[str, t.Any], yaml: Yaml) -> t.Iterator[str]:
    api_server = report["manifests"].get("kube-apiserver")
    for path in (anonymous_access.READYZ, anonymous_access.CLUSTER_INFO) if api_server is not None else ():
        flags = dict(api_server["flags"])
        if not anonymous_access.is_open(path, flags, report.get("anonymous_access", ""), yaml):
            yield path


def _leaf(pem: str, x509: X509) -> Certificate | None:
    try:
        return x509.certificates(pem.encode())[0]
    except (InvalidInput, IndexError):
        return None


def _parsed(text: str | None, yaml: Yaml) -> t.Any:
    if text is None:
        return None
    try:
        return yaml.load(text)
    except InvalidInput:
        return None


def _version(text: str) -> KubernetesVersion | None:
    try:
        return KubernetesVersion.parse(text)
    except InvalidInput:
        return None


__all__ = ("Host", "current_server")
