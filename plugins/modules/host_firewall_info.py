#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_firewall_info
short_description: Determine which ports and protocols the host's firewall does not let in
version_added: 1.0.0
description:
  - Finds the firewall that is active on the host, firewalld or ufw, and compares its rules, as its own tool prints them, with what
    is to be open. The role C(kubeadm.ha.host_firewall) opens what is missing.
  - A rule that lets something in from some sources only is taken for what the operator wants, so it counts as open.
  - Where something is to be let in from some sources alone, the rule of exactly that port or protocol which lets it in from everywhere is
    reported as one that is to go. Ranges, services and zones that let more in are not.
  - Of firewalld one zone is inspected, as it runs and as it is stored, and of its services those for Kubernetes are known.
  - The host needs Python 3.8 and its standard library, nothing else.
  - Changes nothing.
options:
  ports:
    description: Ports that are to be open.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: Its number, from 1 to 65535, or that of the first port of a range.
        type: int
        required: true
      last:
        description: The last port of a range. All of it is to be open. V(0) for one port.
        type: int
        default: 0
      protocol:
        description: Its protocol.
        type: str
        choices: [tcp, udp]
        default: tcp
      comment:
        description: What it is for. It is reported again, for rules that have a comment.
        type: str
        default: ""
      sources:
        description:
          - IP addresses or networks from which alone it is to be let in. Empty for all; what some sources are let in counts as open then.
        type: list
        elements: str
        default: []
  protocols:
    description:
      - IP protocols that are to be let in as a whole.
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: Its name in C(/etc/protocols), such as V(vrrp).
        type: str
        required: true
      sources:
        description:
          - IP addresses or networks from which alone it is to be let in. Empty for all; what some sources are let in counts as open then.
        type: list
        elements: str
        default: []
  networks:
    description:
      - Networks from and to which the host is to forward everything, such as those of pods. Of firewalld these are sources of its zone
        C(trusted), of ufw routes.
    type: list
    elements: str
    default: []
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
  - module: ansible.posix.firewalld
  - module: community.general.ufw
  - module: kubeadm.ha.reachability_info
"""

EXAMPLES = r"""
- name: Inspect the firewall of a member of etcd
  kubeadm.ha.host_firewall_info:
    ports:
      - {port: 2379, comment: etcd clients}
      - {port: 2380, comment: etcd peers}
  register: inspected

- name: Stop where it is in the way
  ansible.builtin.assert:
    that: inspected.firewall.ports | length == 0
"""

RETURN = r"""
firewall:
  description: What is closed, and what is open to everybody though O(ports[].sources) or O(protocols[].sources) alone are to be let in.
  returned: success
  type: dict
  contains:
    name:
      description: V(firewalld), V(ufw) or empty where neither is active. Then nothing is closed.
      type: str
      sample: firewalld
    zone:
      description: The zone of firewalld that was inspected, empty for others.
      type: str
      sample: public
    ports:
      description:
        - Those of O(ports) that are not let in, each once. C(last) is there for ranges only, C(sources) where some alone are to be let in.
        - C(open_to_all) is there where a rule lets everybody in that is to go.
      type: list
      elements: dict
      sample: [{"port": 2379, "protocol": "tcp", "comment": "etcd clients"}]
    protocols:
      description: Those of O(protocols) that are not let in, each once, with C(sources) and C(open_to_all) as for ports.
      type: list
      elements: dict
      sample: [{"protocol": "vrrp", "sources": ["192.0.2.12"]}]
    networks:
      description: Those of O(networks) from or to which it does not forward everything, each once.
      type: list
      elements: str
      sample: [10.244.0.0/16]
lacks_zone:
  description: Whether firewalld runs, but does not have the zone in its running and in its permanent configuration.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.firewall_inspection import collect_firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 30.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "ports": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "port": {"type": "int", "required": True},
                    "last": {"type": "int", "default": 0},
                    "protocol": {"type": "str", "choices": [firewall.TCP, firewall.UDP], "default": firewall.TCP},
                    "comment": {"type": "str", "default": ""},
                    "sources": {"type": "list", "elements": "str", "default": []},
                },
            },
            "networks": {"type": "list", "elements": "str", "default": []},
            "protocols": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "protocol": {"type": "str", "required": True},
                    "sources": {"type": "list", "elements": "str", "default": []},
                },
            },
            "firewalld_zone": {"type": "str"},
        },
        supports_check_mode=True,
    )

    def decide() -> Decision:
        ports = firewall.parse_ports(module.params["ports"])
        commands = HostCommands(timeout=SECONDS_FOR_A_COMMAND)
        found = collect_firewall(commands, module.params["firewalld_zone"])
        protocols = firewall.parse_protocols(module.params["protocols"])
        needs = firewall.needs(found, ports, protocols, module.params["networks"])
        return Decision(values={"firewall": needs.as_dict(), "lacks_zone": firewall.lacks_zone(found)})

    run_decision(module, decide)


if __name__ == "__main__":
    main()
