# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as a tree of maps: read and written by path, merged, put in order.

A merge patch is one of RFC 7386 (https://www.rfc-editor.org/rfc/rfc7386).
"""

from __future__ import annotations

import copy
import typing as t


def at(document: t.Mapping[str, t.Any], path: t.Sequence[str]) -> t.Any:
    """The value of a path, ``None`` where there is none."""
    value: t.Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def put(document: dict[str, t.Any], path: t.Sequence[str], value: t.Any) -> None:
    """Write a value, making the maps on the way to it; an empty one is taken out."""
    for name in path[:-1]:
        if not isinstance(document.get(name), dict):
            document[name] = {}
        document = document[name]
    if value:
        document[path[-1]] = value
    else:
        document.pop(path[-1], None)


def merge(target: dict[str, t.Any], patch: t.Mapping[str, t.Any]) -> None:
    """A JSON merge patch in place (RFC 7386)."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            if not isinstance(target.get(name), dict):
                target[name] = {}
            merge(target[name], value)
        else:
            target[name] = copy.deepcopy(value)


def in_order(old: t.Any, new: t.Any) -> t.Any:
    """The new document, its maps sorted where those of the old one were: kubeadm sorts, hand-written files do not."""
    if not isinstance(new, dict):
        return new
    was = old if isinstance(old, dict) else {}
    names = sorted(new) if list(was) == sorted(was) else list(new)
    return {name: in_order(was.get(name), new[name]) for name in names}


__all__ = ("at", "in_order", "merge", "put")
