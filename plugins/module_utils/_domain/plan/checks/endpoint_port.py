# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the load balancer can have the endpoint's port."""

from __future__ import annotations

import typing as t

from ...base.problem import Problem
from ..desired import SERVICES
from ..input_values import COMPONENT_PORTS

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..desired import Desired

#: Has the port on a load balancer as well, and is reported separately.
_API_SERVER = "kube-apiserver"


def problems(desired: Desired, hosts: t.Mapping[str, Host]) -> t.Iterator[Problem]:
    """Load balancer hosts on which another program has the endpoint's port, or a component will want it."""
    port = desired.endpoint.port
    for name in desired.load_balancers if desired.has_own_balancers else ():
        host = hosts.get(name)
        if host is None:
            continue
        if name in desired.control_planes and port in COMPONENT_PORTS:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"{name} is a load balancer and a control plane, whose {COMPONENT_PORTS[port]} has port {port}: choose "
                "another port for kubeadm_ha_endpoint, for example 8443.",
            )
        elif any(item.port == port and item.process not in _known(desired, host) for item in host.report.listening):
            yield Problem(
                "kubeadm_ha_endpoint",
                f"Another program than {desired.load_balancer} listens on port {port} of {name} (ss -ltnp shows it): choose another port for "
                "kubeadm_ha_endpoint, or move that program.",
            )


def _known(desired: Desired, host: Host) -> tuple[str, ...]:
    """Who may have the port: the load balancer, unless that is somebody's own beside the one that is to come."""
    is_ours = desired.load_balancer in SERVICES[desired.load_balancer] or host.is_active(
        SERVICES[desired.load_balancer][0]
    )
    return (desired.load_balancer, _API_SERVER) if is_ours else (_API_SERVER,)


__all__ = ("problems",)
