# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the audit needs from one host, by the standard library alone.

Nothing here changes the host, and no credential leaves it: see :mod:`_domain.kubeconfig.redaction`.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import platform
import pwd
import re
import socket
import subprocess
import sys
import time
import typing as t

from ..._domain.base.errors import CommandFailed, InvalidInput, UnsupportedState
from ..._domain.base.named_endpoint import endpoints_in
from ..._domain.component import anonymous_access, static_pod
from ..._domain.host.component_services import OF_NO_KUBEADM
from ..._domain.host.report import (
    ApiClient,
    CertificateFile,
    ComponentPod,
    HostReport,
    KubeconfigFile,
    LastWords,
    Listener,
    Manifest,
    OperatingSystem,
    Programs,
    Python,
    Reference,
)
from ..._domain.kubeadm import bootstrap_kubeconfig, init_marker
from ..._domain.kubeconfig import redaction
from ..._domain.kubeconfig.plain_kubeconfig import is_plain
from ..api import kubelet_server
from ..host import backup_target, certificates_dir, machine_facts, own_addresses, stopped_pod
from ..host.lock_file import HostLockFile
from ..host.routes import networks
from ..host.tcp_sockets import ESTABLISHED, LISTEN, tcp_sockets
from . import join_parity_inspection
from .control_plane_inspection import ControlPlaneInspection
from .joining_inspection import JoiningInspection, changing_kubeadm, kubelet_cri_socket
from .load_balancer_inspection import LoadBalancerInspection
from .proxy_inspection import ProxyInspection
from .units import services

if t.TYPE_CHECKING:
    from ..._domain.base.address import Endpoint
    from ..._domain.base.endpoint_view import View
    from ..._domain.host.host_audit import HostAudit
    from ..._ports.commands import Commands
    from ..._ports.endpoint_probe import EndpointProbe

_SERVICES = (
    *("kubelet", "containerd", "crio", "cri-docker", "docker"),
    *("haproxy", "nginx", "nginx-kubernetes-apiserver", "kubernetes-apiserver-watch", "keepalived", "firewalld", "ufw"),
    *("gdnsd", "kubeadm-ha-dns-answers"),
    *OF_NO_KUBEADM,
)
_CLIENTS = ("kubelet", "kube-proxy")
_FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.default.forwarding")
#: Files with flags that the kubelet's unit reads: kubeadm's, and the operator's by Debian's and by Red Hat's name, which wins.
_KUBELET_FLAGS = ("/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet")
_PYTHON_MODULES = ("yaml", "cryptography", "kubernetes", "apt")
_KUBECONFIG_NAMES = (
    "admin.conf",
    "super-admin.conf",
    "kubelet.conf",
    "controller-manager.conf",
    "scheduler.conf",
    "bootstrap-kubelet.conf",
)
_CNI_DIRECTORY = "/etc/cni/net.d"
#: Where kubeadm's etcd has its data.
_ETCD_DATA = "/var/lib/etcd/member"
_LARGEST_CNI_FILE = 1 << 20


def at_work() -> str:
    """Who is changing the host now, as a sentence names it: a module of this collection, or a kubeadm; empty for nobody."""
    if HostLockFile().is_at_work():
        return "a module of kubeadm.ha"
    return next((f"kubeadm (process {process})" for process in changing_kubeadm()), "")


class HostInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        *,
        users: t.Sequence[str],
        pki_dir: str | None = None,
        kubernetes_dir: str = certificates_dir.KUBERNETES_DIR,
        state_dir: str = "/var/lib/kubeadm-ha",
        patches_dir: str = "",
        unmanaged_files: t.Sequence[str] = (),
        authorities: bool = False,
        backup_directory: str = "",
        endpoint: Endpoint | None = None,
        endpoint_probe: EndpointProbe | None = None,
        cri_socket: str | None = None,
        directories: t.Sequence[str] = (),
        load_balancer: t.Mapping[str, t.Any] | None = None,
        audit: bool = False,
    ) -> None:
        """Inspect a host's commands and files.

        Args:
            commands: runs its programs.
            users: those whose ``~/.kube/config`` is read.
            pki_dir: kubeadm's certificatesDir; ``None`` finds it.
            kubernetes_dir: the directory of kubeadm's manifests and kubeconfigs.
            state_dir: where kubeadm_certificate keeps its journals.
            patches_dir: kubeadm's patches, empty without.
            unmanaged_files: files of a control plane that the operator brings himself.
            authorities: whether its certificate authorities are among the files that others get from it.
            backup_directory: where backups are to be kept, empty without.
            endpoint: the control plane endpoint that the host is to use; ``None`` without.
            endpoint_probe: inspects it, beside everything else.
            cri_socket: a container runtime's socket besides those that kubeadm knows.
            directories: those that a run would write to.
            load_balancer: which load balancer the host is to run, and the zone of firewalld to inspect; ``None`` for other
                hosts.
            audit: whether what only an audit needs is collected, too.
        """
        self._audit = audit
        self._commands = commands
        self._backup_directory = backup_directory
        self._endpoint = endpoint
        self._endpoint_probe = endpoint_probe
        self._state_dir = state_dir
        self._load_balancer = load_balancer
        self._joining = JoiningInspection(commands, cri_socket=cri_socket, directories=directories)
        self._kubernetes_dir = os.path.normpath(kubernetes_dir)
        self._pki_dir = os.path.normpath(pki_dir or certificates_dir.find(self._kubernetes_dir))
        self._users = users
        self._unmanaged_files = tuple(unmanaged_files)
        self._control_plane = ControlPlaneInspection(
            pki_dir=self._pki_dir,
            kubernetes_dir=self._kubernetes_dir,
            patches_dir=patches_dir,
            unmanaged=unmanaged_files,
            with_authorities=authorities,
        )

    def collect(self) -> HostReport:
        """Everything; what the host does not have is empty, never missing."""
        began = time.monotonic()
        endpoint_view = self._begin_endpoint_view()
        kubelet_server_seen = kubelet_server.begin(
            os.path.join(self._kubernetes_dir, "kubelet.conf"), os.path.join(self._pki_dir, "ca.crt")
        )
        sockets = tcp_sockets()
        owners = _socket_owners(_CLIENTS + ("kube-apiserver", "etcd", "haproxy", "nginx"))
        manifests = self._manifests()
        kubeconfigs = self._kubeconfigs()
        certificates = self._certificates()
        return HostReport(
            hostname=socket.gethostname(),
            kubelet_flags=self._kubelet_flags(),
            machine_id=_text("/etc/machine-id").strip(),
            machine=machine_facts.collect(),
            user_id=os.geteuid(),
            product_uuid=_text("/sys/class/dmi/id/product_uuid").strip().lower(),
            addresses=own_addresses.collect(),
            networks=networks(),
            default_address=own_addresses.towards(socket.AF_INET, "192.0.2.1"),
            default_ipv6_address=own_addresses.towards(socket.AF_INET6, "2001:db8::1"),
            os=_os_release(),
            python=_python(),
            programs=Programs(openssl=self._commands.find("openssl") is not None),
            versions=self._versions(),
            services=services(self._commands, _SERVICES),
            pki_dir=self._pki_dir,
            directory_links=certificates_dir.links(self._kubernetes_dir, self._pki_dir),
            certificates=certificates,
            interrupted_certificates=_names(os.path.join(self._state_dir, "certificates")),
            has_ca_key=os.path.exists(os.path.join(self._pki_dir, "ca.key")),
            kubeconfigs=kubeconfigs,
            references=self._references(),
            users=list(_homes(self._users)),
            manifests=manifests,
            static_pods={
                name: None if pod is None else ComponentPod(pod.arguments, pod.mounts)
                for name, pod in self._control_plane.static_pods().items()
            },
            control_plane_files=self._control_plane.files(),
            kubeadm_patches=self._control_plane.patches(),
            kubelet_arguments=join_parity_inspection.running_flags(),
            given_kubelet_flags=join_parity_inspection.given_flags(),
            other_static_pods=join_parity_inspection.other_static_pods(
                self._kubernetes_dir, unmanaged=self._unmanaged_files
            ),
            pod_environment=join_parity_inspection.pod_environment(self._kubernetes_dir),
            anonymous_access=self._anonymous_access(manifests),
            kubernetes_files=self._kubernetes_files(),
            has_etcd_data=os.path.isdir(_ETCD_DATA),
            cni_configurations=sorted(glob.glob(os.path.join(_CNI_DIRECTORY, "*.conf*"))),
            creation=_creation(),
            listening=[_socket_view(item, owners) for item in sockets if item["state"] == LISTEN],
            api_clients=[
                ApiClient(owners[item["inode"]], item["remote"])
                for item in sockets
                if item["state"] == ESTABLISHED and owners.get(item["inode"]) in _CLIENTS
            ],
            kubelet_server=kubelet_server_seen(),
            bootstrap_token=bootstrap_kubeconfig.token_id(
                _text(os.path.join(self._kubernetes_dir, "bootstrap-kubelet.conf"))
            ),
            cri_sockets=self._joining.cri_sockets(),
            kubelet_cri_socket=kubelet_cri_socket(),
            read_only=self._joining.read_only(),
            haproxy_version=self._joining.haproxy_version(),
            kubeadm_processes=changing_kubeadm(),
            stopped_pods=self._stopped_pods(owners),
            is_at_work=HostLockFile().is_at_work(),
            is_locked=HostLockFile().is_held(),
            selinux=_selinux(),
            forwarding={name: _text(f"/proc/sys/{name.replace('.', '/')}").strip() for name in _FORWARDING},
            swap=len(_text("/proc/swaps").strip().splitlines()) > 1,
            free_bytes=_free_bytes("/var"),
            backup_target=backup_target.collect(self._backup_directory) if self._backup_directory else None,
            proxies=ProxyInspection(self._commands, kubernetes_dir=self._kubernetes_dir).collect(),
            endpoint_view=endpoint_view(),
            load_balancer=self._balancer(),
            audit=self._collect_audit(manifests, kubeconfigs, certificates) if self._audit else None,
            clock=time.time(),
            seconds=round(time.monotonic() - began, 3),
        )

    def _begin_endpoint_view(self) -> t.Callable[[], View | None]:
        """Begin to inspect the endpoint; what is returned waits for the end."""
        if self._endpoint is None or self._endpoint_probe is None:
            return lambda: None
        return self._endpoint_probe.begin(self._endpoint)

    def _balancer(self) -> dict[str, t.Any] | None:
        if self._load_balancer is None:
            return None
        given = self._load_balancer
        return LoadBalancerInspection(
            self._commands, provider=given["provider"], zone=given["firewalld_zone"]
        ).collect()

    def _collect_audit(
        self,
        manifests: t.Mapping[str, Manifest],
        kubeconfigs: t.Sequence[KubeconfigFile],
        certificates: t.Iterable[CertificateFile],
    ) -> HostAudit:
        """What only an audit needs. Other runs need not compile it."""
        from . import audit_certificates, audit_inspection

        flags = dict(manifests.get("kube-apiserver", Manifest()).flags)
        named = [str(endpoint) for item in kubeconfigs for endpoint in endpoints_in(item.text or "")]
        named += [f"localhost:{flags['secure-port']}"] if "secure-port" in flags else []
        return audit_inspection.collect(
            self._commands,
            backup_directory=self._backup_directory,
            servers=named,
            key_files=[
                os.path.join(self._pki_dir, "sa.pub"),
                *(value for name, value in flags.items() if name == "service-account-key-file"),
            ],
            etcd_data=dict(manifests.get("etcd", Manifest()).flags).get("data-dir", "/var/lib/etcd"),
            kubernetes_dirs=(
                self._kubernetes_dir,
                os.path.join(self._kubernetes_dir, "manifests"),
                self._pki_dir,
            ),
            certificates=audit_certificates.collect(
                pods=self._control_plane.static_pods().values(),
                kubeconfigs=[item.text or "" for item in kubeconfigs],
                reported={item.path for item in certificates},
            ),
        )

    def _versions(self) -> dict[str, str]:
        asked = {
            "kubeadm": ("kubeadm", "version", "-o", "short"),
            "kubelet": ("kubelet", "--version"),
        }
        return {name: self._first_line(arguments).split(" ")[-1] for name, arguments in asked.items()}

    def _certificates(self) -> list[CertificateFile]:
        paths = sorted(
            glob.glob(os.path.join(self._pki_dir, "*.crt")) + glob.glob(os.path.join(self._pki_dir, "etcd", "*.crt"))
        )
        paths.append("/var/lib/kubelet/pki/kubelet-client-current.pem")
        texts = ((path, redaction.public_certificates(_text(path))) for path in paths)
        return [CertificateFile(path, pem) for path, pem in texts if pem]

    def _kubeconfigs(self) -> list[KubeconfigFile]:
        paths = [os.path.join(self._kubernetes_dir, name) for name in _KUBECONFIG_NAMES]
        paths += self._user_kubeconfigs()
        return [
            KubeconfigFile(
                path,
                redaction.public_text(_text(path)),
                f"{os.stat(path).st_mode & 0o7777:04o}",
                is_plain(_text(path)),
            )
            for path in paths
            if os.path.isfile(path)
        ]

    def _user_kubeconfigs(self) -> list[str]:
        """Of the asked users. One that is only a link to a kubeconfig of Kubernetes' own is that one."""
        paths = [os.path.join(home, ".kube", "config") for home in _homes(self._users).values()]
        return [path for path in paths if not self._is_link_to_own(path)]

    def _is_link_to_own(self, path: str) -> bool:
        return os.path.dirname(os.path.realpath(path)) == os.path.realpath(self._kubernetes_dir)

    def _references(self) -> list[Reference]:
        """Endpoints that other files name: those of CNI plugins, kubeconfigs of other users, unreadable ones."""
        files: list[tuple[str, str | None]] = [(path, None) for path in _cni_files()]
        asked = self._user_kubeconfigs()
        for user, home in _homes(None).items():
            path = os.path.join(home, ".kube", "config")
            is_sent = path in asked and redaction.public_text(_text(path)) is not None
            if os.path.isfile(path) and not is_sent and not self._is_link_to_own(path):
                files.append((path, user))
        found = ((path, user, endpoints_in(_text(path))) for path, user in files)
        return [
            Reference(path, user, sorted(str(endpoint) for endpoint in endpoints))
            for path, user, endpoints in found
            if endpoints
        ]

    def _manifests(self) -> dict[str, Manifest]:
        """The components' arguments and images; of strangers' static pods only that they are there."""
        found: dict[str, Manifest] = {}
        for path in sorted(glob.glob(os.path.join(self._kubernetes_dir, "manifests", "*.y*ml"))):
            name = os.path.splitext(os.path.basename(path))[0]
            found[name] = Manifest(path)
            if name not in (*static_pod.COMPONENTS, static_pod.ETCD):
                continue
            try:
                pod = static_pod.parse(_text(path))
            except InvalidInput as error:
                found[name] = Manifest(path, unreadable=error.message)
            else:
                flags = [(flag, value.replace(static_pod.STRUCK, "//")) for flag, value in pod.arguments]
                found[name] = Manifest(path, pod.image, flags)
        return found

    def _stopped_pods(self, owners: t.Mapping[str, str]) -> dict[str, LastWords]:
        """The last words of the API server and of etcd where they do not run although they have a manifest."""
        stopped = [name for name in ("kube-apiserver", "etcd") if name not in owners.values()]
        directory = os.path.join(self._kubernetes_dir, "manifests")
        return {
            name: stopped_pod.last_words(name)
            for name in stopped
            if os.path.exists(os.path.join(directory, f"{name}.yaml"))
        }

    def _anonymous_access(self, manifests: t.Mapping[str, Manifest]) -> str | None:
        """The ``anonymous`` part of the API server's ``--authentication-config``; ``None`` when it cannot be determined."""
        path = dict(manifests.get("kube-apiserver", Manifest()).flags).get("authentication-config")
        return anonymous_access.stanza(_text(path)) if path else ""

    def _kubernetes_files(self) -> list[str]:
        paths = glob.glob(os.path.join(self._kubernetes_dir, "**"), recursive=True)
        return sorted(path for path in paths if os.path.isfile(path))

    def _kubelet_flags(self) -> dict[str, str]:
        text = "".join(_text(path) for path in _KUBELET_FLAGS)
        return dict(re.findall(r"--([a-z-]+)=([^\s\"']+)", text))

    def _first_line(self, arguments: t.Sequence[str]) -> str:
        lines = self._output(arguments).splitlines()
        return lines[0].strip() if lines else ""

    def _output(self, arguments: t.Sequence[str]) -> str:
        """Standard output of a command; empty when the host does not have it or it fails."""
        try:
            return self._commands.run(arguments, check=False).stdout
        except (CommandFailed, OSError, subprocess.SubprocessError):
            return ""


def _creation() -> str:
    """How far the creation of a cluster has come that this collection has begun here; empty where it has begun none."""
    try:
        text = _text(init_marker.PATH)
        return init_marker.InitMarker.parse(text.encode()).state if text else ""
    except UnsupportedState:
        return init_marker.CREATING


def _text(path: str) -> str:
    """The file's text; empty when it is not there or cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _names(directory: str) -> list[str]:
    """Names in a directory; empty when it is not there or cannot be read."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _homes(users: t.Sequence[str] | None) -> dict[str, str]:
    """Home directories by user; ``None`` means all users, of several with one home the first."""
    known = {entry.pw_name: entry.pw_dir for entry in pwd.getpwall()}
    if users is not None:
        return {user: known[user] for user in users if user in known}
    first: dict[str, str] = {}
    for user, home in known.items():
        first.setdefault(home, user)
    return {user: home for home, user in first.items()}


def _cni_files() -> list[str]:
    """CNI configuration, and the kubeconfigs that plugins put beside it."""
    paths = sorted(glob.glob(os.path.join(_CNI_DIRECTORY, "**"), recursive=True))
    return [path for path in paths if os.path.isfile(path) and os.path.getsize(path) <= _LARGEST_CNI_FILE]


def _os_release() -> OperatingSystem:
    pairs = dict(re.findall(r"^([A-Z_]+)=\"?([^\"\n]*)\"?$", _text("/etc/os-release"), re.MULTILINE))
    return OperatingSystem(pairs.get("ID", ""), pairs.get("ID_LIKE", ""), pairs.get("VERSION_ID", ""))


def _python() -> Python:
    return Python(
        executable=sys.executable,
        version=platform.python_version(),
        modules={name: importlib.util.find_spec(name) is not None for name in _PYTHON_MODULES},
    )


def _selinux() -> str:
    state = _text("/sys/fs/selinux/enforce").strip()
    return {"1": "enforcing", "0": "permissive"}.get(state, "disabled")


def _free_bytes(path: str) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _socket_view(item: t.Mapping[str, str], owners: t.Mapping[str, str]) -> Listener:
    address, _colon, port = item["local"].rpartition(":")
    return Listener(address, int(port), owners.get(item["inode"], ""))


def _commands_of_processes() -> t.Iterator[tuple[int, str]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            yield int(entry), _text(f"/proc/{entry}/comm").strip()


def _socket_owners(names: t.Sequence[str]) -> dict[str, str]:
    """Socket inode to process name, for the processes of these names."""
    owners = {}
    # The kernel cuts a process name after 15 characters.
    wanted = {name[:15]: name for name in names}
    for pid, comm in _commands_of_processes():
        if comm not in wanted:
            continue
        for link in _links(f"/proc/{pid}/fd"):
            if link.startswith("socket:["):
                owners[link[8:-1]] = wanted[comm]
    return owners


def _links(directory: str) -> t.Iterator[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(os.path.join(directory, name))
        except OSError:
            continue


__all__ = ("HostInspection", "at_work")
