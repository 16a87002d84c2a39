# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is built from: the one place that reads the options of ``kubeadm.ha.cluster_plan``."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.connection_attempt import ConnectionAttempt
from ..base.malformed_report import of_another_kind
from ..base.report_fields import read
from ..base.role_decision import RoleDecision
from ..binary.report import ServicesReport
from ..cluster.report import ClusterReport
from ..etcd.report import EtcdReport
from ..external_etcd.decision import EtcdDecision
from ..host import carried_files
from ..host.inspected_host import InspectedHost
from ..host.previous_state import PreviousState
from ..kubeadm.kubeadm_preflight import KubeadmObjections
from ..load_balancer.decision import BalancerDecision
from . import desired_cluster
from .groups import Groups

if t.TYPE_CHECKING:
    from ..base.file_fact import FileFact
    from ..base.problem import Problem

_WHOSE = "What the plan is given"
_GROUPS = ("control_planes", "workers", "load_balancers")


@dataclasses.dataclass(frozen=True)
class RawInputs:
    """What an inventory or a command line gave, in whatever type: :mod:`desired_inputs` reads it, with every complaint.

    Attributes:
        groups: what the hosts are or shall be.
        group_names: names of their groups, for messages.
        etcd_hosts: inventory names of the hosts of external etcd.
    """

    groups: Groups
    group_names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    etcd_hosts: t.Sequence[str] = ()
    admin_users: object = ("root",)
    adopt_manifest_flags: object = False
    allow_older_kubeadm: object = False
    allow_two_control_planes: object = False
    backup_directory: object = "/var/backups/kubeadm-ha"
    certificates: object = "upload"
    dns_domain: object = desired_cluster.DNS_DOMAIN
    endpoint: object = ""
    extra_sans: object = ()
    image_repository: object = desired_cluster.IMAGE_REPOSITORY
    kubernetes_version: object = ""
    load_balancer: object = "haproxy"
    lost_nodes: object = ()
    network: object = desired_cluster.FLANNEL
    patches_dir: object = ""
    pod_subnet: object = desired_cluster.POD_SUBNET
    probe_certificate: object = False
    reset_half_joined: object = False
    service_subnet: object = desired_cluster.SERVICE_SUBNET
    token_ttl: object = ""
    unmanaged_nodes: object = ()
    vip: object = ""
    worker_batch: object = "25%"

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> RawInputs:
        """From the options of the module."""
        given = {field.name: options[field.name] for field in dataclasses.fields(cls) if field.name in options}
        given["group_names"] = options.get("group_names") or {}
        return cls(groups=Groups(*(tuple(options.get(name) or ()) for name in _GROUPS)), **given)


@dataclasses.dataclass(frozen=True)
class Failures:
    """Messages of inspections that failed: a text for what was asked once, by inventory name for what each host was.

    Of hosts that could not be connected to, ``unreachable`` has the inventory names.
    """

    cluster: str = ""
    etcd: str = ""
    hosts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    balancers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    kubeadm: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    reachability: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unreachable: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Failures:
        """From the option ``failures``. What is empty has no message."""
        given = _mapping(options, "failures")
        by_host = {
            key: {host: _text(message) for host, message in _mapping(given, key, "failures.").items()}
            for key in ("hosts", "files", "balancers", "kubeadm", "reachability")
        }
        unreachable = frozenset(map(str, given.get("unreachable") or ()))
        return cls(
            cluster=_text(given.get("cluster")), etcd=_text(given.get("etcd")), unreachable=unreachable, **by_host
        )


@dataclasses.dataclass(frozen=True)
class _Attempts:
    attempts: tuple[ConnectionAttempt, ...]


@dataclasses.dataclass(frozen=True)
class PlanRequest:
    """What a plan is built from. Hosts go by their inventory names.

    Attributes:
        inputs: what the operator gave.
        input_problems: what is wrong with it and with the command line, as far as Ansible had to be asked.
        hosts: what was found on each host that was inspected.
        cluster: what the API reported; ``None`` when no host serves it or it did not answer.
        etcd: what etcd reported; ``None`` when it could not be asked.
        balancers: what the role would change on each load balancer host.
        decisions: what each role that inspects its hosts before the plan would change there, by the role's name, then by host.
        external_etcd: what the role would change on each host of external etcd.
        announced: ids of the entries of the plan that the run began with; empty for the first plan of a run.
        files: what each host that is to become a control plane has of the serving one's files, by path.
        attempts: what became of connections, by the host that tried.
        kubeadm: what the kubeadm of each joining host objects to, as far as it was asked.
        failures: why inspections reported nothing.
        services: what systemd runs of Kubernetes on each host, where the control plane is no static pods.
        previous: what each host was before runs changed it, for a rollback.
        previous_endpoint: address and port that everybody connected to before, as the operator gives it, in whatever type.
        remove_node: inventory name of the only host that leaves.
        drains: results of the drain in check mode of each host that leaves.
        proofs: results of what each host has seen at the addresses that it would go back to.
    """

    inputs: RawInputs
    input_problems: tuple[Problem, ...] = ()
    hosts: t.Mapping[str, InspectedHost] = dataclasses.field(default_factory=dict)
    cluster: ClusterReport | None = None
    etcd: EtcdReport | None = None
    balancers: t.Mapping[str, BalancerDecision] = dataclasses.field(default_factory=dict)
    decisions: t.Mapping[str, t.Mapping[str, RoleDecision]] = dataclasses.field(default_factory=dict)
    external_etcd: t.Mapping[str, EtcdDecision] = dataclasses.field(default_factory=dict)
    announced: frozenset[str] = frozenset()
    files: t.Mapping[str, t.Mapping[str, FileFact]] = dataclasses.field(default_factory=dict)
    attempts: t.Mapping[str, tuple[ConnectionAttempt, ...]] = dataclasses.field(default_factory=dict)
    kubeadm: t.Mapping[str, KubeadmObjections] = dataclasses.field(default_factory=dict)
    failures: Failures = dataclasses.field(default_factory=Failures)
    services: t.Mapping[str, ServicesReport] = dataclasses.field(default_factory=dict)
    previous: t.Mapping[str, PreviousState] = dataclasses.field(default_factory=dict)
    previous_endpoint: object = ""
    remove_node: object = ""
    drains: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict)
    proofs: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict)

    @property
    def groups(self) -> Groups:
        """What the hosts are or shall be."""
        return self.inputs.groups

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any], input_problems: t.Iterable[Problem] = ()) -> PlanRequest:
        """From the options of the module; those that are missing have its defaults.

        Raises:
            MalformedReport: when what a module reported cannot be understood, naming whose it is, the key and what was there.
        """
        cluster = _mapping(options, "cluster")
        return cls(
            inputs=RawInputs.from_options(options),
            input_problems=tuple(input_problems),
            hosts={name: InspectedHost.from_dict(name, report) for name, report in _mapping(options, "hosts").items()},
            cluster=ClusterReport.from_dict(cluster) if cluster else None,
            etcd=EtcdReport.if_reported(options.get("etcd")),
            balancers={
                name: BalancerDecision.from_dict(name, decision)
                for name, decision in _mapping(options, "balancers").items()
            },
            external_etcd={
                name: EtcdDecision.from_dict(name, found) for name, found in _mapping(options, "external_etcd").items()
            },
            announced=frozenset(
                f"{entry.get('host')}/{entry.get('step')}/{entry.get('object')}"
                for entry in options.get("announced") or ()
            ),
            decisions={
                role: {
                    host: RoleDecision.from_dict(role, host, decision)
                    for host, decision in _mapping(found, role, "decisions.").items()
                }
                for found in [_mapping(options, "decisions")]
                for role in found
            },
            files={name: carried_files.by_path(facts) for name, facts in _mapping(options, "files").items()},
            attempts={
                name: read(_Attempts, {"attempts": found}, where=f"What {name} reported of others").attempts
                for name, found in _mapping(options, "reachability").items()
            },
            kubeadm={
                name: read(KubeadmObjections, found, where=f"What the kubeadm of {name} objects to")
                for name, found in _mapping(options, "kubeadm").items()
            },
            failures=Failures.from_options(options),
            services={
                name: ServicesReport.from_dict(name, report) for name, report in _mapping(options, "services").items()
            },
            previous={
                name: PreviousState.from_dict(name, report) for name, report in _mapping(options, "previous").items()
            },
            previous_endpoint=options.get("previous_endpoint") or "",
            remove_node=options.get("remove_node") or "",
            drains=_mapping(options, "drains"),
            proofs=_mapping(options, "proofs"),
        )


def _mapping(options: t.Mapping[str, t.Any], key: str, path: str = "") -> t.Mapping[str, t.Any]:
    found = options.get(key) or {}
    if not isinstance(found, t.Mapping):
        raise of_another_kind(_WHOSE, f"{path}{key}", found, "a mapping")
    return found


def _text(message: object) -> str:
    return str(message or "")


__all__ = ("Failures", "PlanRequest", "RawInputs")
