#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_manifest
short_description: Objects of the cluster are as manifests say
version_added: 1.0.0
description:
  - Applies manifests on the server, objects of any kind. What would change is found out by the API server itself in a dry run, so
    that defaults and what others have set beside the manifests are no change.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl), so that control plane nodes need no
    Python library. The module M(kubernetes.core.k8s) is for hosts that have it.
  - The collection owns every field of the manifests afterwards, as the field manager C(kubeadm-ha).
requirements:
  - kubectl, or the Python library kubernetes
  - Kubernetes 1.22 or newer
options:
  definitions:
    description:
      - The objects. Lists of objects are taken apart; Namespaces and CustomResourceDefinitions are applied first, the others in
        their order.
    type: list
    elements: dict
    required: true
  wait_timeout:
    description:
      - Seconds in which the API server must serve a kind that a CustomResourceDefinition among O(definitions) defines.
    type: float
    default: 60
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - What does not exist yet is predicted without asking the API server, which would miss its Namespace.
  diff_mode:
    support: full
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.cluster_network_info
"""

EXAMPLES = r"""
- name: A namespace
  kubeadm.ha.kubernetes_manifest:
    definitions:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: blue
"""

RETURN = r"""
changes:
  description:
    - What changed, or would change in check mode. C(before) and C(after) hold the differing fields by path; the content of a Secret
      is hidden.
  returned: success
  type: list
  elements: dict
  sample: [{"object": "Namespace blue", "before": null, "after": "present", "reason": "the cluster is to have it"}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.manifests import ApiManifests
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import manifest
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    api = open_api(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    return manifest.ensure(
        ApiManifests(api),
        HostClock(),
        manifest.parse(module.params["definitions"]),
        reason="the cluster is to have it",
        timeout=module.params["wait_timeout"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "definitions": {"type": "list", "elements": "dict", "required": True},
            **_options.KUBECONFIG,
            "wait_timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
