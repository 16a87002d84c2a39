# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory and the ``kubeadm_ha_*`` variables to what the operator wants."""

from __future__ import annotations

import typing as t

from ..base.endpoint_input import parse_endpoint, parse_san
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..kubeadm.token_life import check_ttl
from .desired import DNS, LOAD_BALANCERS, OWN_BALANCERS, Desired
from .desired_cluster import DesiredCluster
from .input_values import parse_list
from .inputs import INPUTS, OPTIONS

if t.TYPE_CHECKING:
    from ..base.address import Endpoint, San
    from .request import RawInputs


def parse_inputs(raw: RawInputs) -> tuple[Desired | None, tuple[Problem, ...]]:
    """The desired state, or every reason why the inputs do not make one."""
    problems: list[Problem] = []
    read = {option: _read(name, getattr(raw, option), problems) for option, name in OPTIONS.items()}
    endpoint = _endpoint(raw.endpoint, problems)
    sans = frozenset(_sans(raw.extra_sans, problems))
    problems.extend(_token_problems(raw.token_ttl))
    problems.extend(_group_problems(raw))
    problems.extend(_dns_problems(raw, endpoint))
    if endpoint is None or problems:
        return None, tuple(problems)
    desired = Desired(
        endpoint=endpoint,
        load_balancer=str(raw.load_balancer),
        control_planes=tuple(raw.groups.control_planes),
        workers=tuple(raw.groups.workers),
        load_balancers=tuple(raw.groups.load_balancers),
        extra_sans=sans,
        unmanaged_nodes=frozenset(read["unmanaged_nodes"]),
        lost_nodes=tuple(dict.fromkeys(read["lost_nodes"])),
        allow_two_control_planes=read["allow_two_control_planes"],
        allow_older_kubeadm=read["allow_older_kubeadm"],
        reset_half_joined=read["reset_half_joined"],
        admin_users=frozenset(read["admin_users"]),
        adopt_manifest_flags=read["adopt_manifest_flags"],
        patches_dir=read["patches_dir"],
        certificates=read["certificates"],
        probe_certificate=read["probe_certificate"],
        worker_batches=tuple(read["worker_batch"]),
        backup_directory=read["backup_directory"],
        etcd_hosts=tuple(raw.etcd_hosts),
        vip=read["vip"],
        cluster=DesiredCluster(
            version=read["kubernetes_version"] or None,
            pod_subnets=read["pod_subnet"],
            service_subnets=read["service_subnet"],
            dns_domain=read["dns_domain"],
            image_repository=read["image_repository"],
            network=read["network"],
        ),
    )
    return desired, ()


def _read(name: str, value: object, problems: list[Problem]) -> t.Any:
    """What a variable's own reader makes of a value; ``None`` with a problem."""
    try:
        return INPUTS[name].read(value)
    except InvalidInput as error:
        problems.append(Problem(name, f"{name}: {error.message}"))
        return None


def _endpoint(text: object, problems: list[Problem]) -> Endpoint | None:
    if not text:
        problems.append(
            Problem(
                "kubeadm_ha_endpoint",
                "kubeadm_ha_endpoint is not set: give the address and port that the whole cluster will use, "
                "for example k8s.example.org:6443.",
            )
        )
        return None
    try:
        return parse_endpoint(text)
    except InvalidInput as error:
        problems.append(Problem("kubeadm_ha_endpoint", f"kubeadm_ha_endpoint: {error.message}"))
        return None


def _sans(texts: object, problems: list[Problem]) -> t.Iterator[San]:
    try:
        found = parse_list(texts or [])
    except InvalidInput as error:
        problems.append(Problem("kubeadm_ha_extra_sans", f"kubeadm_ha_extra_sans: {error.message}"))
        return
    for text in found:
        try:
            yield parse_san(text)
        except InvalidInput as error:
            problems.append(Problem("kubeadm_ha_extra_sans", f"kubeadm_ha_extra_sans: {error.message}"))


def _token_problems(ttl: object) -> t.Iterator[Problem]:
    try:
        check_ttl(str(ttl or "15m"))
    except InvalidInput as error:
        yield Problem("kubeadm_ha_token_ttl", f"kubeadm_ha_token_ttl: {error.message}")


def _dns_problems(raw: RawInputs, endpoint: Endpoint | None) -> t.Iterator[Problem]:
    if raw.load_balancer != DNS:
        return
    if endpoint is not None and endpoint.san.kind != "dns":
        yield Problem(
            "kubeadm_ha_endpoint",
            f"kubeadm_ha_endpoint {endpoint} is an address, but kubeadm_ha_load_balancer is dns, which answers a name: give the name, "
            "such as k8s.example.org:6443, and delegate it to these hosts.",
        )
    if raw.vip:
        yield Problem(
            "kubeadm_ha_vip",
            f"kubeadm_ha_vip is {raw.vip}, but kubeadm_ha_load_balancer is dns, whose name leads to the API servers themselves: leave one "
            "of the two out.",
        )


def _group_problems(raw: RawInputs) -> t.Iterator[Problem]:
    control_planes, workers, load_balancers = raw.groups
    control_plane_group = raw.group_names.get("control_plane", "kube_control_plane")
    node_group = raw.group_names.get("node", "kube_node")
    balancer_group = raw.group_names.get("load_balancer", "kube_load_balancer")
    if not control_planes:
        yield Problem(
            control_plane_group,
            f"The group {control_plane_group} is empty: put the existing control plane and those to join into it.",
        )
    for name in sorted(set(control_planes) & set(workers)):
        yield Problem(
            name,
            f"{name} is in both {control_plane_group} and {node_group}: a node is one or the other; "
            f"take it out of {node_group} if it is to be a control plane.",
        )
    if raw.load_balancer not in LOAD_BALANCERS:
        yield Problem(
            "kubeadm_ha_load_balancer",
            f"kubeadm_ha_load_balancer is {raw.load_balancer!r}: choose one of {', '.join(LOAD_BALANCERS)}.",
        )
    elif raw.load_balancer in OWN_BALANCERS and not load_balancers:
        yield Problem(
            balancer_group,
            f"kubeadm_ha_load_balancer is {raw.load_balancer}, but the group {balancer_group} is empty: put the hosts that shall "
            f"run {raw.load_balancer} into it, or set kubeadm_ha_load_balancer: external for a balancer that already exists.",
        )
    elif raw.load_balancer == DNS and not load_balancers:
        yield Problem(
            balancer_group,
            f"kubeadm_ha_load_balancer is dns, but the group {balancer_group} is empty: put the hosts that shall answer the endpoint's "
            "name into it, two of them at best, or set kubeadm_ha_load_balancer: external for a DNS service that already exists.",
        )
    for name in sorted(set(load_balancers) & set(workers)):
        yield Problem(
            name,
            f"{name} is in both {balancer_group} and {node_group}: run the load balancer on a control plane or on a "
            "host of its own.",
        )


__all__ = ("parse_inputs",)
