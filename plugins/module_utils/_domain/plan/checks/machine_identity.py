# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which inventory names are the same machine, and which machines are copies of one.

One machine under two names has one boot and one network; a clone has the machine-id and the SSH keys of its original,
but booted by itself and has addresses of its own. What is right for a clone destroys the only control plane when it is
done to another name of it, so this is asked before anything else about hosts.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.address import canonical_ip
from ...base.problem import Problem

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..desired import Desired

Hosts = t.Mapping[str, "Host"]


def is_same_machine(one: Host, other: Host) -> bool:
    """Whether two reports are of one machine.

    A difference of machine-id, boot, network namespace (containers share the boot of their kernel) or SSH host keys
    distinguishes two machines, and so do addresses of which none is shared. Otherwise boot and network, or, where they
    could not be read, the machine-id, must be there to be equal.
    """
    first, second = _facts(one), _facts(other)
    if any(first[key] and second[key] and first[key] != second[key] for key in first):
        return False
    keys = ("boot_id", "network_namespace") if first["boot_id"] and second["boot_id"] else ("machine_id",)
    return all(first[key] and first[key] == second[key] for key in keys) and _share_addresses(one, other)


def aliases(names: t.Iterable[str], hosts: Hosts) -> dict[str, str]:
    """The names that are further ones of a machine, with the name that is kept: that of its Node, else the first."""
    machines: list[list[Host]] = []
    # Only those that share what must be equal can be the same, so not every pair is compared.
    alike: dict[t.Hashable, list[list[Host]]] = {}
    for name in dict.fromkeys(names):
        host = hosts.get(name)
        if host is None:
            continue
        facts = _facts(host)
        every = (("machine", facts["machine_id"]), ("boot", facts["boot_id"], facts["network_namespace"]))
        keys = [key for key in every if all(key)]
        candidates = (machine for key in keys for machine in alike.get(key, ()))
        known = next((machine for machine in candidates if is_same_machine(machine[0], host)), None)
        if known is None:
            known = []
            machines.append(known)
            for key in keys:
                alike.setdefault(key, []).append(known)
        known.append(host)
    found = {}
    for machine in machines:
        kept = next((host for host in machine if host.name == host.node_name), machine[0])
        found.update({host.name: kept.name for host in machine if host is not kept})
    return found


def problems(names: t.Iterable[str], hosts: Hosts) -> t.Iterator[Problem]:
    """Every further name of a machine."""
    for alias, kept in aliases(names, hosts).items():
        address = next(iter(hosts[alias].report.addresses), "no address")
        yield Problem(
            alias,
            f"{alias} and {kept} are the same machine ({address}): take one name out of the inventory. Nothing is wrong "
            "with the machine itself; where it has several tasks, put its one name into several groups.",
        )


def without_aliases(desired: Desired, hosts: Hosts) -> tuple[Desired, Hosts]:
    """The desired state and the hosts with one name for each machine, so that no other check speaks of a second one."""
    further = aliases((*desired.nodes, *desired.load_balancers), hosts)
    if not further:
        return desired, hosts
    balancers = dict.fromkeys(further.get(name, name) for name in desired.load_balancers)
    reduced = dataclasses.replace(
        desired,
        control_planes=tuple(name for name in desired.control_planes if name not in further),
        workers=tuple(name for name in desired.workers if name not in further),
        load_balancers=tuple(balancers),
    )
    return reduced, {name: host for name, host in hosts.items() if name not in further}


def clones(names: t.Iterable[str], hosts: Hosts) -> t.Iterator[tuple[Host, Host]]:
    """Machines with the machine-id of another one, that first: the copy is the one that is no member, else the later."""
    seen: dict[str, Host] = {}
    for name in names:
        host = hosts.get(name)
        machine_id = host.report.machine_id if host is not None else ""
        if host is None or not machine_id:
            continue
        other = seen.setdefault(machine_id, host)
        if other is not host and not is_same_machine(other, host):
            yield (host, other) if other.is_member or not host.is_member else (other, host)


def _facts(host: Host) -> dict[str, t.Any]:
    machine = host.report.machine
    return {
        "machine_id": host.report.machine_id,
        "boot_id": machine.boot_id,
        "network_namespace": machine.network_namespace,
        "ssh_host_keys": sorted(machine.ssh_host_keys),
    }


def _share_addresses(one: Host, other: Host) -> bool:
    first, second = ({canonical_ip(item) for item in host.report.addresses} for host in (one, other))
    return bool(first & second) or not (first or second)


__all__ = ("aliases", "clones", "is_same_machine", "problems", "without_aliases")
