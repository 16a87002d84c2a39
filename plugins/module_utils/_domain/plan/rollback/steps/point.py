# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs and kubelets go back to the address that they had before."""

from __future__ import annotations

import typing as t

from ....kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ...entry import Entry
from ...kubeconfig_edits import restart
from ...step import Step, hosts_of
from ...steps.point import Record

if t.TYPE_CHECKING:
    from ....base.change import Change
    from ....host.host import Host
    from ..rollback import Rollback


class Point(Step["Rollback"]):
    """The same plays as on the way there, with the servers of before: one worker, other workers, the control plane, load balancers."""

    name = "point"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the plays."""
        del others
        desired = situation.desired
        for name in dict.fromkeys((*desired.workers, *desired.control_planes, *desired.load_balancers)):
            for change in _changes(situation, name):
                yield Entry(name, self.name, change)

    def groups(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """One for each play."""
        desired = situation.desired
        pointed = set(hosts_of(entries, self.name))
        workers = [name for name in desired.workers if name in pointed]
        nodes = set(desired.nodes)
        return {
            "point_one_worker": workers[:1],
            "point_workers": workers[1:],
            "point_control_planes": [name for name in desired.control_planes if name in pointed],
            "point_load_balancers": [name for name in desired.load_balancers if name in pointed and name not in nodes],
        }

    def record(self, situation: Rollback, host: Host) -> Record:
        """The cluster's part has a step of its own."""
        return Record(
            server=str(situation.server),
            sans=(),
            extra_args={},
            extra_volumes={},
            kubeconfigs=tuple(edit.as_dict() for edit in situation.kubeconfig_edits.get(host.name, ())),
            restart_kubelet=situation.restarts_kubelet(host),
            is_node=situation.is_node(host),
            batches=situation.desired.worker_batches,
        )


def _changes(situation: Rollback, name: str) -> t.Iterator[Change]:
    """The kubelet's kubeconfig and its restart, then those of administrators."""
    if name not in situation.kubeconfig_edits:
        return
    edits = situation.kubeconfig_edits[name]
    own = [edit.change for edit in edits if edit.path == KUBELET_KUBECONFIG]
    yield from own
    if own and situation.is_node(situation.hosts[name]):
        yield restart("its kubeconfig changes, and it reads it only at start")
    elif not own and situation.restarts_kubelet(situation.hosts[name]):
        yield restart("it still connects to the server that its kubeconfig named before")
    yield from (edit.change for edit in edits if edit.path != KUBELET_KUBECONFIG)


__all__ = ("Point",)
