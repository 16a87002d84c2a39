#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_node
short_description: Drain a node, or delete the Node of a host that is no member any more
version_added: 1.0.0
description:
  - With O(state=absent) deletes a Node that is not Ready, and only if it has an address of the host that it is said to be.
  - A Ready Node is refused, because its host is in use, and so is a Node with addresses of another machine. With O(is_lost) one is refused, too,
    whose kubelet has renewed its Lease within the last two minutes.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl), wherever it is.
  - On a control plane of systemd services without C(/etc/kubernetes/admin.conf) an administrator's kubeconfig is found beside those of its
    components, and needs neither of the two.
requirements:
  - kubectl, or the Python library kubernetes
options:
  name:
    description: Name of the Node object.
    type: str
    required: true
  addresses:
    description: Addresses of the host. Required with O(state=absent).
    type: list
    elements: str
  state:
    description:
      - V(absent) is a cluster without such a Node.
      - V(drained) is a Node that takes no new pods and has none but those of DaemonSets, static ones, and ones that have ended. Pods are evicted, so
        that budgets (PodDisruptionBudget) are kept; what they have in emptyDir volumes is lost. Pods that nobody would start elsewhere are a
        reason to change nothing. A Node that does not exist is drained.
    type: str
    choices: [absent, drained]
    default: absent
  is_reset:
    description: The host was reset, or its kubelet has gone, so the Node may be deleted although it still reports itself as Ready.
    type: bool
    default: false
  is_lost:
    description: With O(state=absent), the host is gone for good and was not reset. Its pods go with the Node.
    type: bool
    default: false
  wait_timeout:
    description: With O(state=drained) seconds until the last pod has ended.
    type: int
    default: 300
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_node_info
  - module: kubeadm.ha.kubeadm_reset
"""

EXAMPLES = r"""
- name: The node of a host that lost power in its join is gone
  kubeadm.ha.kubernetes_node:
    name: cp2
    addresses: [192.0.2.12]
    state: absent
  delegate_to: cp1

- name: The node of a machine that burnt down is gone
  kubeadm.ha.kubernetes_node:
    name: cp1
    addresses: [192.0.2.11]
    is_lost: true
  delegate_to: cp2

- name: Nothing runs on a node that is to leave
  kubeadm.ha.kubernetes_node:
    name: cp3
    state: drained
  delegate_to: cp1
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object by kind and name.
      type: str
      sample: node cp2
    before:
      description: V(not Ready), or what is left of it to do.
      type: raw
    after:
      description: V(null) for what went away.
      type: raw
    reason:
      description: Why.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.administrator import open_as_administrator
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import node_drain, node_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    api = open_as_administrator(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    if module.params["state"] == "drained":
        return node_drain.drain(api, HostClock(), module.params["name"], timeout=module.params["wait_timeout"])
    return node_removal.remove(
        api,
        HostClock(),
        module.params["name"],
        addresses=module.params["addresses"],
        is_reset=module.params["is_reset"],
        is_lost=module.params["is_lost"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "addresses": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["absent", "drained"], "default": "absent"},
            "is_reset": {"type": "bool", "default": False},
            "is_lost": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
            **_options.KUBECONFIG,
        },
        required_if=[("state", "absent", ("addresses",))],
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
