# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``etcd_member_info`` reports of etcd: the one place that reads how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import at, read
from .etcd import EtcdCluster, Member

_WHOSE = "The report of etcd"


@dataclasses.dataclass(frozen=True)
class _Document:
    """What of a result is read. A healthy voter knows the leader that was reported; the rest is computed of these."""

    members: tuple[Member, ...] = ()
    is_healthy: bool = dataclasses.field(default=False, metadata=at("healthy"))
    problems: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    leader: str | None = None


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
        found = read(_Document, document, where=_WHOSE)
        leaders = (found.leader if member.is_healthy else None for member in found.members)
        members = tuple(dataclasses.replace(member, leader=leader) for member, leader in zip(found.members, leaders))
        return cls(members, found.is_healthy, found.problems, found.alarms)

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


__all__ = ("EtcdReport",)
