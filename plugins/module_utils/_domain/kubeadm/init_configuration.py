# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that ``kubeadm init`` is given, built from what the inventory says of a new cluster.

What the collection decides itself (endpoint, version, networks, names and addresses of the host) cannot be said otherwise in the
mappings that are merged into the documents: it would be in the load balancers, certificates and joins already. Fields by version:
https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its older versions.
"""

from __future__ import annotations

import copy
import dataclasses
import ipaddress
import typing as t

from ..base.address import Endpoint, San, canonical_dns_name, canonical_ip
from ..base.endpoint_input import parse_endpoint
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..base.version import KubernetesVersion
from . import cluster_configuration
from .bootstrap_token import TOKEN_DESCRIPTION
from .document_tree import at, merge, put
from .extra_args import COMPONENTS, pairs_of, with_flags
from .extra_volumes import FIELD as VOLUMES
from .kubeadm_api import API_GROUP
from .node_registration_input import parse_kubelet_flags, parse_labels, parse_taints

INIT = "InitConfiguration"
CLUSTER = cluster_configuration.KIND
KUBELET = "KubeletConfiguration"
KUBE_PROXY = "KubeProxyConfiguration"

#: Its life, should nobody come to delete it.
_TOKEN_TTL = "15m0s"  # noqa: S105 (a duration)
#: kubeadm of these minor versions and newer takes the API version.
_V1BETA4, _V1BETA3 = (1, 31), (1, 22)
_KUBELET_API = "kubelet.config.k8s.io/v1beta1"
_KUBE_PROXY_API = "kubeproxy.config.k8s.io/v1alpha1"
_ENCRYPTION = "encryption-provider-config"
#: Name of the volume that has the file for encryption at rest.
_ENCRYPTION_VOLUME = "encryption-at-rest"

#: The variables by the role's own names, as messages name them: what is an input of the whole collection has its name.
_VARIABLES: t.Mapping[str, str] = {
    "endpoint": "kubeadm_ha_endpoint",
    "kubernetes_version": "kubeadm_ha_kubernetes_version",
    "node_name": "kubeadm_ha_node_name",
    "advertise_address": "kubeadm_ha_advertise_address",
    "bind_port": "kubeadm_ha_api_port",
    "pod_subnet": "kubeadm_ha_pod_subnet",
    "service_subnet": "kubeadm_ha_service_subnet",
    "dns_domain": "kubeadm_ha_dns_domain",
    "image_repository": "kubeadm_ha_image_repository",
    "sans": "kubeadm_ha_extra_sans",
    "cri_socket": "kubeadm_ha_cri_socket",
    "node_labels": "kubeadm_ha_node_labels",
    "node_taints": "kubeadm_ha_node_taints",
    "kubelet_extra_args": "kubeadm_ha_kubelet_extra_args",
    "init_configuration": "kubeadm_ha_init_configuration",
    "cluster_configuration": "kubeadm_ha_cluster_configuration",
    "kubelet_configuration": "kubeadm_ha_kubelet_configuration",
    "kube_proxy_configuration": "kubeadm_ha_kube_proxy_configuration",
}
_ROLE = "control_plane_init"
_DOCUMENTS: t.Mapping[str, str] = {
    INIT: "init_configuration",
    CLUSTER: "cluster_configuration",
    KUBELET: "kubelet_configuration",
    KUBE_PROXY: "kube_proxy_configuration",
}
#: What no mapping may say, because a secret has no place in an inventory's mapping, or because it is not an init any more.
_NEVER: t.Mapping[str, tuple[str, ...]] = {
    INIT: ("bootstrapTokens", "certificateKey", "dryRun"),
    CLUSTER: (),
    KUBELET: (),
    KUBE_PROXY: (),
}


@dataclasses.dataclass(frozen=True)
class ExternalEtcd:
    """An etcd that kubeadm does not run: URLs of its members, and paths of what the API server presents and trusts."""

    endpoints: tuple[str, ...]
    ca_file: str
    cert_file: str
    key_file: str

    def as_document(self) -> dict[str, t.Any]:
        """``etcd.external`` of a ClusterConfiguration."""
        return {
            "endpoints": list(self.endpoints),
            "caFile": self.ca_file,
            "certFile": self.cert_file,
            "keyFile": self.key_file,
        }


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a new cluster and its first control plane shall be. Attributes without a value are left to kubeadm.

    Attributes:
        endpoint: the control plane endpoint.
        kubernetes_version: of the cluster.
        node_name: name of the host's Node.
        advertise_address: address of its API server.
        bind_port: port of its API server.
        pod_subnet: networks of the pods, one or two separated by a comma.
        service_subnet: the same of the services.
        dns_domain: of the cluster's services.
        image_repository: where the images of the control plane come from.
        sans: names and addresses for the API servers' certificates.
        etcd_sans: the same for the certificates of the stacked etcd.
        external_etcd: where kubeadm runs none.
        cri_socket: the container runtime.
        feature_gates: of kubeadm.
        encryption_config: file on the host with an EncryptionConfiguration for the API server.
        node_labels: of the Node.
        node_taints: of the Node; ``None`` is kubeadm's own.
        kubelet_extra_args: flags of the kubelet.
        merged: by kind of document the mapping that is merged into it.
    """

    endpoint: Endpoint
    kubernetes_version: KubernetesVersion
    node_name: str = ""
    advertise_address: str = ""
    bind_port: int = 6443
    pod_subnet: str = ""
    service_subnet: str = ""
    dns_domain: str = "cluster.local"
    image_repository: str = ""
    sans: tuple[str, ...] = ()
    etcd_sans: tuple[str, ...] = ()
    external_etcd: ExternalEtcd | None = None
    cri_socket: str = ""
    feature_gates: t.Mapping[str, bool] = dataclasses.field(default_factory=dict)
    encryption_config: str = ""
    node_labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    node_taints: tuple[t.Mapping[str, str], ...] | None = None
    kubelet_extra_args: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    merged: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """Group and version of kubeadm's documents for this version of Kubernetes."""
        return f"{API_GROUP}/{'v1beta4' if self.has_argument_lists else 'v1beta3'}"

    @property
    def has_argument_lists(self) -> bool:
        """Whether flags are written as a list of name and value instead of a map."""
        return self.kubernetes_version.release >= _V1BETA4


def variable(name: str) -> str:
    """The variable of an input, as the operator knows it."""
    return _VARIABLES.get(name, f"{_ROLE}_{name}")


def parse(values: t.Mapping[str, t.Any]) -> tuple[Inputs | None, tuple[Problem, ...]]:
    """The inputs, or every reason why there are none.

    Args:
        values: the role's variables by their names without ``control_plane_init_``.
    """
    reader = _Reader(values)
    external = reader.read("external_etcd", _external_etcd, None)
    inputs = Inputs(
        endpoint=reader.read("endpoint", _endpoint, Endpoint("unknown")),
        kubernetes_version=reader.read("kubernetes_version", _version, KubernetesVersion(1, 34)),
        node_name=reader.read("node_name", _node_name, ""),
        advertise_address=reader.read("advertise_address", _address, ""),
        bind_port=reader.read("bind_port", _port, 6443),
        pod_subnet=reader.read("pod_subnet", _subnets, ""),
        service_subnet=reader.read("service_subnet", _subnets, ""),
        dns_domain=reader.read("dns_domain", _domain, "cluster.local"),
        image_repository=reader.read("image_repository", str, ""),
        sans=reader.read("sans", _sans, ()),
        etcd_sans=() if external else reader.read("etcd_sans", _sans, ()),
        external_etcd=external,
        cri_socket=reader.read("cri_socket", str, ""),
        feature_gates=reader.read("feature_gates", _gates, {}),
        encryption_config=reader.read("encryption_config", _path, ""),
        node_labels=reader.read("node_labels", parse_labels, {}),
        # An empty list is the default of the inputs: kubeadm's own taint, as for a control plane that joins.
        node_taints=tuple(reader.read("node_taints", parse_taints, ())) or None,
        kubelet_extra_args=reader.read("kubelet_extra_args", parse_kubelet_flags, {}),
        merged={kind: reader.read(name, _mapping, {}) for kind, name in _DOCUMENTS.items()},
    )
    problems = (*reader.problems, *_overlap(inputs))
    return (None, problems) if problems else (inputs, ())


def build(inputs: Inputs) -> tuple[tuple[dict[str, t.Any], ...], tuple[Problem, ...]]:
    """The documents, kubeadm's two first, and what the merged mappings must not say.

    Documents of kubelet and kube-proxy are there where the inventory says something of them; else kubeadm's defaults hold.
    """
    own = {
        INIT: _init(inputs),
        CLUSTER: _cluster(inputs),
        KUBELET: {"apiVersion": _KUBELET_API, "kind": KUBELET},
        KUBE_PROXY: {"apiVersion": _KUBE_PROXY_API, "kind": KUBE_PROXY},
    }
    decided = {**own, KUBELET: {**own[KUBELET], "clusterDomain": inputs.dns_domain}}
    if inputs.pod_subnet:
        decided[KUBE_PROXY] = {**own[KUBE_PROXY], "clusterCIDR": inputs.pod_subnet}
    documents: list[dict[str, t.Any]] = []
    problems: list[Problem] = []
    for kind, document in own.items():
        mapping = _in_form(kind, inputs.merged.get(kind) or {}, inputs)
        if kind in (KUBELET, KUBE_PROXY) and not mapping:
            continue
        problems += _contradictions(kind, mapping, decided[kind], inputs)
        documents.append(_merged(kind, document, mapping, inputs))
    return tuple(documents), tuple(problems)


def _init(inputs: Inputs) -> dict[str, t.Any]:
    registration: dict[str, t.Any] = {}
    if inputs.node_name:
        registration["name"] = inputs.node_name
    if inputs.cri_socket:
        registration["criSocket"] = inputs.cri_socket
    if inputs.node_taints is not None:
        registration["taints"] = [dict(taint) for taint in inputs.node_taints]
    flags = dict(inputs.kubelet_extra_args)
    if inputs.node_labels:
        flags["node-labels"] = ",".join(f"{name}={value}" for name, value in sorted(inputs.node_labels.items()))
    if flags:
        registration["kubeletExtraArgs"] = _arguments(sorted(flags.items()), inputs)
    point: dict[str, t.Any] = {"advertiseAddress": inputs.advertise_address} if inputs.advertise_address else {}
    document: dict[str, t.Any] = {
        "apiVersion": inputs.api_version,
        "kind": INIT,
        "bootstrapTokens": [{"description": TOKEN_DESCRIPTION, "ttl": _TOKEN_TTL}],
        "localAPIEndpoint": {**point, "bindPort": inputs.bind_port},
    }
    return {**document, **({"nodeRegistration": registration} if registration else {})}


def _cluster(inputs: Inputs) -> dict[str, t.Any]:
    networking = {
        "dnsDomain": inputs.dns_domain,
        "podSubnet": inputs.pod_subnet,
        "serviceSubnet": inputs.service_subnet,
    }
    document: dict[str, t.Any] = {
        "apiVersion": inputs.api_version,
        "kind": CLUSTER,
        "kubernetesVersion": str(inputs.kubernetes_version),
        "controlPlaneEndpoint": str(inputs.endpoint),
        "networking": {name: value for name, value in networking.items() if value},
    }
    put(document, ("imageRepository",), inputs.image_repository)
    put(document, ("featureGates",), dict(inputs.feature_gates))
    put(document, ("apiServer", "certSANs"), list(inputs.sans))
    if inputs.external_etcd is not None:
        document["etcd"] = {"external": inputs.external_etcd.as_document()}
    elif inputs.etcd_sans:
        sans = list(inputs.etcd_sans)
        document["etcd"] = {"local": {"serverCertSANs": sans, "peerCertSANs": list(sans)}}
    if inputs.encryption_config:
        path = inputs.encryption_config
        put(document, ("apiServer", "extraArgs"), _arguments([(_ENCRYPTION, path)], inputs))
        volume = {
            "name": _ENCRYPTION_VOLUME,
            "hostPath": path,
            "mountPath": path,
            "pathType": "File",
            "readOnly": True,
        }
        put(document, ("apiServer", VOLUMES), [volume])
    return document


def _merged(kind: str, document: dict[str, t.Any], mapping: t.Mapping[str, t.Any], inputs: Inputs) -> dict[str, t.Any]:
    """The mapping merged into a document. Lists replace, but for those of the collection's own entries: both are kept."""
    result = copy.deepcopy(document)
    merge(result, mapping)
    for path in _KEPT_TEXTS.get(kind, ()):
        ours, both = at(document, path) or [], at(result, path) or []
        known = {_san_text(item) for item in both}
        if ours:
            put(result, path, [*both, *(item for item in ours if _san_text(item) not in known)])
    for path in _argument_paths(kind):
        ours, theirs = pairs_of(at(document, path)), pairs_of(at(mapping, path))
        if ours and theirs:
            flags: dict[str, tuple[str, ...]] = {}
            for name, value in theirs:
                flags[name] = (*flags.get(name, ()), value)
            put(result, path, _arguments(with_flags(ours, flags), inputs))
    if kind == CLUSTER:
        path = ("apiServer", VOLUMES)
        volumes = at(result, path) or []
        names = {item.get("name") for item in volumes if isinstance(item, dict)}
        put(result, path, [*volumes, *(item for item in at(document, path) or () if item["name"] not in names)])
    return result


def _in_form(kind: str, mapping: t.Mapping[str, t.Any], inputs: Inputs) -> dict[str, t.Any]:
    """The mapping with flags as this version writes them: who writes a map of them need not know the version."""
    result = copy.deepcopy(dict(mapping))
    for path in _argument_paths(kind):
        value = at(result, path)
        if value:
            put(result, path, _arguments(pairs_of(value), inputs))
    return result


def _arguments(pairs: t.Sequence[tuple[str, str]], inputs: Inputs) -> t.Any:
    if inputs.has_argument_lists:
        return [{"name": name, "value": value} for name, value in pairs]
    return dict(pairs)


def _argument_paths(kind: str) -> t.Sequence[tuple[str, ...]]:
    if kind == CLUSTER:
        return [(*path, "extraArgs") for path in COMPONENTS.values()]
    return [("nodeRegistration", "kubeletExtraArgs")] if kind == INIT else []


#: Lists of names and addresses, to which a mapping may add and from which it takes nothing away.
_KEPT_TEXTS: t.Mapping[str, t.Sequence[tuple[str, ...]]] = {
    CLUSTER: (("apiServer", "certSANs"), ("etcd", "local", "serverCertSANs"), ("etcd", "local", "peerCertSANs"))
}
#: Fields that the collection decides, with the input that says so.
_DECIDED: t.Mapping[str, t.Mapping[tuple[str, ...], str]] = {
    INIT: {
        ("localAPIEndpoint", "advertiseAddress"): "advertise_address",
        ("localAPIEndpoint", "bindPort"): "bind_port",
        ("nodeRegistration", "name"): "node_name",
    },
    CLUSTER: {
        ("controlPlaneEndpoint",): "endpoint",
        ("kubernetesVersion",): "kubernetes_version",
        ("networking", "podSubnet"): "pod_subnet",
        ("networking", "serviceSubnet"): "service_subnet",
        ("networking", "dnsDomain"): "dns_domain",
        ("imageRepository",): "image_repository",
        ("etcd", "external"): "external_etcd",
    },
    KUBELET: {("clusterDomain",): "dns_domain"},
    KUBE_PROXY: {("clusterCIDR",): "pod_subnet"},
}


def _contradictions(
    kind: str, mapping: t.Mapping[str, t.Any], decided: t.Mapping[str, t.Any], inputs: Inputs
) -> t.Iterator[Problem]:
    subject = variable(_DOCUMENTS[kind])
    for name in ("apiVersion", "kind"):
        if name in mapping and mapping[name] != decided[name]:
            yield Problem(
                subject,
                f"{subject} has the {name} {mapping[name]!r}, but Kubernetes {inputs.kubernetes_version} is created with "
                f"{decided[name]}: leave it out.",
            )
    for name in _NEVER[kind]:
        if name in mapping:
            yield Problem(subject, f"{subject} has {name}, which the collection itself decides: leave it out.")
    for path, source in _DECIDED[kind].items():
        if not _names(mapping, path):
            continue
        theirs, ours = at(mapping, path), at(decided, path)
        if _plain(theirs) != _plain(ours):
            yield Problem(
                subject,
                f"{subject} has {'.'.join(path)} {theirs!r}, but {variable(source)} decides it"
                f"{'' if ours is None else f' ({ours!r})'}: leave it out, or set {variable(source)}.",
            )
    if kind == CLUSTER and inputs.external_etcd is not None and at(mapping, ("etcd", "local")) is not None:
        yield Problem(
            subject,
            f"{subject} has etcd.local, but {variable('external_etcd')} says that kubeadm runs no etcd: leave one of them out.",
        )


def _names(mapping: t.Mapping[str, t.Any], path: tuple[str, ...]) -> bool:
    """Whether a mapping says something of a path; a null, or a null above it, would take the collection's own away."""
    value: t.Any = mapping
    for name in path:
        if not isinstance(value, dict):
            return True
        if name not in value:
            return False
        value = value[name]
    return True


def _plain(value: t.Any) -> t.Any:
    return str(value) if isinstance(value, (str, int)) else value


def _san_text(item: t.Any) -> str:
    try:
        return str(San.parse(str(item)))
    except InvalidInput:
        return str(item)


class _Reader:
    """Reads inputs one by one and keeps every problem."""

    def __init__(self, values: t.Mapping[str, t.Any]) -> None:
        self._values = values
        self.problems: list[Problem] = []

    def read(self, name: str, parse_value: t.Callable[[t.Any], t.Any], default: t.Any) -> t.Any:
        """One input; the default where it is missing or empty, unless it is required."""
        value = self._values.get(name)
        if name not in _REQUIRED and (value is None or value in ("", [], {}, ())):
            return default
        try:
            return parse_value(value)
        except InvalidInput as error:
            named = variable(name)
            message = error.message
            text = message if named in message else f"{named} cannot be used: {message}"
            self.problems.append(Problem(named, text))
            return default


_REQUIRED = ("endpoint", "kubernetes_version")


def _endpoint(value: t.Any) -> Endpoint:
    if not value:
        raise InvalidInput(
            "kubeadm_ha_endpoint is missing: a new cluster needs its control plane endpoint, as host:port."
        )
    return parse_endpoint(value)


def _version(value: t.Any) -> KubernetesVersion:
    if not value:
        raise InvalidInput(
            "kubeadm_ha_kubernetes_version is missing: a new cluster needs the version of Kubernetes, for example 1.34.4."
        )
    if str(value).count(".") != 2:
        raise InvalidInput(f"{value!r} is not a whole version: write it with its patch, for example 1.34.4.")
    version = KubernetesVersion.parse(str(value))
    if version.release < _V1BETA3:
        raise InvalidInput(f"{version} is too old to be created: write v{_V1BETA3[0]}.{_V1BETA3[1]}.0 or newer.")
    return version


def _node_name(value: t.Any) -> str:
    name = canonical_dns_name(str(value))
    if name is None:
        raise InvalidInput(f"{value!r} is not the name of a node: write a DNS name in lower case.")
    return name


def _address(value: t.Any) -> str:
    address = canonical_ip(str(value))
    if address is None:
        raise InvalidInput(f"{value!r} is no IP address: write the address of this host's API server.")
    return address


def _port(value: t.Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise InvalidInput(f"{value!r} is no port: write a number from 1 to 65535.")
    return int(text)


def _subnets(value: t.Any) -> str:
    """One network, or one of each family, in canonical spelling."""
    texts = [text.strip() for text in str(value).split(",")]
    try:
        networks = [ipaddress.ip_network(text) for text in texts]
    except ValueError as error:
        raise InvalidInput(f"{value!r} is no network ({error}): write for example 10.244.0.0/16.") from None
    if any("/" not in text for text in texts):
        raise InvalidInput(f"{value!r} has no prefix length: write for example 10.244.0.0/16.")
    if len({network.version for network in networks}) != len(networks):
        raise InvalidInput(f"{value!r} has two networks of one family: write one of IPv4, one of IPv6, or one of each.")
    return ",".join(map(str, networks))


def _overlap(inputs: Inputs) -> t.Iterator[Problem]:
    pods, services = (
        [ipaddress.ip_network(text) for text in subnets.split(",") if text]
        for subnets in (inputs.pod_subnet, inputs.service_subnet)
    )
    for pod in pods:
        for service in services:
            if pod.version == service.version and pod.overlaps(service):
                yield Problem(
                    variable("service_subnet"),
                    f"{variable('service_subnet')} ({service}) and {variable('pod_subnet')} ({pod}) overlap: give networks apart "
                    "from each other.",
                )


def _domain(value: t.Any) -> str:
    name = canonical_dns_name(str(value))
    if name is None:
        raise InvalidInput(f"{value!r} is no DNS domain: write for example cluster.local.")
    return name


def _sans(value: t.Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{value!r} is not a list of DNS names and IP addresses.")
    return tuple(dict.fromkeys(str(San.parse(str(item))) for item in value))


def _gates(value: t.Any) -> dict[str, bool]:
    if not isinstance(value, dict) or not all(isinstance(item, bool) for item in value.values()):
        raise InvalidInput(f"{value!r} is no mapping of feature gates to true or false.")
    return {str(name): item for name, item in value.items()}


def _path(value: t.Any) -> str:
    if not str(value).startswith("/"):
        raise InvalidInput(f"{value!r} is no absolute path of a file on the control planes.")
    return str(value)


def _mapping(value: t.Any) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{value!r} is no mapping: write the fields of the document.")
    return dict(value)


def _external_etcd(value: t.Any) -> ExternalEtcd:
    example = "write {endpoints: [https://192.0.2.21:2379], ca_file: PATH, cert_file: PATH, key_file: PATH}"
    fields = ("endpoints", "ca_file", "cert_file", "key_file")
    if not isinstance(value, dict) or set(value) != set(fields):
        raise InvalidInput(f"it must have {', '.join(fields)}: {example}.")
    endpoints = value["endpoints"]
    if not isinstance(endpoints, (list, tuple)) or not endpoints:
        raise InvalidInput(f"its endpoints are {endpoints!r}, not a list of URLs: {example}.")
    for item in endpoints:
        if not str(item).startswith("https://"):
            raise InvalidInput(f"its endpoint {item!r} does not begin with https://: {example}.")
        Endpoint.parse(str(item)[len("https://") :], default_port=None)
    return ExternalEtcd(
        endpoints=tuple(map(str, endpoints)),
        ca_file=_path(value["ca_file"]),
        cert_file=_path(value["cert_file"]),
        key_file=_path(value["key_file"]),
    )


__all__ = (
    "CLUSTER",
    "INIT",
    "KUBELET",
    "KUBE_PROXY",
    "ExternalEtcd",
    "Inputs",
    "build",
    "parse",
    "variable",
)
