# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``extraArgs`` of a ClusterConfiguration: the flags of its components.

A map in v1beta1 to v1beta3, from v1beta4 on a list of names and values, in which a name may be repeated
(https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Arg).
"""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput

#: Components with ``extraArgs``: the name of the option's key and the place in the document.
COMPONENTS: t.Mapping[str, tuple[str, ...]] = {
    "api_server": ("apiServer",),
    "controller_manager": ("controllerManager",),
    "scheduler": ("scheduler",),
    "etcd": ("etcd", "local"),
}

#: A flag's wanted value: ``None`` removes the flag, several values repeat it.
ArgValues = t.Optional[t.Tuple[str, ...]]


def parse_extra_args(option: t.Mapping[str, t.Any]) -> dict[str, dict[str, ArgValues]]:
    """Flags from an option: by component and name a value, a list of values, or ``None`` to remove the flag.

    Raises:
        InvalidInput: for a component or a name that cannot be.
    """
    parsed: dict[str, dict[str, ArgValues]] = {}
    for component, flags in option.items():
        if component not in COMPONENTS:
            raise InvalidInput(f"The option extra_args has no {component!r}: write one of {', '.join(COMPONENTS)}.")
        parsed[component] = {}
        for name, value in (flags or {}).items():
            if name.startswith("-") or not name:
                raise InvalidInput(f"The option extra_args.{component} names the flag {name!r}: leave the dashes out.")
            parsed[component][name] = _argument_values(value)
    return parsed


def with_flags(pairs: tuple[tuple[str, str], ...], flags: t.Mapping[str, ArgValues]) -> tuple[tuple[str, str], ...]:
    """The pairs with the wanted flags: a flag that is right stays where it is, a changed one takes its first place."""
    current: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        current[name] = (*current.get(name, ()), value)
    to_change = {name: values for name, values in flags.items() if current.get(name) != values}
    result: list[tuple[str, str]] = []
    done: set[str] = set()
    for name, value in pairs:
        if name not in to_change:
            result.append((name, value))
        elif name not in done:
            done.add(name)
            result += [(name, item) for item in to_change[name] or ()]
    for name in sorted(set(to_change) - done):
        result += [(name, item) for item in to_change[name] or ()]
    return tuple(result)


def pairs_of(value: t.Any) -> tuple[tuple[str, str], ...]:
    """``extraArgs`` of any version as pairs of name and value."""
    if isinstance(value, dict):
        return tuple((str(name), _argument_text(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(
            (str(item.get("name")), _argument_text(item.get("value", ""))) for item in value if isinstance(item, dict)
        )
    return ()


def _argument_values(value: t.Any) -> ArgValues:
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return tuple(_argument_text(item) for item in value) or None
    return (_argument_text(value),)


def _argument_text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ("COMPONENTS", "ArgValues", "pairs_of", "parse_extra_args", "with_flags")
