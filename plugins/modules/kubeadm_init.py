#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_init
short_description: This host is the first control plane of a new cluster
version_added: 1.0.0
description:
  - Runs C(kubeadm init) on a host on which nothing of a cluster is. Does nothing on a host that is a control plane already and
    serves.
  - With O(phase=authorities) only the CAs and the key of service accounts are made, so that load balancers can verify API
    servers before there is one.
  - Before the first change the host keeps in C(/var/lib/kubeadm-ha/init.json) which cluster is being created. By that an init
    that was interrupted at any point is recognised and completed with what it has left; kubeadm's preflight errors that it
    explains are ignored, no others. The file stays when the cluster is there.
  - A CA, etcd data or a part of a control plane that this module did not make is refused with what is there and the remedy.
    Never is a second CA made over another one, and nothing is reset here.
  - At the end the API server must answer as ready with a certificate of the cluster's CA, and the cluster must have the node.
    The bootstrap token that kubeadm makes is deleted.
options:
  configuration:
    description:
      - The documents that kubeadm is given by standard input, one each of the kinds C(InitConfiguration) and
        C(ClusterConfiguration), and C(KubeletConfiguration) and C(KubeProxyConfiguration) if wanted.
      - RV(kubeadm.ha.kubeadm_init_configuration#module:configuration) is such a list. They hold no secrets.
    type: list
    elements: dict
    required: true
  phase:
    description:
      - How far the host is taken.
      - V(authorities) makes the CA, the CA of the front proxy, with stacked etcd its CA, and the key of service accounts; V(init) the first
        control plane.
    type: str
    choices: [authorities, init]
    default: init
  wait_timeout:
    description:
      - Seconds that a kubeadm of a killed run is waited for, that each kubeadm may take, and that the API server has for its
        proof.
    type: int
    default: 900
  ignore_preflight_errors:
    description:
      - Names of kubeadm's preflight checks whose errors are only warnings.
    type: list
    elements: str
    default: []
requirements:
  - kubeadm and a kubelet of the cluster's minor version
  - kubectl, or the Python library kubernetes
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_init_configuration
  - module: kubeadm.ha.kubeadm_join
  - module: kubeadm.ha.kubeadm_reset
"""

EXAMPLES = r"""
- name: Create the cluster
  kubeadm.ha.kubeadm_init:
    configuration:
      - apiVersion: kubeadm.k8s.io/v1beta4
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 192.0.2.11
          bindPort: 6443
      - apiVersion: kubeadm.k8s.io/v1beta4
        kind: ClusterConfiguration
        kubernetesVersion: v1.34.4
        controlPlaneEndpoint: k8s.example.org:6443
        networking:
          podSubnet: 10.244.0.0/16
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object by kind and name.
      type: str
      sample: control plane cp1
    before:
      description: Its state before; V(null) when it did not exist.
      type: raw
    after:
      description: Its state afterwards.
      type: raw
      sample: first control plane of k8s.example.org:6443
    reason:
      description: Why.
      type: str
state:
  description:
    - What the host is; in check mode what it was. V(clean) without anything of a cluster, V(half_created) while this module's
      creation has not ended, V(control_plane).
  returned: success
  type: str
  sample: control_plane
node_name:
  description: Name of the host's Node object, or what it will be.
  returned: success
  type: str
  sample: cp1
api_server:
  description: Address and port of the host's API server; V(null) where the address is found by kubeadm and not known yet.
  returned: success
  type: str
  sample: 192.0.2.11:6443
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.joining_inspection import changing_kubeadm
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import init
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.init_documents import InitDocuments
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import View

_ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"
#: A certificate with its key, presented to an API server that refuses anonymous requests.
_CLIENT_CERTIFICATE = "/var/lib/kubelet/pki/kubelet-client-current.pem"


def probe(endpoint: Endpoint, ca: str) -> View:
    """An API server as this host sees it."""
    return HostEndpointProbe(ca=ca, client_certificate=_CLIENT_CERTIFICATE).inspect(endpoint)


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    seconds = float(module.params["wait_timeout"])
    return init.ensure(
        init.Tools(
            commands=HostCommands(timeout=seconds),
            files=HostFiles(),
            clock=HostClock(),
            running=changing_kubeadm,
            probe=probe,
            open_api=lambda server: open_api(HostCommands(), kubeconfig=_ADMIN_KUBECONFIG, server=server),
        ),
        init.InitRequest(
            documents=InitDocuments.parse(module.params["configuration"]),
            phase=module.params["phase"],
            host_name=os.uname().nodename,
            wait_timeout=seconds,
            ignored=tuple(module.params["ignore_preflight_errors"]),
        ),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "configuration": {"type": "list", "elements": "dict", "required": True},
            "phase": {"type": "str", "choices": [init.AUTHORITIES, init.INIT], "default": init.INIT},
            "wait_timeout": {"type": "int", "default": 900},
            "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
