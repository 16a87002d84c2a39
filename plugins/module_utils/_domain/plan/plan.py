# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run, whatever it is built from."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..base.address import Endpoint
    from ..base.problem import Note, Problem
    from .build import HostPlan
    from .entry import Entry
    from .quorum_steps import QuorumStep
    from .single_points import SinglePoint
    from .situation import ApiServer


@dataclasses.dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        entries: every change in the order of the run.
        problems: every reason to stop before the first of them.
        notes: what the operator should know and the run does not change.
        serving_control_plane: inventory name of a control plane that serves the API, ``None`` when none was found.
        server: its API server.
        ca_certificate: the cluster's CA certificates in PEM.
        control_planes: every API server that exists or is wanted.
        endpoint_unproved: the nodes that no API server of the cluster has answered through the endpoint.
        is_complete: ``False`` when only the inputs were read.
        left: what a killed run has left and only an accepted plan revokes, with its end.
        hosts: what the run does on each host; without a change those that a killed run has left locked, and none while there is a reason to
            stop.
        single_points: what still dies with one host after the run; ``None`` when that is not known.
        quorum: what each change of etcd's members makes of its quorum, in the order of the run.
    """

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    serving_control_plane: str | None = None
    server: Endpoint | None = None
    ca_certificate: str = ""
    control_planes: tuple[ApiServer, ...] = ()
    endpoint_unproved: tuple[str, ...] = ()
    is_complete: bool = True
    left: tuple[str, ...] = ()
    hosts: tuple[HostPlan, ...] = ()
    single_points: tuple[SinglePoint, ...] | None = None
    quorum: tuple[QuorumStep, ...] = ()

    def within_a_run(self) -> Plan:
        """The same plan where the run has begun before it: the locks are its own, and it stays what the hosts are given."""
        return self if self.entries else dataclasses.replace(self, hosts=())

    @property
    def steps(self) -> dict[str, list[str]]:
        """The steps of each host that has any, in their order."""
        found: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.step not in found.setdefault(entry.host, []):
                found[entry.host].append(entry.step)
        return found

    def as_dict(self) -> dict[str, object]:
        """JSON-compatible."""
        return {
            "entries": [entry.as_dict() for entry in self.entries],
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
            "notes": [dataclasses.asdict(note) for note in self.notes],
            "single_points": [dataclasses.asdict(point) for point in self.single_points or ()],
            "quorum": [step.as_dict() for step in self.quorum],
            "steps": self.steps,
            "hosts": [host.as_dict() for host in self.hosts],
            "serving": self.serving_control_plane,
            "server": str(self.server) if self.server is not None else None,
            "ca_certificate": self.ca_certificate,
            "control_planes": [dataclasses.asdict(server) for server in self.control_planes],
            "endpoint_unproved": list(self.endpoint_unproved),
        }


__all__ = ("Plan",)
