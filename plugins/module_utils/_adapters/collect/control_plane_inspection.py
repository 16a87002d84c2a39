# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a control plane's static pods, the files that they need and kubeadm's patches.

By the standard library alone. Contents of files do not leave the host from here, only their hashes.
"""

from __future__ import annotations

import os
import typing as t

from ..._domain.base.errors import InvalidInput, UnsupportedState
from ..._domain.component import static_pod
from ..._domain.host.carried_files import FilesReport, collect
from ..._domain.host.file_needs import Places, authority_needs, leaf_key_paths, needs
from ..._domain.kubeadm import kubeadm_patches
from ..host.file_tree import HostFileTree

#: A patch or a manifest is no larger, in bytes.
_MAXIMUM_TEXT = 1 << 20


class ControlPlaneInspection:
    """What one control plane runs and needs."""

    def __init__(
        self,
        *,
        pki_dir: str,
        kubernetes_dir: str,
        patches_dir: str = "",
        unmanaged: t.Sequence[str] = (),
        with_authorities: bool = False,
    ) -> None:
        """Inspect a control plane.

        Args:
            pki_dir: kubeadm's certificatesDir.
            kubernetes_dir: the directory above the manifests.
            patches_dir: kubeadm's patches, empty without.
            unmanaged: paths that the operator brings himself.
            with_authorities: also what all control planes have alike and kubeadm would upload.
        """
        self._tree = HostFileTree()
        self._places = Places(pki_dir.rstrip("/"), kubernetes_dir.rstrip("/"), self._tree.real)
        self._patches_dir = os.path.normpath(patches_dir) if patches_dir else ""
        self._with_authorities = with_authorities
        self._unmanaged = tuple(os.path.normpath(path) for path in unmanaged)

    def static_pods(self) -> dict[str, static_pod.StaticPod | None]:
        """The components' static pods; ``None`` for a manifest that cannot be read."""
        found: dict[str, static_pod.StaticPod | None] = {}
        for component in (*static_pod.COMPONENTS, static_pod.ETCD):
            text = _text(f"{self._places.kubernetes}/manifests/{component}.yaml")
            if text is not None:
                try:
                    found[component] = static_pod.parse(text)
                except InvalidInput:
                    found[component] = None
        return found

    def check(self) -> None:
        """Refuse a host whose files cannot be determined.

        Raises:
            UnsupportedState: when it is no control plane, or has a manifest that cannot be read.
        """
        pods = self.static_pods()
        manifests = f"{self._places.kubernetes}/manifests"
        if "kube-apiserver" not in pods:
            raise UnsupportedState(f"{manifests}/kube-apiserver.yaml is not there: run on a control plane.")
        for name, pod in pods.items():
            if pod is None:
                raise UnsupportedState(
                    f"{manifests}/{name}.yaml is laid out in a way that cannot be read: write it as kubeadm does, in block "
                    "style."
                )

    def files(self) -> FilesReport:
        """The files that the components need, and the patches. Empty on a host that is no control plane."""
        pods = {name: pod for name, pod in self.static_pods().items() if pod is not None}
        if "kube-apiserver" not in pods:
            return FilesReport()
        wanted = needs(pods, self._places, patches_dir=self._patches_dir)
        if self._with_authorities:
            wanted += authority_needs(pods, self._places)
        try:
            keys = leaf_key_paths(pods, self._places)
            return collect(self._tree, wanted, self._places, unmanaged=self._unmanaged, named_keys=keys)
        except UnsupportedState as error:
            return FilesReport(refusals=(error.message,))

    def patches(self) -> dict[str, kubeadm_patches.Patches] | None:
        """What kubeadm's patches set, by component; ``None`` when there is no such directory."""
        if not os.path.isdir(self._patches_dir):
            return None
        names = sorted(os.listdir(self._patches_dir))
        texts = ((name, _text(os.path.join(self._patches_dir, name))) for name in names)
        return kubeadm_patches.parse((name, text) for name, text in texts if text is not None)


def _text(path: str) -> str | None:
    """The file's text; ``None`` when it is no file, is too large for one, or cannot be read."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _MAXIMUM_TEXT:
            return None
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


__all__ = ("ControlPlaneInspection",)
