#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_cluster_config
short_description: Change kubeadm's ClusterConfiguration in the cluster
version_added: 1.0.0
description:
  - Changes the C(ClusterConfiguration) that kubeadm keeps in the ConfigMap C(kube-system/kubeadm-config), in every
    version from C(v1beta1) to C(v1beta4), and nothing else. Running components and certificates follow it only when kubeadm
    is reported so.
  - What the options do not name stays as it is, with unknown fields, the order of fields and the ConfigMap's other keys.
  - Values are compared by their meaning. SANs and endpoints may be spelled differently without being changed.
  - A field that the stored version does not have is refused.
  - The host's C(kubeadm config validate) checks the new document before it is written, where the host has a kubeadm that
    can (1.26 or newer, and one that still reads the stored version). Where it refuses the document that is stored already,
    its verdict on the new one is not used.
  - Nobody's change is lost. The ConfigMap is written only if nobody changed it meanwhile, else it is read, decided and
    written again, up to ten times.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
requirements:
  - PyYAML
  - kubectl, or the Python library kubernetes
options:
  cert_sans:
    description:
      - Host names and IP addresses that C(apiServer.certSANs) must have. Others that stand there stay.
      - kubeadm adds the host of O(control_plane_endpoint) by itself.
    type: list
    elements: str
    default: []
  control_plane_endpoint:
    description:
      - The C(controlPlaneEndpoint), host and port.
    type: str
  etcd_peer_cert_sans:
    description:
      - Host names and IP addresses that C(etcd.local.peerCertSANs) must have. Others that stand there stay.
      - Refused when etcd is external.
    type: list
    elements: str
    default: []
  etcd_server_cert_sans:
    description:
      - Host names and IP addresses that C(etcd.local.serverCertSANs) must have. Others that stand there stay.
      - Refused when etcd is external.
    type: list
    elements: str
    default: []
  extra_args:
    description:
      - Flags of components, by name without dashes, whatever the stored version writes (a map up to C(v1beta3), a list of
        name and value from C(v1beta4) on). Flags that are not named stay.
      - A value is a string, a list of strings for a flag that is repeated (C(v1beta4) only), or V(null) to remove the flag.
    type: dict
    suboptions:
      api_server:
        description:
          - Flags of kube-apiserver.
        type: dict
      controller_manager:
        description:
          - Flags of kube-controller-manager.
        type: dict
      etcd:
        description:
          - Flags of etcd. Refused when etcd is external.
        type: dict
      scheduler:
        description:
          - Flags of kube-scheduler.
        type: dict
  extra_volumes:
    description:
      - hostPath volumes of components, by name. Volumes that are not named stay.
    type: dict
    suboptions:
      api_server:
        description:
          - Volumes of kube-apiserver.
        type: list
        elements: dict
        suboptions: &volume
          name:
            description:
              - Name of the volume.
            type: str
            required: true
          host_path:
            description:
              - Path on the host, absolute. Required unless O(extra_volumes.api_server[].state=absent).
            type: str
          mount_path:
            description:
              - Path in the container, absolute. Required unless O(extra_volumes.api_server[].state=absent).
            type: str
          path_type:
            description:
              - The hostPath's type, for example V(File) or V(DirectoryOrCreate). Empty is none.
            type: str
            default: ''
          read_only:
            description:
              - The container may not write.
            type: bool
            default: false
          state:
            description:
              - V(absent) takes the volume away.
            type: str
            choices: [present, absent]
            default: present
      controller_manager:
        description:
          - Volumes of kube-controller-manager.
        type: list
        elements: dict
        suboptions: *volume
      scheduler:
        description:
          - Volumes of kube-scheduler.
        type: list
        elements: dict
        suboptions: *volume
  kubeconfig:
    description:
      - Kubeconfig with the right to read and update ConfigMaps in the namespace C(kube-system).
  patch:
    description:
      - A JSON merge patch (RFC 7386) of the document, applied before the other options. V(null) removes a field, lists are
        replaced as a whole.
    type: dict
    default: {}
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_cluster_config_info
  - module: kubeadm.ha.control_plane_endpoint
  - module: kubeadm.ha.kubeadm_certificate
"""

EXAMPLES = r"""
- name: Let certificates that kubeadm issues from now on carry the load balancer's names
  kubeadm.ha.kubeadm_cluster_config:
    control_plane_endpoint: k8s.example.org:6443
    cert_sans:
      - k8s.example.org
      - 192.0.2.10

- name: Keep audit logs for 30 days on control planes that join from now on
  kubeadm.ha.kubeadm_cluster_config:
    extra_args:
      api_server:
        audit-log-maxage: "30"

- name: Let control planes that join from now on mount the audit policy
  kubeadm.ha.kubeadm_cluster_config:
    extra_args:
      api_server:
        audit-policy-file: /etc/kubernetes/audit/policy.yaml
    extra_volumes:
      api_server:
        - name: audit-policy
          host_path: /etc/kubernetes/audit/policy.yaml
          mount_path: /etc/kubernetes/audit/policy.yaml
          path_type: File
          read_only: true

- name: Show what another image repository would change
  kubeadm.ha.kubeadm_cluster_config:
    patch:
      imageRepository: registry.example.org/kubernetes
  check_mode: true
  diff: true
"""

RETURN = r"""
api_version:
  description: API version of the document.
  returned: success
  type: str
  sample: kubeadm.k8s.io/v1beta4
cert_sans:
  description: C(apiServer.certSANs) afterwards. Empty when there are none.
  returned: success
  type: list
  elements: str
  sample: [k8s.example.org, 192.0.2.10]
changes:
  description: What was changed, or would be in check mode. Empty or one entry.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Always C(ConfigMap kube-system/kubeadm-config).
      type: str
    before:
      description: The differing fields by their path, as they were. V(null) stands for a field that was not there.
      type: dict
    after:
      description: The same fields afterwards.
      type: dict
    reason:
      description: Why.
      type: str
  sample:
    - object: ConfigMap kube-system/kubeadm-config
      before:
        controlPlaneEndpoint: null
      after:
        controlPlaneEndpoint: k8s.example.org:6443
      reason: the ClusterConfiguration must say so before nodes join or certificates are issued
cluster_configuration:
  description: The whole document afterwards.
  returned: success
  type: dict
  sample:
    apiVersion: kubeadm.k8s.io/v1beta4
    controlPlaneEndpoint: k8s.example.org:6443
    kind: ClusterConfiguration
control_plane_endpoint:
  description: C(controlPlaneEndpoint) afterwards, V(null) when there is none.
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
    - C(extraArgs) afterwards by component (V(api_server), V(controller_manager), V(scheduler), V(etcd)), in every version
      as a list of name and value.
  returned: success
  type: dict
  sample:
    api_server: []
    controller_manager: []
    scheduler: []
    etcd: []
kubernetes_version:
  description: C(kubernetesVersion), V(null) when there is none.
  returned: success
  type: str
  sample: v1.34.4
resource_version:
  description: The ConfigMap's C(metadata.resourceVersion) afterwards. In check mode the present one.
  returned: success
  type: str
  sample: "733"
validated:
  description: Whether the host's kubeadm validated the new document. V(false) when nothing changes.
  returned: success
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_config
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import Wanted
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def main() -> None:
    """Run the module."""
    texts = {"type": "list", "elements": "str", "default": []}
    flags = {"type": "dict"}
    volumes = {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "host_path": {"type": "str"},
            "mount_path": {"type": "str"},
            "path_type": {"type": "str", "default": ""},
            "read_only": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    }
    module = AnsibleModule(
        argument_spec={
            "cert_sans": texts,
            "control_plane_endpoint": {"type": "str"},
            "etcd_peer_cert_sans": texts,
            "etcd_server_cert_sans": texts,
            "extra_args": {
                "type": "dict",
                "options": {
                    "api_server": flags,
                    "controller_manager": flags,
                    "etcd": flags,
                    "scheduler": flags,
                },
            },
            "extra_volumes": {
                "type": "dict",
                "options": {"api_server": volumes, "controller_manager": volumes, "scheduler": volumes},
            },
            **_options.KUBECONFIG,
            "patch": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    require_library(module, "PyYAML", YAML_IMPORT_ERROR)

    def decide() -> Decision:
        commands = HostCommands()
        api = open_api(commands, kubeconfig=module.params["kubeconfig"], server=module.params["server"])
        return kubeadm_config.ensure(api, PyYaml(), commands, Wanted.parse(module.params))

    run_decision(module, decide)


if __name__ == "__main__":
    main()
