#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_files_info
short_description: Find the files of a control plane that C(kubeadm join) does not bring to another one
version_added: 1.0.0
description:
  - Reads the manifests of kube-apiserver, kube-controller-manager and kube-scheduler, and reports every file and
    directory of the host that their flags and hostPath volumes name and that kubeadm does not make, for example an
    EncryptionConfiguration, an audit policy, a webhook's kubeconfig or the CA of an OpenID provider.
  - Not reported are the files of kubeadm itself (its certificates, kubeconfigs and manifests). Of what belongs to the
    system of each host (for example C(/etc/ssl/certs), C(/usr), C(/etc/localtime)) and of sockets it is reported only
    that they are needed. Of what a component only writes (C(--audit-log-path)) the directory is reported without its
    content.
  - Private keys of the host's own certificates are never reported as files to carry, whatever flag or volume names them.
  - With O(certificate_key) the contents are returned too, encrypted. M(kubeadm.ha.control_plane_files) unpacks them.
  - Without O(certificate_key) the host needs the standard library of Python only.
  - Changes nothing.
requirements:
  - cryptography, with O(certificate_key) or O(recipient) only
options:
  certificate_key:
    description:
      - Key of 64 hexadecimal digits under which the contents are encrypted, by AES-256-GCM.
        RV(kubeadm.ha.kubeadm_join_command#module:certificate_key) is meant for this.
    type: str
  recipient:
    description:
      - RV(kubeadm.ha.transfer_key#module:public_key) of the host that is to get the contents of O(paths). Nobody else can decrypt them.
    type: str
  paths:
    description:
      - Report these facts' paths on this host instead, as RV(files) of another host lists them. No symbolic link is
        followed, but with O(recipient), where they are this host's own.
      - Not together with O(certificate_key).
    type: list
    elements: dict
extends_documentation_fragment:
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.control_plane.files
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_files
  - module: kubeadm.ha.transfer_key
  - module: kubeadm.ha.kubeadm_join_command
  - name: Static pods of kubeadm
    description: Which volumes kubeadm mounts by itself.
    link: https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#generate-static-pod-manifests-for-control-plane-components
"""

EXAMPLES = r"""
- name: Find what the API server of this control plane needs
  kubeadm.ha.control_plane_files_info:
  register: needed

- name: Show the paths
  ansible.builtin.debug:
    msg: "{{ needed.files | map(attribute='path') }}"
"""

RETURN = r"""
archive:
  description: The contents, encrypted. V(null) without O(certificate_key) and O(recipient).
  returned: success
  type: str
files:
  description: What is needed, sorted by path, without its content.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Absolute path.
      type: str
      sample: /etc/kubernetes/enc/encryption.yaml
    kind:
      description:
        - V(file), V(directory), V(socket), V(link) (a symbolic link, or behind one), V(other), or V(absent) (with O(paths)).
      type: str
      sample: file
    use:
      description:
        - V(carried) with its content; V(made) empty where it is missing, because a component only writes it; V(needed) on
          each host, but not carried; V(parent) of a carried one, made where it is missing.
      type: str
      sample: carried
    owner:
      description: Name of the owner, the number where the host has no name for it.
      type: str
      sample: root
    group:
      description: Name of the group, the number where the host has no name for it.
      type: str
      sample: root
    uid:
      description: Number of the owner.
      type: int
      sample: 0
    gid:
      description: Number of the group.
      type: int
      sample: 0
    mode:
      description: Permission bits in octal.
      type: str
      sample: "0600"
    size:
      description: Bytes of a file.
      type: int
      sample: 243
    sha256:
      description: Hash of the content of a carried file, else V(null).
      type: str
missing:
  description: Paths that are needed with their content and are not there.
  returned: success
  type: list
  elements: str
refusals:
  description: Sentences on what cannot be carried. Empty when O(certificate_key) was given, because they are errors then.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.control_plane_inspection import (
    ControlPlaneInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.file_tree import HostFileTree
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.sealing import IMPORT_ERROR, AesGcm, SealedBox
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import file_archive
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.carried_files import FilesReport, collect_paths
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "certificate_key": {"type": "str", "no_log": True},
            "paths": {"type": "list", "elements": "dict"},
            "recipient": {"type": "str"},
            **_options.PKI_DIR,
            **_options.FILES,
        },
        mutually_exclusive=[("certificate_key", "paths"), ("certificate_key", "recipient")],
        required_by={"recipient": ["paths"]},
        supports_check_mode=True,
    )
    key, recipient = module.params["certificate_key"], module.params["recipient"]
    if key is not None or recipient is not None:
        require_library(module, "cryptography", IMPORT_ERROR, changes_something=False)

    def decide() -> Decision:
        tree = HostFileTree()
        if recipient is not None:
            chosen = FilesReport(file_archive.parse_facts(module.params["paths"]))
            return _values(chosen, file_archive.pack(tree, chosen, SealedBox(), key=recipient))
        if module.params["paths"] is not None:
            return _values(
                FilesReport(tuple(collect_paths(tree, file_archive.parse_facts(module.params["paths"])).values()))
            )
        kubernetes_dir = os.path.normpath(module.params["kubernetes_dir"])
        inspection = ControlPlaneInspection(
            pki_dir=os.path.normpath(module.params["pki_dir"] or certificates_dir.find(kubernetes_dir)),
            kubernetes_dir=kubernetes_dir,
            patches_dir=module.params["patches_dir"],
            unmanaged=module.params["unmanaged_files"],
            with_authorities=module.params["authorities"],
        )
        inspection.check()
        found = inspection.files()
        return _values(found, None if key is None else file_archive.pack(tree, found, AesGcm(), key=key))

    run_decision(module, decide)


def _values(found: FilesReport, archive: str | None = None) -> Decision:
    return Decision(values={**found.as_dict(), "archive": archive})


if __name__ == "__main__":
    main()
