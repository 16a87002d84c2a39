# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles that inspect their hosts before the plan object to: what several hosts have alike is one reason."""

from __future__ import annotations

import re
import typing as t

from ..base.enumeration import listed
from ..base.problem import Problem

if t.TYPE_CHECKING:
    from ..base.role_decision import RoleDecision

_NAME = "\0"


def problems(decisions: t.Mapping[str, RoleDecision]) -> t.Iterator[Problem]:
    """The problems of one role, in the order of its hosts.

    Args:
        decisions: of the role, by inventory name.
    """
    alike: dict[tuple[str, str], list[tuple[str, Problem]]] = {}
    for name, decision in decisions.items():
        for problem in decision.problems:
            key = (_without(name, problem.subject), _without(name, problem.message))
            alike.setdefault(key, []).append((name, problem))
    for (_subject, message), found in alike.items():
        first = found[0][1]
        others = [name for name, _problem in found[1:]]
        is_of_host = bool(others) and _NAME in message
        yield Problem(first.subject, f"{first.message} The same holds for {listed(others)}.") if is_of_host else first


def _without(name: str, text: str) -> str:
    """The text with another host's name in the place of this one's."""
    return re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", _NAME, text)


__all__ = ("problems",)
