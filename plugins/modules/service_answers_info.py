#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_answers_info
short_description: Ask from a host whether every pod of the smoke application answers
version_added: 1.0.0
description:
  - Asks each target over HTTP, each time by a new connection, until every pod has answered through it. A Service gives each
    connection to any of its pods, so a pod that never answers is on a node to which the network from this host does not lead.
  - Pods are those of M(kubeadm.ha.cluster_smoke); they name themselves in their answers.
  - The host needs Python 3.8 and its standard library, nothing else.
  - Changes nothing. Fails when a pod has not answered through each target in time.
options:
  targets:
    description: Where to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        required: true
  pods:
    description: Who must answer.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the pod.
        type: str
        required: true
      node:
        description: Its node, for messages.
        type: str
        required: true
  timeout:
    description:
      - Seconds to go on asking. kube-proxy needs a moment until it knows a new Service.
    type: int
    default: 30
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.cluster_smoke
"""

EXAMPLES = r"""
- name: Every pod answers this node
  kubeadm.ha.service_answers_info:
    targets: "{{ smoke.targets }}"
    pods: "{{ smoke.pods }}"
"""

RETURN = r"""
answers:
  description: Who answered, in the order of O(targets).
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: As given.
      type: str
      sample: 10.96.31.7
    port:
      description: As given.
      type: int
      sample: 80
    pods:
      description: Names of the pods that answered.
      type: list
      elements: str
      sample: [smoke-6d5f8c9b7-4k8ws, smoke-6d5f8c9b7-x2x4q]
    answered:
      description: How many requests one of them answered.
      type: int
      sample: 8
    unanswered:
      description: How many requests none of them answered.
      type: int
      sample: 0
    error:
      description: The last reason, empty without one.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.plain_http import HostPlainHttp
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.service_answers import ask
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
            "pods": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "node": {"type": "str", "required": True},
                },
            },
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )

    def decide() -> Decision:
        answers = ask(
            HostPlainHttp(),
            HostClock(),
            module.params["targets"],
            pods={pod["name"]: pod["node"] for pod in module.params["pods"]},
            seconds=module.params["timeout"],
        )
        return Decision(values={"answers": [item.as_dict() for item in answers]})

    run_decision(module, decide)


if __name__ == "__main__":
    main()
