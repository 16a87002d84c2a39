#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_network_info
short_description: Determine whether the cluster has a pod network, and what the role cni would change
version_added: 1.0.0
description:
  - Reads on a control plane which CNI configurations are there, asks the API which nodes lack a network by what their kubelets
    report, and whose the objects of the network are.
  - On a host without the kubeconfig there is no cluster yet; then everything is predicted to be created.
  - Changes nothing.
requirements:
  - kubectl, or the Python library kubernetes
options:
  provider:
    description:
      - What the cluster is to have. V(flannel), V(none), or any other word for a manifest of the operator's own.
    type: str
    default: flannel
  definitions:
    description:
      - Manifests of the network.
    type: list
    elements: dict
    default: []
  directory:
    description:
      - Where the container runtime finds CNI configurations.
    type: path
    default: /etc/cni/net.d
  name:
    description:
      - The host's inventory name, for messages.
    type: str
    required: true
  wait_timeout:
    description:
      - Seconds to wait until every node is Ready. With V(0) nothing is waited for.
    type: float
    default: 0
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_manifest
"""

EXAMPLES = r"""
- name: Has the cluster a network
  kubeadm.ha.cluster_network_info:
    name: "{{ inventory_hostname }}"
  register: inspected
"""

RETURN = r"""
network:
  description: What was found, which are the names of CNI configurations, nodes without a network, and the owner of the objects.
  returned: success
  type: dict
  sample: {"configurations": ["10-flannel.conflist"], "nodes_without": [], "owner": "kubeadm.ha", "changes": []}
decision:
  description: What the role would change, and reasons to stop.
  returned: success
  type: dict
  contains:
    changes:
      description: As M(kubeadm.ha.kubernetes_manifest) would make them; none where a network is there that is not the collection's.
      type: list
      elements: dict
    problems:
      description: Reasons to stop with their remedy; each with C(subject) and C(message).
      type: list
      elements: dict
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api_path import FIELD_MANAGER
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.manifests import ApiManifests
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import manifest, network, nodes_readiness
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

_REASON = "the cluster has no pod network, or another version of it"


def collect(parameters: t.Mapping[str, t.Any]) -> network.Network:
    """What the host and the cluster have."""
    manifests = manifest.parse(parameters["definitions"])
    names = network.configurations(HostFiles().names(parameters["directory"]))
    if not os.path.exists(parameters["kubeconfig"]):
        return network.Network(names, changes=tuple(manifest.creation(item, _REASON) for item in manifests))
    api = open_api(HostCommands(), kubeconfig=parameters["kubeconfig"], server=parameters["server"])
    if parameters["wait_timeout"] > 0:
        nodes = nodes_readiness.wait(api, HostClock(), wait_timeout=parameters["wait_timeout"])
    else:
        nodes = tuple(Node.from_api(item) for item in api.list("node"))
    objects = ApiManifests(api)
    found = (objects.current(item) for item in manifests)
    return network.Network(
        configurations=names,
        nodes_without=tuple(sorted(node.name for node in nodes if network.lacks_network(node))),
        changes=manifest.changes(objects, manifests, reason=_REASON),
        owner=network.owner_of((item for item in found if item is not None), manager=FIELD_MANAGER),
    )


def inspect(parameters: t.Mapping[str, t.Any]) -> Decision:
    """The module's result."""
    found = collect(parameters)
    decided = network.decide(
        parameters["name"], found, provider=parameters["provider"], directory=parameters["directory"]
    )
    return Decision(values={"network": found.as_dict(), "decision": decided.as_dict()})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "provider": {"type": "str", "default": "flannel"},
            "definitions": {"type": "list", "elements": "dict", "default": []},
            "directory": {"type": "path", "default": "/etc/cni/net.d"},
            "name": {"type": "str", "required": True},
            **_options.KUBECONFIG,
            "wait_timeout": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: inspect(module.params))


if __name__ == "__main__":
    main()
