# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the steps by which a new cluster is made, and their entries."""

from __future__ import annotations

import typing as t

from ..step import in_order
from .steps.balance import Balance
from .steps.etcd import Etcd
from .steps.init import Init
from .steps.later import Join, Network, Revoke, Spread
from .steps.nodes import Nodes
from .steps.prepare import Prepare
from .steps.virtual_ip import VirtualIp

if t.TYPE_CHECKING:
    from ..entry import Entry
    from ..step import Step
    from .creation import Creation

#: The group of all hosts of a run that makes a cluster: they are inspected again when its plan has become another one.
CREATE = "create"
#: The steps in their order.
STEPS: tuple[Step[Creation], ...] = (
    Prepare(),
    Nodes(),
    Etcd(),
    Balance(),
    VirtualIp(),
    Init(),
    Network(),
    Join(),
    Spread(),
    Revoke(),
)


def entries_of(creation: Creation) -> list[Entry]:
    """Every change in the order of the run."""
    return in_order(STEPS, creation)


__all__ = ("CREATE", "STEPS", "entries_of")
