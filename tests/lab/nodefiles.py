# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that make a node out of an image: names, keys, name servers, its pods' network. One tar per node."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from tests.lab.inventory import USER
from tests.lab.topology import Node, State


@dataclass(frozen=True, kw_only=True)
class NodeFile:
    """Content, mode and owner (user and group ID) of a file on a node."""

    content: str
    mode: int = 0o644
    owner: int = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """Addresses of all nodes of a lab, and the subnets of their pods."""

    addresses: Mapping[str, IPv4Address]
    pod_subnets: Mapping[str, IPv4Network]
    names: Mapping[str, str] = field(default_factory=dict)
    """DNS names that every node knows, and whose node's address they mean."""
    delegated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """DNS names and the nodes that answer them. The mirror, if there is any such name, is everybody's resolver."""


_ID_OF_USER = 1000


def machine_id(lab: str, node: str) -> str:
    """The node's machine ID: 32 hexadecimal digits, the same for the same lab and node."""
    return product_uuid(lab, node).replace("-", "")


def product_uuid(lab: str, node: str) -> str:
    """The node's own product UUID; containers would share the machine's."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{node}.{lab}.lab.kubeadm-ha.invalid"))


def node_files(
    node: Node,
    *,
    lab: str,
    network: Network,
    resolv_conf: str,
    host_key: str,
    authorized_key: str,
    ssh_port: int,
    runs_pods: bool,
) -> dict[str, NodeFile]:
    """Path (without the leading slash) and content of the files of a node."""
    files = {
        "etc/hostname": NodeFile(content=f"{node.hostname}\n"),
        "etc/hosts": NodeFile(content=hosts(node, network)),
        "etc/machine-id": NodeFile(content=f"{machine_id(lab, node.name)}\n", mode=0o444),
        "etc/resolv.conf": NodeFile(content=resolv_conf),
        "etc/ssh/sshd_config.d/20-port.conf": NodeFile(content=f"Port {ssh_port}\n"),
        "etc/ssh/ssh_host_ed25519_key": NodeFile(content=host_key, mode=0o600),
        # What Ansible starts here would have cores beside the control plane's on a machine of its own.
        "etc/systemd/system/ssh.service.d/10-nice.conf": NodeFile(content="[Service]\nNice=10\n"),
        f"home/{USER}/.ssh/authorized_keys": NodeFile(content=authorized_key, mode=0o600, owner=_ID_OF_USER),
    }
    if network.delegated and node.state is State.MIRROR:
        files["etc/lab/resolver.conf"] = NodeFile(content=resolver(network))
    if runs_pods:
        files["etc/cni/net.d/10-bridge.conflist"] = NodeFile(content=bridge(network.pod_subnets[node.name]))
        files["etc/lab/pod-routes"] = NodeFile(content=pod_routes(node.name, network))
    return files


def hosts(node: Node, network: Network) -> str:
    """/etc/hosts: the node itself, and the names that all know."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"{network.addresses[node.name]} {node.hostname}"]
    lines += [f"{network.addresses[other]} {name}" for name, other in network.names.items()]
    return "".join(f"{line}\n" for line in lines)


def resolver(network: Network) -> str:
    """Configuration of dnsmasq: names that other servers answer, as a delegation leads to them, and all others as usual."""
    # Without polling it reads the resolvers of the host at its start, however old their file says to be.
    lines = ["user=nobody", "pid-file=", "no-hosts", "no-negcache", "no-poll", "all-servers", "bind-dynamic"]
    for name, nodes in network.delegated.items():
        lines += [f"server=/{name}/{network.addresses[node]}" for node in nodes]
    return "".join(f"{line}\n" for line in lines)


def bridge(subnet: IPv4Network) -> str:
    """CNI configuration: the standard plugins, with addresses of the node's own subnet."""
    plugins = [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": str(subnet)}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "0.3.1", "name": "lab", "plugins": plugins}, indent=2) + "\n"


def pod_routes(node: str, network: Network) -> str:
    """Lines "SUBNET ADDRESS" for the pods of all other nodes."""
    return "".join(
        f"{subnet} {network.addresses[other]}\n" for other, subnet in network.pod_subnets.items() if other != node
    )


def pack(files: Mapping[str, NodeFile], directories: Iterable[str] = ()) -> bytes:
    """The files as a tar, for ``podman cp``, and directories that hold none of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in directories:
            directory = tarfile.TarInfo(path)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        for path, file in files.items():
            content = file.content.encode()
            info = tarfile.TarInfo(path)
            info.size, info.mode, info.uid, info.gid = len(content), file.mode, file.owner, file.owner
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
