# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the steps by which a control plane of systemd services gets more masters, and their entries."""

from __future__ import annotations

import typing as t

from ..step import in_order
from .steps.backup import Backup
from .steps.balance import Balance
from .steps.certify import Certify
from .steps.controllers import Controllers
from .steps.extend import Extend
from .steps.point import PointServices
from .steps.prepare import Prepare
from .steps.prove import Prove
from .steps.virtual_ip import VirtualIp

if t.TYPE_CHECKING:
    from ..entry import Entry
    from ..step import Step
    from .scaling import Scaling

#: The steps in their order.
STEPS: tuple[Step[Scaling], ...] = (
    Prepare(),
    Backup(),
    Balance(),
    VirtualIp(),
    Certify(),
    Prove(),
    Extend(),
    PointServices(),
    Controllers("controller_manager", "kube-controller-manager"),
    Controllers("scheduler", "kube-scheduler"),
)


def entries_of(scaling: Scaling) -> list[Entry]:
    """Every change in the order of the run; what is to be prepared and backed up follows from the others."""
    decided = sorted(STEPS, key=lambda step: step.name in ("prepare", "backup"))
    return in_order(STEPS, scaling, decided=decided)


__all__ = ("STEPS", "entries_of")
