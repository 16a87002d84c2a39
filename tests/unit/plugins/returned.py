# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns is what its RETURN says."""

from __future__ import annotations

import typing as t

_TYPES: dict[str, t.Any] = {
    "dict": dict,
    "list": list,
    "str": str,
    "int": int,
    "float": (int, float, type(None)),
    "raw": object,
}


def undocumented(value: t.Any, documented: t.Mapping[str, t.Any], path: str) -> t.Iterator[str]:
    """Keys that are returned and not documented, or the other way round, and values of another type. What may be null says so."""
    if value is None and "V(null)" in str(documented["description"]):
        return
    if not isinstance(value, _TYPES[documented["type"]]):
        yield f"{path} is {value!r}"
        return
    contains: t.Mapping[str, t.Any] = documented.get("contains", {})
    for each in (value if isinstance(value, list) else [value]) if contains else ():
        yield from (f"{path}.{name}" for name in set(each) ^ set(contains))
        for name in set(each) & set(contains):
            yield from undocumented(each[name], contains[name], f"{path}.{name}")


__all__ = ("undocumented",)
