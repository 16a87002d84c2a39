# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of real etcd servers on loopback, with kubeadm's certificates."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import time
import typing as t
from pathlib import Path

from tests.integration import processes
from tests.integration.control_plane import run

_READY_SECONDS = 60.0


@dataclasses.dataclass
class Server:
    """One etcd server; ``process`` is ``None`` while it does not run."""

    name: str
    client: str
    peer: str
    process: subprocess.Popen[bytes] | None = None


@dataclasses.dataclass
class EtcdCluster:
    """The etcd cluster.

    Attributes:
        binaries: directory of etcd, etcdctl, etcdutl and kubeadm.
        directory: private directory.
        pki: kubeadm's ``certificatesDir`` with the certificates of etcd.
        servers: by name.
    """

    binaries: Path
    directory: Path
    pki: Path
    servers: dict[str, Server]

    def endpoint(self, name: str = "cp1") -> str:
        """The client URL of a server."""
        return self.servers[name].client

    def start(self, name: str, *, initial: t.Sequence[str] = ()) -> None:
        """Start a server, for the first time as a member of a cluster of ``initial`` that exists if it has others."""
        server = self.servers[name]
        cluster = ",".join(f"{other}={self.servers[other].peer}" for other in initial or (name,))
        pki = self.pki / "etcd"
        command = [
            str(self.binaries / "etcd"),
            f"--name={name}",
            f"--data-dir={self.directory / name}",
            f"--listen-client-urls={server.client}",
            f"--advertise-client-urls={server.client}",
            f"--listen-peer-urls={server.peer}",
            f"--initial-advertise-peer-urls={server.peer}",
            f"--initial-cluster={cluster}",
            f"--initial-cluster-state={'existing' if len(initial) > 1 else 'new'}",
            "--client-cert-auth=true",
            f"--cert-file={pki / 'server.crt'}",
            f"--key-file={pki / 'server.key'}",
            f"--trusted-ca-file={pki / 'ca.crt'}",
            "--peer-client-cert-auth=true",
            f"--peer-cert-file={pki / 'peer.crt'}",
            f"--peer-key-file={pki / 'peer.key'}",
            f"--peer-trusted-ca-file={pki / 'ca.crt'}",
            "--unsafe-no-fsync",
            # Else each change of the etcd cluster waits until all members have been connected for 5 s.
            "--strict-reconfig-check=false",
        ]
        with (self.directory / f"{name}.log").open("ab") as log:
            server.process = processes.start(command, log)

    def kill(self, name: str) -> None:
        """End a server as a crash would."""
        process = self.servers[name].process
        if process is not None:
            process.kill()
            process.wait()
        self.servers[name].process = None

    def etcdctl_command(self, name: str = "cp1") -> list[str]:
        """The command line of etcdctl for a server, without a subcommand."""
        pki = self.pki / "etcd"
        return [
            str(self.binaries / "etcdctl"),
            f"--endpoints={self.endpoint(name)}",
            f"--cacert={pki / 'ca.crt'}",
            f"--cert={pki / 'healthcheck-client.crt'}",
            f"--key={pki / 'healthcheck-client.key'}",
            "--command-timeout=20s",
        ]

    def etcdctl(self, *arguments: str, name: str = "cp1") -> str:
        """Ask a server by etcdctl; its standard output."""
        return run([*self.etcdctl_command(name), *arguments])

    def etcdctl_json(self, *arguments: str, name: str = "cp1") -> t.Any:
        """The same, as JSON with hexadecimal ids."""
        return json.loads(self.etcdctl(*arguments, "--write-out=json", "--hex", name=name))

    def gateway(self, path: str, body: t.Mapping[str, t.Any]) -> t.Any:
        """Ask etcd's JSON gateway by curl."""
        pki = self.pki / "etcd"
        command = ["curl", "-sS", "--fail", "--data", json.dumps(body), "--cacert", str(pki / "ca.crt")]
        command += ["--cert", str(pki / "healthcheck-client.crt"), "--key", str(pki / "healthcheck-client.key")]
        command.append(f"{self.endpoint()}{path}")
        return json.loads(run(command))

    def await_ready(self, name: str = "cp1") -> None:
        """Wait until a server reads."""
        self.retried("get", "health", name=name)

    def retried(self, *arguments: str, name: str = "cp1") -> None:
        """Ask by etcdctl until it works: a learner is promoted only when it has caught up."""
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                self.etcdctl(*arguments, name=name)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return


@contextlib.contextmanager
def cluster_of_one(binaries: Path, directory: Path) -> t.Iterator[EtcdCluster]:
    """A cluster whose only member cp1 runs; cp2 and cp3 are prepared."""
    pki = directory / "pki"
    for phase in ("etcd-ca", "etcd-server", "etcd-peer", "etcd-healthcheck-client"):
        run([str(binaries / "kubeadm"), "init", "phase", "certs", phase, f"--cert-dir={pki}"])
    ports = processes.free_ports(6)
    servers = {
        f"cp{number + 1}": Server(
            f"cp{number + 1}", f"https://127.0.0.1:{ports[2 * number]}", f"https://127.0.0.1:{ports[2 * number + 1]}"
        )
        for number in range(3)
    }
    cluster = EtcdCluster(binaries, directory, pki, servers)
    try:
        cluster.start("cp1")
        cluster.await_ready()
        yield cluster
    finally:
        for name in servers:
            cluster.kill(name)
