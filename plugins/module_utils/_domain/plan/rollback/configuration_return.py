# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the ClusterConfiguration goes back to what it was."""

from __future__ import annotations

import dataclasses
import typing as t

from ...host import previous_state
from ...kubeadm import cluster_configuration
from ...kubeadm.cluster_configuration_diff import flat
from ...kubeadm.extra_args import COMPONENTS

if t.TYPE_CHECKING:
    from ...base.change import Change
    from .rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Return:
    """What the module kubeadm_cluster_config is given.

    Attributes:
        patch: a JSON merge patch.
        extra_args: flags by component; ``None`` removes one.
        change: the same as a change; ``None`` when nothing of it is a run's.
    """

    patch: t.Mapping[str, t.Any]
    extra_args: t.Mapping[str, t.Mapping[str, t.Any]]
    change: Change | None


def decide(rollback: Rollback) -> Return:
    """Field by field, of a list element by element: what somebody else has changed since stays."""
    now = flat(rollback.cluster.configuration)
    patch: dict[str, t.Any] = {}
    flags: dict[str, dict[str, t.Any]] = {}
    added: dict[str, list[str]] = {}
    for name, known in rollback.of_cluster.items():
        config_map, _mark, field = name.partition(previous_state.FIELD)
        if config_map != cluster_configuration.OBJECT or not field:
            continue
        field, mark, element = field.partition(previous_state.ELEMENT)
        if mark:
            elements = [previous_state.element(value) for value in _list(now.get(field))]
            item = previous_state.of_state(known, element in elements, same=_same)
            if item is not None and not item.before:
                added.setdefault(field, []).append(element)
            continue
        item = previous_state.of_state(known, now.get(field), same=_same)
        if item is not None:
            _put(patch, flags, field, item.before)
    for field, elements in added.items():
        kept = [value for value in _list(now.get(field)) if previous_state.element(value) not in elements]
        _put(patch, flags, field, kept or None)
    wanted = cluster_configuration.Wanted.parse({"patch": patch, "extra_args": flags})
    return Return(patch, flags, cluster_configuration.decide(rollback.cluster.configuration, wanted))


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _same(one: t.Any, other: t.Any) -> bool:
    return bool(one == other)


def _put(patch: dict[str, t.Any], flags: dict[str, dict[str, t.Any]], field: str, value: t.Any) -> None:
    path, mark, flag = field.partition(previous_state.FLAGS)
    if mark:
        component = next((key for key, parts in COMPONENTS.items() if ".".join(parts) == path), None)
        if component is not None:
            flags.setdefault(component, {})[flag] = value
        return
    *parents, last = path.split(".")
    at = patch
    for name in parents:
        at = at.setdefault(name, {})
    at[last] = value


__all__ = ("Return", "decide")
