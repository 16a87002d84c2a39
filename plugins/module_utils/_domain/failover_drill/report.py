# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill knows of a control plane and, by it, of the cluster."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import canonical_ip
from ..base.errors import InvalidInput
from ..base.report_fields import absent, as_dict, read
from ..cluster.node import Node
from ..component import leader_election
from ..etcd import etcd as members
from .election import Election, etcd_timeout, parse
from .event import COMPONENTS, ETCD
from .instance import find

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.component_services import ComponentServices
    from ..._ports.etcd import Etcd
    from ..._ports.files import Files
    from ..._ports.processes import Processes
    from .interruption import Interruptions

#: kubeadm's label of its static pods.
_LABELS = "tier=control-plane"
_POLL_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class InstanceReport:
    """An instance of a component.

    Attributes:
        component: its name.
        problem: why it does not run as it should, as a clause; empty when it does.
        election: its settings.
        unit: the service of systemd that runs it; empty for a static pod.
    """

    component: str
    problem: str
    election: Election
    unit: str = dataclasses.field(default="", metadata=absent(""))


@dataclasses.dataclass(frozen=True)
class Leader:
    """Who leads.

    Attributes:
        component: its name.
        holder: identity in the lock, empty without one.
        host_name: the host name in that identity, empty without one.
        transitions: how often the leader has changed.
        is_held: whether the lock is renewed.
    """

    component: str
    holder: str
    host_name: str
    transitions: int
    is_held: bool


@dataclasses.dataclass(frozen=True)
class NodeReport:
    """A node that is not Ready.

    Attributes:
        name: its name.
        reason: what its kubelet says.
    """

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class EtcdReport:
    """The member of etcd on this host, which runs as a static pod, and the etcd cluster as it shows it.

    Attributes:
        problem: why it does not run as it should, as a clause; empty when it does.
        voters: members with a vote.
        healthy_voters: healthy ones among them.
        is_leader: whether it is the leader.
        election_timeout: seconds.
    """

    problem: str
    voters: int = 0
    healthy_voters: int = 0
    is_leader: bool = False
    election_timeout: float = 1.0


@dataclasses.dataclass(frozen=True)
class DrillReport:
    """A control plane, and the cluster as its API server shows it.

    Attributes:
        host_name: what the host calls itself: components put that into their identities.
        instances: of each component.
        left: components that a drill has interrupted and not restored.
        leaders: of each component.
        unready_nodes: nodes that are not Ready.
        etcd: its member of etcd; ``None`` when etcd runs elsewhere or is no static pod.
        administrator: the kubeconfig of a cluster administrator on this host; empty where it has only the components' own.
    """

    host_name: str
    instances: tuple[InstanceReport, ...]
    left: tuple[str, ...]
    leaders: tuple[Leader, ...]
    unready_nodes: tuple[NodeReport, ...]
    etcd: EtcdReport | None = dataclasses.field(default=None, metadata=absent(None))
    administrator: str = dataclasses.field(default="", metadata=absent(""))

    @classmethod
    def from_dict(cls, name: str, document: t.Any) -> DrillReport:
        """The report of a host.

        Raises:
            MalformedReport: when it is none.
        """
        return read(cls, document, where=f"What {name} reported")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)

    @property
    def is_whole(self) -> bool:
        """Whether everything of it runs, somebody leads each component and all nodes are Ready."""
        whole = not self.left and not self.unready_nodes and all(leader.is_held for leader in self.leaders)
        etcd = self.etcd is None or (not self.etcd.problem and self.etcd.healthy_voters == self.etcd.voters)
        return whole and etcd and not any(instance.problem for instance in self.instances)


@dataclasses.dataclass(frozen=True)
class Host:
    """What is known of this host without asking.

    Attributes:
        name: what it calls itself.
        addresses: its own.
        manifests_dir: where its static pods are.
        administrator: see the report.
        open_etcd: the client of its member of etcd, and that member's client URL.
    """

    name: str
    addresses: tuple[str, ...]
    manifests_dir: str
    administrator: str
    open_etcd: t.Callable[[], tuple[Etcd, str]]


def inspect(
    api: Api,
    clock: Clock,
    files: Files,
    processes: Processes,
    services: ComponentServices,
    interruptions: Interruptions,
    *,
    host: Host,
    wait_timeout: float,
) -> DrillReport:
    """The report, as soon as everything is whole, else after the time.

    Raises:
        ApiError: when the API cannot be asked.
        UnsupportedState: when what a drill has left cannot be read.
    """
    deadline = clock.monotonic() + wait_timeout
    while True:
        report = _collect(api, clock, files, processes, services, interruptions, host)
        if report.is_whole or clock.monotonic() >= deadline:
            return report
        clock.sleep(_POLL_SECONDS)


def _collect(
    api: Api,
    clock: Clock,
    files: Files,
    processes: Processes,
    services: ComponentServices,
    interruptions: Interruptions,
    host: Host,
) -> DrillReport:
    own = {canonical_ip(item) for item in host.addresses}
    pods = [
        pod
        for pod in api.list("pod", namespace=leader_election.NAMESPACE, labels=_LABELS)
        if canonical_ip(str((pod.get("status") or {}).get("hostIP") or "")) in own
    ]
    ready = {str((pod["metadata"].get("labels") or {}).get("component")) for pod in pods if _is_ready(pod)}
    instances = tuple(_instance(files, processes, services, component, host, ready) for component in COMPONENTS)
    nodes = [Node.from_api(item) for item in api.list("node")]
    return DrillReport(
        host_name=host.name,
        instances=instances,
        left=tuple(dict.fromkeys(item.component for item in interruptions.left())),
        leaders=tuple(_leader(api, clock, component) for component in COMPONENTS),
        unready_nodes=tuple(NodeReport(node.name, node.ready_reason) for node in nodes if not node.is_ready),
        etcd=_etcd(files, processes, services, host),
        administrator=host.administrator,
    )


def _instance(
    files: Files,
    processes: Processes,
    services: ComponentServices,
    component: str,
    host: Host,
    ready: t.AbstractSet[str],
) -> InstanceReport:
    found = find(files, processes, services, component, manifests_dir=host.manifests_dir)
    is_ready = bool(found.unit) or component in ready
    problem = found.problem or ("" if is_ready else "has a pod that is not ready")
    try:
        election = parse(found.arguments)
    except InvalidInput as error:
        return InstanceReport(
            component,
            problem or f"has a flag of leader election that is wrong ({error.message})",
            Election(),
            found.unit,
        )
    return InstanceReport(component, problem, election, found.unit)


def _etcd(files: Files, processes: Processes, services: ComponentServices, host: Host) -> EtcdReport | None:
    found = find(files, processes, services, ETCD, manifests_dir=host.manifests_dir)
    if not files.exists(found.manifest):
        return None
    try:
        timeout = etcd_timeout(found.arguments)
        etcd, endpoint = host.open_etcd()
        own = etcd.status(endpoint)
        quorum = members.collect(etcd, endpoint).quorum
    except (InvalidInput, members.EtcdError) as error:
        return EtcdReport(found.problem or f"does not answer ({error.message.rstrip('.')})")
    is_leader = int(own.get("leader", 0)) == int((own.get("header") or {}).get("member_id", -1))
    return EtcdReport(found.problem, quorum.voters, quorum.healthy_voters, is_leader, timeout)


def _leader(api: Api, clock: Clock, component: str) -> Leader:
    record = leader_election.find(api, clock, component)
    if record is None:
        return Leader(component, "", "", 0, is_held=False)
    held = record.is_held(clock.now())
    return Leader(component, record.holder, record.node or "", record.transitions, held)


def _is_ready(pod: t.Mapping[str, t.Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


__all__ = ("DrillReport", "EtcdReport", "Host", "InstanceReport", "Leader", "NodeReport", "inspect")
