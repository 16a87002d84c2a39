# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reason to stop, and a note: what a plan says to its reader."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Problem:
    """A reason to stop before anything is changed.

    Attributes:
        subject: the variable, group or host it is about.
        message: what is wrong and what to do, in one sentence or two.
    """

    subject: str
    message: str


@dataclasses.dataclass(frozen=True)
class Note:
    """Something that the operator should know and the run does not change.

    Attributes:
        subject: the object or the host it is about.
        message: what was found and what to do, in one sentence or two.
    """

    subject: str
    message: str


__all__ = ("Note", "Problem")
