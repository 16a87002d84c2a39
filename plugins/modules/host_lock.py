#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_lock
short_description: Keep two runs from changing a host at the same time
version_added: 1.0.0
description:
  - Takes or gives back a lock on the host, a file in C(/run) that names the running ansible-playbook process.
  - A lock of a process that has ended is taken over when that process ran on this controller, so a killed run does
    not block the next; one that lives keeps it. Of a run on another controller, or in another container, only silence
    reports; its lock is taken over when none of its modules was at work on the host for O(max_age).
  - While a module changes the host nobody takes the lock, whoever holds it; so a module that goes on after its run was killed
    is waited for.
  - The lock is bookkeeping of a run and not reported as a change.
options:
  state:
    description:
      - Take the lock or give it back. V(absent) also removes the lock of a run that has ended, by the same rules by which it would be taken over.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description: The process that runs the playbook. Set by the action plugin of this module.
    type: dict
    suboptions:
      controller:
        description: Machine id and host name of the controller.
        type: str
        required: true
      process:
        description: Process id of ansible-playbook.
        type: int
        required: true
      started:
        description: Start time of that process in clock ticks since boot.
        type: int
        required: true
      space:
        description: Boot id and namespace of process ids, in which O(owner.process) means something.
        type: str
        default: ""
  dead:
    description: Owners that have ended. Set by the action plugin of this module.
    type: list
    elements: dict
    default: []
  max_age:
    description:
      - Seconds without a sign of life of another controller's run after which its lock is taken over, V(0) to take it over
        now. Modules of a run that change the host are its signs of life.
    type: int
    default: 7200
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Takes no lock in check mode.
  diff_mode:
    support: none
    details:
      - The lock is never reported as a change.
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
"""

EXAMPLES = r"""
- name: Take the lock
  kubeadm.ha.host_lock:

- name: Give it back
  kubeadm.ha.host_lock:
    state: absent
"""

RETURN = r"""
holder:
  description: Who holds the lock, when the module refuses to take it, or does not give it back because it is another run's.
  returned: when another run holds it
  type: dict
is_silent:
  description: Whether none of its modules was at work here for O(max_age).
  returned: when another run holds it
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.lock_file import HostLockFile
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import lock
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def decide(module: AnsibleModule) -> Decision:
    """Take the lock or give it back; in check mode neither."""
    owner = lock.Owner(**module.params["owner"])
    if module.check_mode:
        return Decision()
    dead = [lock.Owner(**item) for item in module.params["dead"]]
    change = lock.release if module.params["state"] == "absent" else lock.ensure
    return change(HostLockFile(), HostClock(), owner, dead=dead, max_age=module.params["max_age"])


def main() -> None:
    """Run the module."""
    owner = {
        "controller": {"type": "str", "required": True},
        "process": {"type": "int", "required": True},
        "started": {"type": "int", "required": True},
        "space": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "owner": {"type": "dict", "options": owner},
            "dead": {"type": "list", "elements": "dict", "default": []},
            "max_age": {"type": "int", "default": 7200},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
