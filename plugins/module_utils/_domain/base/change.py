# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a value: decided first, made afterwards."""

from __future__ import annotations

import dataclasses
import typing as t

#: Stands in a plan for a value that only a later step can know (a token, a serial number, a time).
KNOWN_AFTER_APPLY = "known after apply"


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of one object.

    Attributes:
        object: what changes, by kind and name, for example ``ConfigMap kube-system/kubeadm-config``,
            ``certificate apiserver``, ``kubeconfig /etc/kubernetes/admin.conf`` or ``node cp2``.
        before: its state now, JSON-compatible; ``None`` when it does not exist.
        after: its state afterwards, JSON-compatible; ``None`` when it goes away.
        reason: why, in one clause for the operator.
    """

    object: str
    before: t.Any
    after: t.Any
    reason: str

    def as_dict(self) -> dict[str, t.Any]:
        """The change with JSON-compatible values."""
        return dataclasses.asdict(self)


def _nothing_more() -> t.Mapping[str, t.Any]:
    return {}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a module found, what it would change, and how.

    Attributes:
        changes: what would change; empty means that the object is as wanted.
        values: result values known before anything is changed; returned in check mode, too.
        act: makes the changes and returns the values known only afterwards (they replace those of ``values``).
            Not called in check mode or when ``changes`` is empty.
        warnings: sentences for the operator that do not stop the task.
    """

    changes: tuple[Change, ...] = ()
    values: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    act: t.Callable[[], t.Mapping[str, t.Any]] = _nothing_more
    warnings: tuple[str, ...] = ()


__all__ = ("KNOWN_AFTER_APPLY", "Change", "Decision")
