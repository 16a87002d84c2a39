#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_node
short_description: Mark the Node of a control plane as one
version_added: 1.0.0
description:
  - Gives a Node the labels and the taint that C(kubeadm join) gives in its last phase, C(mark-control-plane), when the join
    ended before that phase. Without them the scheduler puts workloads on the host, and what searches for control planes
    by their label does not find it.
  - What is given is what the cluster's other control planes have of kubeadm's labels and taints. Where none has the taint,
    because its operator wants workloads there, none is given.
  - A Node that has the label is left alone, whatever else was taken from it. So is every Node of a cluster in which no other
    has the label.
options:
  node_name:
    description: Name of the Node. Its host must run a control plane.
    type: str
    required: true
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join
"""

EXAMPLES = r"""
- name: The node is marked as a control plane
  kubeadm.ha.control_plane_node:
    node_name: cp3
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
      sample: node cp3
    before:
      description: An empty list.
      type: raw
    after:
      description: The labels and taints that it was given.
      type: raw
      sample: ["label node-role.kubernetes.io/control-plane", "taint node-role.kubernetes.io/control-plane:NoSchedule"]
    reason:
      description: Why.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import control_plane_node
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    api = open_api(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    return control_plane_node.ensure(api, module.params["node_name"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "node_name": {"type": "str", "required": True},
            **_options.KUBECONFIG,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
