# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm's InitConfiguration would say of the control plane on this host."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.address import canonical_ip
from ..base.errors import InvalidInput, UnsupportedState
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG, certified_node
from . import kubelet_socket, static_pod
from .secure_port import port_of

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml

#: kubeadm's static pod of the API server, in the kubelet's staticPodPath.
API_SERVER_MANIFEST = "kube-apiserver.yaml"
#: Flags that kubeadm gives to the kubelet at init and join.
_KUBELET_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


@dataclasses.dataclass(frozen=True)
class LocalControlPlane:
    """A control plane as its own host knows it.

    Attributes:
        node_name: name of its Node object.
        advertise_address: IP address that its API server advertises.
        bind_port: TCP port of its API server.
        cri_socket: the container runtime's socket as its kubelet was given it; ``None`` when it was not.
        serving_certificate: file of its API server's ``--tls-cert-file``; ``None`` when that is not known.
    """

    node_name: str
    advertise_address: str
    bind_port: int
    cri_socket: str | None = None
    serving_certificate: str | None = None

    def init_configuration(self, api_version: str) -> dict[str, t.Any]:
        """The InitConfiguration for kubeadm; its fields are the same from v1beta1 to v1beta4.

        The CRI socket is given where it is known, because kubeadm stops on hosts where it finds several.
        """
        registration = {"name": self.node_name}
        if self.cri_socket is not None:
            registration["criSocket"] = self.cri_socket
        return {
            "apiVersion": api_version,
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": self.advertise_address, "bindPort": self.bind_port},
            "nodeRegistration": registration,
        }


@dataclasses.dataclass(frozen=True)
class Overrides:
    """What the caller says instead of the host's files; ``None`` leaves it to them."""

    node_name: str | None = None
    advertise_address: str | None = None
    bind_port: int | None = None


def api_server_flags(files: Files, *, manifests_dir: str) -> dict[str, str]:
    """Flags of the API server's static pod without their dashes; empty when the host has no such manifest.

    Raises:
        UnsupportedState: when the manifest cannot be read.
    """
    path = f"{manifests_dir}/{API_SERVER_MANIFEST}"
    content = files.read(path)
    if content is None:
        return {}
    try:
        pod = static_pod.parse(content.decode("utf-8", errors="replace"))
    except InvalidInput as error:
        raise UnsupportedState(f"{path} is no manifest of a static pod: repair it. {error.message}") from error
    return dict(pod.arguments)


def collect(
    files: Files, yaml: Yaml, x509: X509, *, overrides: Overrides, manifests_dir: str, host_name: str
) -> LocalControlPlane:
    """What is overridden, else what the API server's manifest and the kubelet's files say, else the host's name.

    Raises:
        UnsupportedState: when the advertised address is neither overridden nor found.
    """
    flags = api_server_flags(files, manifests_dir=manifests_dir)
    kubelet_flags = _kubelet_flags(files)
    address = overrides.advertise_address or flags.get("advertise-address")
    if address is None or canonical_ip(address) is None:
        raise UnsupportedState(
            f"{manifests_dir}/{API_SERVER_MANIFEST} does not name the advertised address of this host's API server: "
            "set the option advertise_address, or run on a control plane node."
        )
    certified = None if overrides.node_name else _certified_node_name(files, yaml, x509)
    name = overrides.node_name or certified or kubelet_flags.get("hostname-override") or host_name
    return LocalControlPlane(
        node_name=name.lower(),
        advertise_address=str(canonical_ip(address)),
        bind_port=overrides.bind_port or port_of(flags),
        cri_socket=kubelet_flags.get("container-runtime-endpoint") or _instance_socket(files),
        serving_certificate=flags.get("tls-cert-file"),
    )


def _kubelet_flags(files: Files) -> dict[str, str]:
    content = files.read(_KUBELET_FLAGS) or b""
    return dict(re.findall(r"--([a-z-]+)=([^\s\"']+)", content.decode("utf-8", errors="replace")))


def _instance_socket(files: Files) -> str | None:
    content = files.read(kubelet_socket.INSTANCE_CONFIGURATION) or b""
    return kubelet_socket.socket_in(content.decode("utf-8", errors="replace"))


def _certified_node_name(files: Files, yaml: Yaml, x509: X509) -> str | None:
    """The name in the client certificate of the kubelet's kubeconfig; ``None`` where that cannot be read."""
    content = files.read(KUBELET_KUBECONFIG)
    if content is None:
        return None
    try:
        return certified_node(Kubeconfig.parse(yaml.load(content.decode("utf-8"))), files, x509)
    except (InvalidInput, UnsupportedState, UnicodeDecodeError):
        return None


__all__ = ("API_SERVER_MANIFEST", "LocalControlPlane", "Overrides", "api_server_flags", "collect")
