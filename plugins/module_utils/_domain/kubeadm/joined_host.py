# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a join is on a host, and what that makes of the host for a cluster.

Files that kubeadm makes on a node:
https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#constants-and-well-known-values-and-paths.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint, canonical_ip, is_loopback
from ..base.errors import InvalidInput
from ..base.etcd_url import EtcdUrl, urls_of
from ..component import local_control_plane
from ..component.secure_port import port_of
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG, certified_node
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .join_traces import MANIFESTS

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import CertificateIdentities
    from ..._ports.yaml import YamlReader

CLEAN = "clean"
MEMBER = "member"
HALF_JOINED = "half_joined"
OTHER_ROLE = "other_role"
FOREIGN = "foreign"

#: What ``kubeadm join`` makes on every node, besides kubelet.conf.
_NODE_FILES = (
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
)
#: What it makes on every control plane.
_CONTROL_PLANE_FILES = (
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
    f"{MANIFESTS}/kube-apiserver.yaml",
    f"{MANIFESTS}/kube-controller-manager.yaml",
    f"{MANIFESTS}/kube-scheduler.yaml",
)
_ETCD_MANIFEST = f"{MANIFESTS}/etcd.yaml"
#: kubeadm's default data directory of etcd; kubeadm join wants it empty.
_ETCD_DATA = "/var/lib/etcd/member"


@dataclasses.dataclass(frozen=True)
class HostFiles:
    """What of a join is on a host.

    Attributes:
        present: paths of the files that kubeadm join makes, as far as they are there, sorted.
        ca_hashes: hashes of the public keys of the CAs in kubelet.conf, or else in the file ca.crt.
        node_name: the node that the client certificate of kubelet.conf names.
        uses_local_etcd: the API server of the host uses an etcd of the host.
        api_server: address and port of the host's API server.
        server: the server that kubelet.conf names.
    """

    present: tuple[str, ...] = ()
    ca_hashes: frozenset[str] = frozenset()
    node_name: str | None = None
    uses_local_etcd: bool = False
    api_server: Endpoint | None = None
    server: str | None = None

    @property
    def is_control_plane(self) -> bool:
        """Whether the API server's manifest is there."""
        return f"{MANIFESTS}/kube-apiserver.yaml" in self.present


@dataclasses.dataclass(frozen=True)
class State:
    """What a host is to a cluster: ``kind`` (a constant of this module), the files that it has and those it lacks."""

    kind: str
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def classify(
    host: HostFiles, *, ca_cert_hashes: t.Collection[str], control_plane: bool, brings_authorities: bool = False
) -> State:
    """What a host is to the cluster with this CA.

    Args:
        host: what is on it.
        ca_cert_hashes: hashes of the cluster CA's public key.
        control_plane: it is to be a control plane, else a worker.
        brings_authorities: it shall have the cluster's certificate authorities before it joins, instead of getting them by that.
    """
    # On a host without any CA there is nothing to recognise the cluster by.
    if host.ca_hashes and not host.ca_hashes & frozenset(ca_cert_hashes):
        return State(FOREIGN, host.present)
    if not host.present or (host.present == (_ETCD_DATA,) and not control_plane):
        return State(CLEAN)
    if brings_authorities and control_plane and len(host.present) == 1 and host.present[0].endswith("/ca.crt"):
        return State(CLEAN)
    if KUBELET_KUBECONFIG not in host.present or host.node_name is None:
        return State(HALF_JOINED, host.present, _missing(host, control_plane=control_plane))
    if host.is_control_plane != control_plane and not _missing(host, control_plane=host.is_control_plane):
        return State(OTHER_ROLE, host.present)
    missing = _missing(host, control_plane=control_plane or host.is_control_plane)
    return State(HALF_JOINED if missing else MEMBER, host.present, missing)


def collect(
    files: Files, yaml: YamlReader, x509: CertificateIdentities, *, pki_dir: str = DEFAULT_CERTIFICATES_DIR
) -> HostFiles:
    """What of a join is on this host. Files that cannot be understood count as present, and say nothing."""
    ca_path = f"{pki_dir}/ca.crt"
    paths = (KUBELET_KUBECONFIG, ca_path, *_NODE_FILES, *_CONTROL_PLANE_FILES, _ETCD_MANIFEST, _ETCD_DATA)
    present = tuple(sorted(path for path in paths if files.exists(path)))
    kubeconfig = _kubeconfig(files, yaml)
    flags = local_control_plane.api_server_flags(files, manifests_dir=MANIFESTS)
    ca = kubeconfig.ca_pem(files)
    if ca is None:
        ca = files.read(ca_path)
    return HostFiles(
        present=present,
        ca_hashes=_hashes(ca, x509),
        node_name=certified_node(kubeconfig, files, x509),
        uses_local_etcd=_uses_local_etcd(flags),
        api_server=_api_server(flags),
        server=kubeconfig.server,
    )


def runs_control_plane(host: HostFiles) -> bool:
    """Whether a kubelet with credentials starts an API server or etcd here: it may be the only one of a cluster."""
    pods = (f"{MANIFESTS}/kube-apiserver.yaml", _ETCD_MANIFEST)
    return KUBELET_KUBECONFIG in host.present and any(path in host.present for path in pods)


def _missing(host: HostFiles, *, control_plane: bool) -> tuple[str, ...]:
    """What a finished join would have left besides. bootstrap-kubelet.conf goes away with the end of a join."""
    wanted = [KUBELET_KUBECONFIG, "/var/lib/kubelet/config.yaml"]
    if control_plane:
        wanted += _CONTROL_PLANE_FILES
        wanted += [_ETCD_MANIFEST] if host.uses_local_etcd else []
    return tuple(path for path in wanted if path not in host.present)


def _kubeconfig(files: Files, yaml: YamlReader) -> Kubeconfig:
    content = files.read(KUBELET_KUBECONFIG)
    try:
        return Kubeconfig() if content is None else Kubeconfig.parse(yaml.load(content.decode("utf-8")))
    except (InvalidInput, UnicodeDecodeError):
        return Kubeconfig()


def _hashes(pem: bytes | None, x509: CertificateIdentities) -> frozenset[str]:
    try:
        return frozenset(item.public_key_sha256 for item in x509.identities(pem)) if pem is not None else frozenset()
    except InvalidInput:
        return frozenset()


def _uses_local_etcd(flags: t.Mapping[str, str]) -> bool:
    parsed = map(EtcdUrl.parse, urls_of(flags.get("etcd-servers", "")))
    return any(url is not None and is_loopback(url.host) for url in parsed)


def _api_server(flags: t.Mapping[str, str]) -> Endpoint | None:
    address = canonical_ip(flags.get("advertise-address", ""))
    return None if address is None else Endpoint(address, port_of(flags))


__all__ = (
    "CLEAN",
    "FOREIGN",
    "HALF_JOINED",
    "MEMBER",
    "OTHER_ROLE",
    "HostFiles",
    "State",
    "classify",
    "collect",
    "runs_control_plane",
)
