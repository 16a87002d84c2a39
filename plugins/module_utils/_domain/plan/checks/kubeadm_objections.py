# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm on joining hosts is asked, and its objections as reasons to stop.

What the plan itself inspects, it reports in its own words, which know more of the inventory; kubeadm's word for the
same is left out then.
"""

from __future__ import annotations

import json
import re
import typing as t

from ...base.problem import Problem
from ...cluster.cluster import KUBEADM_CONFIG
from ...kubeadm.kubeadm_api import JOIN_VERSIONS
from ...kubeadm.kubeadm_preflight import NO_OBJECTIONS
from .. import failed_inspections
from . import cluster_certificates_dir, container_runtime, joining_hosts, membership, skew, swap

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..groups import Groups
    from ..situation import Situation

Hosts = t.Mapping[str, "Host"]

_PORT = re.compile(r"Port-([0-9]+)\Z")
_PROGRAM = re.compile(r"FileExisting-(.+)\Z")
_VERSION_CHECKS = ("KubeletVersion", "KubernetesVersion")
_LONGEST = 300


def requests(
    groups: Groups, hosts: Hosts, cluster: Cluster, serving_control_plane: Host, *, patches_dir: str = ""
) -> dict[str, dict[str, object]]:
    """What each joining host's kubeadm is asked, by inventory name: options of ``kubeadm_preflight_info``.

    Hosts of which the plan says already why they cannot join as they are, half joined or without a kubeadm, are left out.

    Args:
        groups: what the hosts are or shall be.
        hosts: by inventory name.
        cluster: what the API reported.
        serving_control_plane: the serving control plane.
        patches_dir: directory of kubeadm's patches, which joining control planes get.
    """
    like = serving_control_plane.api_server
    api_version = str(cluster.configuration.get("apiVersion") or "")
    if like is None or api_version.rpartition("/")[2] not in JOIN_VERSIONS:
        return {}
    used = container_runtime.sockets_of_cluster(hosts, cluster)
    found = {}
    for name in (*groups.control_planes, *groups.workers):
        host = hosts.get(name)
        if (
            host is None
            or host.is_member
            or host.kubeadm_version is None
            or membership.leftovers(host, serving_control_plane)
        ):
            continue
        is_control_plane = name in groups.control_planes
        server = host.future_api_server(like)
        found[name] = {
            "api_version": api_version,
            "control_plane": is_control_plane,
            "node_name": host.node_name,
            "cri_socket": container_runtime.socket_of(host, used),
            "certificates_dir": cluster_certificates_dir.of_cluster(cluster),
            "advertise_address": server.host if is_control_plane else "",
            "bind_port": server.port if is_control_plane else None,
            "patches_directory": patches_dir if is_control_plane else "",
        }
    return found


def config_maps(cluster: Cluster, endpoint: Endpoint) -> list[dict[str, object]]:
    """The ConfigMaps that kubeadm reads, as they will be when hosts join: with the endpoint."""
    found: list[dict[str, object]] = []
    for name in (KUBEADM_CONFIG, cluster.kubelet_config_map, "kube-system/kube-proxy"):
        document = cluster.report.config_maps.get(name)
        if document is None:
            continue
        namespace, _slash, short = name.partition("/")
        metadata = {"namespace": namespace, "name": short}
        annotations = (document.get("metadata") or {}).get("annotations")
        data = dict(document.get("data") or {})
        if name == KUBEADM_CONFIG:
            configuration = {**cluster.configuration, "controlPlaneEndpoint": str(endpoint)}
            # JSON is YAML.
            data = {"ClusterConfiguration": json.dumps(configuration, default=str)}
        found.append({"metadata": {**metadata, **({"annotations": annotations} if annotations else {})}, "data": data})
    return found


def problems(situation: Situation) -> t.Iterator[Problem]:
    """One problem for each objection, and for each kubeadm that could not be asked for no reason that the plan names."""
    without_version = _without_version(situation)
    without_runtime = _without_runtime(situation)
    for host in (*situation.joining_control_planes, *situation.joining_workers):
        objections = situation.kubeadm.get(host.name, NO_OBJECTIONS)
        for check in objections.checks:
            name, text = check.name, _shown(check.text)
            is_reported = (
                (name == "CRI" and host.name in without_runtime)
                or (name in _VERSION_CHECKS and host.name in without_version)
                or _is_reported_of_host(situation, host, name)
            )
            if not is_reported:
                yield Problem(
                    host.name, f"kubeadm would not join {host.name}, by its check {name}: {text}; {_remedy(name)}."
                )
        failure = objections.failure
        if failure and host.name not in without_runtime | without_version:
            yield Problem(
                host.name,
                f"kubeadm would not join {host.name}: {_shown(failure)}; mend that, then run again.",
            )
    explained = without_runtime | without_version
    unasked = {name: message for name, message in situation.kubeadm_failures.items() if name not in explained}
    yield from failed_inspections.of_kubeadm(unasked)


def _without_runtime(situation: Situation) -> frozenset[str]:
    found = container_runtime.problems(situation.desired, situation.hosts, situation.cluster)
    return frozenset(problem.subject for problem in found)


def _without_version(situation: Situation) -> frozenset[str]:
    found = skew.problems(situation.desired, situation.hosts, situation.cluster, situation.serving_control_plane)
    return frozenset(problem.subject for problem in found)


def _is_reported_of_host(situation: Situation, host: Host, name: str) -> bool:
    """Whether the plan reports the same in its own words."""
    like = situation.serving_control_plane.api_server
    port = _PORT.match(name)
    if port is not None and like is not None:
        # A port of the load balancer on the host itself is one that the plan knows of.
        own = joining_hosts.ports_in_use(situation.desired, host, situation.cluster, like)
        return int(port.group(1)) in own
    if name == "Swap":
        return any(True for _problem in swap.problems(host, situation.cluster))
    if name.startswith("FileContent--"):
        return any(True for _problem in joining_hosts.forwarding(situation.desired, host))
    return False


def _remedy(name: str) -> str:
    program = _PROGRAM.match(name)
    if program is not None:
        return f"install {program.group(1)}"
    if name.startswith(("DirAvailable-", "FileAvailable-")):
        # Never a word that it may be left out: what is there may be another cluster's.
        return "find out whose it is, and move it elsewhere if nothing needs it"
    mend = "free the port" if _PORT.match(name) is not None else "mend it"
    return f"{mend}, or add {name} to kubeadm_ha_ignore_preflight_errors of the host if it shall join nevertheless"


def _shown(text: str) -> str:
    line = " ".join(text.split()).rstrip(".;")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


__all__ = ("config_maps", "problems", "requests")
