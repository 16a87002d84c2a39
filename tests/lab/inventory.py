# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible inventory of a lab, written as YAML without a YAML library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

from tests.lab.addresses import endpoint, vip
from tests.lab.kubeadm import ignored_checks
from tests.lab.topology import DEFAULT_SSH_PORT, Topology

GROUPS = ("kube_control_plane", "kube_node", "kube_load_balancer", "spare")
USER = "ops"


def render(topology: Topology, addresses: Mapping[str, IPv4Address], connection: Mapping[str, object]) -> str:
    """The inventory's text: ``connection`` are variables of every host, the endpoint is the only input set, with what it is.

    For old and new releases the checks are set, too, that no host of the lab passes.
    """
    variables: dict[str, object] = {
        "ansible_user": USER,
        **({"ansible_port": topology.ssh_port} if topology.ssh_port != DEFAULT_SSH_PORT else {}),
        "ansible_become": True,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_pipelining": True,
        **connection,
    }
    if topology.endpoint is not None or topology.vip or topology.dns_endpoint is not None:
        variables["kubeadm_ha_endpoint"] = endpoint(topology, addresses)
    if topology.vip:
        variables["kubeadm_ha_vip"] = str(vip(addresses))
    if topology.dns_endpoint is not None:
        variables["kubeadm_ha_load_balancer"] = "dns"
    if ignored := ignored_checks(topology.kubernetes):
        variables["kubeadm_ha_ignore_preflight_errors"] = list(ignored)
    lines = ["---", "all:", "  vars:"]
    lines += [f"    {name}: {json.dumps(value)}" for name, value in variables.items()]
    for group in _groups(topology):
        lines += [f"{topology.groups.get(group, group)}:", *_hosts(topology, addresses, group)]
    return "\n".join(lines) + "\n"


def ssh_arguments(known_hosts: Path) -> str:
    """Options of ssh: this lab's host keys only, one connection per host kept for five minutes."""
    options = {
        "ControlMaster": "auto",
        "ControlPersist": "300s",
        "UserKnownHostsFile": f'"{known_hosts}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
    }
    return " ".join(f"-o {name}={value}" for name, value in options.items())


def _groups(topology: Topology) -> tuple[str, ...]:
    used = dict.fromkeys(group for node in topology.nodes for group in node.groups)
    return tuple(group for group in GROUPS if group in used) + tuple(group for group in used if group not in GROUPS)


def _hosts(topology: Topology, addresses: Mapping[str, IPv4Address], group: str) -> list[str]:
    lines = ["  hosts:"]
    for node in topology.nodes:
        if group in node.groups:
            lines += [f"    {node.name}:", f'      ansible_host: "{addresses[node.name]}"']
    return lines
