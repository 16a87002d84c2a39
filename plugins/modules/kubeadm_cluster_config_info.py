#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_cluster_config_info
short_description: Read kubeadm's ClusterConfiguration from the cluster
version_added: 1.0.0
description:
  - Reads the C(ClusterConfiguration) that kubeadm keeps in the ConfigMap C(kube-system/kubeadm-config), in every version
    from C(v1beta1) to C(v1beta4).
  - Values are returned as they are stored. Nothing is defaulted or converted.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
  - Changes nothing.
requirements:
  - PyYAML
  - kubectl, or the Python library kubernetes
options:
  kubeconfig:
    description:
      - Kubeconfig with the right to read ConfigMaps in the namespace C(kube-system).
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_cluster_config
  - module: kubeadm.ha.control_plane_endpoint
"""

EXAMPLES = r"""
- name: Read the ClusterConfiguration
  kubeadm.ha.kubeadm_cluster_config_info:
  register: stored

- name: Stop unless the cluster has an endpoint
  ansible.builtin.assert:
    that: stored.control_plane_endpoint is not none
    fail_msg: This cluster was made without controlPlaneEndpoint.
"""

RETURN = r"""
api_version:
  description: API version of the stored document.
  returned: success
  type: str
  sample: kubeadm.k8s.io/v1beta4
cert_sans:
  description: The stored C(apiServer.certSANs). Empty when there are none.
  returned: success
  type: list
  elements: str
  sample: [k8s.example.org, 192.0.2.10]
changes:
  description: Always empty.
  returned: success
  type: list
  elements: dict
  sample: []
cluster_configuration:
  description: The whole document.
  returned: success
  type: dict
  sample:
    apiVersion: kubeadm.k8s.io/v1beta4
    kind: ClusterConfiguration
    kubernetesVersion: v1.34.4
control_plane_endpoint:
  description: The stored C(controlPlaneEndpoint), V(null) when there is none.
  returned: success
  type: str
  sample: k8s.example.org:6443
etcd:
  description: V(local) for etcd run by kubeadm, V(external) for another one.
  returned: success
  type: str
  sample: local
extra_args:
  description:
    - The stored C(extraArgs) by component (V(api_server), V(controller_manager), V(scheduler), V(etcd)), in every version
      as a list of name and value.
  returned: success
  type: dict
  sample:
    api_server:
      - name: audit-log-maxage
        value: "30"
    controller_manager: []
    scheduler: []
    etcd: []
kubernetes_version:
  description: The stored C(kubernetesVersion), V(null) when there is none.
  returned: success
  type: str
  sample: v1.34.4
resource_version:
  description: The ConfigMap's C(metadata.resourceVersion).
  returned: success
  type: str
  sample: "412"
"""


from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_config
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **_options.KUBECONFIG,
        },
        supports_check_mode=True,
    )
    require_library(module, "PyYAML", YAML_IMPORT_ERROR, changes_something=False)
    run_decision(
        module,
        lambda: kubeadm_config.inspect(
            open_api(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"]), PyYaml()
        ),
    )


if __name__ == "__main__":
    main()
