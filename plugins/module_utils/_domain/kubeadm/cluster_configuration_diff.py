# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ClusterConfiguration as it is compared: by its leaves, whatever way its version writes flags."""

from __future__ import annotations

import typing as t

from .extra_args import pairs_of


def flat(document: t.Mapping[str, t.Any], path: tuple[str, ...] = ()) -> dict[str, t.Any]:
    """The leaves by their dotted path; flags by name, with a list where they are repeated."""
    leaves: dict[str, t.Any] = {}
    for name, value in document.items():
        here = (*path, str(name))
        if name == "extraArgs":
            for flag, text in pairs_of(value):
                key = ".".join((*here, flag))
                leaves[key] = text if key not in leaves else [*_as_list(leaves[key]), text]
        elif isinstance(value, dict) and value:
            leaves.update(flat(value, here))
        elif value not in (None, {}, []):
            leaves[".".join(here)] = value
    return leaves


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


__all__ = ("flat",)
