# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``etcd_member_info`` reports of etcd: the one place that reads how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_reader import Fields
from .etcd import EtcdCluster, Member

_WHOSE = "The report of etcd"


@dataclasses.dataclass(frozen=True)
class EtcdReport:
    """The members of etcd and their health as they were when it was asked.

    Attributes:
        members: every member; a healthy one knows the leader on which all voters agreed.
        is_healthy: whether every member had started, was healthy and voted, all agreed on one leader, and there was no alarm.
        problems: everything that kept it from that.
        alarms: as ``alarm ALARM of MEMBER``.
    """

    members: tuple[Member, ...]
    is_healthy: bool
    problems: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> EtcdReport:
        """From what :meth:`as_dict` gave, which is a result of ``etcd_member_info``.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        fields = Fields.of(_WHOSE, document)
        leader = fields.optional_text("leader")
        return cls(
            members=tuple(_member(item, leader) for item in fields.each("members", optional=True)),
            is_healthy=fields.flag("healthy", default=False),
            problems=fields.texts("problems", optional=True),
            alarms=fields.texts("alarms", optional=True),
        )

    @classmethod
    def if_reported(cls, document: t.Mapping[str, t.Any] | None) -> EtcdReport | None:
        """The same; ``None`` when etcd could not be asked.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        return None if document is None else cls.from_dict(document)

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        etcd_cluster = EtcdCluster(self.members, self.alarms)
        return {**etcd_cluster.as_dict(), "healthy": self.is_healthy, "problems": list(self.problems)}

    def without(self, gone: t.Iterable[Member]) -> EtcdReport:
        """What will be reported when these members are taken out."""
        ids = [member.id for member in gone]
        names = [member.name or f"member {member.id}" for member in self.members if member.id in ids]
        problems = tuple(text for text in self.problems if not any(text.startswith(f"{name} ") for name in names))
        return dataclasses.replace(
            self,
            members=tuple(member for member in self.members if member.id not in ids),
            problems=problems,
            is_healthy=self.is_healthy or (bool(self.problems) and not problems),
        )


def _member(fields: Fields, leader: str | None) -> Member:
    """From what :meth:`Member.as_dict` gave; a healthy voter knows the leader that was reported."""
    is_healthy = fields.flag("healthy")
    return Member(
        id=fields.text("id"),
        name=fields.text("name", ""),
        peer_urls=fields.texts("peer_urls", optional=True),
        client_urls=fields.texts("client_urls", optional=True),
        is_learner=fields.flag("is_learner", default=False),
        leader=leader if is_healthy else None,
        is_healthy=is_healthy,
        db_size=fields.optional_whole("db_size"),
        version=fields.optional_text("version"),
        raft_term=fields.optional_whole("raft_term"),
        problem=fields.optional_text("problem"),
    )


__all__ = ("EtcdReport",)
