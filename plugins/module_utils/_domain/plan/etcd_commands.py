# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcdctl as it runs on a cluster of kubeadm."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..host.host import Host

_PKI = "/etc/kubernetes/pki/etcd"


def etcdctl(serving_control_plane: Host, *arguments: str) -> str:
    """A whole command for a control plane with stacked etcd: its host has no etcdctl, but the image of its etcd has.

    Args:
        serving_control_plane: the control plane whose etcd is asked.
        arguments: of etcdctl.
    """
    flags = serving_control_plane.flags_of("etcd")
    options = {
        "endpoints": "https://127.0.0.1:2379",
        "cacert": flags.get("trusted-ca-file") or f"{_PKI}/ca.crt",
        "cert": flags.get("cert-file") or f"{_PKI}/server.crt",
        "key": flags.get("key-file") or f"{_PKI}/server.key",
    }
    return " ".join(
        [
            (
                "kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system exec "
                f"etcd-{serving_control_plane.node_name} -- etcdctl"
            ),
            *(f"--{name}={value}" for name, value in options.items()),
            *arguments,
        ]
    )


__all__ = ("etcdctl",)
