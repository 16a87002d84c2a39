# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An external etcd as kubeadm's guide makes it: certificates by ``kubeadm init phase certs``, run by systemd.

The first control plane issues all certificates. It keeps the CA's certificate and the API server's client pair, and
gives the CA's key away: control planes of such a cluster do not have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.lab import shell
from tests.lab.kubeadm import yaml_documents

if TYPE_CHECKING:
    from tests.lab.before import Execute

PKI = "/etc/etcd/pki"
#: Programs of etcd that a member's host has.
PROGRAMS = ("etcd", "etcdctl", "etcdutl")
_CONTROL_PLANE_PKI = "/etc/kubernetes/pki"
_WORK = "/root/etcd-certificates"
_FILES = ("etcd/ca.crt", "etcd/ca.key", "etcd/server.crt", "etcd/server.key", "etcd/peer.crt", "etcd/peer.key")
_UNIT = "/etc/systemd/system/etcd.service"


def start(first: str, members: Mapping[str, IPv4Address], execute: Execute) -> None:
    """Certificates for all, then all members; returns when the etcd cluster is healthy."""
    shell.say(f"external etcd on {', '.join(members)}")
    _phase(first, "etcd-ca", f"--cert-dir={_CONTROL_PLANE_PKI}", execute=execute)
    _phase(first, "apiserver-etcd-client", f"--cert-dir={_CONTROL_PLANE_PKI}", execute=execute)
    for name, address in members.items():
        _certify(first, name, address, execute)
    execute(first, "rm", "-r", _WORK, f"{_CONTROL_PLANE_PKI}/etcd/ca.key")
    for name in members:
        execute(name, "tee", _UNIT, stdin=unit(name, members))
        execute(name, "systemctl", "daemon-reload")
        execute(name, "systemctl", "enable", "etcd.service")
        execute(name, "systemctl", "start", "--no-block", "etcd.service")
    # The unit is of type notify: it has started when the member has joined the etcd cluster.
    for name in members:
        execute(name, "systemctl", "start", "etcd.service")


def _certify(first: str, name: str, address: IPv4Address, execute: Execute) -> None:
    directory = f"{_WORK}/{name}"
    execute(first, "mkdir", "-p", f"{directory}/etcd")
    for file in ("ca.crt", "ca.key"):
        execute(first, "cp", f"{_CONTROL_PLANE_PKI}/etcd/{file}", f"{directory}/etcd/{file}")
    configuration = f"{directory}/kubeadm.yaml"
    execute(first, "tee", configuration, stdin=certificate_configuration(name, address, directory))
    for certificate in ("etcd-server", "etcd-peer"):
        _phase(first, certificate, f"--config={configuration}", execute=execute)
    execute(name, "mkdir", "-p", PKI)
    for file in _FILES:
        content = execute(first, "cat", f"{directory}/{file}")
        mode = "0600" if file.endswith(".key") else "0644"
        target = f"{PKI}/{file.removeprefix('etcd/')}"
        execute(name, "install", f"--mode={mode}", "/dev/stdin", target, stdin=content)


def _phase(node: str, certificate: str, option: str, *, execute: Execute) -> None:
    execute(node, "kubeadm", "init", "phase", "certs", certificate, option)


def certificate_configuration(name: str, address: IPv4Address, directory: str) -> str:
    """What ``kubeadm init phase certs`` has to know for one member's certificates."""
    version = "kubeadm.k8s.io/v1beta4"
    init = {
        "apiVersion": version,
        "kind": "InitConfiguration",
        "nodeRegistration": {"name": name},
        "localAPIEndpoint": {"advertiseAddress": str(address)},
    }
    cluster = {"apiVersion": version, "kind": "ClusterConfiguration", "certificatesDir": directory}
    return yaml_documents([init, cluster])


def unit(name: str, members: Mapping[str, IPv4Address]) -> str:
    """The systemd unit of a member."""
    address = members[name]
    flags = {
        "name": name,
        "data-dir": "/var/lib/etcd",
        "listen-client-urls": f"https://{address}:2379,https://127.0.0.1:2379",
        "advertise-client-urls": f"https://{address}:2379",
        "listen-peer-urls": f"https://{address}:2380",
        "initial-advertise-peer-urls": f"https://{address}:2380",
        "initial-cluster": ",".join(f"{other}=https://{ip}:2380" for other, ip in members.items()),
        "client-cert-auth": "true",
        "trusted-ca-file": f"{PKI}/ca.crt",
        "cert-file": f"{PKI}/server.crt",
        "key-file": f"{PKI}/server.key",
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": f"{PKI}/ca.crt",
        "peer-cert-file": f"{PKI}/peer.crt",
        "peer-key-file": f"{PKI}/peer.key",
    }
    command = " \\\n    ".join(["/usr/bin/etcd", *(f"--{flag}={value}" for flag, value in flags.items())])
    return (
        "[Unit]\nDescription=etcd\nWants=network-online.target\nAfter=network-online.target\n\n"
        f"[Service]\nType=notify\nExecStart={command}\nRestart=on-failure\nLimitNOFILE=20000\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
