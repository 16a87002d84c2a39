# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a parsed document has the shape that its readers take for granted.

Whoever edits a ConfigMap or a kubeconfig by hand can make anything of it. What is no map where one must be is named with
its key, here, once, so that no reader has to expect it.
"""

from __future__ import annotations

import typing as t

#: Keys of a ClusterConfiguration that hold maps, by their path, and those that hold lists of maps or texts.
_MAPS = ("etcd", "etcd/local", "etcd/external", "apiServer", "controllerManager", "scheduler", "networking", "dns")
_LISTS = ("apiServer/certSANs", "apiServer/extraVolumes", "controllerManager/extraVolumes", "scheduler/extraVolumes")
_ARGUMENTS = ("apiServer/extraArgs", "controllerManager/extraArgs", "scheduler/extraArgs", "etcd/local/extraArgs")


def of_map(document: t.Any) -> str | None:
    """What is wrong with any document of keys, as the end of a sentence about it; ``None`` when nothing is."""
    return None if isinstance(document, dict) else f"is {kind(document)}, not a map of keys"


def of_cluster_configuration(document: t.Any) -> str | None:
    """What is wrong with a ClusterConfiguration, as the end of a sentence about it; ``None`` when nothing is."""
    fault = of_map(document)
    if fault is not None:
        return fault
    for path in _MAPS:
        value = _at(document, path)
        if value is not None and not isinstance(value, dict):
            return f"has {kind(value)} at {path.replace('/', '.')}, where a map of keys must be"
    for path in _LISTS:
        value = _at(document, path)
        if value is not None and not isinstance(value, list):
            return f"has {kind(value)} at {path.replace('/', '.')}, where a list must be"
    for path in _ARGUMENTS:
        value = _at(document, path)
        if value is not None and not (isinstance(value, dict) or _is_list_of_maps(value)):
            return f"has {kind(value)} at {path.replace('/', '.')}, where a map or a list of name and value must be"
    for path in ("apiServer/extraVolumes", "controllerManager/extraVolumes", "scheduler/extraVolumes"):
        value = _at(document, path)
        if value is not None and not _is_list_of_maps(value):
            return f"has something else than maps in the list {path.replace('/', '.')}"
    return None


def of_kubeconfig(document: t.Any) -> str | None:
    """What is wrong with a kubeconfig, as the end of a sentence about it; ``None`` when nothing is."""
    fault = of_map(document)
    if fault is not None:
        return fault
    for key, inner in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
        entries = document.get(key)
        if entries is None:
            continue
        if not isinstance(entries, list):
            return f"has {kind(entries)} at {key}, where a list must be"
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict):
                return f"has {kind(entry)} at {key}[{number}], where a map of keys must be"
            if entry.get(inner) is not None and not isinstance(entry[inner], dict):
                return f"has {kind(entry[inner])} at {key}[{number}].{inner}, where a map of keys must be"
    return None


def kind(value: t.Any) -> str:
    """What a value is, for people."""
    if value is None:
        return "nothing"
    names = {dict: "a map", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), f"a {type(value).__name__}")


def _is_list_of_maps(value: t.Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _at(document: t.Any, path: str) -> t.Any:
    for key in path.split("/"):
        document = document.get(key) if isinstance(document, dict) else None
    return document


__all__ = ("kind", "of_cluster_configuration", "of_kubeconfig", "of_map")
