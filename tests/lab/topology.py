# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology files: which nodes there are, what they are for, and how far they are when a test takes over.

A topology is a short TOML file::

    kubernetes = "v1.34.4"
    endpoint = "lb1:6443"

    [nodes]
    cp1 = { group = "kube_control_plane", state = "initialized" }
    cp2 = { group = "kube_control_plane", state = "prepared" }
    w1 = { group = "kube_node", state = "joined" }
    lb1 = { group = "kube_load_balancer", state = "plain" }

docs/lab.md has all keys, those of hardened clusters too.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.errors import InputError

TOPOLOGIES = Path(__file__).resolve().parent / "topologies"
DEFAULT_KUBERNETES = "v1.34.4"
DEFAULT_POD_SUBNET = "10.244.0.0/16"
DEFAULT_SSH_PORT = 22
DEFAULT_API_PORT = 6443

_KEYS = frozenset(
    {
        "kubernetes",
        "endpoint",
        "endpoint_name",
        "endpoint_family",
        "vip",
        "endpoint_dns",
        "vip_port",
        "ssh_port",
        "pod_subnet",
        "discovery",
        "layout",
        "reserved",
        "cluster",
        "init",
        "files",
        "groups",
        "nodes",
    }
)
_NODE_KEYS = frozenset({"group", "state", "hostname", "node_name", "kubelet", "etcd"})
_FILE_KEYS = frozenset({"path", "content", "mode", "owner"})
#: What only kubeadm reads, so a cluster without it has none of them.
_KUBEADM_KEYS = ("cluster", "discovery", "files", "init")
CONTROL_PLANES = "kube_control_plane"
WORKERS = "kube_node"
LOAD_BALANCERS = "kube_load_balancer"
ETCD_HOSTS = "etcd"
_NODE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_GROUP_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_MODE = re.compile(r"0[0-7]{3}")
_VERSION = re.compile(r"v1\.\d{1,2}\.\d{1,2}")
# host-local hands out one /24 per node, chosen by the node's address: so the pods' subnet is a /16.
_POD_SUBNET = re.compile(r"(\d{1,3})\.(\d{1,3})\.0\.0/16")


class State(enum.Enum):
    """How far a node is when the lab is up."""

    PLAIN = "plain"
    """A Debian server: no container runtime, nothing of Kubernetes."""
    BARE = "bare"
    """A Debian server that can become a node by packages: it has what any machine has, and its etcd data in memory."""
    MIRROR = "mirror"
    """A Debian server with the packages and images that bare hosts become nodes from; no part of any cluster."""
    PREPARED = "prepared"
    """containerd, kubelet, kubeadm, kubectl and the images are there; no member of any cluster."""
    JOINED = "joined"
    """A member of the *before* cluster, by plain ``kubeadm join``."""
    INITIALIZED = "initialized"
    """The first control plane of the *before* cluster, by plain ``kubeadm init``."""
    ETCD = "etcd"
    """A Debian server with a member of the *before* cluster's external etcd, run by systemd."""
    BALANCING = "balancing"
    """A Debian server whose haproxy balances the endpoint over the control planes: of a *before* cluster that is HA, or to come."""
    SERVICES = "services"
    """Runs its components of the *before* cluster as systemd services, without kubeadm: its group says which."""
    RUNTIME = "runtime"
    """containerd, the CNI plugins and the images are there; no kubelet, no kubeadm, no member of any cluster."""

    @property
    def has_kubernetes(self) -> bool:
        """Whether kubelet and kubeadm are on such a node."""
        return self in (State.PREPARED, State.JOINED, State.INITIALIZED)

    @property
    def is_member(self) -> bool:
        """Whether such a node has a part in the *before* cluster."""
        return self in (State.JOINED, State.INITIALIZED, State.ETCD, State.BALANCING, State.SERVICES)


class Layout(enum.Enum):
    """Where a *before* cluster of systemd services has its files, and how its components are given their flags."""

    APPLICATION_DIRECTORY = "application_directory"
    """Everything is below /opt/kubernetes; units read their flags from environment files; the master is a Node, too."""
    INLINE_FLAGS = "inline_flags"
    """Flags stand in the units, programs are in /usr/local/bin, certificates in /etc/kubernetes/cert; the master is no Node."""

    @property
    def masters_are_nodes(self) -> bool:
        """Whether kubelet and kube-proxy run on the control plane."""
        return self is Layout.APPLICATION_DIRECTORY


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of a topology.

    :param name: its name in the lab and in the inventory.
    :param group: its Ansible group.
    :param state: how far it is before the test.
    :param hostname: what the machine calls itself.
    :param node_name: ``nodeRegistration.name`` of kubeadm; None: the Node is called like the machine.
    :param kubelet: version of its kubelet; None: the cluster's.
    :param etcd: whether it has a member of etcd beside the other services that it runs.
    """

    name: str
    group: str
    state: State
    hostname: str
    node_name: str | None = None
    kubelet: str | None = None
    etcd: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """Its Ansible groups: its own, and that of the members of etcd where it has one beside other services."""
        return (self.group, ETCD_HOSTS) if self.etcd else (self.group,)

    @property
    def registered(self) -> str:
        """Name of the Node object."""
        return self.node_name or self.hostname

    @property
    def is_etcd_member(self) -> bool:
        """Whether it is a member of the *before* cluster's etcd that systemd runs."""
        return self.etcd or self.state is State.ETCD

    @property
    def has_etcd_data(self) -> bool:
        """Whether it may have a member of etcd, whose data is in memory."""
        return self.is_etcd_member or self.state.has_kubernetes or self.state is State.BARE


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The control plane endpoint: a node of the topology, a port, and a DNS name if it has one.

    :param ipv6: it is the node's IPv6 address.
    """

    node: str
    port: int
    name: str | None = None
    ipv6: bool = False


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on the first control plane before ``kubeadm init``; ``owner`` is its user and group ID."""

    path: str
    content: str
    mode: int
    owner: int


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A checked topology; ``nodes`` keeps the order of the file."""

    name: str
    kubernetes: str
    pod_subnet: str
    nodes: tuple[Node, ...]
    endpoint: Endpoint | None
    vip: bool = False
    """Whether the endpoint is an address of the lab's network that no node has."""
    dns_endpoint: str | None = None
    """The endpoint, NAME:PORT, where its name is delegated to the load balancers: the mirror is everybody's resolver."""
    vip_port: int = DEFAULT_API_PORT
    """Port of an endpoint that is such an address."""
    discovery_by_file: bool = False
    """Whether joining nodes are given a kubeconfig, because nobody may read cluster-info without a credential."""
    cluster: Mapping[str, Any] = field(default_factory=dict)
    """What kubeadm's ClusterConfiguration has besides."""
    init: Mapping[str, Any] = field(default_factory=dict)
    """What kubeadm's InitConfiguration has besides."""
    files: tuple[File, ...] = ()
    ssh_port: int = DEFAULT_SSH_PORT
    """Port of every node's sshd."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Names of groups in the inventory, where they are not the topology's."""
    layout: Layout | None = None
    """Of a *before* cluster of systemd services."""
    reserved: tuple[str, ...] = ()
    """Nodes whose addresses its API server's certificate has besides the control plane's own."""

    @property
    def initialized(self) -> Node | None:
        """The first control plane of the *before* cluster, if there is a cluster."""
        return next((node for node in self.nodes if node.state is State.INITIALIZED), None)

    @property
    def joined(self) -> tuple[Node, ...]:
        """The workers of the *before* cluster."""
        return tuple(node for node in self.nodes if node.state is State.JOINED and node.group != CONTROL_PLANES)

    @property
    def joined_control_planes(self) -> tuple[Node, ...]:
        """The other control planes of a *before* cluster that is HA."""
        return tuple(node for node in self.nodes if node.state is State.JOINED and node.group == CONTROL_PLANES)

    @property
    def etcd(self) -> tuple[Node, ...]:
        """The members of the *before* cluster's external etcd, on hosts of their own or beside other services."""
        return tuple(node for node in self.nodes if node.is_etcd_member)

    @property
    def master(self) -> Node | None:
        """The control plane of a *before* cluster of systemd services, if it is one."""
        return next((node for node in self._services if node.group == CONTROL_PLANES), None)

    @property
    def service_workers(self) -> tuple[Node, ...]:
        """The workers of a *before* cluster of systemd services."""
        return tuple(node for node in self._services if node.group != CONTROL_PLANES)

    @property
    def _services(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.state is State.SERVICES)

    def runs_pods(self, node: Node) -> bool:
        """Whether a node has a container runtime, and a subnet of its own for pods."""
        if node.state is State.SERVICES and node.group == CONTROL_PLANES:
            return self.layout is not None and self.layout.masters_are_nodes
        return node.state.has_kubernetes or node.state in (State.SERVICES, State.RUNTIME)

    @property
    def balancer(self) -> Node | None:
        """The node that balances the endpoint of a *before* cluster that is HA."""
        return next((node for node in self.nodes if node.state is State.BALANCING), None)

    @property
    def mirror(self) -> Node | None:
        """The host that bare hosts get packages and images from."""
        return next((node for node in self.nodes if node.state is State.MIRROR), None)

    @property
    def needs_runtime_alone(self) -> bool:
        """Whether any node has a container runtime and nothing of kubeadm."""
        return any(self.runs_pods(node) and not node.state.has_kubernetes for node in self.nodes)

    @property
    def needs_kubernetes(self) -> bool:
        """Whether any node has a program of Kubernetes or etcd on it (else nothing of it is built)."""
        return any(self.runs_pods(node) or node.state in (State.ETCD, State.SERVICES) for node in self.nodes)


def find(wanted: str) -> Path:
    """The file of a topology given by its path or by its name in ``tests/lab/topologies``.

    :raises InputError: when there is no such file.
    """
    path = Path(wanted)
    if path.suffix != ".toml" and "/" not in wanted:
        path = TOPOLOGIES / f"{wanted}.toml"
    if not path.is_file():
        known = ", ".join(sorted(entry.stem for entry in TOPOLOGIES.glob("*.toml")))
        raise InputError(f"there is no topology {wanted}: give a file or one of {known}")
    return path


def load(path: Path) -> Topology:
    """Read and check a topology file.

    :raises InputError: one line that names the file, the key and what is expected.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read as TOML: {error}") from error
    try:
        return parse(document, name=path.stem)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse(document: Mapping[str, Any], *, name: str) -> Topology:
    """Check a parsed topology.

    :raises InputError: one line that names the key and what is expected.
    """
    _known_keys(document, _KEYS, "")
    nodes = _nodes(document.get("nodes"))
    endpoint = _endpoint(document, nodes)
    layout = _layout(document.get("layout"))
    _check_cluster(nodes, endpoint)
    _check_services(document, nodes, layout)
    return Topology(
        name=name,
        kubernetes=_matching(document, "kubernetes", _VERSION, default=DEFAULT_KUBERNETES, example="v1.34.4"),
        pod_subnet=_matching(
            document, "pod_subnet", _POD_SUBNET, default=DEFAULT_POD_SUBNET, example=DEFAULT_POD_SUBNET
        ),
        nodes=nodes,
        endpoint=endpoint,
        vip=_vip(document),
        dns_endpoint=_dns_endpoint(document, nodes),
        vip_port=_port(document, "vip_port", DEFAULT_API_PORT),
        discovery_by_file=_discovery_by_file(document.get("discovery", "token")),
        cluster=_table(document, "cluster"),
        init=_table(document, "init"),
        ssh_port=_port(document, "ssh_port", DEFAULT_SSH_PORT),
        files=tuple(_file(number, entry) for number, entry in enumerate(document.get("files", []))),
        groups=_groups(_table(document, "groups"), nodes),
        layout=layout,
        reserved=_reserved(document.get("reserved", []), nodes, layout),
    )


def check_version(version: str) -> str:
    """The version itself when it has the form v1.34.4.

    :raises InputError: when it does not.
    """
    if not _VERSION.fullmatch(version):
        raise InputError(f"Kubernetes version {version!r} is not of the form v1.34.4")
    return version


def _known_keys(table: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}{key} is not a known key; known are {', '.join(sorted(known))}")


def _matching(
    table: Mapping[str, Any], key: str, pattern: re.Pattern[str], *, default: str, example: str, where: str = ""
) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InputError(f"{where}{key} is {value!r}, expected a string such as {example}")
    return value


def _optional(
    table: Mapping[str, Any], key: str, pattern: re.Pattern[str], *, example: str, where: str = ""
) -> str | None:
    return _matching(table, key, pattern, default="", example=example, where=where) if key in table else None


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{key} is {value!r}, expected a table [{key}]")
    return value


def _discovery_by_file(value: object) -> bool:
    if value not in ("token", "file"):
        raise InputError(f"discovery is {value!r}, expected token or file")
    return value == "file"


def _vip(document: Mapping[str, Any]) -> bool:
    value = document.get("vip", False)
    if not isinstance(value, bool):
        raise InputError(f"vip is {value!r}, expected true or false")
    if value and not {"endpoint", "endpoint_name", "endpoint_family"}.isdisjoint(document):
        raise InputError("vip and endpoint exclude each other: the endpoint is the virtual IP address")
    return value


def _dns_endpoint(document: Mapping[str, Any], nodes: tuple[Node, ...]) -> str | None:
    value = document.get("endpoint_dns")
    if value is None:
        return None
    name, _, port = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not _HOST_NAME.fullmatch(name) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"endpoint_dns is {value!r}, expected NAME:PORT such as one.kube.test:6443")
    if not {"endpoint", "endpoint_name", "endpoint_family", "vip"}.isdisjoint(document):
        raise InputError(
            "endpoint_dns excludes endpoint and vip: the endpoint is a name that the load balancers answer"
        )
    if not any(node.group == LOAD_BALANCERS for node in nodes) or not any(node.state is State.MIRROR for node in nodes):
        raise InputError(
            f"endpoint_dns needs nodes of {LOAD_BALANCERS}, which answer the name, and a mirror, which asks them"
        )
    return str(value)


def _port(document: Mapping[str, Any], key: str, default: int) -> int:
    value = document.get(key, default)
    if not isinstance(value, int) or not 0 < value < 65536:
        raise InputError(f"{key} is {value!r}, expected a port such as 2222")
    return value


def _file(number: int, entry: object) -> File:
    where = f"files[{number}]"
    if not isinstance(entry, dict):
        raise InputError(f"{where} is {entry!r}, expected a table [[files]]")
    _known_keys(entry, _FILE_KEYS, f"{where}.")
    path, content, owner = entry.get("path"), entry.get("content"), entry.get("owner", 0)
    if not isinstance(path, str) or not path.startswith("/"):
        raise InputError(f"{where}.path is {path!r}, expected an absolute path")
    if not isinstance(content, str):
        raise InputError(f"{where}.content is {content!r}, expected a string")
    if not isinstance(owner, int):
        raise InputError(f"{where}.owner is {owner!r}, expected the number of a user")
    mode = _matching(entry, "mode", _MODE, default="0600", example="0600", where=f"{where}.")
    return File(path=path, content=content, mode=int(mode, 8), owner=owner)


def _groups(table: Mapping[str, Any], nodes: tuple[Node, ...]) -> Mapping[str, str]:
    used = {group for node in nodes for group in node.groups}
    for group, name in table.items():
        if group not in used:
            raise InputError(f"groups.{group}: no node is in that group")
        if not isinstance(name, str) or not _GROUP_NAME.fullmatch(name):
            raise InputError(f"groups.{group} is {name!r}, expected an Ansible group such as masters")
    return table


def _nodes(table: object) -> tuple[Node, ...]:
    if not isinstance(table, dict) or not table:
        raise InputError("nodes is missing or empty: name at least one node below [nodes]")
    return tuple(_node(name, entry) for name, entry in table.items())


def _node(name: str, entry: object) -> Node:
    if not _NODE_NAME.fullmatch(name):
        raise InputError(f"nodes.{name}: a node's name has lower-case letters, digits and hyphens, at most 32")
    if not isinstance(entry, dict):
        raise InputError(f'nodes.{name} is {entry!r}, expected {{ group = "...", state = "..." }}')
    where = f"nodes.{name}."
    _known_keys(entry, _NODE_KEYS, where)
    group = entry.get("group")
    if not isinstance(group, str) or not _GROUP_NAME.fullmatch(group):
        raise InputError(f"{where}group is {group!r}, expected an Ansible group such as kube_node")
    node = Node(
        name=name,
        group=group,
        state=_state(name, entry.get("state")),
        hostname=_matching(entry, "hostname", _HOST_NAME, default=name, example="node-1.example.org", where=where),
        node_name=_optional(entry, "node_name", _HOST_NAME, example="node-1.example.org", where=where),
        kubelet=_optional(entry, "kubelet", _VERSION, example="v1.33.13", where=where),
        etcd=_etcd(entry.get("etcd", False), where),
    )
    has_kubelet = node.state.has_kubernetes or node.state is State.SERVICES
    if not has_kubelet and (node.node_name or node.kubelet):
        raise InputError(f"nodes.{name} has no kubelet in state {node.state.value}: leave node_name and kubelet out")
    if node.state is State.SERVICES and node.kubelet:
        raise InputError(f"nodes.{name} runs services of the cluster's version: leave kubelet out")
    if node.etcd and node.state is not State.SERVICES:
        raise InputError(
            f"{where}etcd is for nodes in state services; one that is a member of etcd alone is in state etcd"
        )
    return node


def _etcd(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{where}etcd is {value!r}, expected true or false")
    return value


def _state(name: str, value: object) -> State:
    try:
        return State(value)
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise InputError(f"nodes.{name}.state is {value!r}, expected one of {known}") from None


def _check_cluster(nodes: tuple[Node, ...], endpoint: Endpoint | None) -> None:
    initialized = [node.name for node in nodes if node.state is State.INITIALIZED]
    balancing = [node.name for node in nodes if node.state is State.BALANCING]
    mirrors = [node.name for node in nodes if node.state is State.MIRROR]
    has_services = any(node.state is State.SERVICES for node in nodes)
    if len(initialized) > 1:
        raise InputError(f"nodes {' and '.join(initialized)} are both initialized: the cluster before has one")
    if len(mirrors) > 1:
        raise InputError(f"nodes {' and '.join(mirrors)} are both mirror: a lab has one")
    for node in nodes:
        if node.state is State.INITIALIZED and node.group != CONTROL_PLANES:
            raise InputError(f"nodes.{node.name} is initialized, so its group must be {CONTROL_PLANES}")
        if node.state is State.JOINED and node.group == CONTROL_PLANES and not balancing:
            raise InputError(f"nodes.{node.name} is a joined control plane: that needs a node that is balancing")
        if node.state is State.JOINED and not initialized:
            raise InputError(f"nodes.{node.name} is joined, but no node is initialized")
        if node.state is State.ETCD and not initialized and not has_services:
            raise InputError(f"nodes.{node.name} is etcd, but no node is initialized or runs services")
    if balancing and [endpoint.node if endpoint else None] != balancing:
        raise InputError(f"{' and '.join(balancing)} balances, so the endpoint must be on that node and no other")


def _layout(value: object) -> Layout | None:
    if value is None:
        return None
    try:
        return Layout(value)
    except ValueError:
        known = " or ".join(layout.value for layout in Layout)
        raise InputError(f"layout is {value!r}, expected {known}") from None


def _reserved(value: object, nodes: tuple[Node, ...], layout: Layout | None) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(f"reserved is {value!r}, expected a list of nodes such as m2")
    if value and layout is None:
        raise InputError("reserved is for clusters of systemd services: give layout")
    for name in value:
        if name not in {node.name for node in nodes}:
            raise InputError(f"reserved names {name}, which is not below [nodes]")
    return tuple(value)


def _check_services(document: Mapping[str, Any], nodes: tuple[Node, ...], layout: Layout | None) -> None:
    services = [node for node in nodes if node.state is State.SERVICES]
    if layout is None:
        if services:
            raise InputError(f"nodes.{services[0].name} runs services: give layout")
        return
    masters = [node.name for node in services if node.group == CONTROL_PLANES]
    if len(masters) != 1:
        raise InputError(f"layout needs one node of {CONTROL_PLANES} in state services; there are {len(masters)}")
    if not any(node.is_etcd_member for node in nodes):
        raise InputError(
            "layout needs members of etcd: nodes in state etcd, or nodes in state services with etcd = true"
        )
    for key in _KUBEADM_KEYS:
        if key in document:
            raise InputError(f"layout and {key} exclude each other: kubeadm reads {key}")
    for node in nodes:
        _check_without_kubeadm(node, layout)


def _check_without_kubeadm(node: Node, layout: Layout) -> None:
    if node.state.has_kubernetes or node.state is State.BALANCING:
        raise InputError(f"nodes.{node.name} is {node.state.value}, which goes with kubeadm: layout is without it")
    if node.state is not State.SERVICES:
        return
    if node.group not in (CONTROL_PLANES, WORKERS):
        raise InputError(f"nodes.{node.name} runs services, so its group must be {CONTROL_PLANES} or {WORKERS}")
    if node.node_name and node.group == CONTROL_PLANES and not layout.masters_are_nodes:
        raise InputError(f"nodes.{node.name} has no kubelet in layout {layout.value}: leave node_name out")


def _endpoint(document: Mapping[str, Any], nodes: tuple[Node, ...]) -> Endpoint | None:
    value, endpoint_name = document.get("endpoint"), document.get("endpoint_name")
    family = document.get("endpoint_family", "ipv4")
    if family not in ("ipv4", "ipv6"):
        raise InputError(f"endpoint_family is {family!r}, expected ipv4 or ipv6")
    if endpoint_name is not None and not (isinstance(endpoint_name, str) and _HOST_NAME.fullmatch(endpoint_name)):
        raise InputError(f"endpoint_name is {endpoint_name!r}, expected a DNS name such as k8s.example.org")
    if value is None:
        return None
    name, _, port = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"endpoint is {value!r}, expected NODE:PORT such as lb1:6443")
    if name not in {node.name for node in nodes}:
        raise InputError(f"endpoint names {name}, which is not below [nodes]")
    if family == "ipv6" and endpoint_name is not None:
        raise InputError("endpoint_family and endpoint_name exclude each other: the nodes know a name by IPv4")
    return Endpoint(node=name, port=int(port), name=endpoint_name, ipv6=family == "ipv6")
