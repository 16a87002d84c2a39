#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: transfer_key
short_description: Make a key pair of this host, for which another one seals files
version_added: 1.0.0
description:
  - Makes a private key that stays on this host, in a file that only root can read, and returns the public key. What
    M(kubeadm.ha.control_plane_files_info) seals for it, only M(kubeadm.ha.control_plane_files) on this host can open, so that neither the
    controller nor its output ever has a key with which files could be read.
  - A pair that is there is kept. Remove it after the transfer.
  - The pair is a matter of the run. It counts as no change, and in check mode it is made, too, unless the library is missing.
options:
  path:
    description:
      - Where the private key is. The default is in memory, gone after the next boot.
    type: path
    default: /run/kubeadm-ha/transfer.key
  state:
    description:
      - V(absent) removes the private key.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - cryptography, for O(state=present)
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - Nothing of the pair is shown but the public key.
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_files_info
  - module: kubeadm.ha.control_plane_files
"""

EXAMPLES = r"""
- name: A key pair of this host
  kubeadm.ha.transfer_key:
  register: transfer

- name: Seal files of another host for it
  kubeadm.ha.control_plane_files_info:
    paths: "{{ wanted }}"
    recipient: "{{ transfer.public_key }}"
  delegate_to: m1
  register: packed

- name: The pair goes away
  kubeadm.ha.transfer_key:
    state: absent
"""

RETURN = r"""
public_key:
  description: The public key, 64 hexadecimal digits. V(null) with O(state=absent), and in check mode where the library is missing.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.sealing import IMPORT_ERROR, SealedBox
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import transfer_key
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/run/kubeadm-ha/transfer.key"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    path = module.params["path"]
    if module.params["state"] == "absent":
        run_decision(module, lambda: transfer_key.remove(HostFiles(), path))
        return
    if not module.check_mode:
        require_library(module, "cryptography", IMPORT_ERROR)
    run_decision(module, lambda: transfer_key.ensure(HostFiles(), None if IMPORT_ERROR else SealedBox(), path))


if __name__ == "__main__":
    main()
