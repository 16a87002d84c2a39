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

_FLAGS = "extraArgs"


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
    """Field by field: what somebody else has changed since stays."""
    now = flat(rollback.cluster.configuration)
    patch: dict[str, t.Any] = {}
    flags: dict[str, dict[str, t.Any]] = {}
    for name, known in rollback.of_cluster.items():
        config_map, _mark, field = name.partition(previous_state.FIELD)
        if config_map != cluster_configuration.OBJECT or not field:
            continue
        found = _before(known, now.get(field))
        if found is not None:
            _put(patch, flags, field, found[0])
    wanted = cluster_configuration.Wanted.parse({"patch": patch, "extra_args": flags})
    return Return(patch, flags, cluster_configuration.decide(rollback.cluster.configuration, wanted))


def _before(known: t.Sequence[previous_state.Previous], now: t.Any) -> tuple[t.Any] | None:
    """The value before in a tuple; ``None`` when it stays. Of a list only what runs have added goes."""
    item = previous_state.of_state(known, now, same=_same)
    if item is not None:
        return (item.before,)
    if not isinstance(now, list) or any(_same(now, each.before) for each in known):
        return None
    added: list[t.Any] = []
    for each in known:
        before = each.before or []
        added += [value for left in each.left for value in left or [] if value not in before]
    kept = [value for value in now if value not in added]
    return None if kept == now else (kept or None,)


def _same(one: t.Any, other: t.Any) -> bool:
    return bool(one == other)


def _put(patch: dict[str, t.Any], flags: dict[str, dict[str, t.Any]], field: str, value: t.Any) -> None:
    path, mark, flag = field.partition(f".{_FLAGS}.")
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
