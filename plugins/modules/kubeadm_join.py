#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_join
short_description: This host is a node of a kubeadm cluster
version_added: 1.0.0
description:
  - Runs C(kubeadm join) on a host that has not joined yet. Does nothing on a host that is a member of that very cluster.
  - Membership is determined by the CA in the host's C(kubelet.conf), the node that its client certificate names, and
    the Node object in the cluster, not by the mere presence of a file.
  - A host that is half joined, has joined in another role, or belongs to another cluster is refused with the files that
    say so and the remedy. Nothing is reset here, see M(kubeadm.ha.kubeadm_reset).
  - The configuration travels by standard input, so that no secret is on a command line or on disk.
options:
  endpoint:
    description:
      - The API server that is asked for the cluster's data, as V(host:port).
      - The joined node uses the server that the ConfigMap C(kube-public/cluster-info) names.
    type: str
    required: true
  ca_cert_hashes:
    description:
      - Hashes of the public key of the cluster's CA, V(sha256:) and 64 hexadecimal digits. Several where the CA is being
        replaced.
    type: list
    elements: str
    required: true
  ca_certificate:
    description:
      - PEM text of the cluster's CA certificate. With it kubeadm presents the token when it discovers the cluster
        (C(discovery.file)), for API servers that refuse anonymous requests to the ConfigMap C(kube-public/cluster-info).
      - Without it or when it is empty, kubeadm asks as anonymous and trusts by O(ca_cert_hashes)
        (C(discovery.bootstrapToken)).
    type: str
  token:
    description:
      - A bootstrap token. Needed only if the host has to join.
    type: str
  certificate_key:
    description:
      - The key of the uploaded certificates. Needed only if a control plane has to join and the certificates that control
        planes share are not on it already.
    type: str
  assume_reset:
    description:
      - In check mode the host counts as one that was reset, because M(kubeadm.ha.kubeadm_reset) only predicted that it would be.
        Out of check mode the host counts as what it is.
    type: bool
    default: false
  timeout:
    description:
      - Seconds for each of kubeadm's waits. These are discovery, TLS bootstrap and the health of the kubelet.
      - The wait for the control plane's components stays kubeadm's own, because kubeadm writes it into the startup
        probes of the static pods, which would then differ from those of other control planes.
      - With C(v1beta3) and older it holds for the discovery only.
    type: int
    default: 300
requirements:
  - the program openssl, or cryptography >= 3.4
  - PyYAML, where kubelet.conf is there and not laid out as kubeadm does it
  - kubeadm of the cluster's minor version and a kubelet that is not newer
extends_documentation_fragment:
  - kubeadm.ha.joining
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join_command
  - module: kubeadm.ha.kubeadm_reset
  - module: kubeadm.ha.etcd_member_info
    description: Gate the joining of each control plane on the health of etcd.
"""

EXAMPLES = r"""
- name: Make a token
  kubeadm.ha.kubeadm_join_command:
  delegate_to: cp1
  register: command
  no_log: true

- name: Join a worker
  kubeadm.ha.kubeadm_join:
    endpoint: "{{ command.endpoint }}"
    token: "{{ command.token }}"
    ca_cert_hashes: "{{ command.ca_cert_hashes }}"
    api_version: "{{ command.api_version }}"
    kubelet_extra_args:
      node-ip: 192.0.2.21
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
      sample: node worker1
    before:
      description: Its state before; V(null) when it did not exist.
      type: raw
    after:
      description: Its state afterwards; V(null) when it went away.
      type: raw
    reason:
      description: Why.
      type: str
node_name:
  description: Name of the host's Node object, or what it will be.
  returned: success
  type: str
  sample: worker1
state:
  description: What the host was before, V(clean) or V(member).
  returned: success
  type: str
  sample: clean
api_server:
  description:
    - Address and port of the host's own API server. V(null) on a worker, and in check mode where O(advertise_address) is
      not given.
  returned: success
  type: str
  sample: 192.0.2.12:6443
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubelet_client import KubeconfigClient
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.readers import (
    identities,
    identities_missing,
    yaml_reader,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join, join_options
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_configuration import JoinRequest
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_token import Token
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

#: kubeadm waits for several things one after the other; it is ended only when all of them must be over.
WAITS_OF_KUBEADM = 5


def request_of(parameters: t.Mapping[str, t.Any]) -> JoinRequest:
    """The request that the module's options make."""
    token = parameters["token"]
    return JoinRequest(
        endpoint=Endpoint.parse(parameters["endpoint"]),
        ca_cert_hashes=tuple(parameters["ca_cert_hashes"]),
        token=Token.parse(token) if token else None,
        certificate_key=parameters["certificate_key"] or None,
        timeout=parameters["timeout"],
        ca_certificate=parameters["ca_certificate"] or None,
        assumes_reset=parameters["assume_reset"],
        **join_options.parse(parameters),
    )


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    files, yaml = HostFiles(), yaml_reader()
    return join.ensure(
        HostCommands(timeout=float(module.params["timeout"] * WAITS_OF_KUBEADM)),
        files,
        yaml,
        identities(HostCommands()),
        KubeconfigClient(files, yaml, kubeconfig=KUBELET_KUBECONFIG),
        request=request_of({**module.params, "assume_reset": module.params["assume_reset"] and module.check_mode}),
        host_name=os.uname().nodename,
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "endpoint": {"type": "str", "required": True},
            "ca_cert_hashes": {"type": "list", "elements": "str", "required": True},
            "ca_certificate": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "certificate_key": {"type": "str", "no_log": True},
            "assume_reset": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
            **join_options.SPECIFICATION,
        },
        supports_check_mode=True,
    )
    require_library(module, "cryptography", identities_missing(HostCommands()))
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
