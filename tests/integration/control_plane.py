# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane of real processes on loopback: etcd, kube-apiserver, kube-controller-manager; PKI by kubeadm."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

from tests.integration import processes

REPOSITORY = Path(__file__).resolve().parents[2]


def _own_address() -> str:
    """This machine's address on the interface with the default route. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


#: The address that kubeadm is given, one of the host's own; nothing listens there. kubeadm takes no loopback address.
ADVERTISED_ADDRESS = _own_address()
#: kube-controller-manager's loops that the modules wait for.
_CONTROLLERS = "bootstrapsigner,daemonset,deployment,replicaset"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class ControlPlane:
    """Where everything of the running control plane is.

    Attributes:
        binaries: directory of the Kubernetes and etcd binaries.
        directory: private directory with data, logs and kubeconfigs.
        pki: kubeadm's ``certificatesDir``.
        config: kubeadm's configuration file (InitConfiguration and ClusterConfiguration).
        kubeconfig: admin.conf, pointing to 127.0.0.1.
        api_port: port of the API server.
        etcd_port: client port of etcd.
        processes: the running processes by name.
    """

    binaries: Path
    directory: Path
    pki: Path
    config: Path
    kubeconfig: Path
    api_port: int
    etcd_port: int
    processes: dict[str, subprocess.Popen[bytes]] = dataclasses.field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of tests, with the binaries first in PATH."""
        return processes.environment(self.binaries)

    def kubeadm(self, *arguments: str, stdin: str = "") -> str:
        """Run kubeadm; its standard output."""
        return run([str(self.binaries / "kubeadm"), *arguments], stdin=stdin)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl as administrator; its standard output."""
        command = [str(self.binaries / "kubectl"), f"--kubeconfig={self.kubeconfig}"]
        command.append(f"--cache-dir={self.directory / 'kubectl-cache'}")
        return run([*command, *arguments], stdin=stdin)

    def get(self, kind: str, name: str, namespace: str = "kube-system") -> dict[str, t.Any]:
        """An object by kubectl."""
        text = self.kubectl("-n", namespace, "get", kind, name, "--output=json", "--show-managed-fields")
        return t.cast("dict[str, t.Any]", json.loads(text))

    def apply(self, document: t.Mapping[str, t.Any]) -> None:
        """Create or change an object by kubectl."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps(document))

    def delete(self, *kinds_and_names: str, namespace: str = "kube-system") -> None:
        """Delete objects ``kind/name`` by kubectl and wait until they are gone."""
        self.kubectl("-n", namespace, "delete", "--ignore-not-found", *kinds_and_names)

    def upload_objects(self) -> None:
        """Let kubeadm write what ``kubeadm init`` writes: kubeadm-config, cluster-info with a token, kube-proxy."""
        self.remove_objects()
        options = [f"--config={self.config}", f"--kubeconfig={self.kubeconfig}"]
        self.kubeadm("init", "phase", "upload-config", "kubeadm", *options)
        self.kubeadm("init", "phase", "bootstrap-token", *options)
        self.kubeadm("init", "phase", "addon", "kube-proxy", *options)

    def remove_objects(self) -> None:
        """Remove what :meth:`upload_objects` made."""
        self.delete(
            "configmap/kubeadm-config", "configmap/kubelet-config", "configmap/kube-proxy", "daemonset/kube-proxy"
        )
        self.delete("configmap/cluster-info", namespace="kube-public")
        # No garbage collector runs here.
        self.kubectl(
            "-n", "kube-system", "delete", "pods", "--selector=k8s-app=kube-proxy", "--force", "--grace-period=0"
        )
        self.kubectl("-n", "kube-system", "delete", "secret", "--field-selector=type=bootstrap.kubernetes.io/token")

    def state_of_objects(self) -> dict[str, t.Any]:
        """Whatever a test can change of the objects. What controllers write by themselves is left out."""
        kinds = "configmaps,secrets,daemonsets,pods"
        items = json.loads(self.kubectl("get", kinds, "--all-namespaces", "--output=json"))["items"]
        return dict(_object_state(item) for item in items)


class KubeadmObjects:
    """The objects that ``kubeadm init`` writes, written again only when a test has changed them."""

    def __init__(self, plane: ControlPlane) -> None:
        """There are none yet."""
        self._plane = plane
        self._fresh: dict[str, t.Any] | None = None

    def provide(self) -> None:
        """Make sure that they are there as kubeadm wrote them, and nothing else."""
        if self._fresh is None or self._plane.state_of_objects() != self._fresh:
            self._plane.upload_objects()
            self._fresh = self._plane.state_of_objects()

    def remove(self) -> None:
        """Make sure that they are not there."""
        if self._fresh is not None:
            self._plane.remove_objects()
            self._fresh = None


def _object_state(item: t.Mapping[str, t.Any]) -> tuple[str, t.Any]:
    """Name and state of an object. cluster-info is signed by a controller, a DaemonSet has a status."""
    metadata = item["metadata"]
    name = f"{item['kind']} {metadata['namespace']}/{metadata['name']}"
    if name == "ConfigMap kube-public/cluster-info":
        signed = {key: text for key, text in item["data"].items() if not key.startswith("jws-")}
        return name, (metadata["uid"], signed, metadata.get("labels"), metadata.get("annotations"))
    return name, (metadata["uid"], metadata.get("generation") or metadata["resourceVersion"])


def run(command: t.Sequence[str], *, stdin: str = "", environment: t.Mapping[str, str] | None = None) -> str:
    """Run a command to its good end; its standard output."""
    ended = subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    if ended.returncode != 0:
        raise AssertionError(f"{command} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


def lab_binaries() -> Path:
    """The directory of binaries: ``KUBEADM_HA_BINARIES``, or what the lab built (it builds what is missing)."""
    named = os.environ.get("KUBEADM_HA_BINARIES")
    if named:
        return Path(named)
    command = [sys.executable, "tests/lab", "build", "--print-bin"]
    built = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    return Path(built.stdout.strip().splitlines()[-1])


@contextlib.contextmanager
def running(
    binaries: Path,
    directory: Path,
    *,
    api_server_flags: t.Sequence[str] = (),
    further_client_ca: str = "",
    with_controllers: bool = True,
) -> t.Iterator[ControlPlane]:
    """A control plane for the time of the context.

    :param binaries: directory of the Kubernetes and etcd binaries.
    :param directory: an empty directory.
    :param api_server_flags: what the API server gets in addition.
    :param further_client_ca: PEM text of a CA whose client certificates are good, too.
    :param with_controllers: ``False`` leaves out kube-controller-manager and the administrator's rights.
    """
    api_port, etcd_port, peer_port, manager_port = processes.free_ports(4)
    plane = ControlPlane(
        binaries=binaries,
        directory=directory,
        pki=directory / "pki",
        config=directory / "kubeadm.yaml",
        kubeconfig=directory / "admin.conf",
        api_port=api_port,
        etcd_port=etcd_port,
    )
    _write_files(plane)
    client_ca = directory / "client-ca.crt"
    client_ca.write_text((plane.pki / "ca.crt").read_text(encoding="utf-8") + further_client_ca, encoding="utf-8")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_process(plane, "etcd", _etcd_flags(plane, peer_port)))
        stack.enter_context(_process(plane, "kube-apiserver", [*_api_server_flags(plane), *api_server_flags]))
        _await_ready(plane)
        if not with_controllers:
            yield plane
            return
        _bind_administrators(plane)
        stack.enter_context(_process(plane, "kube-controller-manager", _controller_manager_flags(plane, manager_port)))
        yield plane


def _write_files(plane: ControlPlane) -> None:
    plane.config.write_text(
        f"""\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: {ADVERTISED_ADDRESS}
  bindPort: {plane.api_port}
nodeRegistration:
  name: cp1
  criSocket: unix:///run/containerd/containerd.sock
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: {run([str(plane.binaries / "kubeadm"), "version", "-o", "short"]).strip()}
certificatesDir: {plane.pki}
apiServer:
  certSANs: [127.0.0.1, localhost]
networking:
  podSubnet: 10.244.0.0/16
""",
        encoding="utf-8",
    )
    plane.kubeadm("init", "phase", "certs", "all", f"--config={plane.config}")
    for name in ("admin", "super-admin", "controller-manager"):
        plane.kubeadm(
            "init", "phase", "kubeconfig", name, f"--config={plane.config}", f"--kubeconfig-dir={plane.directory}"
        )
        path = plane.directory / f"{name}.conf"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"https://{ADVERTISED_ADDRESS}:", "https://127.0.0.1:"), encoding="utf-8")


def _etcd_flags(plane: ControlPlane, peer_port: int) -> list[str]:
    client = f"https://127.0.0.1:{plane.etcd_port}"
    peer = f"https://127.0.0.1:{peer_port}"
    pki = plane.pki / "etcd"
    return [
        "--name=cp1",
        f"--data-dir={plane.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=cp1={peer}",
        "--client-cert-auth=true",
        f"--cert-file={pki / 'server.crt'}",
        f"--key-file={pki / 'server.key'}",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        "--peer-client-cert-auth=true",
        f"--peer-cert-file={pki / 'peer.crt'}",
        f"--peer-key-file={pki / 'peer.key'}",
        f"--peer-trusted-ca-file={pki / 'ca.crt'}",
        "--unsafe-no-fsync",
    ]


def _api_server_flags(plane: ControlPlane) -> list[str]:
    pki = plane.pki
    return [
        f"--advertise-address={ADVERTISED_ADDRESS}",
        "--bind-address=127.0.0.1",
        f"--secure-port={plane.api_port}",
        f"--etcd-servers=https://127.0.0.1:{plane.etcd_port}",
        f"--etcd-cafile={pki / 'etcd' / 'ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={plane.directory / 'client-ca.crt'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--authorization-mode=Node,RBAC",
        "--enable-bootstrap-token-auth=true",
        "--allow-privileged=true",
        # No controller makes the tokens of service accounts here, and pods of tests need none.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _controller_manager_flags(plane: ControlPlane, port: int) -> list[str]:
    kubeconfig = plane.directory / "controller-manager.conf"
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--controllers={_CONTROLLERS}",
        "--leader-elect=true",
        "--use-service-account-credentials=true",
    ]


def _bind_administrators(plane: ControlPlane) -> None:
    """Give admin.conf its rights, as ``kubeadm init`` does with super-admin.conf since 1.29."""
    run(
        [
            str(plane.binaries / "kubectl"),
            f"--kubeconfig={plane.directory / 'super-admin.conf'}",
            f"--cache-dir={plane.directory / 'kubectl-cache'}",
            "create",
            "clusterrolebinding",
            "kubeadm:cluster-admins",
            "--clusterrole=cluster-admin",
            "--group=kubeadm:cluster-admins",
        ]
    )


@contextlib.contextmanager
def _process(plane: ControlPlane, name: str, flags: t.Sequence[str]) -> t.Iterator[None]:
    """A process that ends with the context, or with this process at the latest."""
    log_path = plane.directory / f"{name}.log"
    with log_path.open("wb") as log:
        process = processes.start([str(plane.binaries / name), *flags], log)
    plane.processes[name] = process
    try:
        yield
        if process.poll() is not None:
            raise AssertionError(f"{name} ended by itself with {process.returncode}: see {log_path}")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(plane: ControlPlane) -> None:
    context = ssl.create_default_context(cafile=str(plane.pki / "ca.crt"))
    # An API server may refuse anonymous requests.
    client = plane.pki / "apiserver-kubelet-client"
    context.load_cert_chain(client.with_suffix(".crt"), client.with_suffix(".key"))
    deadline = time.monotonic() + _START_SECONDS
    problem: object = None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{plane.api_port}/readyz", context=context, timeout=2):
                return
        except (urllib.error.URLError, OSError) as error:
            problem = error
        time.sleep(0.1)
    logs = "\n".join(
        path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in sorted(plane.directory.glob("*.log"))
    )
    raise AssertionError(f"kube-apiserver was not ready within {_START_SECONDS:.0f} s: {problem}\n{logs}")
