# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``kubernetes_host_info`` reports of the host on which it runs. Its keys are the fields here, and are written nowhere else.

Keys whose subject a host does not have are empty. What the module's documentation says of them is not said again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint
from ..base.endpoint_view import Attempt, View
from ..base.report_fields import absent, as_dict, read
from ..component.proxy_source import ProxySource
from ..component.static_pod import Mount, StaticPod
from ..kubeadm.kubeadm_patches import Patches
from .carried_files import FilesReport
from .host_audit import HostAudit


@dataclasses.dataclass(frozen=True)
class Machine:
    """What distinguishes a machine from others: boot, network namespace, and hashes of the public SSH host keys."""

    boot_id: str = ""
    network_namespace: str = ""
    ssh_host_keys: t.Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Network:
    """A network to which the host has a route, and the address that it takes towards it."""

    network: str
    address: str


@dataclasses.dataclass(frozen=True)
class OperatingSystem:
    """``ID``, ``ID_LIKE`` and ``VERSION_ID`` of os-release."""

    id: str
    like: str
    version: str


@dataclasses.dataclass(frozen=True)
class Python:
    """The interpreter that Ansible uses, and whether it can import each of the modules that matter."""

    executable: str = dataclasses.field(metadata=absent(""))
    version: str = dataclasses.field(metadata=absent(""))
    modules: t.Mapping[str, bool]


@dataclasses.dataclass(frozen=True)
class Programs:
    """Whether the host has each of the programs that stand in for a library."""

    openssl: bool


@dataclasses.dataclass(frozen=True)
class Service:
    """``ActiveState`` and ``UnitFileState`` of a service, in systemd's words."""

    active: str
    enabled: str


@dataclasses.dataclass(frozen=True)
class CertificateFile:
    """A file and the certificates in it, in PEM."""

    path: str
    pem: str


@dataclasses.dataclass(frozen=True)
class KubeconfigFile:
    """A kubeconfig without credentials: YAML or JSON, ``None`` when it cannot be determined; ``mode`` has four octal
    digits.

    It is ``plain`` where it can be edited without a YAML library.
    """

    path: str
    text: str | None
    mode: str
    plain: bool = dataclasses.field(metadata=absent(False))


@dataclasses.dataclass(frozen=True)
class Reference:
    """Endpoints that another file names, and the user whose kubeconfig it is; ``None`` for CNI configuration."""

    path: str
    user: str | None
    endpoints: t.Sequence[str]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Image and flags of a static pod, of kubeadm's components only, and why its manifest cannot be read, empty when it can."""

    path: str = ""
    image: str = ""
    flags: t.Sequence[tuple[str, str]] = ()
    unreadable: str = dataclasses.field(default="", metadata=absent("", is_written=False))


@dataclasses.dataclass(frozen=True)
class ComponentPod:
    """Arguments and mounts of a component's static pod, as :class:`StaticPod` has them."""

    arguments: t.Sequence[tuple[str, str]]
    mounts: t.Sequence[Mount]

    @property
    def pod(self) -> StaticPod:
        """The static pod, without its image."""
        return StaticPod(tuple(self.arguments), tuple(self.mounts))


@dataclasses.dataclass(frozen=True)
class OtherStaticPod:
    """A manifest that is none of kubeadm's, and the IP addresses that it names."""

    path: str
    addresses: t.Sequence[str]


@dataclasses.dataclass(frozen=True)
class Listener:
    """A listening TCP socket; ``process`` is empty for one that is not known here."""

    address: str
    port: int
    process: str


@dataclasses.dataclass(frozen=True)
class ApiClient:
    """An established TCP connection of the kubelet or kube-proxy to ``remote``, an address and a port."""

    process: str
    remote: str


@dataclasses.dataclass(frozen=True)
class KubeletServer:
    """The server that kubelet.conf names, as it is written, and what the host sees there."""

    server: str
    endpoint: Endpoint
    addresses: t.Sequence[str]
    resolution_error: str
    attempts: t.Sequence[Attempt]

    @property
    def view(self) -> View:
        """What the host sees there."""
        return View(self.endpoint, tuple(self.addresses), self.resolution_error, tuple(self.attempts))


@dataclasses.dataclass(frozen=True)
class LastWords:
    """The last line of a container's log; all are ``None`` without a log. ``starts`` is how often it was started."""

    time: str | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    text: str | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    starts: int | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))


@dataclasses.dataclass(frozen=True)
class BackupTarget:
    """Where backups would be. What is about ``existing`` is ``None`` when nothing can be determined of that."""

    path: str
    existing: str
    is_directory: bool
    is_writable: bool | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    is_private: bool | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    free_bytes: int | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))


@dataclasses.dataclass(frozen=True)
class HostReport:
    """One host as it was inspected. Fields stand in the order in which they are written."""

    #: See :func:`read`.
    SCHEMA: t.ClassVar[int] = 1

    hostname: str
    kubelet_flags: t.Mapping[str, str]
    machine_id: str
    machine: Machine = dataclasses.field(metadata=absent(Machine()))
    user_id: int = dataclasses.field(metadata=absent(0))
    product_uuid: str
    addresses: t.Sequence[str]
    networks: t.Sequence[Network] = dataclasses.field(metadata=absent(()))
    default_address: str
    default_ipv6_address: str = dataclasses.field(metadata=absent(""))
    os: OperatingSystem
    python: Python
    programs: Programs
    versions: t.Mapping[str, str]
    services: t.Mapping[str, Service]
    pki_dir: str = dataclasses.field(metadata=absent(""))
    directory_links: t.Mapping[str, str] = dataclasses.field(metadata=absent({}))
    certificates: t.Sequence[CertificateFile]
    interrupted_certificates: t.Sequence[str] = dataclasses.field(metadata=absent(()))
    has_ca_key: bool
    kubeconfigs: t.Sequence[KubeconfigFile]
    references: t.Sequence[Reference]
    users: t.Sequence[str]
    manifests: t.Mapping[str, Manifest]
    static_pods: t.Mapping[str, ComponentPod | None] = dataclasses.field(metadata=absent({}))
    control_plane_files: FilesReport = dataclasses.field(metadata=absent(FilesReport()))
    kubeadm_patches: t.Mapping[str, Patches] | None = dataclasses.field(metadata=absent(None))
    kubelet_arguments: t.Mapping[str, str] = dataclasses.field(metadata=absent({}))
    given_kubelet_flags: t.Mapping[str, str] = dataclasses.field(metadata=absent({}))
    other_static_pods: t.Sequence[OtherStaticPod] = dataclasses.field(metadata=absent(()))
    pod_environment: t.Mapping[str, t.Sequence[str]] = dataclasses.field(metadata=absent({}))
    anonymous_access: str | None = dataclasses.field(metadata=absent(""))
    kubernetes_files: t.Sequence[str]
    has_etcd_data: bool = dataclasses.field(metadata=absent(False))
    cni_configurations: t.Sequence[str] = dataclasses.field(metadata=absent(()))
    creation: str = dataclasses.field(metadata=absent(""))
    listening: t.Sequence[Listener]
    api_clients: t.Sequence[ApiClient]
    kubelet_server: KubeletServer | None = dataclasses.field(metadata=absent(None))
    bootstrap_token: str = dataclasses.field(metadata=absent(""))
    cri_sockets: t.Sequence[str] = dataclasses.field(metadata=absent(()))
    kubelet_cri_socket: str = dataclasses.field(metadata=absent(""))
    read_only: t.Sequence[str] = dataclasses.field(metadata=absent(()))
    haproxy_version: str = dataclasses.field(metadata=absent(""))
    kubeadm_processes: t.Sequence[int]
    stopped_pods: t.Mapping[str, LastWords] = dataclasses.field(metadata=absent({}))
    is_at_work: bool = dataclasses.field(metadata=absent(False))
    is_locked: bool = dataclasses.field(metadata=absent(False))
    selinux: str = dataclasses.field(metadata=absent(""))
    forwarding: t.Mapping[str, str]
    swap: bool
    free_bytes: int
    backup_target: BackupTarget | None = dataclasses.field(metadata=absent(None))
    proxies: t.Sequence[ProxySource] = dataclasses.field(metadata=absent(()))
    endpoint_view: View | None = dataclasses.field(metadata=absent(None))
    #: What ``load_balancer_info`` reports, which ``load_balancer_decision`` reads.
    load_balancer: t.Mapping[str, t.Any] | None = dataclasses.field(metadata=absent(None))
    #: What only an audit asks for; ``None`` when it was not asked.
    audit: HostAudit | None = dataclasses.field(metadata=absent(None, is_written=False))
    clock: float
    seconds: float = dataclasses.field(metadata=absent(0.0))

    @classmethod
    def from_dict(cls, name: str, document: t.Mapping[str, t.Any]) -> HostReport:
        """The report of a host.

        Args:
            name: the host's, in the inventory.
            document: the result ``host`` of the module.

        Raises:
            MalformedReport: when a key is missing or holds something else than it should.
        """
        return read(cls, document, where=f"The report of {name}")

    def as_dict(self) -> dict[str, t.Any]:
        """The inverse of :meth:`from_dict`, JSON-compatible."""
        return as_dict(self)


__all__ = (
    "ApiClient",
    "BackupTarget",
    "CertificateFile",
    "ComponentPod",
    "HostReport",
    "KubeconfigFile",
    "KubeletServer",
    "LastWords",
    "Listener",
    "Machine",
    "Manifest",
    "Network",
    "OperatingSystem",
    "OtherStaticPod",
    "Python",
    "Reference",
    "Service",
)
