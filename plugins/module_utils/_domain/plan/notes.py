# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of a plan: what names an old endpoint and is not ours to change, and what the run puts at risk.

An old endpoint is an API server's own address, or what the cluster named before. It works as long as that very host
does, so nothing stops here; the operator decides. A note stays until what it reports is gone.
"""

from __future__ import annotations

import typing as t

from ..base.problem import Note
from ..cluster import deployment_spread
from ..cluster.consumer_inspection import MOST_FOUND, SECONDS
from ..host.other_static_pods import other_static_pods
from ..kubeadm import bootstrap_token, learner_mode
from . import dead_nodes, lost_nodes_notes, quorum_steps
from .checks import expiry, join_parity, join_secrets

if t.TYPE_CHECKING:
    from ..base.address import Endpoint
    from ..cluster.consumer_inspection import Consumers
    from ..host.report import Reference
    from .situation import Situation

_CNI_DIRECTORY = "/etc/cni/"


def find_notes(situation: Situation) -> tuple[Note, ...]:
    """Every note of a situation."""
    return (
        *_consumers(situation),
        *_files(situation),
        *_cluster_dns(situation),
        *_uploaded_certificates(situation),
        *_second_member(situation),
        *_static_pods(situation),
        *_dead_nodes(situation),
        *lost_nodes_notes.notes(situation),
        *_expiry(situation),
        *(Note(*item) for item in join_parity.notes(situation)),
        *quorum_steps.notes(situation),
    )


def _consumers(situation: Situation) -> t.Iterator[Note]:
    consumers = situation.cluster.report.consumers
    for item in consumers.found:
        subject = item.object
        yield Note(
            subject,
            f"{subject} names {', '.join(item.endpoints)} ({', '.join(item.where)}), which goes away with that "
            f"host: let it name {situation.desired.endpoint}, or the Service kubernetes where it runs in the cluster.",
        )
    if not consumers.is_complete:
        yield Note(
            "cluster",
            _incomplete(consumers),
        )


def _incomplete(consumers: Consumers) -> str:
    """Why not every object was inspected: a slow API and a full list are two things."""
    if consumers.failure:
        return (
            "Workloads, ConfigMaps and Secrets could not be searched for old endpoints, so some may name one: "
            f"{consumers.failure}"
        )
    if len(consumers.found) >= MOST_FOUND:
        return f"More than {MOST_FOUND} objects name an old endpoint: the others are found when these are mended."
    return (
        f"The API server answered too slowly for all objects to be inspected within {SECONDS:.0f} s "
        f"({consumers.objects or 0} were): further workloads, ConfigMaps and Secrets may name an old endpoint."
    )


def _uploaded_certificates(situation: Situation) -> t.Iterator[Note]:
    text = join_secrets.note(situation.cluster.report, situation.serving_control_plane.name)
    if text is not None:
        yield Note(bootstrap_token.UPLOADED_CERTIFICATES, text)


def _second_member(situation: Situation) -> t.Iterator[Note]:
    """kubeadm without learners: from one member of etcd to two, the second one is needed before it runs."""
    members = situation.etcd.members if situation.etcd is not None else ()
    joining = situation.joining_control_planes
    if len(members) == 1 and joining and learner_mode.votes_at_once(situation.cluster.configuration):
        yield Note(
            joining[0].name,
            f"kubeadm {situation.cluster.configured_version} gives the member of etcd of {joining[0].name} a vote before it runs, so while "
            "it starts, about 12 s, the API answers nobody, and if it does not start the cluster has lost its quorum: a backup of etcd is "
            "made before. kubeadm from 1.27 on joins without that (EtcdLearnerMode).",
        )


def _files(situation: Situation) -> t.Iterator[Note]:
    old = {str(endpoint) for endpoint in situation.old_endpoints}
    for host in situation.hosts.values():
        for item in host.report.references:
            named = sorted(old & set(item.endpoints))
            if named:
                remedy = _remedy(item, endpoint=situation.desired.endpoint, admin_users=situation.desired.admin_users)
                yield Note(
                    host.name,
                    f"{item.path} on {host.name} names {', '.join(named)}, which goes away with that host: {remedy}.",
                )


def _remedy(item: Reference, *, endpoint: Endpoint, admin_users: t.Container[str]) -> str:
    if item.path.startswith(_CNI_DIRECTORY):
        return f"let the CNI plugin's own configuration name {endpoint} or the Service kubernetes"
    if item.user in admin_users:
        return f"it is laid out in a way that cannot be edited safely, so let it name {endpoint} by hand"
    return f"put {item.user} into kubeadm_ha_admin_users so that it follows, or let it name {endpoint} by hand"


def _cluster_dns(situation: Situation) -> t.Iterator[Note]:
    """DNS on one node that no step can spread."""
    spread = situation.cluster.report.cluster_dns
    nodes = deployment_spread.ready_by_node(spread.pods)
    if spread.deployment is not None and len(nodes) == 1 and deployment_spread.decide(spread, situation.nodes) is None:
        subject = spread.deployment.object
        reason = (
            "it has one replica: scale it to two"
            if spread.deployment.replicas < 2
            else "no other node may run its pods"
        )
        yield Note(subject, f"All ready pods of {subject} are on {min(nodes)}, and {reason}.")


def _expiry(situation: Situation) -> t.Iterator[Note]:
    yield from (Note(name, message) for name, message in expiry.notes(situation.hosts))


def _static_pods(situation: Situation) -> t.Iterator[Note]:
    """An operator's own static pods on hosts that are to join: they are no rest of a join and stay."""
    for host in (*situation.joining_control_planes, *situation.joining_workers):
        for path in other_static_pods(host):
            yield Note(
                host.name,
                f"{path} on {host.name} is a static pod that kubeadm did not make: the run leaves it as it is.",
            )


def _dead_nodes(situation: Situation) -> t.Iterator[Note]:
    if not situation.hosts.keys() >= set(situation.desired.nodes):
        return
    for name in dead_nodes.of_nobody(situation.cluster, situation.hosts.values()):
        yield Note(name, dead_nodes.message(name, situation.desired.endpoint))


__all__ = ("find_notes",)
