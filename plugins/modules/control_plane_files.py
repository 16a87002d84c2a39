#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_files
short_description: Give a joining control plane the files that its static pods will need
version_added: 1.0.0
description:
  - Makes the files and directories that M(kubeadm.ha.control_plane_files_info) found on a serving control plane, with owner,
    group and mode, before C(kubeadm join).
  - Owners and groups go by name. Where this host has no such name the number of the other host is taken.
  - A file that is here with other content is never overwritten. Then, and where something needed is missing that is not
    carried, the module fails and reports all reasons before anything is changed.
  - Files are written atomically. No symbolic link is followed, and nothing is written outside the listed paths.
requirements:
  - cryptography, with O(archive) only
options:
  archive:
    description:
      - RV(kubeadm.ha.control_plane_files_info#module:archive). Not needed where no file has to be made, nor in check mode.
    type: str
  certificate_key:
    description:
      - What the archive was encrypted under.
    type: str
  transfer_key:
    description:
      - The file in which M(kubeadm.ha.transfer_key) keeps the private key of this host, where O(archive) was sealed for it.
    type: path
  files:
    description:
      - RV(kubeadm.ha.control_plane_files_info#module:files).
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Owner, group, mode and hash, never the content.
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_files_info
  - module: kubeadm.ha.transfer_key
  - module: kubeadm.ha.kubeadm_join
"""

EXAMPLES = r"""
- name: Find and pack the files on a serving control plane
  kubeadm.ha.control_plane_files_info:
    certificate_key: "{{ join_command.certificate_key }}"
  delegate_to: cp1
  register: packed
  no_log: true

- name: Bring them to this host
  kubeadm.ha.control_plane_files:
    files: "{{ packed.files }}"
    archive: "{{ packed.archive }}"
    certificate_key: "{{ join_command.certificate_key }}"
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: What, C(file) or C(directory) with its path.
      type: str
    before:
      description: What differed of owner, group and mode. V(null) when it was missing.
      type: dict
    after:
      description: Owner, group, mode and, of a file, the hash of its content.
      type: dict
    reason:
      description: Why.
      type: str
  sample:
    - object: file /etc/kubernetes/enc/encryption.yaml
      before: null
      after:
        owner: root
        group: root
        mode: "0600"
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      reason: the static pods of a control plane need it; kubeadm join does not bring it
paths:
  description: Paths of the changes.
  returned: success
  type: list
  elements: str
  sample: [/etc/kubernetes/enc/encryption.yaml]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.file_tree import HostFileTree
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.sealing import IMPORT_ERROR, AesGcm, SealedBox
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import file_archive, transfer_key
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(parameters: t.Mapping[str, t.Any]) -> Decision:
    """Decide by the module's options."""
    archive, key, path = parameters["archive"], parameters["certificate_key"], parameters["transfer_key"]
    facts = file_archive.parse_facts(parameters["files"])
    if path is not None:
        private = transfer_key.read(HostFiles(), path)
        return file_archive.ensure(HostFileTree(), facts, SealedBox(), archive=archive, key=private)
    return file_archive.ensure(HostFileTree(), facts, None if archive is None else AesGcm(), archive=archive, key=key)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "str", "no_log": True},
            "certificate_key": {"type": "str", "no_log": True},
            "files": {"type": "list", "elements": "dict", "required": True},
            "transfer_key": {"type": "path", "no_log": False},
        },
        mutually_exclusive=[("certificate_key", "transfer_key")],
        required_by={"certificate_key": ["archive"], "transfer_key": ["archive"]},
        supports_check_mode=True,
    )
    if module.params["archive"] is not None:
        require_library(module, "cryptography", IMPORT_ERROR)
    run_decision(module, lambda: decide(module.params))


if __name__ == "__main__":
    main()
