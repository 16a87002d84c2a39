# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which modules learn what a joining node shall be.

What joins a host and what asks kubeadm beforehand take the very same ones (documented by the fragment ``joining``).
"""

from __future__ import annotations

import posixpath
import typing as t

from ..base.errors import InvalidInput
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR

_NODE_LABELS = "node-labels"

#: Their part of an argument specification.
SPECIFICATION: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "api_version": {"type": "str", "required": True},
    "control_plane": {"type": "bool", "default": False},
    "node_name": {"type": "str"},
    "advertise_address": {"type": "str"},
    "bind_port": {"type": "int"},
    "cri_socket": {"type": "str"},
    "certificates_dir": {"type": "path", "default": DEFAULT_CERTIFICATES_DIR},
    "patches_directory": {"type": "path"},
    "taints": {"type": "list", "elements": "dict"},
    "node_labels": {"type": "dict", "default": {}},
    "kubelet_extra_args": {"type": "dict", "default": {}},
    "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
}


def parse(parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The attributes of a :class:`~.join_configuration.JoinRequest` that the options give.

    Raises:
        InvalidInput: for flags and labels that cannot be.
    """
    taints = parameters["taints"]
    return {
        "api_version": parameters["api_version"],
        "control_plane": parameters["control_plane"],
        "node_name": parameters["node_name"],
        "advertise_address": parameters["advertise_address"],
        "bind_port": parameters["bind_port"],
        "cri_socket": parameters["cri_socket"],
        "patches_directory": parameters["patches_directory"],
        "taints": None if taints is None else tuple(taints),
        "kubelet_extra_args": kubelet_flags(parameters["kubelet_extra_args"], labels=parameters["node_labels"]),
        "ignore_preflight_errors": tuple(parameters["ignore_preflight_errors"]),
        "certificates_dir": posixpath.normpath(parameters["certificates_dir"]),
    }


def kubelet_flags(flags: t.Mapping[str, t.Any], *, labels: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Flags of the kubelet, labels of the Node among them.

    Raises:
        InvalidInput: for a name with dashes before it, and for labels given twice.
    """
    found = {}
    for name, value in flags.items():
        if name.startswith("-") or not name:
            raise InvalidInput(f"The option kubelet_extra_args names the flag {name!r}: leave the dashes out.")
        found[name] = _flag_text(value)
    if labels and _NODE_LABELS in found:
        raise InvalidInput("The option kubelet_extra_args names node-labels: give the labels in node_labels only.")
    if labels:
        found[_NODE_LABELS] = ",".join(f"{name}={_flag_text(value)}" for name, value in sorted(labels.items()))
    return found


def _flag_text(value: t.Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ("SPECIFICATION", "kubelet_flags", "parse")
