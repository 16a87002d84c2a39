#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_smoke
short_description: Run an application for the time of a proof
version_added: 1.0.0
description:
  - Runs pods on several nodes behind a Service with a NodePort, in a namespace of their own, and waits until all are ready.
    M(kubeadm.ha.service_answers_info) then proves from each node that they answer.
  - The pods run the image of the cluster's own CoreDNS, without rights, tokens or storage, by the rules of the Pod Security
    Standard I(restricted). They tolerate the taint of control planes and are spread over all nodes that may run them.
  - What an interrupted run has left is used again, or removed first where it differs.
  - A namespace of that name that this module has not made is left alone, and the module fails.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
requirements:
  - kubectl, or the Python library kubernetes
options:
  state:
    description:
      - V(present) runs the application, V(absent) removes it with its namespace.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description:
      - Namespace in which the application runs alone.
    type: str
    default: kubeadm-ha-smoke
  image:
    description:
      - An image of CoreDNS. By default that of the Deployment C(kube-system/coredns).
    type: str
  replicas:
    description:
      - How many pods, 2 at least.
    type: int
    default: 4
  timeout:
    description:
      - Seconds until all pods must be ready, and until the namespace must be gone.
    type: int
    default: 120
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.service_answers_info
"""

EXAMPLES = r"""
- name: Prove that an application runs and answers
  block:
    - name: Run it
      kubeadm.ha.cluster_smoke:
      delegate_to: cp1
      run_once: true
      register: smoke

    - name: Every pod answers every node
      kubeadm.ha.service_answers_info:
        targets: "{{ smoke.targets }}"
        pods: "{{ smoke.pods }}"
  always:
    - name: Remove it
      kubeadm.ha.cluster_smoke:
        state: absent
      delegate_to: cp1
      run_once: true
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
      sample: Deployment kubeadm-ha-smoke/smoke
    before:
      description: What there was.
      type: str
    after:
      description: What there is.
      type: str
      sample: for the time of the proof
    reason:
      description: Why.
      type: str
image:
  description: The image of the pods.
  returned: with O(state=present)
  type: str
  sample: registry.k8s.io/coredns/coredns:v1.12.1
pods:
  description: The pods, all ready. Empty in check mode where they do not run yet, and with O(state=absent).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pod.
      type: str
      sample: smoke-6d5f8c9b7-x2x4q
    node:
      description: Its node.
      type: str
      sample: w1
targets:
  description: Where they must answer. Empty when RV(pods) is.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Address of the Service, or of a node that is Ready.
      type: str
      sample: 192.0.2.21
    port:
      description: Port of the Service, or its NodePort.
      type: int
      sample: 31380
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import smoke
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    options = module.params
    api, clock = open_api(HostCommands(), kubeconfig=options["kubeconfig"], server=options["server"]), HostClock()
    if options["state"] == "absent":
        return smoke.ensure_absent(api, clock, namespace=options["namespace"], timeout=options["timeout"])
    return smoke.ensure_present(
        api,
        clock,
        namespace=options["namespace"],
        image=options["image"] or "",
        replicas=options["replicas"],
        timeout=options["timeout"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "namespace": {"type": "str", "default": "kubeadm-ha-smoke"},
            "image": {"type": "str"},
            "replicas": {"type": "int", "default": 4},
            "timeout": {"type": "int", "default": 120},
            **_options.KUBECONFIG,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
