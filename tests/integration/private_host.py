# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's /etc, /var/lib and /run of a test's own, by a mount namespace: kubeadm and modules find their fixed paths there.

Processes, network and clock stay the machine's.
"""

from __future__ import annotations

import base64
import os
import shutil
import typing as t
from pathlib import Path

import yaml

from tests.integration.control_plane import ADVERTISED_ADDRESS, run

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane

_DIRECTORIES = {"etc": "/etc", "lib": "/var/lib", "run": "/run"}
_MOUNT = " && ".join(f'mount --bind "$0/{name}" {path}' for name, path in _DIRECTORIES.items())


class PrivateHost:
    """The directories, as the machine sees them, and a way to start programs that see them as their own."""

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        """Make a host on which nothing of Kubernetes is. Its cluster is ``plane``."""
        self.directory = directory
        self.plane = plane
        self.etc, self.lib, self.run_directory = (directory / name for name in _DIRECTORIES)
        self.kubernetes = self.etc / "kubernetes"
        self.lib.mkdir(parents=True)
        self.run_directory.mkdir()
        shutil.copytree("/etc", self.etc, symlinks=True, ignore=_only_files_of_programs)

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command before a command that is to see the host's directories."""
        user = () if os.geteuid() == 0 else ("--map-root-user",)
        return ("unshare", *user, "--mount", "sh", "-c", f'{_MOUNT} && exec "$@"', str(self.directory))

    def kubeadm(self, *arguments: str) -> str:
        """Run kubeadm on the host; its standard output."""
        return run([*self.prefix, str(self.plane.binaries / "kubeadm"), *arguments])

    def become_worker(self, node: str) -> None:
        """What a worker has after its join: the kubelet's configuration, its kubeconfig, the cluster's CA."""
        self._pki()
        self.kubeadm(
            *("init", "phase", "kubeconfig", "kubelet", f"--node-name={node}"),
            *(f"--apiserver-advertise-address={ADVERTISED_ADDRESS}", f"--cert-dir={self.kubernetes / 'ca'}"),
        )
        shutil.rmtree(self.kubernetes / "ca")
        self._reachable("kubelet.conf")
        self._start_of_the_kubelet()

    def become_control_plane(self) -> None:
        """What a control plane has: certificates, kubeconfigs and the manifests of its static pods."""
        shutil.copytree(self.plane.pki, self.kubernetes / "pki")
        configuration = self.etc / "kubeadm.yaml"
        text = self.plane.config.read_text(encoding="utf-8")
        configuration.write_text(text.replace(f"certificatesDir: {self.plane.pki}\n", ""), encoding="utf-8")
        for phase in ("kubeconfig", "control-plane", "etcd"):
            part = "local" if phase == "etcd" else "all"
            self.kubeadm("init", "phase", phase, part, "--config=/etc/kubeadm.yaml")
        for name in ("admin.conf", "kubelet.conf"):
            self._reachable(name)
        self._start_of_the_kubelet()

    def _start_of_the_kubelet(self) -> None:
        """What kubeadm and the kubelet itself write when it starts: its configuration and its client certificate."""
        user = yaml.safe_load((self.kubernetes / "kubelet.conf").read_text(encoding="utf-8"))["users"][0]["user"]
        pem = [base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")]
        (self.lib / "kubelet" / "pki").mkdir(parents=True)
        (self.lib / "kubelet" / "pki" / "kubelet-client-current.pem").write_bytes(b"".join(pem))
        (self.lib / "kubelet" / "config.yaml").write_text(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", encoding="utf-8"
        )

    def _pki(self) -> None:
        """The CA with its key aside, as long as certificates are issued; on a worker there is no key."""
        (self.kubernetes / "pki").mkdir(parents=True)
        shutil.copy(self.plane.pki / "ca.crt", self.kubernetes / "pki")
        (self.kubernetes / "ca").mkdir()
        for name in ("ca.crt", "ca.key"):
            shutil.copy(self.plane.pki / name, self.kubernetes / "ca")

    def _reachable(self, name: str) -> None:
        """Let a kubeconfig name the address on which the API server really listens."""
        path = self.kubernetes / name
        server = f"https://127.0.0.1:{self.plane.api_port}"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(
            "".join(f"    server: {server}\n" if line.startswith("    server:") else line for line in lines),
            encoding="utf-8",
        )


def _only_files_of_programs(directory: str, names: list[str]) -> set[str]:
    """Leave out what is the machine's own business: clusters, keys, and what is no plain file."""
    here = Path(directory)
    secret = {"kubernetes", "ssh", "shadow", "shadow-", "gshadow", "gshadow-", "cni"} if directory == "/etc" else set()
    strange = {name for name in names if not (here / name).is_symlink() and not os.access(here / name, os.R_OK)}
    return (secret | strange) & set(names)
