# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer of a *before* cluster that is HA from the start: haproxy as kubeadm's own guide configures it.

One that is in none of the collection's groups is to stay as it is: its owner has tuned it, so that it loses as little with an API server as
the collection's own does.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.lab import shell
from tests.lab.errors import LabError
from tests.lab.topology import CONTROL_PLANES, LOAD_BALANCERS, Topology

if TYPE_CHECKING:
    from tests.lab.before import Execute

_API_PORT = 6443


def start(topology: Topology, addresses: Mapping[str, IPv4Address], execute: Execute) -> None:
    """Install haproxy from Debian on the balancing node and let it forward the endpoint's port."""
    node = topology.balancer
    if node is None or topology.endpoint is None:
        raise LabError(f"topology {topology.name} has no balancer")
    shell.say(f"haproxy on {node.name}")
    control_planes = {each.name: addresses[each.name] for each in topology.nodes if each.group == CONTROL_PLANES}
    port = topology.init.get("localAPIEndpoint", {}).get("bindPort", _API_PORT)
    install = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "haproxy")
    execute(node.name, "env", "DEBIAN_FRONTEND=noninteractive", *install)
    is_tuned = node.group != LOAD_BALANCERS
    configuration = configure(topology.endpoint.port, control_planes, port, is_tuned=is_tuned)
    execute(node.name, "tee", "/etc/haproxy/haproxy.cfg", stdin=configuration)
    execute(node.name, "systemctl", "restart", "haproxy.service")


def configure(listen: int, control_planes: Mapping[str, IPv4Address], port: int, *, is_tuned: bool = False) -> str:
    """haproxy.cfg: TCP to every control plane that answers its health check.

    :param is_tuned: whether it tries the next server at once, and finds out as soon as the collection's own does.
    """
    connect, check = "5s", "check check-ssl verify none inter 1s fall 2 rise 1"
    tuned: list[str] = []
    if is_tuned:
        connect, check = "300ms", "check check-ssl verify none inter 500ms fastinter 200ms fall 2 rise 1"
        check += " observe layer4 error-limit 1 on-error mark-down"
        tuned = ["    timeout check 500ms", "    retries 3", "    option redispatch 1"]
    lines = [
        "global",
        "    log stdout format raw local0",
        "defaults",
        "    mode tcp",
        f"    timeout connect {connect}",
        "    timeout client 4h",
        "    timeout server 4h",
        *tuned,
        "frontend apiserver",
        f"    bind *:{listen}",
        "    default_backend apiservers",
        "backend apiservers",
        "    option httpchk GET /healthz",
        "    http-check expect status 200",
        "    balance roundrobin",
    ]
    lines += [f"    server {name} {address}:{port} {check}" for name, address in control_planes.items()]
    if is_tuned:
        # Where every check fails, a slow machine is more likely than the loss of all of them.
        lines.append("    option allbackups")
        lines += [f"    server {name}-unchecked {address}:{port} backup" for name, address in control_planes.items()]
    return "\n".join(lines) + "\n"
