#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_cluster_info
short_description: Collect what an audit of a Kubernetes control plane needs from the API
version_added: 0.1.0
description:
  - Reads, with the control plane's own kubectl, the objects of a kubeadm cluster that name its endpoint, its nodes,
    and leftovers of earlier joins.
  - Asks the API server of this host, whatever server the kubeconfig names, so that it works while a load balancer is
    down. The server's certificate is verified.
  - Secrets are not returned. Of bootstrap tokens only name, description and expiration are.
  - Changes nothing. The host needs Python 3.8 and its standard library.
options:
  kubeconfig:
    description:
      - Kubeconfig with the rights of a cluster administrator.
    type: path
    default: /etc/kubernetes/admin.conf
  server:
    description:
      - Address and port of this host's API server, for example V(192.0.2.11:6443). Without it the kubeconfig decides.
    type: str
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubeadm_cluster_config_info
"""

EXAMPLES = r"""
- name: Look at the cluster
  kubeadm.ha.kubernetes_cluster_info:
    server: 192.0.2.11:6443
  register: looked
"""

RETURN = r"""
cluster:
  description: What was found.
  returned: success
  type: dict
  contains:
    configmaps:
      description: ConfigMaps by namespace and name. Those that do not exist are left out.
      type: dict
    nodes:
      description: Name, labels, taints, addresses, kubelet version and readiness of each node.
      type: list
      elements: dict
    kube_proxy_pods:
      description: Pods of kube-proxy with node and start time.
      type: list
      elements: dict
    has_kube_proxy:
      description: Whether the DaemonSet kube-system/kube-proxy exists.
      type: bool
    bootstrap_tokens:
      description: Bootstrap tokens without their secrets.
      type: list
      elements: dict
    has_uploaded_certificates:
      description: Whether the Secret kube-system/kubeadm-certs exists.
      type: bool
    version:
      description: Version of the API server.
      type: str
      sample: v1.34.4
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster_inspection import inspect_cluster
from ansible_collections.kubeadm.ha.plugins.module_utils._module import conclude

SECONDS_FOR_A_COMMAND = 60.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path", "default": "/etc/kubernetes/admin.conf"},
            "server": {"type": "str"},
        },
        supports_check_mode=True,
    )
    api = KubectlApi(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        kubeconfig=module.params["kubeconfig"],
        server=module.params["server"],
    )
    conclude(module, lambda: Decision(values={"cluster": inspect_cluster(api)}))


if __name__ == "__main__":
    main()
