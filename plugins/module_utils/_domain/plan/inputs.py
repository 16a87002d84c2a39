# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables ``kubeadm_ha_*``: which there are, what reads each, and where each may stand.

Every value that an inventory gives to a host is checked before any host is inspected, whether the play of that host reads it
early or late, and all problems are collected.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.endpoint_input import parse_endpoint, parse_san
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..kubeadm.node_registration_input import parse_kubelet_flags, parse_labels, parse_taints
from .cluster_input_values import (
    parse_dns_domain,
    parse_image_repository,
    parse_kubernetes_version,
    parse_mapping,
    parse_network,
    parse_router_id,
    parse_subnets,
    parse_vip,
)
from .desired import COPY, LOAD_BALANCERS, UPLOAD
from .input_values import (
    choice_of,
    listed,
    or_empty,
    parse_address,
    parse_backup_directory,
    parse_backup_name,
    parse_batch,
    parse_bool,
    parse_check,
    parse_cri_socket,
    parse_directory,
    parse_file_name,
    parse_group,
    parse_inventory_name,
    parse_node_name,
    parse_port,
    parse_ttl,
    parse_user,
    parse_wanted_node_name,
)

if t.TYPE_CHECKING:
    from .input_values import Reader

#: By host, then by name of the variable.
Values = t.Mapping[str, t.Mapping[str, object]]

PREFIX = "kubeadm_ha_"


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A value whose template Ansible cannot resolve."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Input:
    """A variable of the collection.

    Attributes:
        read: checks a value.
        scope: :data:`PLAN`, :data:`EVERY` or :data:`HOST`.
    """

    read: Reader
    scope: str


#: Of the whole cluster, read once, on the first host of the play.
PLAN = "plan"
#: Of the whole cluster, read on every host.
EVERY = "every"
#: Each host's own.
HOST = "host"

#: Every variable of the collection.
INPUTS: t.Mapping[str, Input] = {
    "kubeadm_ha_endpoint": Input(parse_endpoint, EVERY),
    "kubeadm_ha_previous_endpoint": Input(or_empty(parse_endpoint), PLAN),
    "kubeadm_ha_remove_node": Input(or_empty(parse_inventory_name), PLAN),
    "kubeadm_ha_load_balancer": Input(choice_of(*LOAD_BALANCERS), PLAN),
    "kubeadm_ha_control_plane_group": Input(parse_group, PLAN),
    "kubeadm_ha_node_group": Input(parse_group, PLAN),
    "kubeadm_ha_load_balancer_group": Input(parse_group, PLAN),
    "kubeadm_ha_etcd_group": Input(parse_group, PLAN),
    "kubeadm_ha_vip": Input(or_empty(parse_vip), EVERY),
    "kubeadm_ha_extra_sans": Input(listed(parse_san), PLAN),
    "kubeadm_ha_admin_users": Input(listed(parse_user), HOST),
    "kubeadm_ha_unmanaged_nodes": Input(listed(parse_node_name), PLAN),
    "kubeadm_ha_lost_nodes": Input(listed(parse_node_name), PLAN),
    "kubeadm_ha_unmanaged_files": Input(listed(parse_directory), HOST),
    "kubeadm_ha_allow_two_control_planes": Input(parse_bool, PLAN),
    "kubeadm_ha_allow_older_kubeadm": Input(parse_bool, PLAN),
    "kubeadm_ha_reset_half_joined": Input(parse_bool, PLAN),
    "kubeadm_ha_adopt_manifest_flags": Input(parse_bool, PLAN),
    "kubeadm_ha_probe_certificate": Input(parse_bool, PLAN),
    "kubeadm_ha_skip_reachability": Input(parse_bool, PLAN),
    "kubeadm_ha_patches_dir": Input(or_empty(parse_directory), EVERY),
    "kubeadm_ha_certificates": Input(choice_of(UPLOAD, COPY), EVERY),
    "kubeadm_ha_backup_dir": Input(parse_backup_directory, HOST),
    "kubeadm_ha_restore_backup": Input(or_empty(parse_backup_name), EVERY),
    "kubeadm_ha_restore_running_cluster": Input(parse_bool, EVERY),
    "kubeadm_ha_token_ttl": Input(parse_ttl, HOST),
    "kubeadm_ha_worker_batch": Input(parse_batch, PLAN),
    "kubeadm_ha_break_lock": Input(parse_bool, HOST),
    "kubeadm_ha_confirm": Input(parse_bool, PLAN),
    "kubeadm_ha_secure_logging": Input(parse_bool, HOST),
    "kubeadm_ha_audit_file": Input(parse_file_name, HOST),
    "kubeadm_ha_lint_files": Input(listed(parse_file_name), HOST),
    "kubeadm_ha_lint_port": Input(parse_port, HOST),
    "kubeadm_ha_lint_report": Input(parse_file_name, HOST),
    "kubeadm_ha_audit_directory": Input(or_empty(parse_file_name), HOST),
    "kubeadm_ha_report_directory": Input(or_empty(parse_file_name), HOST),
    "kubeadm_ha_audit_fail_on": Input(choice_of("never", "info", "warning", "critical"), PLAN),
    "kubeadm_ha_node_name": Input(or_empty(parse_wanted_node_name), HOST),
    "kubeadm_ha_api_port": Input(or_empty(parse_port), HOST),
    "kubeadm_ha_advertise_address": Input(or_empty(parse_address), HOST),
    "kubeadm_ha_kubelet_extra_args": Input(parse_kubelet_flags, HOST),
    "kubeadm_ha_node_labels": Input(parse_labels, HOST),
    "kubeadm_ha_node_taints": Input(parse_taints, HOST),
    "kubeadm_ha_cri_socket": Input(or_empty(parse_cri_socket), HOST),
    "kubeadm_ha_ignore_preflight_errors": Input(listed(parse_check), HOST),
    "kubeadm_ha_kubernetes_version": Input(or_empty(parse_kubernetes_version), EVERY),
    "kubeadm_ha_pod_subnet": Input(parse_subnets, EVERY),
    "kubeadm_ha_service_subnet": Input(parse_subnets, EVERY),
    "kubeadm_ha_dns_domain": Input(parse_dns_domain, EVERY),
    "kubeadm_ha_image_repository": Input(parse_image_repository, EVERY),
    "kubeadm_ha_cni": Input(parse_network, EVERY),
    "kubeadm_ha_init_configuration": Input(parse_mapping, EVERY),
    "kubeadm_ha_cluster_configuration": Input(parse_mapping, EVERY),
    "kubeadm_ha_kubelet_configuration": Input(parse_mapping, EVERY),
    "kubeadm_ha_kube_proxy_configuration": Input(parse_mapping, EVERY),
    "kubeadm_ha_package_repository": Input(parse_mapping, HOST),
    "kubeadm_ha_registry_mirrors": Input(parse_mapping, HOST),
    "kubeadm_ha_containerd_settings": Input(parse_mapping, HOST),
    "kubeadm_ha_binaries": Input(or_empty(parse_file_name), HOST),
    "kubeadm_ha_etcd_binaries": Input(or_empty(parse_file_name), HOST),
    "kubeadm_ha_etcd_address": Input(or_empty(parse_address), HOST),
    "kubeadm_ha_manage_containerd": Input(parse_bool, HOST),
    "kubeadm_ha_manage_firewall": Input(parse_bool, HOST),
    "kubeadm_ha_manage_time": Input(parse_bool, HOST),
    "kubeadm_ha_vrid": Input(or_empty(parse_router_id), EVERY),
}
#: Names of groups, which the first play needs before it has hosts.
GROUP_NAMES: t.Mapping[str, str] = {
    "kubeadm_ha_control_plane_group": "kube_control_plane",
    "kubeadm_ha_node_group": "kube_node",
    "kubeadm_ha_load_balancer_group": "kube_load_balancer",
    "kubeadm_ha_etcd_group": "etcd",
}


#: Options of ``kubeadm.ha.cluster_plan`` whose values are read by these readers, by the variable that gives them.
OPTIONS: t.Mapping[str, str] = {
    "admin_users": "kubeadm_ha_admin_users",
    "adopt_manifest_flags": "kubeadm_ha_adopt_manifest_flags",
    "allow_older_kubeadm": "kubeadm_ha_allow_older_kubeadm",
    "allow_two_control_planes": "kubeadm_ha_allow_two_control_planes",
    "backup_directory": "kubeadm_ha_backup_dir",
    "certificates": "kubeadm_ha_certificates",
    "dns_domain": "kubeadm_ha_dns_domain",
    "image_repository": "kubeadm_ha_image_repository",
    "kubernetes_version": "kubeadm_ha_kubernetes_version",
    "lost_nodes": "kubeadm_ha_lost_nodes",
    "network": "kubeadm_ha_cni",
    "patches_dir": "kubeadm_ha_patches_dir",
    "pod_subnet": "kubeadm_ha_pod_subnet",
    "probe_certificate": "kubeadm_ha_probe_certificate",
    "reset_half_joined": "kubeadm_ha_reset_half_joined",
    "service_subnet": "kubeadm_ha_service_subnet",
    "unmanaged_nodes": "kubeadm_ha_unmanaged_nodes",
    "vip": "kubeadm_ha_vip",
    "worker_batch": "kubeadm_ha_worker_batch",
}


def problems(values: Values, first: str) -> t.Iterator[Problem]:
    """Values that cannot be used, or not where they stand.

    Args:
        values: of the variables that each host of the run has, those of :data:`INPUTS` only.
        first: the host on which the plan reads its inputs.
    """
    for name, known in INPUTS.items():
        given = {host: of_host[name] for host, of_host in values.items() if name in of_host}
        wrong = list(_wrong(name, known, given, len(values)))
        yield from wrong
        if not wrong and known.scope != HOST:
            yield from _divided(name, known, given, list(values), first)


def merged(of_plan: t.Sequence[Problem], of_hosts: t.Sequence[Problem]) -> tuple[Problem, ...]:
    """What the plan says of its own inputs, and what is wrong with the variables of hosts, each variable once."""

    def is_own(problem: Problem) -> bool:
        known = INPUTS.get(problem.subject)
        return known is not None and known.scope == HOST

    own = {problem.subject for problem in of_hosts if is_own(problem)}
    asked = [problem for problem in of_plan if problem.subject not in own]
    subjects = {problem.subject for problem in asked}
    return (*asked, *(problem for problem in of_hosts if problem.subject not in subjects))


def _wrong(name: str, known: Input, given: t.Mapping[str, object], count: int) -> t.Iterator[Problem]:
    """A problem for each complaint, with the hosts that have it unless they are all of them."""
    complaints: dict[str, list[str]] = {}
    for host, value in given.items():
        try:
            if isinstance(value, Unreadable):
                raise InvalidInput(f"its template cannot be resolved: {value.reason}")
            known.read(value)
        except InvalidInput as error:
            complaints.setdefault(error.message, []).append(host)
    for complaint, hosts in complaints.items():
        common = len(hosts) == (count if known.scope == HOST else len(given))
        of = "" if common else f" of {_listing(hosts)}"
        yield Problem(name, f"{name}{of}: {complaint}")


def _divided(
    name: str, known: Input, given: t.Mapping[str, object], hosts: t.Sequence[str], first: str
) -> t.Iterator[Problem]:
    """One value holds for the whole cluster, so every host that is asked for it must have the same."""
    by_value: dict[str, list[str]] = {}
    for host, value in given.items():
        by_value.setdefault(repr(known.read(value)), []).append(host)
    missing = [host for host in hosts if host not in given]
    everywhere = "it holds for the whole cluster, so set it once for all hosts, for example below all: vars:"
    if len(by_value) > 1:
        each = " and ".join(f"{value} for {_listing(of)}" for value, of in by_value.items())
        yield Problem(name, f"{name} is {each}: {everywhere}.")
    elif given and missing and (known.scope == EVERY or first in missing):
        yield Problem(
            name, f"{name} is set for {_listing(list(given))}, but not for {_listing(missing)}: {everywhere}."
        )


def _listing(hosts: t.Sequence[str], most: int = 5) -> str:
    more = len(hosts) - most
    return ", ".join(hosts[:most]) + (f" and {more} more" if more > 0 else "")


__all__ = (
    "EVERY",
    "GROUP_NAMES",
    "HOST",
    "INPUTS",
    "OPTIONS",
    "PLAN",
    "PREFIX",
    "Input",
    "Unreadable",
    "Values",
    "merged",
    "problems",
)
