# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node has been drained, so that its kubelet may go away."""

from __future__ import annotations

import typing as t

from ..base.change import Decision
from ..base.enumeration import listed
from ..base.errors import NotProved

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 2.0
_PAGE = 500
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")
#: So many pods are named.
_SHOWN = 3


def inspect(api: Api, clock: Clock, name: str, *, wait_timeout: float) -> Decision:
    """Nothing runs there but what would be on every node. A node that does not exist is drained.

    Args:
        api: the cluster.
        clock: this host's time.
        name: of the Node object.
        wait_timeout: seconds; 0 asks once.

    Raises:
        NotProved: when pods are there, or may come, with the remedy.
    """
    deadline = clock.monotonic() + wait_timeout
    while True:
        node = api.get("node", name)
        if node is None:
            return Decision(values={"node": {}})
        pods = _pods(api, name)
        is_cordoned = bool((node.get("spec") or {}).get("unschedulable"))
        if is_cordoned and not pods:
            return Decision(values={"node": {"name": name}})
        if clock.monotonic() >= deadline:
            found = (
                f"runs {listed(pods[:_SHOWN])}{f' and {len(pods) - _SHOWN} more' if len(pods) > _SHOWN else ''}"
                if pods
                else "takes new pods"
            )
            raise NotProved(
                f"The node {name} is not drained: it {found}. Drain it first, so that pods end in order and their budgets are kept: kubectl drain "
                f"{name} --ignore-daemonsets --delete-emptydir-data"
            )
        clock.sleep(_SECONDS_BETWEEN)


def _pods(api: Api, name: str) -> list[str]:
    found = (pod for page in api.pages("pod", size=_PAGE, fields=f"spec.nodeName={name}") for pod in page)
    return sorted(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in found if _is_in_the_way(pod))


def _is_in_the_way(pod: t.Mapping[str, t.Any]) -> bool:
    metadata = pod.get("metadata") or {}
    owners = [owner.get("kind") for owner in metadata.get("ownerReferences") or ()]
    has_ended = (pod.get("status") or {}).get("phase") in _ENDED
    return not (has_ended or "DaemonSet" in owners or _MIRROR in (metadata.get("annotations") or {}))


__all__ = ("inspect",)
