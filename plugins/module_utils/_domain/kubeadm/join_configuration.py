# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JoinConfiguration, and the request that it is made of.

Fields by version:
https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-JoinConfiguration and its
older versions.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing as t

from ..base.address import Endpoint, canonical_ip
from ..base.errors import InvalidInput
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .join_traces import MANIFESTS
from .kubeadm_api import API_GROUP, JOIN_VERSIONS

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from .join_token import Token

#: kubeadm's check that the directory of static pods is empty.
MANIFESTS_CHECK = "DirAvailable--etc-kubernetes-manifests"
#: What leaves every check out; kubeadm does not take it beside names.
EVERY_CHECK = "all"

_CERTIFICATE_KEY = re.compile(r"^[0-9a-f]{64}\Z")
_CA_CERT_HASH = re.compile(r"^sha256:[0-9a-f]{64}\Z")


@dataclasses.dataclass(frozen=True)
class JoinRequest:
    """What a JoinConfiguration must say.

    Attributes:
        endpoint: the API server that is asked for cluster-info.
        ca_cert_hashes: hashes of the cluster CA's public key, of which one must be right.
        api_version: group and version of the configuration, the cluster's own.
        control_plane: the host becomes a control plane.
        token: the bootstrap token; ``None`` where nothing is going to be joined.
        certificate_key: under which the certificates were uploaded; ``None`` when they are on the host already.
        node_name: name of the Node object; ``None`` is the host's name.
        advertise_address: address of the new API server; ``None`` is the interface with the default route.
        bind_port: port of the new API server.
        cri_socket: the container runtime; ``None`` is the only one that kubeadm finds.
        patches_directory: kubeadm patches on the host.
        taints: taints of the Node; ``None`` is kubeadm's default, empty is none.
        kubelet_extra_args: flags of the kubelet by name without dashes.
        ignore_preflight_errors: names of kubeadm's checks.
        timeout: seconds for each of kubeadm's waits (discovery, TLS bootstrap, health); ``None`` is kubeadm's.
        ca_certificate: PEM of the cluster's CA. With it kubeadm presents the token when it discovers the cluster, for API
            servers that refuse anonymous requests; ``None`` lets it ask as anonymous.
        certificates_dir: the cluster's ``certificatesDir``, in which kubeadm puts the CA's certificate on every node.
        assumes_reset: the host counts as one that was reset, because an earlier task only predicted that.
    """

    endpoint: Endpoint
    ca_cert_hashes: tuple[str, ...]
    api_version: str
    control_plane: bool = False
    token: Token | None = None
    certificate_key: str | None = dataclasses.field(default=None, repr=False)
    node_name: str | None = None
    advertise_address: str | None = None
    bind_port: int | None = None
    cri_socket: str | None = None
    patches_directory: str | None = None
    taints: tuple[t.Mapping[str, str], ...] | None = None
    kubelet_extra_args: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignore_preflight_errors: tuple[str, ...] = ()
    timeout: int | None = None
    ca_certificate: str | None = None
    certificates_dir: str = DEFAULT_CERTIFICATES_DIR
    assumes_reset: bool = False

    @property
    def role(self) -> str:
        """``control plane`` or ``worker``."""
        return role_name(control_plane=self.control_plane)

    @property
    def version(self) -> str:
        """The version of :attr:`api_version` alone."""
        return self.api_version.rpartition("/")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        token = () if self.token is None else (self.token.text, self.token.secret)
        return (*token, *(() if self.certificate_key is None else (self.certificate_key,)))

    def check(self) -> None:
        """Check what can be checked without the host.

        Raises:
            InvalidInput: with the option's name; never with a secret.
        """
        self.check_node()
        if not self.ca_cert_hashes or not all(_CA_CERT_HASH.match(item) for item in self.ca_cert_hashes):
            raise InvalidInput(
                "The option ca_cert_hashes must hold the hash of the cluster CA's public key, sha256: and 64 hexadecimal "
                "digits; kubeadm.ha.kubeadm_join_command returns it."
            )
        if self.certificate_key is not None and not _CERTIFICATE_KEY.match(self.certificate_key):
            raise InvalidInput("The option certificate_key is no key: it must be 64 hexadecimal digits.")

    def check_node(self) -> None:
        """Check what is said of the node alone.

        Raises:
            InvalidInput: with the option's name.
        """
        if self.api_version not in {f"{API_GROUP}/{version}" for version in JOIN_VERSIONS}:
            raise InvalidInput(
                f"The option api_version is {self.api_version!r}: it must be {API_GROUP}/{JOIN_VERSIONS[0]} to {JOIN_VERSIONS[-1]}; "
                "kubeadm.ha.kubeadm_join_command returns the cluster's own."
            )
        if self.advertise_address is not None and canonical_ip(self.advertise_address) is None:
            raise InvalidInput(f"The option advertise_address is {self.advertise_address!r}: give an IP address.")
        if self.patches_directory is not None and self.version == "v1beta2":
            raise InvalidInput(f"The option patches_directory cannot be used: {self.api_version} has no patches.")


def join_configuration(request: JoinRequest, *, discovery_file: str | None = None) -> dict[str, t.Any]:
    """The JoinConfiguration as a document, with the path of a :func:`discovery_kubeconfig` if there is one."""
    token = "" if request.token is None else request.token.text
    by_token = {
        "bootstrapToken": {
            "apiServerEndpoint": str(request.endpoint),
            "token": token,
            "caCertHashes": list(request.ca_cert_hashes),
        }
    }
    by_file = {"file": {"kubeConfigPath": discovery_file}, "tlsBootstrapToken": token}
    document: dict[str, t.Any] = {
        "apiVersion": request.api_version,
        "kind": "JoinConfiguration",
        "discovery": by_token if discovery_file is None else by_file,
    }
    if request.certificates_dir != DEFAULT_CERTIFICATES_DIR:
        # Else kubeadm puts the CA where the kubelet's clientCAFile, which is the cluster's, does not expect it.
        document["caCertPath"] = f"{request.certificates_dir}/ca.crt"
    registration = _node_registration(request)
    if registration:
        document["nodeRegistration"] = registration
    if request.control_plane:
        document["controlPlane"] = _control_plane(request)
    if request.patches_directory is not None:
        document["patches"] = {"directory": request.patches_directory}
    if request.timeout is not None:
        _set_timeouts(document, request)
    return document


def discovery_kubeconfig(request: JoinRequest, *, server: str | None = None) -> str:
    """A kubeconfig (JSON is one) by which kubeadm discovers the cluster with the token instead of as anonymous.

    kubeadm then asks for cluster-info once and is content with 403, which a bootstrap token gets
    (cmd/kubeadm/app/discovery/file/file.go). ``server`` is the URL that it asks; ``None`` is the request's endpoint.
    """
    ca = base64.b64encode((request.ca_certificate or "").encode()).decode()
    name, user = "kubernetes", "tls-bootstrap-token-user"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server or request.endpoint.url, "certificate-authority-data": ca}}
        ],
        "users": [{"name": user, "user": {"token": "" if request.token is None else request.token.text}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return json.dumps(document)


def with_other_static_pods(request: JoinRequest, files: Files) -> JoinRequest:
    """Let kubeadm bear an operator's own static pods; its own manifests would have been taken for a half join."""
    if not files.names(MANIFESTS):
        return request
    return dataclasses.replace(
        request, ignore_preflight_errors=tuple(dict.fromkeys((*request.ignore_preflight_errors, MANIFESTS_CHECK)))
    )


def leaves_every_check_out(names: t.Iterable[str]) -> bool:
    """Whether names of checks are a word for all of them."""
    return any(name.lower() == EVERY_CHECK for name in names)


def role_name(*, control_plane: bool) -> str:
    """How a role is called in changes."""
    return "control plane" if control_plane else "worker"


def _node_registration(request: JoinRequest) -> dict[str, t.Any]:
    registration: dict[str, t.Any] = {}
    if request.node_name is not None:
        registration["name"] = request.node_name
    if request.cri_socket is not None:
        registration["criSocket"] = request.cri_socket
    if request.taints is not None:
        registration["taints"] = [dict(taint) for taint in request.taints]
    if request.kubelet_extra_args:
        pairs = sorted(request.kubelet_extra_args.items())
        as_list = JOIN_VERSIONS.index(request.version) >= JOIN_VERSIONS.index("v1beta4")
        registration["kubeletExtraArgs"] = (
            [{"name": name, "value": value} for name, value in pairs] if as_list else dict(pairs)
        )
    if request.ignore_preflight_errors:
        registration["ignorePreflightErrors"] = list(_ignored(request.ignore_preflight_errors))
    return registration


def _ignored(names: t.Sequence[str]) -> t.Sequence[str]:
    """The names as kubeadm takes them: it refuses others beside the word for all."""
    return (EVERY_CHECK,) if leaves_every_check_out(names) else names


def _control_plane(request: JoinRequest) -> dict[str, t.Any]:
    control_plane: dict[str, t.Any] = {}
    if request.certificate_key is not None:
        control_plane["certificateKey"] = request.certificate_key
    endpoint: dict[str, t.Any] = {}
    if request.advertise_address is not None:
        endpoint["advertiseAddress"] = request.advertise_address
    if request.bind_port is not None:
        endpoint["bindPort"] = request.bind_port
    if endpoint:
        control_plane["localAPIEndpoint"] = endpoint
    return control_plane


def _set_timeouts(document: dict[str, t.Any], request: JoinRequest) -> None:
    """All but ``controlPlaneComponentHealthCheck``: kubeadm writes that one into the static pods' startup probes.

    (``StartupProbe`` in kubeadm's ``app/util/staticpod/utils.go``.)
    """
    duration = f"{request.timeout}s"
    if request.version == "v1beta4":
        document["timeouts"] = dict.fromkeys(("discovery", "tlsBootstrap", "kubeletHealthCheck"), duration)
    else:
        document["discovery"]["timeout"] = duration


__all__ = (
    "EVERY_CHECK",
    "MANIFESTS_CHECK",
    "JoinRequest",
    "discovery_kubeconfig",
    "join_configuration",
    "leaves_every_check_out",
    "role_name",
    "with_other_static_pods",
)
