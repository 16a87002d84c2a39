# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a node of the cluster Ready."""

from __future__ import annotations

import typing as t

from ..base.change import Decision
from ..base.errors import ApiError, NotProved
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 1.0


def inspect(api: Api, clock: Clock, name: str, *, wait_timeout: float) -> Decision:
    """The node, as soon as it is Ready.

    Args:
        api: the cluster.
        clock: this host's time.
        name: of the Node object.
        wait_timeout: seconds; 0 asks once.

    Raises:
        NotProved: when it is not Ready in time, with what the kubelet says of it.
        ApiError: when the API could not be asked at the end of that time.
    """
    deadline = clock.monotonic() + wait_timeout
    while True:
        found: dict[str, t.Any] | None = None
        failure: ApiError | None = None
        try:
            found = api.get("node", name)
        except ApiError as error:
            failure = error
        node = None if found is None else Node.from_api(found)
        if node is not None and node.is_ready:
            return Decision(values={"node": node.as_dict()})
        if clock.monotonic() >= deadline:
            if failure is not None:
                raise failure
            raise NotProved(
                f"The node {name} is not Ready after {wait_timeout:.0f} s: {_state(found)}. Read the journal of its "
                "kubelet; the next run goes on from here."
            )
        clock.sleep(_SECONDS_BETWEEN)


def _state(node: t.Mapping[str, t.Any] | None) -> str:
    if node is None:
        return "the cluster has no such node"
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = next((item for item in conditions if item.get("type") == "Ready"), None)
    if ready is None:
        return "its kubelet has reported nothing yet"
    return " ".join(f"{ready.get('reason', '')} {ready.get('message', '')}".split()) or f"Ready is {ready['status']}"


__all__ = ("inspect",)
