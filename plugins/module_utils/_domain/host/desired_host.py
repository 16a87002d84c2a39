# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory wants of one host when it joins."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import as_dict, read

#: The options of ``kubernetes_host_info`` that its action keeps on the controller, as its documentation has them.
OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "node_name": {"type": "str"},
    "api_port": {"type": "int"},
    "advertise_address": {"type": "str"},
    "cri_socket": {"type": "str"},
    "kubelet_extra_args": {"type": "dict", "default": {}},
    "node_labels": {"type": "dict", "default": {}},
    "node_taints": {"type": "list", "elements": "dict"},
}
#: Those of them that the module needs to inspect the host: a socket is tried beside those that kubeadm knows.
INSPECTED_BY: t.AbstractSet[str] = frozenset({"cri_socket"})


@dataclasses.dataclass(frozen=True)
class DesiredHost:
    """The options of ``kubernetes_host_info`` about it, as the inventory has them; a member stays as it is.

    Attributes:
        node_name: name of its Node; ``None`` for the host's own name.
        api_port: TCP port of its API server; ``None`` for that of the serving one.
        advertise_address: what its API server advertises; ``None`` for the one by which it reaches the serving one.
        cri_socket: of its container runtime; ``None`` for the only one, or that of the cluster's nodes.
        kubelet_extra_args: values of flags by name.
        node_labels: values of labels by name.
        node_taints: ``key``, ``value`` and ``effect`` of each; ``None`` for kubeadm's own.
    """

    node_name: str | None = None
    api_port: int | None = None
    advertise_address: str | None = None
    cri_socket: str | None = None
    kubelet_extra_args: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    node_labels: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    node_taints: t.Sequence[t.Mapping[str, t.Any]] | None = None

    @classmethod
    def from_options(cls, name: str, options: t.Mapping[str, t.Any]) -> DesiredHost:
        """The values of :data:`OPTIONS`, in the types that these say.

        Args:
            name: the host's, in the inventory.
            options: of the task.

        Raises:
            MalformedReport: when a name of a flag or label is no text, with the option.
        """
        return read(cls, options, where=f"What the inventory wants of {name}")

    def as_dict(self) -> dict[str, t.Any]:
        """How it stands in a report."""
        return as_dict(self)

    @property
    def kubelet_flags(self) -> dict[str, str]:
        """Values of the kubelet's flags as a command line has them."""
        return {name: str(value) for name, value in self.kubelet_extra_args.items()}


__all__ = ("INSPECTED_BY", "OPTIONS", "DesiredHost")
