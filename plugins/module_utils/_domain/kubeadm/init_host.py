# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an init is on a host, and what that makes of the host: bare, ours and how far, or somebody else's.

Files and their order: ``kubeadm init`` runs the phases preflight, certs, kubeconfig, etcd, control-plane, kubelet-start,
wait-control-plane and those that write into the cluster. Each of them takes what it finds and makes what is missing
(https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#kubeadm-init-workflow-internal-design).
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..base.enumeration import beginning
from ..base.errors import UnsupportedState
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ..pki.authorities import AUTHORITY_FILES, authorities_of
from .init_marker import COMPLETE, CREATING, InitMarker
from .init_marker import PATH as MARKER_PATH
from .join_traces import KUBERNETES, MANIFESTS

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from .init_documents import InitDocuments

#: Nothing of a cluster is here.
CLEAN = "clean"
#: The collection is creating a cluster here and has not ended.
OURS = "half_created"
#: A whole control plane is here.
CONTROL_PLANE = "control_plane"

_KUBELET_FILES = ("/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env")
_KUBECONFIGS = tuple(
    f"{KUBERNETES}/{name}" for name in ("admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf")
)
#: Ports of static pods by the manifest, but for the API server's, which may be chosen
#: (cmd/kubeadm/app/preflight/checks.go, ``RunInitNodeChecks``).
_PORTS: t.Mapping[str, tuple[int, ...]] = {
    "kube-controller-manager": (10257,),
    "kube-scheduler": (10259,),
    "etcd": (2379, 2380),
}
_COMPONENTS = ("kube-apiserver", *_PORTS)
_KUBELET_PORT = 10250
#: What the API server shows to etcd.
_ETCD_CLIENT = ("apiserver-etcd-client.crt", "apiserver-etcd-client.key")
#: Further pairs of certificate and key.
_LEAVES = (
    *("apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client"),
    *("etcd/server", "etcd/peer", "etcd/healthcheck-client"),
)


@dataclasses.dataclass(frozen=True)
class InitHost:
    """What of an init is on a host.

    Attributes:
        present: paths that kubeadm init makes, as far as they are there, sorted.
        authorities: names of the CAs, and ``sa``, that are there as a whole.
        ca: SHA-256 of the file with the CA's certificate; empty without one.
        has_etcd_data: whether the directory of the stacked etcd's data holds something.
        marker: what the collection has kept here.
    """

    present: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    ca: str = ""
    has_etcd_data: bool = False
    marker: InitMarker | None = None

    def has_more_than_authorities(self, documents: InitDocuments) -> bool:
        """Whether ``kubeadm init`` itself has begun here, beyond the CAs and a client's pair for external etcd, which came first."""
        names = [*AUTHORITY_FILES.values(), *(() if documents.has_stacked_etcd else (_ETCD_CLIENT,))]
        first = {f"{documents.certificates_dir}/{name}" for pair in names for name in pair}
        return bool(set(self.present) - first) or self.has_etcd_data

    def has_manifest(self, component: str) -> bool:
        """Whether the static pod's manifest is there."""
        return _manifest(component) in self.present


def collect(files: Files, documents: InitDocuments) -> InitHost:
    """What of an init is on this host.

    Raises:
        UnsupportedState: when the collection's own file cannot be understood.
    """
    pki = documents.certificates_dir
    paths = [KUBELET_KUBECONFIG, *_KUBECONFIGS, *_KUBELET_FILES, *map(_manifest, _COMPONENTS)]
    paths += [f"{pki}/{name}" for names in AUTHORITY_FILES.values() for name in names]
    paths += [f"{pki}/{name}{extension}" for name in _LEAVES for extension in (".crt", ".key")]
    content = files.read(MARKER_PATH)
    ca = files.read(f"{pki}/ca.crt")
    return InitHost(
        present=tuple(sorted(path for path in paths if files.exists(path))),
        authorities=tuple(
            name
            for name in authorities_of(has_stacked_etcd=documents.has_stacked_etcd)
            if all(_is_whole(files.read(f"{pki}/{file}")) for file in AUTHORITY_FILES[name])
        ),
        ca="" if ca is None else hashlib.sha256(ca).hexdigest(),
        has_etcd_data=documents.has_stacked_etcd and bool(set(files.names(documents.etcd_data)) & {"member"}),
        marker=None if content is None else InitMarker.parse(content),
    )


def classify(host: InitHost, documents: InitDocuments, *, host_name: str) -> str:
    """:data:`CLEAN`, :data:`OURS` or :data:`CONTROL_PLANE`.

    Raises:
        UnsupportedState: naming the host, what is there and the remedy, where no cluster may be created.
    """
    marker = host.marker
    is_ours = marker is not None and marker.state == CREATING
    if not host.present and not host.has_etcd_data:
        # What the collection began was reset since: its marker says nothing any more.
        return CLEAN
    if is_ours and marker is not None:
        _check_ours(host, marker, documents, host_name)
        return OURS
    if _is_whole_control_plane(host, documents):
        return CONTROL_PLANE
    raise UnsupportedState(_refusal(host, documents, host_name), present=list(host.present))


def half_written(files: Files, documents: InitDocuments) -> list[str]:
    """Files that a killed kubeadm of ours has begun and would itself take for good, or never repair.

    A key is written before its certificate, so a pair without a whole certificate has signed nothing and is worth nothing. One
    with a certificate and no key was not left by a kill, and is nobody's to remove here. Manifests and the kubelet's files are
    written anew by each init.
    """
    pki = documents.certificates_dir
    pairs = [*AUTHORITY_FILES.values(), *((f"{name}.crt", f"{name}.key") for name in _LEAVES)]
    found = []
    for pair in pairs:
        paths = [f"{pki}/{name}" for name in pair]
        contents = [files.read(path) for path in paths]
        if not _is_whole(contents[0]):
            found += [path for path, content in zip(paths, contents) if content is not None]
    for path in (KUBELET_KUBECONFIG, *_KUBECONFIGS):
        content = files.read(path)
        if content is not None and not _is_whole(content):
            found.append(path)
    return found


def explained_errors(host: InitHost, documents: InitDocuments) -> tuple[str, ...]:
    """Names of kubeadm's preflight errors that an init of ours explains, which has not ended."""
    names = [_check("FileAvailable", _manifest(component)) for component in _COMPONENTS if host.has_manifest(component)]
    if host.has_manifest("kube-apiserver"):
        names.append(f"Port-{documents.bind_port}")
    names += [f"Port-{port}" for component, ports in _PORTS.items() for port in ports if host.has_manifest(component)]
    if any(path in host.present for path in _KUBELET_FILES):
        names.append(f"Port-{_KUBELET_PORT}")
    if host.has_etcd_data:
        names.append(_check("DirAvailable", documents.etcd_data))
    return tuple(names)


def _check_ours(host: InitHost, marker: InitMarker, documents: InitDocuments, host_name: str) -> None:
    differences = marker.differences(documents.identity)
    if marker.digest != documents.digest or differences:
        raise UnsupportedState(
            f"On {host_name} a cluster is being created with other values: {'; '.join(differences) or 'another digest'}. Restore "
            "them and run again; or run 'kubeadm reset' on the host, which deletes what was begun, then run again.",
            present=list(host.present),
        )
    if marker.ca and host.ca != marker.ca:
        raise UnsupportedState(
            f"On {host_name} a cluster is being created, but {documents.certificates_dir}/ca.crt is not the CA that was made "
            "for it: put that one back, or run 'kubeadm reset' on the host if no cluster needs it, then run again.",
            present=list(host.present),
        )


def _is_whole_control_plane(host: InitHost, documents: InitDocuments) -> bool:
    wanted = [KUBELET_KUBECONFIG, f"{documents.certificates_dir}/ca.crt", *map(_manifest, _COMPONENTS[:-1])]
    return all(path in host.present for path in wanted)


def _refusal(host: InitHost, documents: InitDocuments, host_name: str) -> str:
    data = [f"{documents.etcd_data}/member"] if host.has_etcd_data else []
    found = [*host.present, *data]
    shown = beginning(found, 4)
    remedy = (
        "take the host out of the inventory, or run 'kubeadm reset' on it only where no cluster needs it: it deletes the CA's key "
        "and etcd's data"
    )
    if host.marker is not None and host.marker.state == COMPLETE:
        return (
            f"kubeadm.ha created a cluster on {host_name}, of which only {shown} is left: put back what is missing from a backup, "
            f"or {remedy}."
        )
    if f"{documents.certificates_dir}/ca.crt" in host.present:
        return (
            f"{host_name} has a cluster's CA that kubeadm.ha did not make, and no whole control plane: {shown}. No second CA is "
            f"made over it: {remedy}."
        )
    return f"{host_name} has a part of a cluster that kubeadm.ha did not create: {shown}. No cluster is created over it: {remedy}."


def _manifest(component: str) -> str:
    return f"{MANIFESTS}/{component}.yaml"


def _check(name: str, path: str) -> str:
    """kubeadm's name of a check of a path."""
    return f"{name}-{path.replace('/', '-')}"


def _is_whole(content: bytes | None) -> bool:
    """Whether a file of kubeadm is there to its end, which is the end of a line in all of them."""
    return content is not None and content.endswith(b"\n") and b"\0" not in content


__all__ = (
    "CLEAN",
    "CONTROL_PLANE",
    "OURS",
    "InitHost",
    "classify",
    "collect",
    "explained_errors",
    "half_written",
)
