# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer over plain HTTP."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class PlainAnswer:
    """What came of one request.

    Attributes:
        body: of an answer with status 200, else empty.
        error: why there was no such answer, in few words; empty with one.
    """

    body: str = ""
    error: str = ""


__all__ = ("PlainAnswer",)
