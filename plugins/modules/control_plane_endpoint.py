#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_endpoint
short_description: Let every cluster-wide object of a kubeadm cluster name the control plane endpoint
version_added: 1.0.0
description:
  - Sets C(controlPlaneEndpoint) in the ConfigMap C(kube-system/kubeadm-config), validated by the host's kubeadm where it can.
  - Sets the C(server) in the ConfigMap C(kube-public/cluster-info), which joining nodes take whatever address they were
    given to join through, and waits until kube-controller-manager has signed it again for every bootstrap token.
  - Waits for signatures, too, that are of another content than the present one, so that a run that was killed between the
    write and the signature is completed.
  - Sets the C(server) in the ConfigMap C(kube-system/kube-proxy), restarts the DaemonSet C(kube-system/kube-proxy) in a
    rolling way and waits for a new pod on every node that is Ready. While a node that is down holds the DaemonSet's own
    rollout up, the pods of the others are replaced one after the other. A cluster without kube-proxy is left without.
  - Pods of kube-proxy that were created before the last write of their ConfigMap are restarted, too, so that an interrupted
    run, or a change made by hand, is completed.
  - Everything else in these objects stays as it is. They are written only if nobody changed them meanwhile, else read,
    decided and written again, up to ten times.
  - Kubeconfigs on nodes are not touched, see M(kubeadm.ha.kubeconfig_cluster). API servers must already serve a certificate
    with the endpoint's host among its SANs, see M(kubeadm.ha.kubeadm_certificate).
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
requirements:
  - PyYAML
  - kubectl, or the Python library kubernetes
options:
  endpoint:
    description:
      - The control plane endpoint, host and port.
    type: str
    required: true
  kube_proxy_endpoint:
    description:
      - Host and port that kube-proxy is to use, where they are not those of O(endpoint), as in a cluster that goes back to what it was.
    type: str
  timeout:
    description:
      - Seconds to wait for the signature of cluster-info, and again for each further node's new pod of kube-proxy.
    type: int
    default: 300
  unmanaged_nodes:
    description:
      - Nodes whose kube-proxy is not waited for. Nodes that are not Ready never are.
    type: list
    elements: str
    default: []
  kubeadm_config:
    description:
      - Also set C(controlPlaneEndpoint) in the ConfigMap C(kube-system/kubeadm-config). V(false) where
        M(kubeadm.ha.kubeadm_cluster_config) sets it with the other fields, which would be reported twice in check mode.
    type: bool
    default: true
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_cluster_config
  - module: kubeadm.ha.kubeadm_cluster_config_info
  - module: kubeadm.ha.kubeconfig_cluster
"""

EXAMPLES = r"""
- name: Point the cluster to the load balancer
  kubeadm.ha.control_plane_endpoint:
    endpoint: k8s.example.org:6443

- name: Show what still names another endpoint
  kubeadm.ha.control_plane_endpoint:
    endpoint: k8s.example.org:6443
  check_mode: true
  diff: true
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode. When the module fails, what it had changed, or begun to, by then.
  returned: success, and failure after the first change
  type: list
  elements: dict
  contains:
    object:
      description: The object, by kind and name.
      type: str
    before:
      description:
        - The differing fields of kubeadm-config, the server of the other ConfigMaps, or the number of outdated pods of
          the DaemonSet on nodes that are Ready.
        - Where cluster-info names the endpoint already, the number of its signatures that are of another content.
      type: raw
    after:
      description: The same afterwards.
      type: raw
    reason:
      description: Why.
      type: str
  sample:
    - object: ConfigMap kube-public/cluster-info
      before: https://192.0.2.11:6443
      after: https://k8s.example.org:6443
      reason: joining nodes take the server from here
    - object: DaemonSet kube-system/kube-proxy
      before:
        outdated_pods: 3
      after:
        outdated_pods: 0
      reason: "kube-proxy reads its ConfigMap kube-system/kube-proxy only when it starts: rolling restart"
cluster_info_server:
  description: The server in cluster-info afterwards, V(null) without that ConfigMap.
  returned: success
  type: str
  sample: https://k8s.example.org:6443
control_plane_endpoint:
  description: The endpoint in kubeadm-config afterwards.
  returned: success
  type: str
  sample: k8s.example.org:6443
kube_proxy_server:
  description: The server in kube-proxy's ConfigMap afterwards, V(null) without kube-proxy.
  returned: success
  type: str
  sample: https://k8s.example.org:6443
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_input import parse_endpoint_option
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import control_plane_endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "endpoint": {"type": "str", "required": True},
            "kube_proxy_endpoint": {"type": "str"},
            **_options.KUBECONFIG,
            "timeout": {"type": "int", "default": 300},
            "unmanaged_nodes": {"type": "list", "elements": "str", "default": []},
            "kubeadm_config": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    require_library(module, "PyYAML", YAML_IMPORT_ERROR)

    def decide() -> Decision:
        endpoint = parse_endpoint_option("endpoint", module.params["endpoint"])
        own = module.params["kube_proxy_endpoint"]
        commands = HostCommands()
        return control_plane_endpoint.ensure(
            open_api(commands, kubeconfig=module.params["kubeconfig"], server=module.params["server"]),
            PyYaml(),
            HostClock(),
            commands,
            endpoint=endpoint,
            of_kube_proxy=parse_endpoint_option("kube_proxy_endpoint", own) if own else endpoint,
            timeout=module.params["timeout"],
            unmanaged=module.params["unmanaged_nodes"],
            with_configuration=module.params["kubeadm_config"],
        )

    run_decision(module, decide)


if __name__ == "__main__":
    main()
