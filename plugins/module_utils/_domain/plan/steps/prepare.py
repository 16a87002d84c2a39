# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that modules import on the hosts that they change."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import Change
from .. import libraries
from ..entry import Entry
from ..step import Step

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role python_requirements is given.

    Attributes:
        distributions: the host's distribution and those that it is like.
    """

    distributions: tuple[str, ...]


class Prepare(Step["Situation"]):
    """PyYAML and cryptography, where one is missing."""

    name = "prepare"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Only on hosts whose own modules need them."""
        needed = libraries.needed(situation, others)
        names = dict.fromkeys((*situation.desired.nodes, *situation.desired.load_balancers))
        for name in (name for name in names if name in needed):
            change = libraries_change(situation.hosts[name], needed[name])
            if change is not None:
                yield Entry(name, self.name, change)

    def record(self, situation: Situation, host: Host) -> Record:
        """How this host's packages are known."""
        del situation
        return Record(host.distributions)


def libraries_change(host: Host, needed: t.Collection[str] = libraries.LIBRARIES) -> Change | None:
    """The installation on a host, ``None`` where nothing that is needed is missing.

    Args:
        host: the host.
        needed: the libraries that its modules import.
    """
    missing = [module for module in libraries.LIBRARIES if not host.has_python_module(module)]
    # The role python_requirements installs both where one is missing.
    if not set(needed).intersection(missing):
        return None
    return Change(
        object="Python libraries",
        before=dict.fromkeys(missing, "absent"),
        after=dict.fromkeys(missing, "installed"),
        reason="the modules that change this host import them",
    )


__all__ = ("Prepare", "Record", "libraries_change")
