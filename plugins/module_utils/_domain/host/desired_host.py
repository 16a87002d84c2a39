# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory wants of one host when it joins."""

from __future__ import annotations

import dataclasses
import typing as t


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

    @property
    def kubelet_flags(self) -> dict[str, str]:
        """Values of the kubelet's flags as a command line has them."""
        return {name: str(value) for name, value in self.kubelet_extra_args.items()}


__all__ = ("DesiredHost",)
