# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *prepare*: Python libraries where certificates are issued, where files travel sealed, and for kubeconfigs of another layout."""

from __future__ import annotations

import typing as t

from ...entry import Entry
from ...libraries import CRYPTOGRAPHY, YAML
from ...step import Step, hosts_of
from ...steps.prepare import Record, libraries_change

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..scaling import Scaling


class Prepare(Step["Scaling"]):
    """cryptography on the masters, PyYAML where a kubeconfig cannot be edited without it."""

    name = "prepare"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """One for each host where a library is missing."""
        for name, needed in _needed(situation, others).items():
            change = libraries_change(situation.hosts[name], needed)
            if change is not None:
                yield Entry(name, self.name, change)

    def record(self, situation: Scaling, host: Host) -> Record:
        """How this host's packages are known."""
        del situation
        return Record(host.distributions)


#: Steps that issue a certificate on their host.
_ISSUING = ("certify", "controller_manager", "scheduler")


def _needed(situation: Scaling, others: t.Sequence[Entry]) -> dict[str, set[str]]:
    needed: dict[str, set[str]] = {}

    def need(library: str, *names: str) -> None:
        for name in names:
            needed.setdefault(name, set()).add(library)

    files = situation.kubeconfig_files(situation.source)
    for name in hosts_of(others, "extend"):
        found = situation.extensions[name]
        if found.files:
            need(CRYPTOGRAPHY, name, situation.source)
        if any(item.path in files and not files[item.path].plain for item in found.servers):
            need(YAML, name)
    need(CRYPTOGRAPHY, *(name for step in _ISSUING for name in hosts_of(others, step)))
    for name, balancer in situation.balancers.items():
        if balancer.needs_cryptography:
            need(CRYPTOGRAPHY, name, situation.source)
    for entry in others:
        kind, _space, path = entry.change.object.partition(" ")
        file = (situation.kubeconfig_files(entry.host).get(path) or files.get(path)) if kind == "kubeconfig" else None
        if file is not None and not file.plain:
            need(YAML, entry.host)
    names = (*situation.desired.nodes, *situation.desired.load_balancers)
    return {name: needed[name] for name in dict.fromkeys(names) if name in needed}


__all__ = ("Prepare",)
