#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_drill_watch
short_description: Watch the control plane endpoint and the virtual IP while something of another host fails
version_added: 1.0.0
description:
  - Watches while M(kubeadm.ha.failover_drill_event) lets something fail on another host, which would see it otherwise, or has nothing to ask
    with. It is run in the background.
  - The watch has begun when O(path) is there. Whoever has let the event happen removes the file; the watch ends when the endpoint has not
    failed, and exactly one and the same host has had the virtual IP, for three seconds since.
  - An outage begins with the last success before it, because two hosts have two clocks.
  - The role C(failover_drill) does all of it.
options:
  kubeconfig:
    description:
      - Kubeconfig on this host whose CA is used where there is no other. Without it one is found as for
        M(kubeadm.ha.failover_drill_event).
    type: path
  virtual_ip:
    description:
      - An IPv4 address of O(interface)'s network. It is asked by ARP who has it, every 100 ms.
    type: str
  interface:
    description:
      - Interface of this host in the network of O(virtual_ip).
    type: str
  names:
    description:
      - Names of hosts by their hardware addresses in that network.
    type: dict
    default: {}
  path:
    description:
      - A file that is made when the watch has begun. A watch before it that used the same file ends.
    type: path
    default: /run/kubeadm-ha-failover-drill-watch
  longest:
    description:
      - Seconds for which the file may be there.
    type: float
    default: 300
  timeout:
    description:
      - Seconds for which is waited when it is gone.
    type: float
    default: 120
extends_documentation_fragment:
  - kubeadm.ha.control_plane.endpoint_watch
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Nothing is watched.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing; each run is another watch.
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.failover_drill_event
  - module: kubeadm.ha.failover_drill_report
"""

EXAMPLES = r"""
- name: Watch the endpoint in the background
  kubeadm.ha.failover_drill_watch:
    endpoint: k8s.example.org:6443
  async: 600
  poll: 0
  register: watch

- name: It watches
  ansible.builtin.wait_for:
    path: /run/kubeadm-ha-failover-drill-watch
"""

RETURN = r"""
measured:
  description: What was measured. V(null) in check mode.
  returned: success
  type: dict
  contains:
    endpoint:
      description:
        - With O(endpoint) how many probes of it were V(sent), how many V(failed), V(failed_before) the watch had begun, and V(rto), the
          seconds from the last success before the first failure to the first success after which none failed.
      type: dict
    previous_holder:
      description: With O(virtual_ip) who had it when the watch began. V(null) when that was not exactly one host.
      type: str
      sample: lb1
    new_holder:
      description: All who have it in the end.
      type: str
      sample: lb2
    transitions:
      description: How often another host had it alone.
      type: int
      sample: 1
    seconds:
      description: From the last moment at which it was as in the beginning until exactly one host had it for good. V(null) when that is not so.
      type: float
      sample: 1.1
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.host_clients import HostClients
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import component_services
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.address_holders import ArpHolders
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_watch import open_watch
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import COMPONENTS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.observation import observed
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def watched(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What was seen, by the module's options."""
    files, commands, watch = HostFiles(), HostCommands(), None
    if options["endpoint"]:
        services = component_services.of_host(commands)
        client = HostClients(files, commands, services).open(COMPONENTS, kubeconfig=options["kubeconfig"], server=None)
        watch = open_watch(
            files,
            client.context,
            Endpoint.parse(options["endpoint"]),
            ca_path=options["ca_path"],
            client_certificate=options["client_certificate"],
        )
    return observed(
        files,
        HostClock(),
        watch,
        ArpHolders(options["virtual_ip"], options["interface"]) if options["virtual_ip"] else None,
        path=options["path"],
        name=str(os.getpid()),
        longest=options["longest"],
        timeout=options["timeout"],
        names=options["names"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path"},
            "virtual_ip": {"type": "str"},
            "interface": {"type": "str"},
            "names": {"type": "dict", "default": {}},
            "path": {"type": "path", "default": "/run/kubeadm-ha-failover-drill-watch"},
            "longest": {"type": "float", "default": 300},
            "timeout": {"type": "float", "default": 120},
            **_options.ENDPOINT_WATCH,
        },
        required_one_of=[("endpoint", "virtual_ip")],
        required_together=[("virtual_ip", "interface")],
        supports_check_mode=True,
    )
    run_decision(module, lambda: Decision(values={"measured": None if module.check_mode else watched(module.params)}))


if __name__ == "__main__":
    main()
