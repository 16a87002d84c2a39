# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of its host a control plane's static pods need besides kubeadm's own.

kubeadm makes and mounts the paths of ``cmd/kubeadm/app/phases/controlplane/volumes.go``; everything else that flags and
hostPath volumes name is the operator's, and ``kubeadm join`` does not bring it.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ..base.file_fact import CARRIED, MADE, NEEDED
from ..component.static_pod import COMPONENTS, ETCD, Mount, StaticPod, is_below
from ..pki import leaf_keys
from ..pki.authorities import shared_files

#: What kubeadm makes in its ``certificatesDir``.
_PKI = re.compile(
    r"^(?:(?:apiserver|apiserver-etcd-client|apiserver-kubelet-client|ca|front-proxy-ca|front-proxy-client"
    r"|etcd/ca|etcd/server|etcd/peer|etcd/healthcheck-client)\.(?:crt|key)|sa\.(?:key|pub))\Z"
)
#: What kubeadm and the kubelet's package make beside it.
_KUBERNETES = re.compile(
    r"^(?:(?:admin|super-admin|kubelet|bootstrap-kubelet|controller-manager|scheduler)\.conf|manifests|tmp)(?:/|\Z)"
)
#: Trees and files that each host has for itself. kubeadm mounts some of them where they exist.
_SYSTEM = (
    *("/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/boot"),
    *("/dev", "/proc", "/sys", "/run", "/var/run"),
    *("/etc/localtime", "/etc/timezone", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/nsswitch.conf"),
    *("/etc/passwd", "/etc/group", "/etc/os-release", "/etc/machine-id", "/etc/ssl/openssl.cnf"),
)
#: Flags that name what a component writes.
_OUTPUT_FLAGS = frozenset({"audit-log-path", "log-dir", "log-file"})
#: kubeadm brings these itself: certificates for external etcd travel with the uploaded ones.
_ETCD_FLAGS = frozenset({"etcd-cafile", "etcd-certfile", "etcd-keyfile"})
_KUBEADMS_FLAGS = frozenset({*_ETCD_FLAGS, "flex-volume-plugin-dir"})
_LOGS = ("/var/log",)


@dataclasses.dataclass(frozen=True)
class Need:
    """Something that a control plane needs on its host.

    Attributes:
        path: on the host.
        use: :data:`CARRIED`, :data:`MADE` or :data:`NEEDED`.
        outputs: paths below it that the component writes, with the files that it rotates them to.
        is_shared: whether all control planes have it alike, even where it is the key of a certificate.
    """

    path: str
    use: str
    outputs: tuple[str, ...] = ()
    is_shared: bool = False


@dataclasses.dataclass(frozen=True)
class Places:
    """Where kubeadm's own files are.

    Attributes:
        pki: kubeadm's ``certificatesDir``.
        kubernetes: the directory above manifests and kubeconfigs.
        real: a path with all links followed: one directory may have several names.
    """

    pki: str = "/etc/kubernetes/pki"
    kubernetes: str = "/etc/kubernetes"
    real: t.Callable[[str], str] = str

    def is_kubeadms(self, path: str) -> bool:
        """Whether kubeadm makes this path on every control plane."""
        # The directory counts, not where a link of that name leads: kubeadm makes no link.
        places = {path, posixpath.join(self.real(posixpath.dirname(path)), posixpath.basename(path))}
        return any(
            _PKI.match(_relative(place, pki)) or _KUBERNETES.match(_relative(place, self.kubernetes))
            for place in places
            for pki in self._pki_names
        )

    def is_own_directory(self, path: str) -> bool:
        """Whether kubeadm mounts this directory; the operator's files in it are those that flags name."""
        return any(place in (pki, f"{pki}/etcd") for place in (path, self.real(path)) for pki in self._pki_names)

    def is_in_pki(self, path: str) -> bool:
        """Whether a path is below kubeadm's certificates."""
        return any(is_below(place, pki) for place in (path, self.real(path)) for pki in self._pki_names)

    @property
    def _pki_names(self) -> set[str]:
        return {self.pki, self.real(self.pki)}


def needs(pods: t.Mapping[str, StaticPod], places: Places, *, patches_dir: str = "") -> tuple[Need, ...]:
    """Everything that the components need, sorted by path; of two needs for one path the stronger one.

    Args:
        pods: the static pods of the control plane by component.
        places: where kubeadm's files are.
        patches_dir: kubeadm's patches, empty without.
    """
    found: dict[str, Need] = {}
    everything = [Need(patches_dir, CARRIED)] if patches_dir else []
    for component in COMPONENTS:
        if component in pods:
            everything += [*_of_mounts(pods[component], places), *_of_flags(pods[component], places)]
    for need in everything:
        known = found.get(need.path)
        if known is None or (need.use == CARRIED and known.use != CARRIED):
            outputs = need.outputs if known is None else (*need.outputs, *known.outputs)
            found[need.path] = dataclasses.replace(need, outputs=tuple(sorted(set(outputs))))
    return tuple(found[path] for path in sorted(found) if not _is_covered(found[path], found.values()))


def authority_needs(pods: t.Mapping[str, StaticPod], places: Places) -> tuple[Need, ...]:
    """The files that all control planes have alike, which kubeadm uploads unless somebody copies them.

    Of external etcd they are the CA and the client certificate that the API server names.
    """
    paths = [posixpath.join(places.pki, name) for name in shared_files(has_stacked_etcd=ETCD in pods)]
    if ETCD not in pods:
        named = _named_paths(pods[COMPONENTS[0]]) if COMPONENTS[0] in pods else ()
        paths += [path for path, flag in named if flag in _ETCD_FLAGS]
    return tuple(Need(path, CARRIED, is_shared=True) for path in sorted(set(paths)))


def leaf_key_paths(pods: t.Mapping[str, StaticPod], places: Places) -> dict[str, str]:
    """Paths that flags name as the key of a certificate of this very host and that kubeadm does not make, with the flag."""
    return {
        path: flag
        for component in COMPONENTS
        if component in pods
        for path, flag in _named_paths(pods[component])
        if flag in leaf_keys.FLAGS and not places.is_kubeadms(path)
    }


def is_output(path: str, outputs: t.Iterable[str]) -> bool:
    """Whether a file is one that a component writes, or was rotated from it (``audit-2026-01-01T00-00-00.000.log``)."""
    return any(path == output or path.startswith(posixpath.splitext(output)[0] + "-") for output in outputs)


def _of_mounts(pod: StaticPod, places: Places) -> t.Iterator[Need]:
    named = dict(_named_paths(pod))
    flexvolumes = {path for path, flag in named.items() if flag == "flex-volume-plugin-dir"}
    kubeadms = {posixpath.dirname(path) for path, flag in named.items() if flag in _KUBEADMS_FLAGS}
    for mount in pod.mounts:
        path = mount.host_path
        if places.is_kubeadms(path) or places.is_own_directory(path) or path in flexvolumes:
            continue
        if mount.name.startswith("etcd-certs-") and path in kubeadms:
            continue
        if _is_systems(path):
            if mount.type in ("", "File", "Directory", "Socket", "CharDevice", "BlockDevice"):
                yield Need(path, NEEDED)
            continue
        if mount.type == "Socket":
            yield Need(path, NEEDED)
            continue
        outputs = tuple(sorted(item for item, flag in named.items() if flag in _OUTPUT_FLAGS and is_below(item, path)))
        is_read = any(flag not in _OUTPUT_FLAGS and is_below(item, path) for item, flag in named.items())
        yield Need(path, MADE if _is_only_written(mount, outputs, is_read=is_read) else CARRIED, outputs)


def _is_only_written(mount: Mount, outputs: t.Collection[str], *, is_read: bool) -> bool:
    if mount.read_only or is_read:
        return False
    return bool(outputs) or any(is_below(mount.host_path, directory) for directory in _LOGS)


def _of_flags(pod: StaticPod, places: Places) -> t.Iterator[Need]:
    """What flags name in directories that are not the operator's as a whole."""
    for path, flag in _named_paths(pod):
        if flag in _OUTPUT_FLAGS or flag in _KUBEADMS_FLAGS or places.is_kubeadms(path):
            continue
        if _is_systems(path):
            yield Need(path, NEEDED)
        elif places.is_in_pki(path) and not places.is_own_directory(path):
            yield Need(path, CARRIED)


def _named_paths(pod: StaticPod) -> t.Iterator[tuple[str, str]]:
    """Paths on the host that flags name, with the flag. A value may hold several paths (``--tls-sni-cert-key``)."""
    for flag, value in pod.arguments:
        for part in re.split(r"[,:]", value):
            place = pod.on_host(part) if part.startswith("/") else None
            if place is not None:
                yield place[0], flag


def _is_covered(need: Need, others: t.Iterable[Need]) -> bool:
    """Whether a carried directory above brings it anyway."""
    return need.use == CARRIED and any(
        other.use == CARRIED and other.path != need.path and is_below(need.path, other.path) for other in others
    )


def _is_systems(path: str) -> bool:
    return any(is_below(path, directory) for directory in _SYSTEM)


def _relative(path: str, directory: str) -> str:
    return path[len(directory) + 1 :] if is_below(path, directory) else ""


__all__ = ("Need", "Places", "authority_needs", "is_output", "leaf_key_paths", "needs")
