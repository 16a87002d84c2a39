# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are about to be Ready are waited for, for a while.

A host that a killed run has just joined is no Ready node before its pods of the network run, and its static pods start meanwhile. A plan
that is built then reports what is over in a minute.
"""

from __future__ import annotations

import contextlib
import typing as t

from ..base.enumeration import listed
from ..base.errors import ApiError
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 1.0
#: The status when the node controller has not heard of the kubelet for a while: nobody is about to mend that.
_NOT_HEARD_OF = "Unknown"


def names(nodes: t.Sequence[Node], *, now: float, seconds: float) -> list[str]:
    """The nodes whose own kubelet says that they are not Ready, and has said so for less than some seconds.

    None where no node is Ready: there is no network of pods yet, which a run installs.

    Args:
        nodes: of the cluster.
        now: seconds since the epoch.
        seconds: after which a node is taken for one that stays so.
    """
    if not any(node.is_ready for node in nodes):
        return []
    return [
        node.name
        for node in nodes
        if not node.is_ready and _is_said_by_kubelet(node) and now - node.ready_since < seconds
    ]


def wait(found: t.Sequence[Node], api: Api, clock: Clock, *, timeout: float) -> tuple[str, ...]:
    """Wait until every node that is about to be Ready is so, or has not been for too long.

    Args:
        found: the nodes of the cluster a moment ago; without one that is about to be Ready nobody is asked.
        api: the cluster. While a host joins its API may not answer for a moment; that is waited for, too.
        clock: the host's clock.
        timeout: seconds that a node may need; 0 does not wait.

    Returns:
        A warning for the operator where it was waited, else nothing. Who is not Ready after that is the plan's to report.
    """
    began = clock.monotonic()
    waited_for: list[str] = []
    while True:
        settling = names(found, now=clock.now(), seconds=timeout)
        waited_for += [name for name in settling if name not in waited_for]
        if not settling or clock.monotonic() - began >= timeout:
            break
        clock.sleep(_SECONDS_BETWEEN)
        with contextlib.suppress(ApiError):
            found = tuple(map(Node.from_api, api.list("node")))
    if not waited_for:
        return ()
    still = [node.name for node in found if node.name in waited_for and not node.is_ready]
    end = f"{listed(still)} {'is' if len(still) == 1 else 'are'} still not Ready" if still else "Ready now"
    began_as = f"waited {clock.monotonic() - began:.0f} s for nodes that have been not Ready for a moment only"
    return (f"{began_as}, {listed(waited_for)}: {end}.",)


def _is_said_by_kubelet(node: Node) -> bool:
    return node.ready_status != _NOT_HEARD_OF or not node.ready_reason


__all__ = ("names", "wait")
