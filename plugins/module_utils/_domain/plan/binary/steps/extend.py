# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *extend*: hosts become masters like the one that there is, one after the other."""

from __future__ import annotations

import dataclasses
import typing as t

from ...entry import Entry
from ...step import Step

if t.TYPE_CHECKING:
    from ....base.file_fact import FileFact
    from ....base.problem import Problem
    from ....binary.extension import Field, Kept, Program, Server, Service, Setting
    from ....host.host import Host
    from ..scaling import Scaling


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role binary_control_plane is given.

    Attributes:
        source: inventory name of the master that the host becomes like.
        server: address and port of the host's own API server.
        ca_certificate: the CA of the API servers' certificate in PEM.
        files: facts of files to bring and directories to make.
        programs: programs to bring.
        settings: arguments to set.
        fields: fields of configuration files to set.
        servers: kubeconfigs to point.
        services: what is to run, in the order in which it is started.
        kept: what is written down before, so that it can be put back.
        client_kubeconfig: a kubeconfig as whose client the API server is asked whether it is ready; empty where it answers everybody.
    """

    source: str
    server: str
    ca_certificate: str
    files: tuple[FileFact, ...]
    programs: tuple[Program, ...]
    settings: tuple[Setting, ...]
    fields: tuple[Field, ...]
    servers: tuple[Server, ...]
    services: tuple[Service, ...]
    kept: Kept
    client_kubeconfig: str


class Extend(Step["Scaling"]):
    """Files, programs, arguments, kubeconfigs and services."""

    name = "extend"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the control planes."""
        del others
        for name, found in situation.extensions.items():
            for change in found.changes:
                yield Entry(name, self.name, change)

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What a host may not get, or must have."""
        del entries
        seen = set()
        for found in situation.extensions.values():
            for problem in found.problems:
                if problem not in seen:
                    seen.add(problem)
                    yield problem

    def record(self, situation: Scaling, host: Host) -> Record:
        """What this host lacks."""
        found = situation.extensions[host.name]
        return Record(
            source=situation.source,
            server=str(situation.server_of(host.name)),
            ca_certificate=situation.authority.pem,
            files=found.files,
            programs=found.programs,
            settings=found.settings,
            fields=found.fields,
            servers=found.servers,
            services=found.services,
            kept=found.kept,
            client_kubeconfig=situation.controller_kubeconfig,
        )


__all__ = ("Extend", "Record")
