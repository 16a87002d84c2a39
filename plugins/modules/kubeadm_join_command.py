#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_join_command
short_description: Make or revoke what a host needs to join a kubeadm cluster
version_added: 1.0.0
description:
  - Runs on a control plane node that serves the API.
  - With O(state=present) makes a new bootstrap token with a short life and, for O(control_plane=true), a new key, under which it
    uploads the cluster's certificates.
  - Where kubeadm is 1.27 or 1.28 and etcd runs on the control planes, O(control_plane=true) sets the feature gate C(EtcdLearnerMode) in the
    ConfigMap C(kube-system/kubeadm-config), so that the new member of etcd has no vote before it runs. Without it the API answers nobody
    while the second member starts. A gate that is set to V(true) or V(false) already is left as it is.
  - With O(state=absent) takes that gate away again, revokes every token that this module made, the tokens that C(upload-certs) made for itself, and
    deletes the Secret C(kube-system/kubeadm-certs). It needs no secret as input, so it can follow in an C(always) section.
  - Token and key stand on no command line and in no file. kubeadm makes the token up; the key travels by standard input.
  - This is the only module of the collection that returns secrets. Set C(no_log=true) on the task.
options:
  state:
    description:
      - V(present) makes a new token each time.
      - V(absent) revokes.
    type: str
    choices: [present, absent]
    default: present
  control_plane:
    description:
      - The joining host becomes a control plane, so the certificates that control planes share are uploaded.
      - Not used with O(state=absent).
    type: bool
    default: false
  upload_certificates:
    description:
      - With V(false) a control plane gets the certificates otherwise, for example by M(kubeadm.ha.control_plane_files). The key is made for
        their encryption on that way, and nothing is uploaded.
      - Not used without O(control_plane=true).
    type: bool
    default: true
  ttl:
    description:
      - Life of the token, at most V(15m), as a Go duration.
      - The uploaded certificates live for two hours unless they are revoked; kubeadm has no option for that.
    type: str
    default: 15m
  endpoint:
    description:
      - The API server, as V(host:port), that joining hosts ask for the cluster's data.
      - By default it is the server that the ConfigMap C(kube-public/cluster-info) names. Joined nodes use that one in any
        case.
    type: str
  token_id:
    description:
      - With O(state=absent) revoke only the token with this id, and leave the uploaded certificates.
    type: str
requirements:
  - PyYAML, for O(state=present), and for O(state=absent) where the gate is set
  - cryptography >= 3.4, for O(state=present)
  - kubeadm of the cluster's version
  - kubectl, or the Python library kubernetes
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.control_plane.api_server
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Endpoint, hashes and API version are returned as they are; token and key are V(null).
  diff_mode:
    support: full
    details:
      - The diff holds no secrets.
  idempotent:
    support: partial
    details:
      - O(state=absent) is idempotent, O(state=present) makes a new token each time.
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join
"""

EXAMPLES = r"""
- name: Join a control plane with a token that is gone afterwards
  block:
    - name: Make a token and upload the certificates
      kubeadm.ha.kubeadm_join_command:
        control_plane: true
      delegate_to: cp1
      register: command
      no_log: true

    - name: Join
      kubeadm.ha.kubeadm_join:
        control_plane: true
        endpoint: "{{ command.endpoint }}"
        token: "{{ command.token }}"
        ca_cert_hashes: "{{ command.ca_cert_hashes }}"
        certificate_key: "{{ command.certificate_key }}"
        api_version: "{{ command.api_version }}"
        certificates_dir: "{{ command.certificates_dir }}"
  always:
    - name: Revoke
      kubeadm.ha.kubeadm_join_command:
        state: absent
      delegate_to: cp1
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
      sample: bootstrap token
    before:
      description: Its state before; V(null) when it did not exist.
      type: raw
    after:
      description: Its state afterwards; V(null) when it went away.
      type: raw
    reason:
      description: Why.
      type: str
endpoint:
  description: The API server that joining hosts ask, C(host:port). V(null) with O(state=absent).
  returned: success
  type: str
  sample: k8s.example.org:6443
ca_cert_hashes:
  description: Hashes of the public keys of the cluster's CAs, as kubeadm's C(caCertHashes) wants them.
  returned: success
  type: list
  elements: str
  sample: ["sha256:5c3a1b7f0e9d2c4b6a8f1e3d5c7b9a0f2e4d6c8b0a1f3e5d7c9b1a3f5e7d9c1b"]
api_version:
  description: API version of the cluster's kubeadm configuration. V(null) with O(state=absent).
  returned: success
  type: str
  sample: kubeadm.k8s.io/v1beta4
certificates_dir:
  description: The cluster's C(certificatesDir). V(null) with O(state=absent).
  returned: success
  type: str
  sample: /etc/kubernetes/pki
token:
  description: The bootstrap token, a secret. V(null) in check mode and with O(state=absent).
  returned: success
  type: str
token_id:
  description: The public part of the token. V(null) in check mode and with O(state=absent).
  returned: success
  type: str
certificate_key:
  description: The key that certificates are encrypted under, a secret. V(null) without O(control_plane=true), and in check mode.
  returned: success
  type: str
join_configuration:
  description: A C(JoinConfiguration) of the cluster's own API version, with the secrets.
  returned: success
  type: dict
worker_command:
  description: The command line that joins a worker, with the token.
  returned: success
  type: str
control_plane_command:
  description: The command line that joins a control plane, with the token, and the key of uploaded certificates. V(null) without
    O(control_plane=true).
  returned: success
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.certificate_key import RandomCertificateKeys
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import IMPORT_ERROR as X509_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.local_control_plane import Overrides
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join_command
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

#: kubeadm's own waits end before, in seconds.
COMMAND_TIMEOUT = 120.0


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    commands = HostCommands(timeout=COMMAND_TIMEOUT)
    api = open_api(commands, kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    if module.params["state"] == "absent":
        return join_command.absent(api, PyYaml(), token_id=module.params["token_id"])
    endpoint, server = module.params["endpoint"], module.params["server"]
    return join_command.ensure(
        api,
        commands,
        HostFiles(),
        PyYaml(),
        CryptographyX509(),
        RandomCertificateKeys(),
        request=join_command.Request(
            control_plane=module.params["control_plane"],
            uploads=module.params["upload_certificates"],
            ttl=module.params["ttl"],
            kubeconfig=module.params["kubeconfig"],
            manifests_dir=module.params["manifests_dir"],
            host_name=os.uname().nodename,
            overrides=Overrides(
                advertise_address=module.params["advertise_address"],
                bind_port=module.params["bind_port"],
            ),
            endpoint=None if endpoint is None else Endpoint.parse(endpoint),
            server=None if server is None else Endpoint.parse(server),
        ),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "control_plane": {"type": "bool", "default": False},
            "upload_certificates": {"type": "bool", "default": True},
            "ttl": {"type": "str", "default": "15m"},
            "endpoint": {"type": "str"},
            "token_id": {"type": "str", "no_log": False},
            **_options.KUBECONFIG,
            **_options.MANIFESTS_DIR,
            **_options.API_SERVER,
        },
        supports_check_mode=True,
    )
    # Revoking reads nothing but Secrets.
    if module.params["state"] == "present":
        require_library(module, "PyYAML", YAML_IMPORT_ERROR)
        require_library(module, "cryptography", X509_IMPORT_ERROR)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
