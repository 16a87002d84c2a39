#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: port_clients_info
short_description: Wait until nobody is connected to a port of this host
version_added: 1.0.0
description:
  - Proves that a load balancer is not used any more before it ends. Fails with the addresses of those that are still connected.
  - Connections of the host to itself do not count.
  - The host needs Python 3.8 and its standard library, nothing else.
  - Changes nothing.
options:
  port:
    description: The TCP port.
    type: int
    required: true
  host:
    description: Name of this host in messages. By default it is the one that the host has itself.
    type: str
  quiet:
    description: Seconds in which nobody may be connected.
    type: float
    default: 3
  wait_timeout:
    description: Seconds until the last client must have gone. With V(0) nobody may be there at the beginning.
    type: float
    default: 30
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.endpoint_info
"""

EXAMPLES = r"""
- name: Nobody uses this load balancer any more
  kubeadm.ha.port_clients_info:
    port: 6443
"""

RETURN = r"""
clients:
  description: Addresses that are connected, which are none on success.
  returned: always
  type: list
  elements: str
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.tcp_sockets import HostConnections
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import port_clients
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "required": True},
            "host": {"type": "str"},
            "quiet": {"type": "float", "default": 3},
            "wait_timeout": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    run_decision(
        module,
        lambda: port_clients.inspect(
            HostConnections(),
            HostClock(),
            module.params["port"],
            host=module.params["host"] or socket.gethostname(),
            quiet=module.params["quiet"],
            wait_timeout=module.params["wait_timeout"],
        ),
    )


if __name__ == "__main__":
    main()
