#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig_cluster
short_description: Set the server of a cluster entry in a kubeconfig file
version_added: 1.0.0
description:
  - Makes a cluster entry of a kubeconfig file name the wanted server, and the wanted CA if one is given.
  - Only that value changes. Everything else in the file stays byte for byte as it was, comments and layout included,
    in block style as well as in JSON. The edited text is read again and compared before it is written.
  - The file is replaced atomically; owner, mode and SELinux context are kept.
  - Programs that read a kubeconfig only at their start, such as the kubelet, must be restarted by the caller.
options:
  path:
    description:
      - The kubeconfig file. It must exist.
    type: path
    required: true
  server:
    description:
      - The server that the entry must name, as V(https://host:port) or V(host:port).
      - Another spelling of the same host and port is no difference.
    type: str
    required: true
  cluster:
    description:
      - Name of the cluster entry.
      - By default it is the cluster of the file's current context, else the one with an empty name, or the only cluster of the file.
    type: str
  certificate_authority_data:
    description:
      - Certificates of the CA, the PEM text in base64 as in the file.
      - Without it the CA of the entry stays as it is.
      - An entry that names a CA file keeps it; Kubernetes' clients prefer the data.
    type: str
requirements:
  - PyYAML, where the kubeconfig is not laid out as kubeadm and C(kubectl config) do it
  - cryptography, if O(certificate_authority_data) is given
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_endpoint
    description: The same for the objects of the cluster that name the endpoint.
  - module: kubeadm.ha.kubernetes_host_info
    description: Reports the servers that all kubeconfigs of a host name.
"""

EXAMPLES = r"""
- name: The administrator's kubeconfig uses the load balancer
  kubeadm.ha.kubeconfig_cluster:
    path: /etc/kubernetes/admin.conf
    server: k8s.example.org:6443

- name: The kubelet of a worker connects to the load balancer
  kubeadm.ha.kubeconfig_cluster:
    path: /etc/kubernetes/kubelet.conf
    server: https://192.0.2.10:6443
  notify: Restart kubelet

- name: One cluster of a user's kubeconfig with several
  kubeadm.ha.kubeconfig_cluster:
    path: /home/alice/.kube/config
    cluster: production
    server: https://k8s.example.org:6443
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object, V(kubeconfig) and its path.
      type: str
      sample: kubeconfig /etc/kubernetes/admin.conf
    before:
      description:
        - The server before. When the CA differs a map of the differing fields, with a hash in place of the CA.
      type: raw
      sample: https://192.0.2.11:6443
    after:
      description: The same afterwards.
      type: raw
      sample: https://k8s.example.org:6443
    reason:
      description: Why.
      type: str
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/kubernetes/admin.conf
cluster:
  description: Name of the cluster entry.
  returned: success
  type: str
  sample: kubernetes
server:
  description: The server that the entry names afterwards.
  returned: success
  type: str
  sample: https://k8s.example.org:6443
previous_server:
  description: The server that the entry named before; V(null) if it named none.
  returned: success
  type: str
  sample: https://192.0.2.11:6443
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.plain import PlainYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import IMPORT_ERROR as X509_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.yaml_text import PyYamlText
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig import kubeconfig
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    data = module.params["certificate_authority_data"]
    return kubeconfig.ensure(
        HostFiles(),
        PyYaml() if YAML_IMPORT_ERROR is None else PlainYaml(),
        PyYamlText() if YAML_IMPORT_ERROR is None else PlainYaml(),
        None if data is None else CryptographyX509(),
        path=module.params["path"],
        wanted=kubeconfig.Wanted(
            server=kubeconfig.parse_server(module.params["server"]),
            cluster=module.params["cluster"],
            certificate_authority_data=data,
        ),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "server": {"type": "str", "required": True},
            "cluster": {"type": "str"},
            "certificate_authority_data": {"type": "str"},
        },
        supports_check_mode=True,
    )
    if module.params["certificate_authority_data"] is not None:
        require_library(module, "cryptography", X509_IMPORT_ERROR)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
