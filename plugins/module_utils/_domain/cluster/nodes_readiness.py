# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are all nodes of the cluster Ready."""

from __future__ import annotations

import typing as t

from ..base.errors import ApiError, NotProved
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 1.0


def wait(api: Api, clock: Clock, *, wait_timeout: float) -> tuple[Node, ...]:
    """Every node, as soon as all of them are Ready.

    Raises:
        NotProved: when one is not in time, with what its kubelet reports.
        ApiError: when the API could not be asked at the end of that time.
    """
    deadline = clock.monotonic() + wait_timeout
    while True:
        late = clock.monotonic() >= deadline
        try:
            nodes = tuple(Node.from_api(item) for item in api.list("node"))
        except ApiError:
            if late:
                raise
            nodes = ()
        unready = [node for node in nodes if not node.is_ready]
        if nodes and not unready:
            return nodes
        if late:
            reasons = "; ".join(f"{node.name}: {node.ready_reason or 'no report'}" for node in unready[:3])
            raise NotProved(
                f"{len(unready)} of {len(nodes)} nodes are not Ready after {wait_timeout:.0f} s ({reasons}): read the logs of the "
                "network's pods and of the kubelets; the next run goes on from here."
            )
        clock.sleep(_SECONDS_BETWEEN)


__all__ = ("wait",)
