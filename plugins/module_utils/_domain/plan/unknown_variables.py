# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that resemble ours and are not: a typing mistake must never be a silent default."""

from __future__ import annotations

import difflib
import typing as t

from ..base.problem import Problem
from .inputs import INPUTS, PREFIX

#: Hosts by the name of a variable that they have.
Names = t.Mapping[str, t.Sequence[str]]

#: How alike two names are, behind what they have in common anyhow, for one to be the other misspelt.
_ALIKE = 0.75
#: The same for names that lack even the prefix, and may well be somebody else's.
_ALIKE_AS_A_WHOLE = 0.94


def problems(names: Names, roles: t.Mapping[str, t.AbstractSet[str]]) -> t.Iterator[Problem]:
    """Names that begin with ``kubeadm_ha_`` and are unknown, and misspelt ones of roles.

    Args:
        names: of every variable of the inventory, the plays and the command line.
        roles: the variables of each role of the collection by its name, registered ones included.
    """
    for name in sorted(names):
        if name in INPUTS:
            continue
        if name.startswith(PREFIX):
            yield _unknown(name, names, nearest(name, INPUTS, prefix=PREFIX, alike=0.5))
        elif name.startswith("kub"):
            near = nearest(name, INPUTS, prefix="", alike=_ALIKE_AS_A_WHOLE)
            if near is not None and near not in names:
                yield _unknown(name, names, near)
        else:
            role = _role(name, roles)
            near = nearest(name, roles[role], prefix=f"{role}_", alike=_ALIKE) if role else None
            if near is not None:
                yield _unknown(name, names, near)


def without_effect(names: Names, roles: t.Mapping[str, t.AbstractSet[str]]) -> list[str]:
    """Names that begin as those of a role do and are like none of them: another role's of that name, or a mistake."""
    found = []
    for name in sorted(names):
        role = _role(name, roles)
        if role is not None and nearest(name, roles[role], prefix=f"{role}_", alike=_ALIKE) is None:
            found.append(name)
    return found


def nearest(name: str, known: t.Iterable[str], *, prefix: str, alike: float) -> str | None:
    """The known name that is most like this one behind their prefix, ``None`` when none is like it. One that begins with the same word comes first."""
    ends = {item[len(prefix) :]: item for item in known if item.startswith(prefix)}
    wanted = name[len(prefix) :]
    found = difflib.get_close_matches(wanted, ends, n=3, cutoff=alike)
    begun = [item for item in found if item.partition("_")[0] == wanted.partition("_")[0]]
    return next((ends[item] for item in (*begun, *found)), None)


def _role(name: str, roles: t.Mapping[str, t.AbstractSet[str]]) -> str | None:
    """The role to whose variables an unknown name would belong."""
    role = next((role for role in roles if name.startswith(f"{role}_")), None)
    return None if role is None or name in roles[role] else role


def _unknown(name: str, names: Names, near: str | None) -> Problem:
    hosts = names[name]
    where = f" (set for {', '.join(hosts[:3])}{' and others' if len(hosts) > 3 else ''})" if hosts else ""
    remedy = (
        f"write {near}, or take it out"
        if near
        else "take it out; `ansible-doc -t role kubeadm.ha.preflight` has them all"
    )
    return Problem(name, f"{name}{where} is no variable of this collection and would have no effect: {remedy}.")


__all__ = ("Names", "nearest", "problems", "without_effect")
