# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units that a unit needs to start: systemd.unit(5), Requires=, Requisite= and BindsTo=."""

from __future__ import annotations

import typing as t

from . import systemd_unit
from .systemd_text import text_of

if t.TYPE_CHECKING:
    from .systemd_unit import Unit

_SECTION, _KEYS = "Unit", ("Requires", "Requisite", "BindsTo")


def find(unit: Unit) -> tuple[str, ...]:
    """The units without which systemd does not start this one; no drop-in takes one away again.

    Raises:
        UnsupportedState: when systemd would not load it.
    """
    found = (setting for text in unit.texts for setting in systemd_unit.settings(text))
    values = (text_of(item.characters) for item in found if item.section == _SECTION and item.key in _KEYS)
    return tuple(dict.fromkeys(name for value in values for name in value.split()))


__all__ = ("find",)
