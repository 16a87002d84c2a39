# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspects a host for a drill: what it runs by the inventory, and the cluster where it is a control plane."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base import plain_yaml
from ..base.address import canonical_ip
from ..base.errors import ApiError, InvalidInput, UnsupportedState
from ..cluster.node import Node
from ..component import leader_election
from ..etcd import etcd as members
from . import network_cut, virtual_router
from .election import Election, etcd_timeout, parse
from .event import API_SERVER, COMPONENTS, ETCD, LOAD_BALANCER, VIRTUAL_IP
from .event import CONTROL_PLANE as WHOLE
from .instance import find
from .packet_filter import NO_PROGRAM, NO_PROGRAM_REMEDY
from .report import BalancerReport, CutReport, DrillReport, EtcdReport, InstanceReport, Leader, NodeReport, RouterReport

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.component_services import ComponentServices
    from ..._ports.etcd import Etcd
    from ..._ports.files import Files
    from ..._ports.processes import Processes
    from .drill_journal import Journal
    from .instance import Instance
    from .packet_filter import PacketFilter

#: What a host may be by the inventory.
CONTROL_PLANE, ETCD_HOST = "control_plane", "etcd"
ROLES = (CONTROL_PLANE, ETCD_HOST, LOAD_BALANCER)
#: kubeadm's label of its static pods.
_LABELS = "tier=control-plane"
_POLL_SECONDS = 1.0
_SSHD = "sshd"
#: The remedy where a cut would not be one.
_NOT_CUT = "let it freeze instead"


@dataclasses.dataclass(frozen=True)
class Host:
    """What is known of this host without asking.

    Attributes:
        name: what it calls itself.
        addresses: asks for its own, among which a virtual IP comes and goes.
        manifests_dir: where its static pods are.
        roles: what it is by the inventory, of :data:`ROLES`.
        administrator: see the report.
        open_etcd: the client of its member of etcd, and that member's client URL.
        endpoint: addresses and port of the control plane endpoint, as this host resolves it; none where it is of no interest.
        resolve: the addresses of a name, as this host resolves it.
    """

    name: str
    addresses: t.Callable[[], t.Sequence[str]]
    manifests_dir: str
    roles: tuple[str, ...]
    administrator: str
    open_etcd: t.Callable[[Instance], tuple[Etcd, str]]
    endpoint: tuple[tuple[str, ...], int] = ((), 0)
    resolve: t.Callable[[str], t.Sequence[str]] = lambda _name: ()


class Inspection:
    """Reads one host, and changes nothing."""

    def __init__(
        self,
        host: Host,
        clock: Clock,
        files: Files,
        processes: Processes,
        services: ComponentServices,
        packets: PacketFilter,
        journal: Journal,
        api: Api | None,
    ) -> None:
        """``api``: the cluster; only a control plane needs one."""
        self._host = host
        self._clock = clock
        self._files = files
        self._processes = processes
        self._services = services
        self._packets = packets
        self._journal = journal
        self._api = api

    def report(self, *, wait_timeout: float) -> DrillReport:
        """The report, as soon as everything is whole, else after the time.

        Raises:
            ApiError: when the API cannot be asked until then.
            UnsupportedState: when what a drill has left cannot be read.
        """
        deadline = self._clock.monotonic() + wait_timeout
        while True:
            try:
                report = self._collect()
            except ApiError:
                # It may be on its way back.
                if self._clock.monotonic() >= deadline:
                    raise
            else:
                if report.is_whole or self._clock.monotonic() >= deadline:
                    return report
            self._clock.sleep(_POLL_SECONDS)

    def _collect(self) -> DrillReport:
        report = DrillReport(
            host_name=self._host.name,
            instances=(),
            left=tuple(dict.fromkeys(item.component for item in self._journal.left())),
            leaders=(),
            unready_nodes=(),
            etcd=self._etcd(),
            balancer=self._balancer(),
            router=self._router(),
            is_endpoint=bool(self._host.endpoint[0]) and all(map(self._has, self._host.endpoint[0])),
            administrator=self._host.administrator,
            cuts=self._cuts(),
        )
        return report if self._api is None else self._of_cluster(self._api, report)

    def _of_cluster(self, api: Api, report: DrillReport) -> DrillReport:
        own = {canonical_ip(item) for item in self._host.addresses()}
        pods = [
            pod
            for pod in api.list("pod", namespace=leader_election.NAMESPACE, labels=_LABELS)
            if canonical_ip(str((pod.get("status") or {}).get("hostIP") or "")) in own
        ]
        ready = {str((pod["metadata"].get("labels") or {}).get("component")) for pod in pods if _is_ready(pod)}
        nodes = [Node.from_api(item) for item in api.list("node")]
        return dataclasses.replace(
            report,
            instances=tuple(self._instance(component, ready) for component in (*COMPONENTS, API_SERVER)),
            leaders=tuple(_leader(api, self._clock, component) for component in COMPONENTS),
            unready_nodes=tuple(NodeReport(node.name, node.ready_reason) for node in nodes if not node.is_ready),
        )

    def _instance(self, component: str, ready: t.AbstractSet[str]) -> InstanceReport:
        found = self._find(component)
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

    def _etcd(self) -> EtcdReport | None:
        found = self._find(ETCD)
        if not found.is_there and ETCD_HOST not in self._host.roles:
            return None
        if not found.is_there or (found.problem and not found.arguments):
            return EtcdReport(found.problem, unit=found.unit)
        try:
            timeout = etcd_timeout(found.arguments)
            etcd, endpoint = self._host.open_etcd(found)
            own = etcd.status(endpoint)
            quorum = members.collect(etcd, endpoint).quorum
        except (InvalidInput, UnsupportedState, members.EtcdError) as error:
            return EtcdReport(found.problem or f"does not answer ({error.message.rstrip('.')})", unit=found.unit)
        is_leader = int(own.get("leader", 0)) == int((own.get("header") or {}).get("member_id", -1))
        return EtcdReport(
            problem=found.problem,
            voters=quorum.voters,
            healthy_voters=quorum.healthy_voters,
            is_leader=is_leader,
            election_timeout=timeout,
            unit=found.unit,
            is_learner=bool(own.get("isLearner", False)),
        )

    def _cuts(self) -> tuple[CutReport, ...]:
        """Of the member of etcd and of the control plane, where the host has them."""
        etcd, api_server = self._find(ETCD), self._find(API_SERVER)
        found = {ETCD: [etcd] if etcd.is_there else []}
        found[WHOLE] = [api_server, *found[ETCD]] if self._api is not None and api_server.is_there else []
        parts = {component: instances for component, instances in found.items() if instances}
        program = self._packets.program() if parts else ""
        return tuple(self._cut(component, instances, program) for component, instances in parts.items())

    def _cut(self, component: str, instances: t.Sequence[Instance], program: str) -> CutReport:
        if not program:
            return CutReport(component, NO_PROGRAM, NO_PROGRAM_REMEDY)
        try:
            cut = network_cut.of_instances(instances)
            flags = {each.component: each.arguments for each in instances}
            reason = ""
            if component == WHOLE:
                reason = network_cut.goes_on(flags[API_SERVER], flags.get(ETCD), self._servers(), self._resolves_to_own)
        except InvalidInput as error:
            return CutReport(
                component,
                f"does not say which of its connections are to be cut ({error.message.rstrip('.')})",
                _NOT_CUT,
            )
        shared = next((port for port in cut.served if self._services.daemons(_SSHD, port=port)), None)
        if shared is not None:
            return CutReport(component, f"has an sshd that listens on port {shared}, which would be cut", _NOT_CUT)
        return CutReport(component, f"would go on: {reason}", _NOT_CUT) if reason else CutReport(component, "")

    def _servers(self) -> dict[str, list[str]]:
        """Which API servers the controllers ask.

        Raises:
            InvalidInput: when a kubeconfig does not say.
        """
        return {component: self._servers_of(self._find(component)) for component in COMPONENTS}

    def _servers_of(self, instance: Instance) -> list[str]:
        path = instance.arguments.get("kubeconfig", "")
        content = self._files.read(path) if path else None
        try:
            document = plain_yaml.load((content or b"").decode("utf-8", "replace"))
            return [str(item["cluster"]["server"]) for item in document["clusters"]]
        except (InvalidInput, KeyError, TypeError):
            raise InvalidInput(
                f"the kubeconfig of {instance.component} names no API server ({path or 'it has none'})"
            ) from None

    def _resolves_to_own(self, host: str) -> bool:
        addresses = self._host.resolve(host)
        return self._has(host) or (bool(addresses) and all(map(self._has, addresses)))

    def _balancer(self) -> BalancerReport | None:
        if LOAD_BALANCER not in self._host.roles:
            return None
        found, (addresses, _port) = self._find(LOAD_BALANCER), self._host.endpoint
        has_endpoint = any(map(self._has, addresses))
        return BalancerReport(found.problem, found.unit, has_endpoint=has_endpoint, can_reload=found.can_reload)

    def _router(self) -> RouterReport | None:
        addresses, _port = self._host.endpoint
        found = self._find(VIRTUAL_IP)
        path = virtual_router.configuration_of(() if found.process is None else found.process.arguments)
        content = self._files.read(path)
        try:
            router = virtual_router.find((content or b"").decode("utf-8", "replace"), addresses)
        except InvalidInput as error:
            return RouterReport(
                f"has a configuration that cannot be read ({error.message})",
                found.unit,
                "",
                "",
                "",
                is_holder=False,
                bound=0.0,
                detection=None,
                has_own_mac=False,
            )
        if router is None:
            return None
        mac = self._files.read(f"/sys/class/net/{router.interface}/address") or b""
        return RouterReport(
            problem=found.problem,
            unit=found.unit,
            address=router.address,
            interface=router.interface,
            mac=mac.decode("ascii", "replace").strip().lower(),
            is_holder=self._has(router.address),
            bound=router.bound,
            detection=router.detection,
            has_own_mac=router.has_own_mac,
        )

    def _has(self, address: str) -> bool:
        """Whether an address is this host's."""
        return canonical_ip(address) in {canonical_ip(own) for own in self._host.addresses()}

    def _find(self, component: str) -> Instance:
        return find(
            self._files,
            self._processes,
            self._services,
            component,
            manifests_dir=self._host.manifests_dir,
            port=self._host.endpoint[1],
        )


def _leader(api: Api, clock: Clock, component: str) -> Leader:
    record = leader_election.find(api, clock, component)
    if record is None:
        return Leader(component, "", "", 0, is_held=False)
    held = record.is_held(clock.now())
    return Leader(component, record.holder, record.node or "", record.transitions, held)


def _is_ready(pod: t.Mapping[str, t.Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


__all__ = ("CONTROL_PLANE", "ETCD_HOST", "ROLES", "Host", "Inspection")
