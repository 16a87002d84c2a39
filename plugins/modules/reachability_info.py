#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability_info
short_description: Try from a host whether others can be reached by TCP
version_added: 1.0.0
description:
  - Begins a TCP connection to each address and port, all at the same time, and reports how each attempt ended. Finds
    what is blocked by whatever filters on the way, be it a firewall of a host or the rules of a cloud.
  - Nothing needs to listen there. The system of a host that is reached answers for a closed port, too, with a TCP reset.
  - A firewall that itself rejects with a TCP reset, as C(ufw reject) does, cannot be distinguished from a closed port.
  - No data is sent. What listens may log a connection that ended at once.
  - The host needs Linux, Python 3.8 and its standard library, nothing else.
  - Changes nothing.
options:
  targets:
    description: What to try.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: IPv4 or IPv6 address. Names are refused, because resolving them has no bound of time.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        required: true
  timeout:
    description:
      - Seconds after which an attempt counts as not answered, more than 0 and at most 10. The module takes no longer, however
        many targets there are. Linux repeats the first packet after one second, so the default bears the loss of one.
    type: float
    default: 1.4
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.cluster_plan
  - name: Ports and Protocols
    description: Ports that the nodes of a cluster need.
    link: https://kubernetes.io/docs/reference/networking/ports-and-protocols/
"""

EXAMPLES = r"""
- name: Try whether another control plane's etcd could be reached
  kubeadm.ha.reachability_info:
    targets:
      - {address: 192.0.2.12, port: 2379}
      - {address: 192.0.2.12, port: 2380}
  register: tried

- name: Show what is blocked
  ansible.builtin.debug:
    msg: "{{ tried.attempts | rejectattr('outcome', 'in', ['connected', 'refused']) }}"
"""

RETURN = r"""
attempts:
  description: How the attempts ended, in the order of O(targets).
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: As given.
      type: str
      sample: 192.0.2.12
    port:
      description: As given.
      type: int
      sample: 2380
    outcome:
      description:
        - V(connected) when something listens, V(refused) by a TCP reset when nothing does; either way it was reached.
        - V(rejected) by an ICMP message of a firewall or a router, or for want of a route; V(silent) when nothing came in
          time; V(failed) when the host could not even try.
        - Linux before 5.8 does not distinguish an ICMP message C(port unreachable) from a TCP reset.
      type: str
      sample: silent
    error:
      description: Name of the system's error, empty with V(connected).
      type: str
      sample: ETIMEDOUT
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.sockets import HostSockets
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.connection_attempts import attempt
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "targets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "address": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                },
            },
            "timeout": {"type": "float", "default": 1.4},
        },
        supports_check_mode=True,
    )

    def decide() -> Decision:
        attempts = attempt(HostSockets(), module.params["targets"], seconds=module.params["timeout"])
        return Decision(values={"attempts": [item.as_dict() for item in attempts]})

    run_decision(module, decide)


if __name__ == "__main__":
    main()
