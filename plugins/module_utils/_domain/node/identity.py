# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must distinguish the hosts of a cluster, and their clocks, which must not differ."""

from __future__ import annotations

import typing as t

from ..base.problem import Problem

if t.TYPE_CHECKING:
    from .report import Identity

#: Seconds that a clock may be away from another host's, as in the plan of a running cluster.
CLOCK_TOLERANCE = 30.0


def problems(
    name: str, own: Identity, others: t.Mapping[str, Identity], *, takes_programs: bool = False
) -> t.Iterator[Problem]:
    """What a host has in common with another one. Each pair is named once, at the host whose name comes later.

    Args:
        name: the host's inventory name.
        own: what identifies it.
        others: what identifies the others, by inventory name.
        takes_programs: whether all get the same programs, which are of one architecture.
    """
    for other, identity in sorted(others.items()):
        if other >= name:
            continue
        if _is_same_machine(own, identity):
            yield Problem(
                name,
                f"{name} and {other} are the same machine: take one name out of the inventory, or correct its address.",
            )
        else:
            yield from _shared(name, own, other, identity)
            if takes_programs and own.architecture != identity.architecture:
                yield Problem(
                    name,
                    f"{name} is {own.architecture} and {other} {identity.architecture}, but the programs of kubeadm_ha_binaries are "
                    "of one architecture: give each host those of its own in its host or group variables, or take packages.",
                )


def _is_same_machine(one: Identity, other: Identity) -> bool:
    """One boot in one network: a clone has booted by itself, and containers have networks of their own."""
    first, second = ((each.machine_id, each.boot_id, each.network_namespace) for each in (one, other))
    return all(first[1:]) and first == second


def _shared(name: str, own: Identity, other: str, identity: Identity) -> t.Iterator[Problem]:
    pair = f"{name} and {other} have the same"
    if own.machine_id and own.machine_id == identity.machine_id:
        yield Problem(
            f"machine-id of {name}",
            f"{pair} machine-id ({own.machine_id}): give one of them its own (remove /etc/machine-id there, run "
            "systemd-machine-id-setup and restart it).",
        )
    if own.product_uuid and own.product_uuid == identity.product_uuid:
        yield Problem(
            f"product_uuid of {name}",
            f"{pair} product_uuid ({own.product_uuid}): give one of the virtual machines its own UUID in the hypervisor.",
        )
    shared = sorted(set(own.mac_addresses) & set(identity.mac_addresses))
    if shared:
        yield Problem(name, f"{pair} MAC address ({', '.join(shared)}): give one of them its own.")
    if own.hostname == identity.hostname:
        yield Problem(
            name,
            f"{pair} hostname ({own.hostname}), which is the name of a node: give one of them its own with hostnamectl.",
        )
    if own.seen_at is not None and identity.seen_at is not None:
        away = abs((own.clock - own.seen_at) - (identity.clock - identity.seen_at))
        if away > CLOCK_TOLERANCE:
            yield Problem(
                name,
                f"The clocks of {name} and {other} differ by {away:.0f} s: set the wrong one right (timedatectl set-time, or "
                "chronyc makestep), since certificates and leases depend on them.",
            )


__all__ = ("CLOCK_TOLERANCE", "problems")
