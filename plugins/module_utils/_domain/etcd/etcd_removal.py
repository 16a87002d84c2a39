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
from . import quorum_guard
from .etcd import EtcdError, collect, first_answer
from .etcd import member_id as member_id_of

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd
    from .etcd import EtcdCluster, Member, Quorum
    from .quorum_guard import Outlook

_POLL_SECONDS = 0.5


def removal_change(member: Member, *, is_lost: bool = False) -> Change:
    """The removal of a member as a change.

    Args:
        member: the member.
        is_lost: whether its host is gone for good.
    """
    return Change(
        object=f"etcd member {member.id}",
        before={
            "name": member.name or "not started",
            "peers": ", ".join(member.peer_urls),
            "role": "learner" if member.is_learner else "voter",
        },
        after=None,
        reason="its host is gone for good"
        if is_lost
        else "its host is no member of the cluster any more, or never became one",
    )


def outlook(now: Quorum, member: Member) -> Outlook:
    """What the removal of a member makes of the quorum."""
    return quorum_guard.removed(now, is_learner=member.is_learner, is_healthy=member.is_healthy)


def objection(etcd_cluster: EtcdCluster, member: Member) -> str | None:
    """Why a member must not be taken out now; ``None`` when nothing speaks against it."""
    return quorum_guard.objection_to_removal(outlook(etcd_cluster.quorum, member))


def remove(
    etcd: Etcd,
    clock: Clock,
    *,
    endpoints: t.Sequence[str],
    member_id: str,
    wait_timeout: float = 30.0,
    is_lost: bool = False,
) -> Decision:
    """The member is not in the cluster.

    Args:
        etcd: reaches the servers.
        clock: bounds the waiting.
        endpoints: servers that know the members; the first that answers is asked for the removal.
        member_id: id as etcdctl prints it.
        wait_timeout: seconds until the remaining members work together.
        is_lost: whether its host is said to be gone for good: a member that answers shows that it is not.

    Raises:
        EtcdError: when no server reports the members, or etcd refuses.
        UnsupportedState: when the removal would cost the quorum, concerns the very member that is asked, or one that is said to be lost and
            answers.
        NotProved: when the remaining members did not work together in time.
    """
    etcd_cluster = collect(etcd, *endpoints)
    member = next((item for item in etcd_cluster.members if item.id == member_id.lower().lstrip("0")), None)
    if member is None:
        return Decision(values={"quorum": quorum_guard.Outlook(etcd_cluster.quorum, etcd_cluster.quorum).as_dict()})
    if is_lost and member.is_answering:
        raise UnsupportedState(
            f"The etcd member {_shown(member)} was not taken out: it answers, so its host is not gone for good.",
            id=member.id,
        )
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

    expected = outlook(etcd_cluster.quorum, member)
    at_risk = quorum_guard.risk(expected)
    return Decision(
        changes=(removal_change(member, is_lost=is_lost),),
        values={"quorum": expected.as_dict()},
        act=act,
        warnings=() if at_risk is None else (at_risk,),
    )


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


__all__ = ("objection", "outlook", "removal_change", "remove")
