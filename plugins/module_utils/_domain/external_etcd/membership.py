# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who begins the etcd cluster, who is added to one that there is, and whose data is lost.

Members of a new etcd cluster begin together: each knows all of them. Once one of them has been seen to be a member, the etcd cluster
is there, and whoever has no part in it is added as a learner. A host whose record says that it is a member, and whose data is gone,
must not begin again: as a founder it would be an etcd cluster of its own under the same name.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint
from ..base.problem import Problem
from . import places
from .report import FOUNDING, JOINING, MEMBER

if t.TYPE_CHECKING:
    from .report import EtcdHost

Hosts = t.Mapping[str, "EtcdHost"]


@dataclasses.dataclass(frozen=True)
class Membership:
    """Who is what.

    Attributes:
        founders: peer URLs of those that begin together, by their names; none where the etcd cluster is there.
        beginning: names of the founders that have not begun.
        additions: names of those that are added afterwards.
        members: names of those that have begun.
        problems: reasons to stop, by host.
    """

    founders: t.Mapping[str, str]
    beginning: tuple[str, ...]
    additions: tuple[str, ...]
    members: tuple[str, ...]
    problems: tuple[Problem, ...]


def client_url(host: EtcdHost) -> str:
    """Where clients reach the member."""
    return Endpoint(host.address, places.CLIENT_PORT).url


def peer_url(host: EtcdHost) -> str:
    """Where the other members reach it."""
    return Endpoint(host.address, places.PEER_PORT).url


def find(hosts: Hosts) -> Membership:
    """Who is what, by what the hosts have.

    Args:
        hosts: every host of the etcd cluster, in the inventory's order.
    """
    problems = [problem for name, host in hosts.items() for problem in _of_host(name, host)]
    exists = any(host.record.state == MEMBER for host in hosts.values())
    begun = {name: host for name, host in hosts.items() if host.record.state and has_data(host)}
    founders = _founders(hosts)
    if founders is None:
        problems.append(_disagreement(hosts))
        founders = {}
    strangers = [name for name in founders if name not in hosts]
    if strangers and not exists:
        problems.append(
            Problem(
                strangers[0],
                f"The etcd cluster was begun with {', '.join(strangers)}, which the inventory does not have, and never came to work: "
                "put it back into the group, or remove what was begun on the others (README of the role, undo).",
            )
        )
    if not founders and not exists:
        founders = {name: peer_url(host) for name, host in hosts.items()}
    beginning = [
        name
        for name in founders
        if name in hosts
        and not has_data(hosts[name])
        and hosts[name].record.state in ("", FOUNDING)
        # One that the founders did not wait for is still theirs, by its record.
        and (not exists or hosts[name].record.state == FOUNDING)
    ]
    additions = [
        name
        for name, host in hosts.items()
        if name not in beginning and (host.record.state == JOINING or not (host.record.state or has_data(host)))
    ]
    if len(hosts) == 2:
        problems.append(
            Problem(
                next(iter(hosts)),
                f"An etcd cluster of two ({', '.join(hosts)}) fails when either is lost: name one host or three.",
            )
        )
    return Membership(
        founders=founders if beginning else {},
        beginning=tuple(beginning),
        additions=tuple(additions),
        members=tuple(name for name in begun if name not in additions),
        problems=tuple(problems),
    )


def has_data(host: EtcdHost) -> bool:
    """Whether the member's own data is there."""
    return places.DATA in host.data


def _of_host(name: str, host: EtcdHost) -> t.Iterator[Problem]:
    if not host.address:
        yield Problem(
            name,
            f"No address of {name} is known for etcd: set kubeadm_ha_etcd_address of {name} to the one that the other members and the "
            "control planes reach.",
        )
    elif host.address not in host.addresses:
        yield Problem(
            name,
            f"{host.address} is none of the addresses of {name} ({', '.join(host.addresses) or 'none'}): set kubeadm_ha_etcd_address of "
            f"{name} to one of them.",
        )
    foreign = _foreign(host)
    if foreign:
        yield Problem(
            name,
            f"{name} has an etcd that this role did not make ({foreign}): take {name} out of the group, or, where nobody needs it, stop "
            "it and move its data away.",
        )
    elif host.record.state == MEMBER and not has_data(host):
        yield Problem(
            name,
            f"The data of the etcd member {name} is lost: {places.DATA}/member is not there, though {places.RECORD} says that {name} is "
            f"a member. Bring the data back, or take the member out of the etcd cluster (etcdctl member remove) and remove "
            f"{places.RECORD}: the next run then adds {name} as a new member.",
        )


def _foreign(host: EtcdHost) -> str:
    """What of somebody else's etcd is there."""
    if places.UNIT in host.files and not host.is_ours:
        return places.UNIT
    if not host.record.state and host.data:
        return f"{host.data[0]}/member"
    others = [path for path in host.data if path != places.DATA]
    if others:
        return f"{others[0]}/member"
    if host.taken and not (
        host.is_ours and host.service.active in ("active", "activating", "deactivating", "reloading")
    ):
        return f"port {host.taken[0]} in use"
    return ""


def _founders(hosts: Hosts) -> dict[str, str] | None:
    """Those that were begun with; ``None`` where records disagree."""
    found = [dict(host.record.founders) for host in hosts.values() if host.record.state == FOUNDING]
    if any(each != found[0] for each in found):
        return None
    return found[0] if found else {}


def _disagreement(hosts: Hosts) -> Problem:
    names = [name for name, host in hosts.items() if host.record.state == FOUNDING]
    return Problem(
        names[-1],
        f"{', '.join(names)} were begun as members of different etcd clusters ({places.RECORD} on each): remove what was begun on those "
        "that nobody needs (README of the role, undo).",
    )


__all__ = ("Membership", "client_url", "find", "has_data", "peer_url")
