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
#: Names a file of settings.
FILE = "config-file"


def arguments(invocation: Invocation) -> dict[str, tuple[str, ...]]:
    """The values of each setting, as flags without dashes. A flag counts before its variable, a file of settings before both."""
    variables = {
        name[len(_PREFIX) :].lower().replace("_", "-"): (variable.value,)
        for name, variable in invocation.variables.items()
        if name.startswith(_PREFIX)
    }
    found = {**variables, **invocation.flags}
    return {FILE: found[FILE]} if any(found.get(FILE, ())) else found


def settings(unit: str, invocation: Invocation) -> dict[str, str]:
    """What etcd is started with, as flags without dashes.

    Raises:
        UnsupportedState: when they are in a file, beside which etcd ignores flags and variables.
    """
    found = {name: values[-1] for name, values in arguments(invocation).items()}
    if found.get(FILE):
        raise UnsupportedState(
            f"{unit} has the settings of etcd in {found[FILE]} (--{FILE}), which is not read here: give them as flags or as variables "
            f"{_PREFIX}..."
        )
    return found


__all__ = ("FILE", "arguments", "settings")
