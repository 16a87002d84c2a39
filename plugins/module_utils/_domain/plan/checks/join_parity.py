# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What members have beside the cluster's ConfigMaps, so that hosts that join would not get it.

How much is lost decides: without ``node-ip`` or ``cloud-provider`` a Node is another one than meant, and a virtual IP
whose static pod is on one host goes away with it: these are reasons to stop. The rest are notes. What variables give is not
lost.
"""

from __future__ import annotations

import functools
import posixpath
import typing as t

from ...base.address import canonical_ip
from ...base.problem import Problem
from ...cluster.node import Node
from ...component.kubelet_arguments import KUBEADMS, OF_THE_NODE

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ...host.report import OtherStaticPod
    from ..situation import Situation

_NODE_IP = "node-ip"
_CLOUD_PROVIDER = "cloud-provider"
_MANUALLY = "KUBELET_EXTRA_ARGS of its /etc/default/kubelet (/etc/sysconfig/kubelet on the RHEL family)"
#: Domains whose labels and taints Kubernetes and its components set themselves.
_OF_KUBERNETES = ("kubernetes.io", "k8s.io")
_MANIFESTS = "/etc/kubernetes/manifests"


def problems(situation: Situation) -> t.Iterator[Problem]:
    """Reasons to stop."""
    for host, models in _joining(situation):
        flags = _common_flags(models)
        if _NODE_IP in flags:
            yield from _node_ip(host, models[0], flags[_NODE_IP])
        if flags.get(_CLOUD_PROVIDER) and _CLOUD_PROVIDER not in given_flags(host):
            value = flags[_CLOUD_PROVIDER]
            yield Problem(
                host.name,
                f"The kubelet of {models[0].name} runs with --{_CLOUD_PROVIDER}={value}, but {host.name} would join without "
                f"it, and the cloud would not know its Node: give the host kubeadm_ha_kubelet_extra_args "
                f"({{{_CLOUD_PROVIDER}: {value}}}), or {_MANUALLY}.",
            )
    yield from _virtual_ip(situation)


def notes(situation: Situation) -> t.Iterator[tuple[str, str]]:
    """Subject and message of what the operator should know."""
    yield from _other_flags(situation)
    yield from _other_pods(situation)
    yield from _labels_and_taints(situation)
    yield from _environment(situation)


def given_flags(host: Host) -> dict[str, str]:
    """The flags that a joining host's kubelet will have by its own files and by the inventory."""
    return {**host.report.given_kubelet_flags, **host.report.desired.kubelet_flags}


def _joining(situation: Situation) -> t.Iterator[tuple[Host, list[Host]]]:
    """Each joining host with the members that it should be like."""
    desired = situation.desired
    workers = situation.joined(desired.workers) or [situation.serving_control_plane]
    yield from ((host, [situation.serving_control_plane]) for host in situation.joining_control_planes)
    yield from ((host, workers) for host in situation.joining_workers)


def _common_flags(hosts: t.Sequence[Host]) -> dict[str, str]:
    """The flags that all of them run with, with the first one's values."""
    running = [host.report.kubelet_arguments or host.report.kubelet_flags for host in hosts]
    names = functools.reduce(lambda one, other: one & other, (set(flags) for flags in running))
    return {name: running[0][name] for name in sorted(names)}


def _node_ip(host: Host, model: Host, value: str) -> t.Iterator[Problem]:
    wanted, given = _families(value), _families(given_flags(host).get(_NODE_IP, ""))
    if wanted <= given:
        return
    addresses = host.report.addresses
    if not given and len(wanted) == 1 and sum(_families(item) == wanted for item in addresses) == 1:
        # There is nothing to choose from.
        return
    lacking = " and ".join(f"IPv{family}" for family in sorted(wanted - given))
    how = f"with {', '.join(f'IPv{family}' for family in sorted(given))} only" if given else "without it"
    yield Problem(
        host.name,
        f"The kubelet of {model.name} runs with --{_NODE_IP}={value}, but {host.name} would join {how}, and its Node could "
        f"get another {lacking} address than meant, or none: give the host kubeadm_ha_kubelet_extra_args "
        f"({{{_NODE_IP}: {','.join('ADDRESS' for _family in wanted)}}}), or {_MANUALLY}.",
    )


def _families(value: str) -> set[int]:
    addresses = (canonical_ip(item.strip()) for item in value.split(","))
    return {6 if ":" in address else 4 for address in addresses if address is not None}


def _pods(host: Host) -> dict[str, OtherStaticPod]:
    """An operator's own static pods by file name."""
    return {posixpath.basename(item.path): item for item in host.report.other_static_pods}


def _carries_endpoint(situation: Situation, pod: OtherStaticPod) -> bool:
    """Whether the endpoint's address is one that a static pod of the serving host puts there."""
    address = canonical_ip(situation.desired.endpoint.host)
    if address is None or situation.desired.has_own_balancers or situation.desired.vip:
        return False
    server = situation.serving_control_plane.api_server
    is_own = server is not None and canonical_ip(server.host) == address
    named = {canonical_ip(item) for item in pod.addresses}
    return address in named or (situation.serving_control_plane.has_address(address) and not is_own)


def _lacking(situation: Situation) -> t.Iterator[tuple[str, OtherStaticPod, list[str]]]:
    """File name and facts of each static pod of the serving host, with the control planes that have no such file."""
    others = [
        situation.hosts[name]
        for name in situation.desired.control_planes
        if name in situation.hosts and name != situation.serving_control_plane.name
    ]
    for name, pod in _pods(situation.serving_control_plane).items():
        lacking = [host.name for host in others if name not in _pods(host)]
        if lacking:
            yield name, pod, lacking


def _virtual_ip(situation: Situation) -> t.Iterator[Problem]:
    for name, pod, lacking in _lacking(situation):
        if _carries_endpoint(situation, pod):
            yield Problem(
                situation.serving_control_plane.name,
                f"The endpoint's address {situation.desired.endpoint.host} is on "
                f"{situation.serving_control_plane.name}, whose static pod {name} seems to carry it, but "
                f"{', '.join(lacking)} {_has(lacking)} no such file, so it would go away with "
                f"{situation.serving_control_plane.name}: copy {pod.path} there (a host that joins keeps it), or "
                "name it in kubeadm_ha_unmanaged_files if something else moves the address.",
            )


def _other_pods(situation: Situation) -> t.Iterator[tuple[str, str]]:
    for name, pod, lacking in _lacking(situation):
        if not _carries_endpoint(situation, pod):
            yield (
                situation.serving_control_plane.name,
                (
                    f"The static pod {name} of {situation.serving_control_plane.name} is none of kubeadm's, and "
                    f"{', '.join(lacking)} {_has(lacking)} no such file: copy {pod.path} there if each control plane "
                    "needs it, such as for a virtual IP, or name it in kubeadm_ha_unmanaged_files."
                ),
            )


def _has(names: t.Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _other_flags(situation: Situation) -> t.Iterator[tuple[str, str]]:
    passed = KUBEADMS | OF_THE_NODE | {_NODE_IP, _CLOUD_PROVIDER}
    for host, models in _joining(situation):
        given = given_flags(host)
        lost = {
            name: value for name, value in _common_flags(models).items() if name not in passed and name not in given
        }
        if lost:
            shown = ", ".join(f"--{name}={value}" for name, value in lost.items())
            yield (
                host.name,
                (
                    f"The kubelet of {models[0].name} runs with {shown}, which {host.name} would not get by its join: give what "
                    f"it needs in kubeadm_ha_kubelet_extra_args of the host, or in {_MANUALLY}."
                ),
            )


def _labels_and_taints(situation: Situation) -> t.Iterator[tuple[str, str]]:
    nodes, serving_control_plane = situation.cluster.nodes, situation.serving_control_plane
    model = nodes.get(serving_control_plane.node_name)
    joined = {host.name for host in situation.joined(situation.desired.control_planes)}
    for name in situation.desired.control_planes:
        host = situation.hosts.get(name)
        if host is None or model is None or name == serving_control_plane.name:
            continue
        node = nodes.get(host.node_name) if name in joined else _future_node(host)
        for kind, option, lost in (
            ("label", "kubeadm_ha_node_labels", _labels(model) - _labels(node)),
            ("taint", "kubeadm_ha_node_taints", _taints(model) - _taints(node)),
        ):
            if lost:
                shown = " ".join(sorted(text for _key, text in lost))
                remedy = f"kubectl {kind} node {host.node_name} {shown}"
                if name not in joined:
                    whole = " (kubeadm's own included)" if kind == "taint" else ""
                    remedy = f"give it in {option}{whole} to the host before it joins, or afterwards {remedy}"
                yield (
                    name,
                    (
                        f"The Node of {serving_control_plane.name} has the {kind} {shown}, which the Node of {name} "
                        f"{'has not' if name in joined else 'would not get'}: if all control planes shall have it, "
                        f"{remedy}."
                    ),
                )


def _future_node(host: Host) -> Node:
    """What the inventory gives to the Node of a joining host."""
    desired = host.report.desired
    pairs = (item.partition("=")[::2] for item in given_flags(host).get("node-labels", "").split(",") if item)
    labels = {**dict(pairs), **desired.node_labels}
    return Node(host.node_name, labels, tuple(desired.node_taints or ()), is_ready=False)


class _Named(t.NamedTuple):
    """A label or taint: what is compared, and how kubectl writes it. Equal by the first alone."""

    key: str
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _labels(node: Node | None) -> set[_Named]:
    labels = node.labels if node is not None else {}
    return {_Named(key, f"{key}={value}") for key, value in labels.items() if not _is_of_kubernetes(key)}


def _taints(node: Node | None) -> set[_Named]:
    found = set()
    for taint in node.taints if node is not None else ():
        key, effect, value = taint["key"], taint.get("effect") or "NoSchedule", taint.get("value")
        if not _is_of_kubernetes(key):
            found.add(_Named(f"{key}:{effect}", f"{key}={value}:{effect}" if value else f"{key}:{effect}"))
    return found


def _is_of_kubernetes(key: str) -> bool:
    domain = key.partition("/")[0] if "/" in key else ""
    return any(domain == item or domain.endswith(f".{item}") for item in _OF_KUBERNETES)


def _environment(situation: Situation) -> t.Iterator[tuple[str, str]]:
    serving_control_plane = situation.serving_control_plane
    wanted = serving_control_plane.report.pod_environment
    for name in situation.desired.control_planes:
        host = situation.hosts.get(name)
        if host is None or name == serving_control_plane.name:
            continue
        has = host.report.pod_environment
        lost = sorted({item for part, names in wanted.items() for item in names if item not in (has.get(part) or ())})
        if not lost:
            continue
        yield (
            name,
            f"Static pods of {serving_control_plane.name} have the environment variables {', '.join(lost)}, those of "
            f"{name} "
            + (
                f"have not: if they need them, write them into the manifests of {name}."
                if host.is_control_plane
                else "get only what is in the environment of kubeadm join there: set them for the play (environment) or in "
                "the login environment of the host if they need them."
            ),
        )


__all__ = ("given_flags", "notes", "problems")
