# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a member out of etcd, behind the arithmetic of the quorum.

https://etcd.io/docs/v3.5/op-guide/runtime-configuration/#remove-a-member
"""

from __future__ import annotations

import contextlib
import typing as t

from ..base.change import Change, Decision
from ..base.errors import NotProved, UnsupportedState
from .etcd import EtcdError, Quorum, collect, first_answer
from .etcd import member_id as member_id_of

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd
    from .etcd import EtcdCluster, Member

_POLL_SECONDS = 0.5


def removal_change(member: Member) -> Change:
    """The removal of a member as a change."""
    return Change(
        object=f"etcd member {member.id}",
        before={
            "name": member.name or "not started",
            "peers": ", ".join(member.peer_urls),
            "role": "learner" if member.is_learner else "voter",
        },
        after=None,
        reason="its host is no member of the cluster any more, or never became one",
    )


def without(etcd_cluster: EtcdCluster, member: Member) -> Quorum:
    """The quorum after the removal of a member."""
    if member.is_learner:
        return etcd_cluster.quorum
    return Quorum(etcd_cluster.quorum.voters - 1, etcd_cluster.quorum.healthy_voters - int(member.is_healthy))


def objection(etcd_cluster: EtcdCluster, member: Member) -> str | None:
    """Why a member must not be taken out now; ``None`` when nothing speaks against it."""
    if not etcd_cluster.quorum.is_there:
        quorum = etcd_cluster.quorum
        return (
            f"etcd has lost its quorum ({quorum.healthy_voters} of {quorum.voters} voters are healthy, {quorum.needed} are "
            "needed), so no member can be taken out: bring its members back first"
        )
    after = without(etcd_cluster, member)
    if after.voters < 1 or not after.is_there:
        return (
            f"without it {after.healthy_voters} of {after.voters} voters would be healthy and {max(after.needed, 1)} "
            "needed, so etcd and with it the API would stop: bring the other members back first"
        )
    return None


def remove(
    etcd: Etcd, clock: Clock, *, endpoints: t.Sequence[str], member_id: str, wait_timeout: float = 30.0
) -> Decision:
    """The member is not in the cluster.

    Args:
        etcd: reaches the servers.
        clock: bounds the waiting.
        endpoints: servers that know the members; the first that answers is asked for the removal.
        member_id: id as etcdctl prints it.
        wait_timeout: seconds until the remaining members work together.

    Raises:
        EtcdError: when no server reports the members, or etcd refuses.
        UnsupportedState: when the removal would cost the quorum, or concerns the very member that is asked.
        NotProved: when the remaining members did not work together in time.
    """
    etcd_cluster = collect(etcd, *endpoints)
    member = next((item for item in etcd_cluster.members if item.id == member_id.lower().lstrip("0")), None)
    if member is None:
        return Decision()
    reason = objection(etcd_cluster, member)
    if reason is not None:
        raise UnsupportedState(f"The etcd member {_shown(member)} was not taken out: {reason}.", id=member.id)
    if member.id in _asked(etcd, endpoints):
        raise UnsupportedState(
            f"The etcd member {_shown(member)} was not taken out: it is the one that is asked; ask another member.",
            id=member.id,
        )

    def act() -> t.Mapping[str, t.Any]:
        first_answer(endpoints, lambda endpoint: etcd.remove(endpoint, member.id))
        deadline = clock.monotonic() + wait_timeout
        while not _is_gone(etcd, endpoints, member.id):
            if clock.monotonic() >= deadline:
                raise NotProved(
                    f"The etcd member {_shown(member)} was taken out, but the remaining members did not work together "
                    f"within {wait_timeout:g} s: inspect them with kubeadm.ha.etcd_member_info."
                )
            clock.sleep(_POLL_SECONDS)
        return {}

    return Decision(changes=(removal_change(member),), act=act)


def _asked(etcd: Etcd, endpoints: t.Sequence[str]) -> set[str]:
    """Ids of the members behind the endpoints, as far as they answer."""
    found = set()
    for endpoint in endpoints:
        with contextlib.suppress(EtcdError, KeyError):
            found.add(member_id_of(etcd.status(endpoint)["header"]["member_id"]))
    return found


def _is_gone(etcd: Etcd, endpoints: t.Sequence[str], member_id: str) -> bool:
    try:
        etcd_cluster = collect(etcd, *endpoints)
    except EtcdError:
        return False
    return (
        etcd_cluster.quorum.is_there
        and etcd_cluster.leader is not None
        and all(item.id != member_id for item in etcd_cluster.members)
    )


def _shown(member: Member) -> str:
    return f"{member.name or 'without a name'} ({member.id}, {', '.join(member.peer_urls)})"


__all__ = ("objection", "removal_change", "remove", "without")
