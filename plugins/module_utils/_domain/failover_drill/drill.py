# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event on this host as a decision: it happens, is measured and undone, or only one of these."""

from __future__ import annotations

import contextlib
import typing as t

from ..base.address import canonical_ip
from ..base.change import Change, Decision
from ..base.errors import ApiError, InvalidInput, UnsupportedState
from .event import KINDS, RELOAD, subject_of
from .measurement import deployment_of, measure

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.endpoint_watch import EndpointWatch
    from .interruption import Interruptions
    from .leadership import Leadership

_PREFIX = "drill"


def measured(
    api: Api | None,
    clock: Clock,
    watch: EndpointWatch | None,
    interruptions: Interruptions,
    leadership: Leadership,
    *,
    component: str,
    how: str,
    namespace: str,
    timeout: float,
    restore_timeout: float,
    addresses: t.Collection[str] = (),
) -> Decision:
    """The component of this host, whose instance leads, fails; what follows is measured; it is restored in any case.

    Args:
        api: the cluster; ``None`` on a host of etcd alone.
        clock: of this host.
        watch: asks the endpoint meanwhile; ``None`` where another host does.
        interruptions: the components of this host.
        leadership: who leads the component.
        component: its name.
        how: a key of ``KINDS``.
        namespace: of the smoke application, in which a Deployment is created; empty: no pods are asked for.
        timeout: seconds for which is waited for what follows.
        restore_timeout: seconds until it must run again.
        addresses: of this host, when its node can run no new pods: its kubelet may be connected to the API server that fails.

    Raises:
        InvalidInput: when that does not happen to such a component.
        UnsupportedState: when something is left of an earlier drill.
    """
    _refuse(interruptions, component, how)

    def interrupt() -> float:
        return interruptions.interrupt(component, how, timeout=timeout)

    def act() -> t.Mapping[str, t.Any]:
        deployment = None
        if api is not None and namespace and not leadership.carries_api:
            # Names of objects have no underscores.
            name = f"{_PREFIX}-{component}-{how}".replace("_", "-")
            deployment = deployment_of(api, namespace=namespace, name=name, avoided=_nodes(api, addresses))
        try:
            found = measure(api, clock, watch, interrupt, leadership, deployment=deployment, timeout=timeout)
        finally:
            # First what keeps the cluster from being whole.
            interruptions.restore(timeout=restore_timeout)
            if api is not None and deployment is not None:
                with contextlib.suppress(ApiError):
                    api.delete("deployment", deployment["metadata"]["name"], namespace=namespace)
        return {"measured": found.as_dict()}

    return Decision((_change(component, how, "for the time of a measurement"),), {"measured": None}, act)


def interrupted(interruptions: Interruptions, *, component: str, how: str, timeout: float) -> Decision:
    """The component of this host fails, and stays so until it is restored. Others see what follows.

    Raises:
        InvalidInput: when that does not happen to such a component.
        UnsupportedState: when something is left of an earlier drill.
    """
    _refuse(interruptions, component, how)

    def act() -> t.Mapping[str, t.Any]:
        at = interruptions.interrupt(component, how, timeout=timeout)
        return {"measured": {"began": round(interruptions.time_of(at), 3)}}

    return Decision((_change(component, how, "until the drill restores it"),), {"measured": None}, act)


def restored(interruptions: Interruptions, *, timeout: float) -> Decision:
    """Everything that drills have done to this host is undone."""
    left = interruptions.left()
    changes = tuple(
        Change(item.component, f"{KINDS.get(item.how, item.how)} by a drill", "running", "a drill ends as it began")
        for item in left
    )

    def act() -> t.Mapping[str, t.Any]:
        interruptions.restore(timeout=timeout)
        return {}

    return Decision(changes, {"measured": None}, act)


def _nodes(api: Api, addresses: t.Collection[str]) -> list[str]:
    """Names of the nodes that have one of the addresses."""
    own = {canonical_ip(address) for address in addresses}
    return [
        str(node["metadata"]["name"])
        for node in (api.list("node") if own else ())
        if own & {canonical_ip(str(item["address"])) for item in node["status"].get("addresses") or ()}
    ]


def _refuse(interruptions: Interruptions, component: str, how: str) -> None:
    kinds = subject_of(component).kinds
    if how not in kinds:
        raise InvalidInput(f"{component} cannot be {KINDS[how]}: give {', '.join(kinds)} as how.")
    left = interruptions.left()
    if left:
        raise UnsupportedState(
            f"This host has not been restored after an earlier event ({', '.join(item.component for item in left)}): do that first "
            "(state restored)."
        )


def _change(component: str, how: str, after: str) -> Change:
    if how == RELOAD:
        return Change(component, "running", KINDS[how], "a drill shows that nobody notices")
    return Change(component, "running", f"{KINDS[how]} {after}", "a drill shows that another instance takes over")


__all__ = ("interrupted", "measured", "restored")
