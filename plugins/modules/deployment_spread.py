#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_spread
short_description: Let the pods of a Deployment run on more than one node
version_added: 1.0.0
description:
  - When all ready pods of a Deployment, two at least, are on one node although another node may run them, restarts the
    rollout as C(kubectl rollout restart) does, waits for it, and proves that they are on more than one.
  - Where the restart has left them together, as it can with two nodes, one pod is deleted once, so that its successor
    finds a node of its own.
  - What decides is nodeSelector, required node affinity, taints and tolerations. Room on the nodes and other rules are the
    scheduler's business; when it puts all pods on one node again, the module fails and says so.
  - Nothing is changed when there is no such Deployment, one replica, fewer than two ready pods, or no other node.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
requirements:
  - kubectl, or the Python library kubernetes
options:
  namespace:
    description:
      - Namespace of the Deployment.
    type: str
    default: kube-system
  name:
    description:
      - Name of the Deployment. The default is kubeadm's cluster DNS.
    type: str
    default: coredns
  timeout:
    description:
      - Seconds to wait for the rollout.
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
  - module: kubeadm.ha.kubernetes_cluster_info
  - name: Adding Linux worker nodes
    description: kubeadm's manual on CoreDNS after a join.
    link: https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/adding-linux-nodes/
"""

EXAMPLES = r"""
- name: The cluster's DNS bears the loss of a node
  kubeadm.ha.deployment_spread:

- name: So does another Deployment
  kubeadm.ha.deployment_spread:
    namespace: ingress
    name: controller
    timeout: 600
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object, by kind and name.
      type: str
      sample: Deployment kube-system/coredns
    before:
      description: Where the pods were.
      type: str
      sample: 2 pods on cp1
    after:
      description: Where they are.
      type: str
      sample: pods on more than one node
    reason:
      description: Why.
      type: str
nodes:
  description: Number of ready pods by node, after the change if there was one.
  returned: success
  type: dict
  sample: {"cp2": 1, "w1": 1}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import deployment_spread
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    api = open_api(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    return deployment_spread.ensure(
        api,
        HostClock(),
        [Node.from_api(node) for node in api.list("node")],
        namespace=module.params["namespace"],
        name=module.params["name"],
        timeout=module.params["timeout"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "default": "kube-system"},
            "name": {"type": "str", "default": "coredns"},
            **_options.KUBECONFIG,
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
