# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of etcd as a service: its flags, and variables of its environment (https://etcd.io/docs/v3.5/op-guide/configuration/)."""

from __future__ import annotations

import typing as t

from ..base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from .invocation import Invocation

_PREFIX = "ETCD_"
_FILE = "config-file"


def settings(unit: str, invocation: Invocation) -> dict[str, str]:
    """What etcd is started with, as flags without dashes. A flag counts before its variable.

    Raises:
        UnsupportedState: when they are in a file, beside which etcd ignores flags and variables.
    """
    variables = {
        name[len(_PREFIX) :].lower().replace("_", "-"): variable.value
        for name, variable in invocation.variables.items()
        if name.startswith(_PREFIX)
    }
    found = {**variables, **{name: values[-1] for name, values in invocation.flags.items()}}
    if found.get(_FILE):
        raise UnsupportedState(
            f"{unit} has the settings of etcd in {found[_FILE]} (--{_FILE}), which is not read here: give them as flags or as variables "
            f"{_PREFIX}..."
        )
    return found


__all__ = ("settings",)
