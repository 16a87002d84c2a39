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
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.errors import InputError

TOPOLOGIES = Path(__file__).resolve().parent / "topologies"
DEFAULT_KUBERNETES = "v1.34.4"
DEFAULT_POD_SUBNET = "10.244.0.0/16"

_KEYS = frozenset({"kubernetes", "endpoint", "pod_subnet", "nodes"})
_NODE_KEYS = frozenset({"group", "state"})
_NODE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_GROUP_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_VERSION = re.compile(r"v1\.\d{1,2}\.\d{1,2}")
# host-local hands out one /24 per node, chosen by the node's address: so the pods' subnet is a /16.
_POD_SUBNET = re.compile(r"(\d{1,3})\.(\d{1,3})\.0\.0/16")


class State(enum.Enum):
    """How far a node is when the lab is up."""

    PLAIN = "plain"
    """A Debian server: no container runtime, nothing of Kubernetes."""
    PREPARED = "prepared"
    """containerd, kubelet, kubeadm, kubectl and the images are there; no member of any cluster."""
    JOINED = "joined"
    """A worker of the *before* cluster, by plain ``kubeadm join``."""
    INITIALIZED = "initialized"
    """The only control plane of the *before* cluster, by plain ``kubeadm init``."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of a topology: its name, its Ansible group, its state before the test."""

    name: str
    group: str
    state: State


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The future control plane endpoint: a node of the topology and a port."""

    node: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A checked topology; ``nodes`` keeps the order of the file."""

    name: str
    kubernetes: str
    pod_subnet: str
    nodes: tuple[Node, ...]
    endpoint: Endpoint | None

    @property
    def initialized(self) -> Node | None:
        """The control plane of the *before* cluster, if there is a cluster."""
        return next((node for node in self.nodes if node.state is State.INITIALIZED), None)

    @property
    def joined(self) -> tuple[Node, ...]:
        """The workers of the *before* cluster."""
        return tuple(node for node in self.nodes if node.state is State.JOINED)

    @property
    def needs_kubernetes(self) -> bool:
        """Whether any node has Kubernetes on it (else nothing of it is built)."""
        return any(node.state is not State.PLAIN for node in self.nodes)


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
    _check_cluster(nodes)
    return Topology(
        name=name,
        kubernetes=_matching(document, "kubernetes", _VERSION, default=DEFAULT_KUBERNETES, example="v1.34.4"),
        pod_subnet=_matching(
            document, "pod_subnet", _POD_SUBNET, default=DEFAULT_POD_SUBNET, example=DEFAULT_POD_SUBNET
        ),
        nodes=nodes,
        endpoint=_endpoint(document.get("endpoint"), nodes),
    )


def check_version(version: str) -> str:
    """The version itself when it looks like v1.34.4.

    :raises InputError: when it does not.
    """
    if not _VERSION.fullmatch(version):
        raise InputError(f"Kubernetes version {version!r} is not of the form v1.34.4")
    return version


def _known_keys(table: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}{key} is not a known key; known are {', '.join(sorted(known))}")


def _matching(document: Mapping[str, Any], key: str, pattern: re.Pattern[str], *, default: str, example: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InputError(f"{key} is {value!r}, expected a string such as {example}")
    return value


def _nodes(table: object) -> tuple[Node, ...]:
    if not isinstance(table, dict) or not table:
        raise InputError("nodes is missing or empty: name at least one node below [nodes]")
    return tuple(_node(name, entry) for name, entry in table.items())


def _node(name: str, entry: object) -> Node:
    if not _NODE_NAME.fullmatch(name):
        raise InputError(f"nodes.{name}: a node's name has lower-case letters, digits and hyphens, at most 32")
    if not isinstance(entry, dict):
        raise InputError(f'nodes.{name} is {entry!r}, expected {{ group = "...", state = "..." }}')
    _known_keys(entry, _NODE_KEYS, f"nodes.{name}.")
    group = entry.get("group")
    if not isinstance(group, str) or not _GROUP_NAME.fullmatch(group):
        raise InputError(f"nodes.{name}.group is {group!r}, expected an Ansible group such as kube_node")
    return Node(name=name, group=group, state=_state(name, entry.get("state")))


def _state(name: str, value: object) -> State:
    try:
        return State(value)
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise InputError(f"nodes.{name}.state is {value!r}, expected one of {known}") from None


def _check_cluster(nodes: tuple[Node, ...]) -> None:
    initialized = [node.name for node in nodes if node.state is State.INITIALIZED]
    if len(initialized) > 1:
        raise InputError(f"nodes {' and '.join(initialized)} are both initialized: the cluster before has one")
    for node in nodes:
        if node.state is State.INITIALIZED and node.group != "kube_control_plane":
            raise InputError(f"nodes.{node.name} is initialized, so its group must be kube_control_plane")
        if node.state is State.JOINED and node.group == "kube_control_plane":
            raise InputError(f"nodes.{node.name} is a joined control plane: the cluster before has a single one")
        if node.state is State.JOINED and not initialized:
            raise InputError(f"nodes.{node.name} is joined, but no node is initialized")


def _endpoint(value: object, nodes: tuple[Node, ...]) -> Endpoint | None:
    if value is None:
        return None
    name, _, port = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"endpoint is {value!r}, expected NODE:PORT such as lb1:6443")
    if name not in {node.name for node in nodes}:
        raise InputError(f"endpoint names {name}, which is not below [nodes]")
    return Endpoint(node=name, port=int(port))
