# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network of a cluster: whether there is one, whose it is, and what the role ``cni`` would do about it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_fields import as_dict

if t.TYPE_CHECKING:
    from .node import Node

NONE = "none"
#: Whose a network is.
NOBODY, OURS, OTHERS = "nobody", "kubeadm.ha", "others"
#: File of each node that the pods of a provider write.
FILES: t.Mapping[str, str] = {"flannel": "10-flannel.conflist"}
_ENDINGS = (".conf", ".conflist", ".json")
#: What a kubelet reports of a node whose container runtime has no network.
_LACKS_NETWORK = ("NetworkPluginNotReady", "cni plugin not initialized")


@dataclasses.dataclass(frozen=True)
class Network:
    """What was found.

    Attributes:
        configurations: names of CNI configurations on the control plane, sorted.
        nodes_without: names of nodes whose kubelet reports that there is no network.
        changes: what applying the manifests would change.
        owner: whose the objects of the manifests are that exist already.
    """

    configurations: tuple[str, ...] = ()
    nodes_without: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    owner: str = NOBODY

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


@dataclasses.dataclass(frozen=True)
class NetworkDecision:
    """What the role would change, and reasons to stop."""

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def configurations(names: t.Iterable[str]) -> tuple[str, ...]:
    """The names that a container runtime takes for a CNI configuration."""
    return tuple(sorted(name for name in names if name.endswith(_ENDINGS) and not name.startswith(".")))


def lacks_network(node: Node) -> bool:
    """Whether a node is not Ready because its container runtime has no network."""
    return not node.is_ready and any(words in node.ready_reason for words in _LACKS_NETWORK)


def owner_of(objects: t.Iterable[t.Mapping[str, t.Any]], *, manager: str) -> str:
    """Whose the network's objects are, by who has applied them.

    Args:
        objects: those of the manifests that the cluster has; Namespaces, which may have been made beforehand, are nobody's.
        manager: the collection's name in ``managedFields``.
    """
    found = [item for item in objects if item.get("kind") != "Namespace"]
    names = {field.get("manager") for item in found for field in item["metadata"].get("managedFields") or ()}
    if manager in names:
        return OURS
    return OTHERS if found else NOBODY


def decide(host: str, network: Network, *, provider: str, directory: str) -> NetworkDecision:
    """What is to be done. A network that is there is never touched, and never is a second one put beside it.

    Args:
        host: the control plane that was inspected, for messages.
        network: what was found.
        provider: ``none``, a key of :data:`FILES`, or anything for a manifest of the operator's.
        directory: of CNI configurations.
    """
    own = FILES.get(provider)
    foreign = [name for name in network.configurations if name != own]
    if provider == NONE or network.owner == OTHERS:
        return NetworkDecision()
    if network.owner == OURS:
        if foreign and own is not None:
            return _stop(
                host,
                f"has {directory}/{foreign[0]} beside the network {provider}: remove the file where nothing needs it, or set "
                "kubeadm_ha_cni to none if the cluster has another network by now.",
            )
        return NetworkDecision(changes=network.changes)
    if foreign and network.nodes_without:
        return _stop(
            host,
            f"has {directory}/{foreign[0]}, which kubeadm.ha did not write, but the kubelet of "
            f"{', '.join(network.nodes_without[:3])} reports no network: remove that file where nothing needs it, or set "
            "kubeadm_ha_cni to none and finish the network that it belongs to.",
        )
    if foreign:
        return NetworkDecision()
    if network.configurations:
        return _stop(
            host,
            f"has {directory}/{own}, but the cluster has no {provider} by kubeadm.ha: set kubeadm_ha_cni to none if it came by "
            "another way, or remove the file that a former cluster left.",
        )
    return NetworkDecision(changes=network.changes)


def _stop(host: str, reason: str) -> NetworkDecision:
    return NetworkDecision(problems=(Problem(host, f"{host} {reason}"),))


__all__ = (
    "FILES",
    "NOBODY",
    "NONE",
    "OTHERS",
    "OURS",
    "Network",
    "NetworkDecision",
    "configurations",
    "decide",
    "lacks_network",
    "owner_of",
)
