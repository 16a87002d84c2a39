# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host is what."""

from __future__ import annotations

import typing as t


class Groups(t.NamedTuple):
    """Inventory names of the hosts by what they are or shall be."""

    control_planes: t.Sequence[str]
    workers: t.Sequence[str]
    load_balancers: t.Sequence[str]


__all__ = ("Groups",)
