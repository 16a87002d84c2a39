# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the machine of a Node still runs, as far as it can be seen.

A kubelet renews its Lease every 10 s (https://kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats). That a Node is not
Ready says less: kube-controller-manager says so, which may be away itself.
"""

from __future__ import annotations

import typing as t

from ..base.address import Endpoint, endpoint_or_none
from ..base.api_time import seconds_of
from .life_signs import LifeSigns

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_NAMESPACE = "kube-node-lease"
#: kubeadm's annotation of the static pod, which stays as long as the Node does.
_ADVERTISED = "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"


def collect(
    api: Api, clock: Clock, names: t.Iterable[str], *, answers: t.Callable[[Endpoint, str], bool]
) -> tuple[LifeSigns, ...]:
    """The signs of each Node, whether or not there is such a Node.

    Args:
        api: the cluster.
        clock: says how long ago a Lease was renewed.
        names: of the Nodes.
        answers: whether a server answers with a certificate of a CA, whose certificates are given in PEM.
    """
    root = api.get("configmap", "kube-root-ca.crt", namespace="kube-system") or {}
    ca = str((root.get("data") or {}).get("ca.crt") or "")
    found = []
    for name in names:
        server = _api_server(api, name)
        is_answering = server is not None and bool(ca) and answers(server, ca)
        found.append(LifeSigns(name, lease_age(api, clock, name), str(server or ""), is_answering))
    return tuple(found)


def lease_age(api: Api, clock: Clock, name: str) -> float | None:
    """Seconds since the kubelet of a Node has renewed its Lease; ``None`` without a Lease."""
    lease = api.get("lease", name, namespace=_NAMESPACE) or {}
    renewed = seconds_of(str((lease.get("spec") or {}).get("renewTime") or ""))
    return None if renewed is None else max(clock.now() - renewed, 0.0)


def _api_server(api: Api, name: str) -> Endpoint | None:
    pod = api.get("pod", f"kube-apiserver-{name}", namespace="kube-system") or {}
    return endpoint_or_none(str(((pod.get("metadata") or {}).get("annotations") or {}).get(_ADVERTISED) or ""))


__all__ = ("collect", "lease_age")
