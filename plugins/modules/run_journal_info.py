#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_journal_info
short_description: Inspect when the run that holds the lock has made each of its changes
version_added: 1.0.0
description:
  - Reads the journal of the host, and returns the changes of the run that holds the host's lock with the time at which each began and was done.
  - Returns nothing where nobody holds the lock.
  - Changes nothing.
options:
  state_dir:
    description: Directory of the journal.
    type: path
    default: /var/lib/kubeadm-ha
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.host_lock
  - module: kubeadm.ha.run_report
"""

EXAMPLES = r"""
- name: Inspect what this run has done here
  kubeadm.ha.run_journal_info:
  register: journal
"""

RETURN = r"""
journal:
  description: The changes in the order in which they began. Ordinary modules, such as those of packages and services, leave none.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: What changed.
      type: str
      sample: kubeconfig /etc/kubernetes/kubelet.conf
    module:
      description: The module that made it, without the collection.
      type: str
      sample: kubeconfig_cluster
    began:
      description: When it began, by the host's clock. Empty where the journal has no time.
      type: str
      sample: "2026-01-31T10:00:00.250+00:00"
    ended:
      description: When it was done. Empty where it was not, or where the journal has no time.
      type: str
      sample: "2026-01-31T10:00:01.750+00:00"
    is_done:
      description: Whether it was made. Of what was not the outcome is not known.
      type: bool
"""

import dataclasses
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.journal_file import PATH, run_of
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.journal_reader import timed
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

#: The older one first.
_JOURNALS = ("journal.jsonl.1", "journal.jsonl")


def decide(module: AnsibleModule) -> Decision:
    """Inspect."""
    run = run_of()
    files = HostFiles()
    names = (os.path.join(module.params["state_dir"], name) for name in _JOURNALS if run is not None)
    text = b"".join(files.read(name) or b"" for name in names).decode("utf-8", "replace")
    return Decision(values={"journal": [dataclasses.asdict(change) for change in timed(text, run or "")]})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"state_dir": {"type": "path", "default": os.path.dirname(PATH)}}, supports_check_mode=True
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
