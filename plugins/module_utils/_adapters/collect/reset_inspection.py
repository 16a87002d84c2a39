# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches a host for what speaks against ``kubeadm reset``."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._domain.base import endpoint_view, etcd_url
from ..._domain.base.address import Endpoint, canonical_ip
from ..._domain.base.errors import InvalidInput, KubeadmHaError
from ..._domain.cluster.node import Node
from ..._domain.component import local_control_plane, static_pod
from ..._domain.component.secure_port import port_of
from ..._domain.kubeadm import kubeadm_reset
from ..._domain.kubeadm.join_traces import KUBERNETES, MANIFESTS
from ..._domain.kubeconfig.document import CA, Kubeconfig
from ..api.kubelet_client import KubeconfigClient
from ..etcd.etcd_gateway import EtcdGateway
from ..etcd.etcd_of_host import STACKED_ENDPOINT
from ..host.endpoint_probe import HostEndpointProbe
from .joining_inspection import changing_kubeadm

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import CertificateIdentities
    from ..._ports.yaml import YamlReader

#: Kubeconfigs that kubeadm makes, which show by their CA to which cluster the host belongs.
_KUBECONFIGS = (
    *("kubelet.conf", "bootstrap-kubelet.conf", "admin.conf", "super-admin.conf"),
    *("controller-manager.conf", "scheduler.conf"),
)
_KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
_KUBELET_KUBECONFIG = f"{KUBERNETES}/kubelet.conf"
_SECONDS = 3.0
#: What an API server answers that is not ready, as one without etcd is.
_NOT_READY = (500, 503)
_READY = 200
#: Nobody listens. One that is only slow may serve.
_DOWN = (endpoint_view.REFUSED, endpoint_view.UNREACHABLE, endpoint_view.CLOSED)


class ResetInspection:
    """Reads one host."""

    def __init__(
        self, files: Files, yaml: YamlReader, x509: CertificateIdentities, *, certificates_dir: str, node_name: str
    ) -> None:
        """Inspect the files of a join.

        Args:
            files: of this host.
            yaml: reads kubeconfigs.
            x509: reads certificates.
            certificates_dir: the cluster's ``certificatesDir``.
            node_name: name of this host's Node.
        """
        self._files = files
        self._yaml = yaml
        self._x509 = x509
        self._certificates_dir = certificates_dir
        self._node_name = node_name

    def collect(self) -> kubeadm_reset.Facts:
        """What the host is now."""
        has_vote = self._has_vote()
        return kubeadm_reset.Facts(
            files=tuple(sorted({*_files_below(KUBERNETES), *_files_below(self._certificates_dir)})),
            kubelet_names=tuple(self._files.names(kubeadm_reset.KUBELET_DIRECTORY)),
            ca_hashes=tuple(self._ca_hashes()),
            kubeadm_processes=tuple(changing_kubeadm()),
            api_server=self._api_server(has_vote=has_vote),
            has_vote=has_vote,
            is_ready_node=self._is_ready_node(),
        )

    def etcd_data(self) -> str:
        """The directory of the stacked etcd's data, as its manifest mounts it; empty without a manifest that names it."""
        content = self._files.read(f"{MANIFESTS}/{static_pod.ETCD}.yaml")
        try:
            pod = static_pod.parse((content or b"").decode("utf-8", errors="replace"))
        except InvalidInput:
            return ""
        paths = (mount.host_path for mount in pod.mounts if mount.name == "etcd-data")
        path = next(paths, "")
        return os.path.normpath(path) if os.path.isabs(path) else ""

    def _ca_hashes(self) -> t.Iterator[frozenset[str]]:
        texts = [self._files.read(f"{self._certificates_dir}/ca.crt")]
        for name in _KUBECONFIGS:
            content = self._files.read(f"{KUBERNETES}/{name}")
            with contextlib.suppress(InvalidInput, UnicodeDecodeError):
                document = None if content is None else self._yaml.load(content.decode("utf-8"))
                # Of every cluster, whichever its client connects to: the reset deletes them all.
                texts += [cluster.pem(CA, self._files) for cluster in Kubeconfig.parse(document).clusters]
        for pem in texts:
            with contextlib.suppress(InvalidInput):
                found = frozenset(item.public_key_sha256 for item in self._x509.identities(pem or b""))
                if found:
                    yield found

    def _api_server(self, *, has_vote: bool) -> str:
        """Where the API server of this host answers, unless it is clear that it is not ready, or not there.

        It may listen on loopback only, for which its certificate is not valid; so the first address with an answer decides. One
        that has only this host's etcd, which has no vote or does not answer, serves nobody, unless it says that it is ready: it
        refuses even to say, because it could not read who may ask.
        """
        flags = local_control_plane.api_server_flags(self._files, manifests_dir=MANIFESTS)
        if not flags:
            return ""
        addresses = (flags.get("advertise-address", ""), flags.get("bind-address", ""), "127.0.0.1", "::1")
        endpoints = [Endpoint(found, port_of(flags)) for found in dict.fromkeys(map(canonical_ip, addresses)) if found]
        ca = self._files.read(f"{self._certificates_dir}/ca.crt")
        probe = HostEndpointProbe(
            ca=None if ca is None else ca.decode("utf-8", errors="replace"),
            client_certificate=_KUBELET_CLIENT,
            connect_seconds=_SECONDS,
        )
        has_etcd = has_vote or not _uses_own_etcd_only(flags)
        for endpoint in endpoints:
            for attempt in probe.inspect(endpoint).attempts:
                if attempt.outcome == endpoint_view.ANSWERED:
                    is_serving = attempt.status == _READY or (has_etcd and attempt.status not in _NOT_READY)
                    return str(endpoint) if is_serving else ""
                if attempt.outcome not in _DOWN:
                    return str(endpoint) if has_etcd else ""
        return ""

    def _has_vote(self) -> bool:
        try:
            status = EtcdGateway.of_kubeadm(self._certificates_dir, timeout=_SECONDS).status(STACKED_ENDPOINT)
        except KubeadmHaError:
            return False
        return not status.get("isLearner")

    def _is_ready_node(self) -> bool | None:
        if not self._files.exists(_KUBELET_KUBECONFIG):
            return None
        client = KubeconfigClient(self._files, self._yaml, kubeconfig=_KUBELET_KUBECONFIG, timeout=_SECONDS)
        try:
            node = client.get(f"/api/v1/nodes/{self._node_name}")
        except KubeadmHaError:
            return None
        return node is not None and Node.from_api(node).is_ready


def _uses_own_etcd_only(flags: t.Mapping[str, str]) -> bool:
    """Whether the only etcd that an API server knows is the one of its host."""
    return etcd_url.lead_to_loopback(etcd_url.urls_of(flags.get("etcd-servers", "")))


def _files_below(directory: str) -> t.Iterator[str]:
    for parent, _directories, names in os.walk(directory):
        yield from (os.path.join(parent, name) for name in names)


__all__ = ("ResetInspection",)
