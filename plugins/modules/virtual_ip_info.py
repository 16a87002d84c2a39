#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_ip_info
short_description: Inspect a host that carries or shall carry the virtual IP of the API servers
version_added: 1.0.0
description:
  - Reports whose C(keepalived.conf) the host has, what its services run, its addresses, who answers for the virtual IP on the
    network, which virtual routers advertise themselves by VRRP, and the rules of an active firewall.
  - It receives VRRP for a short time, which needs root, and tries one connection to the virtual IP and to each peer.
  - The host needs Python 3.8 and its standard library, nothing else. M(kubeadm.ha.virtual_ip_decision) parses the result on the
    controller.
  - Changes nothing.
options:
  vip:
    description: The virtual IP, V(address) or V(address/prefix). What is none is not asked for on the network.
    type: str
    required: true
  peers:
    description: The hosts that may hold it, each with its V(name) and its V(address), this one too.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Inventory name of the host.
        type: str
      address:
        description: Its own IP address.
        type: str
  port:
    description: Port of the endpoint. Connections are tried there.
    type: str
    default: "6443"
  configuration:
    description: The configuration file of keepalived.
    type: path
    default: /etc/keepalived/keepalived.conf
  marker:
    description: A text by which the role's own configuration is known.
    type: str
    default: Configuration of the Ansible role kubeadm.ha.apiserver_keepalived
  listen_seconds:
    description:
      - How long VRRP is received. Most routers advertise themselves every second.
      - It is not received where keepalived runs with the role's configuration for O(vip) and O(router_id) already.
    type: float
    default: 1.3
  router_id:
    description: The virtual router id, empty for the one that is computed from O(vip).
    type: str
    default: ''
  firewalld_zone:
    description:
      - Zone of firewalld to inspect.
      - Not given, that of the interface with the IPv4 default route, else firewalld's default zone.
    type: str
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.virtual_ip_decision
"""

EXAMPLES = r"""
- name: Inspect a host before it gets a virtual IP
  kubeadm.ha.virtual_ip_info:
    vip: 192.0.2.10/24
    peers:
      - {name: lb1, address: 192.0.2.41}
      - {name: lb2, address: 192.0.2.42}
  register: inspected

- name: Show the virtual routers of the network
  ansible.builtin.debug:
    msg: "{{ inspected.virtual_ip.advertisements }}"
"""

RETURN = r"""
virtual_ip:
  description: What was found. What the host does not have is empty.
  returned: success
  type: dict
  contains:
    is_installed:
      description: Whether the host has keepalived.
      type: bool
    owner:
      description: Whose the configuration is, V(absent), V(role), V(package) (unchanged by C(rpm --verify)) or V(other).
      type: str
    files:
      description: V(path) and V(sha1) of each file of the role.
      type: list
      elements: dict
    has_script_user:
      description: Whether the user exists that keepalived runs scripts as.
      type: bool
    keepalived:
      description: Whether it runs (V(is_active)), starts at boot (V(is_enabled)), and the SHA-1 of what it loaded (V(runs)).
      type: dict
    watcher:
      description: The same of what judges the local health. V(runs) names what it was started with.
      type: dict
    python:
      description: The interpreter for it.
      type: str
    addresses:
      description: The host's own addresses, V(interface), V(address) and V(prefix).
      type: list
      elements: dict
    neighbours:
      description: The hardware address (V(mac)) that answered for the virtual IP and for each peer (V(address)), empty for nobody.
      type: list
      elements: dict
    may_listen:
      description: Whether the host let the module receive VRRP.
      type: bool
    advertisements:
      description: Each different advertisement that was received, V(source), V(version), V(router_id), V(priority), V(addresses).
      type: list
      elements: dict
    firewall:
      description: As in RV(kubeadm.ha.load_balancer_info#module:load_balancer).
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.virtual_ip_inspection import (
    VirtualIpInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import DEFAULT_API_PORT
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.role_inputs import is_port
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import keepalived_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import keepalived
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 30.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "vip": {"type": "str", "required": True},
            "peers": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"name": {"type": "str"}, "address": {"type": "str"}},
            },
            "port": {"type": "str", "default": "6443"},
            "configuration": {"type": "path", "default": keepalived_files.CONFIGURATION},
            "marker": {"type": "str", "default": keepalived_files.MARKER},
            "listen_seconds": {"type": "float", "default": 1.3},
            "router_id": {"type": "str", "default": ""},
            "firewalld_zone": {"type": "str"},
        },
        supports_check_mode=True,
    )
    peers = (keepalived.parse_vip(peer["address"] or "") for peer in module.params["peers"])
    inspection = VirtualIpInspection(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        vip=str(keepalived.parse_vip(module.params["vip"]) or ""),
        peers=[str(address) for address in peers if address is not None],
        port=int(module.params["port"]) if is_port(module.params["port"]) else DEFAULT_API_PORT,
        configuration=module.params["configuration"],
        marker=module.params["marker"],
        listen_seconds=module.params["listen_seconds"],
        router_id=module.params["router_id"],
        zone=module.params["firewalld_zone"],
    )
    run_decision(module, lambda: Decision(values={"virtual_ip": inspection.collect()}))


if __name__ == "__main__":
    main()
