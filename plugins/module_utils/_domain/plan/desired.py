# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator wants, read from the inventory and the ``kubeadm_ha_*`` variables."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.endpoint_input import parse_endpoint, parse_san
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..kubeadm.token_life import check_ttl

if t.TYPE_CHECKING:
    from ..base.address import Endpoint, San

LOAD_BALANCERS = ("haproxy", "external", "none")


@dataclasses.dataclass(frozen=True)
class Desired:
    """The highly available control plane that the inventory describes. Hosts go by their inventory names."""

    endpoint: Endpoint
    load_balancer: str
    control_planes: tuple[str, ...]
    workers: tuple[str, ...]
    load_balancers: tuple[str, ...]
    extra_sans: frozenset[San] = frozenset()
    unmanaged_nodes: frozenset[str] = frozenset()
    allow_two_control_planes: bool = False
    allow_older_kubeadm: bool = False
    reset_half_joined: bool = False
    admin_users: frozenset[str] = frozenset({"root"})
    adopt_manifest_flags: bool = False
    patches_dir: str = ""
    probe_certificate: bool = False
    #: How many workers are changed at the same time, batch by batch.
    worker_batches: tuple[int | str, ...] = ("25%",)

    @property
    def sans(self) -> frozenset[San]:
        """The SANs that every API server's certificate must have."""
        return self.extra_sans | {self.endpoint.san}

    @property
    def nodes(self) -> tuple[str, ...]:
        """Control planes, then workers."""
        return self.control_planes + self.workers


def parse_inputs(inputs: t.Mapping[str, t.Any]) -> tuple[Desired | None, tuple[Problem, ...]]:
    """The desired state, or every reason why the inputs do not make one."""
    problems: list[Problem] = []
    endpoint = _endpoint(inputs.get("endpoint"), problems)
    sans = frozenset(_sans(inputs.get("extra_sans") or (), problems))
    control_planes = tuple(inputs["control_planes"])
    workers = tuple(inputs["workers"])
    load_balancers = tuple(inputs["load_balancers"])
    problems.extend(_token_problems(inputs.get("token_ttl")))
    problems.extend(_group_problems(inputs, control_planes, workers, load_balancers))
    if endpoint is None or problems:
        return None, tuple(problems)
    desired = Desired(
        endpoint=endpoint,
        load_balancer=inputs["load_balancer"],
        control_planes=control_planes,
        workers=workers,
        load_balancers=load_balancers,
        extra_sans=sans,
        unmanaged_nodes=frozenset(inputs.get("unmanaged_nodes") or ()),
        allow_two_control_planes=bool(inputs.get("allow_two_control_planes")),
        allow_older_kubeadm=bool(inputs.get("allow_older_kubeadm")),
        reset_half_joined=bool(inputs.get("reset_half_joined")),
        admin_users=frozenset(inputs.get("admin_users") or ()),
        adopt_manifest_flags=bool(inputs.get("adopt_manifest_flags")),
        patches_dir=str(inputs.get("patches_dir") or ""),
        probe_certificate=bool(inputs.get("probe_certificate")),
        worker_batches=tuple(inputs.get("worker_batch") or ("25%",)),
    )
    return desired, ()


def _endpoint(text: t.Any, problems: list[Problem]) -> Endpoint | None:
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


def _sans(texts: t.Iterable[t.Any], problems: list[Problem]) -> t.Iterator[San]:
    for text in texts:
        try:
            yield parse_san(text)
        except InvalidInput as error:
            problems.append(Problem("kubeadm_ha_extra_sans", f"kubeadm_ha_extra_sans: {error.message}"))


def _token_problems(ttl: t.Any) -> t.Iterator[Problem]:
    try:
        check_ttl(str(ttl or "15m"))
    except InvalidInput as error:
        yield Problem("kubeadm_ha_token_ttl", f"kubeadm_ha_token_ttl: {error.message}")


def _group_problems(
    inputs: t.Mapping[str, t.Any],
    control_planes: t.Sequence[str],
    workers: t.Sequence[str],
    load_balancers: t.Sequence[str],
) -> t.Iterator[Problem]:
    group = inputs.get("group_names") or {}
    control_plane_group = group.get("control_plane", "kube_control_plane")
    node_group = group.get("node", "kube_node")
    balancer_group = group.get("load_balancer", "kube_load_balancer")
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
    if inputs["load_balancer"] not in LOAD_BALANCERS:
        yield Problem(
            "kubeadm_ha_load_balancer",
            f"kubeadm_ha_load_balancer is {inputs['load_balancer']!r}: choose one of {', '.join(LOAD_BALANCERS)}.",
        )
    elif inputs["load_balancer"] == "haproxy" and not load_balancers:
        yield Problem(
            balancer_group,
            f"kubeadm_ha_load_balancer is haproxy, but the group {balancer_group} is empty: put the hosts that shall "
            "run haproxy into it, or set kubeadm_ha_load_balancer: external for a balancer that already exists.",
        )
    for name in sorted(set(load_balancers) & set(workers)):
        yield Problem(
            name,
            f"{name} is in both {balancer_group} and {node_group}: run the load balancer on a control plane or on a "
            "host of its own.",
        )


__all__ = ("LOAD_BALANCERS", "Desired", "parse_inputs")
