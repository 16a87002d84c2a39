# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugin ``kubeadm.ha.load_balancer_decision``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: load_balancer_decision
short_description: Tell what the role apiserver_haproxy would change on a looked-at host
version_added: 0.1.0
author:
  - kubeadm.ha contributors (@kubeadm-ha)
description:
  - Compares what M(kubeadm.ha.load_balancer_info) found with what is wanted. The plan of C(kubeadm.ha.site) and the
    role's own tasks follow the same answer.
positional: name, wanted
options:
  _input:
    description: RV(kubeadm.ha.load_balancer_info#module:load_balancer).
    type: dict
    required: true
  name:
    description: The host's inventory name, for messages.
    type: str
    required: true
  wanted:
    description: What the role is to reach. The role's C(vars/main.yml) makes it.
    type: dict
    required: true
seealso:
  - module: kubeadm.ha.load_balancer_info
"""

EXAMPLES = r"""
- name: Show what would change
  ansible.builtin.debug:
    msg: "{{ looked.load_balancer | kubeadm.ha.load_balancer_decision(inventory_hostname, wanted) }}"
"""

RETURN = r"""
_value:
  description:
    - V(owner), whose the configuration file is, V(absent), V(role), V(package) or V(other).
    - V(differs), whether the configuration that the host has or runs is not the wanted one.
    - V(renew_certificate), whether the client certificate of the checks is issued or renewed.
    - V(firewall), the active tool (V(name)) and the closed ports of the endpoint (V(ports)).
    - V(selinux), the port types to set (V(labels)), the booleans to switch on (V(booleans)) and the packages without which
      that cannot be told (V(tools)).
    - V(changes), the entries of the plan, apart from the configuration's. V(problems), reasons to stop.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain import load_balancer


def load_balancer_decision(report: t.Mapping[str, t.Any], name: str, wanted: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the role would change on the host ``name``."""
    if not isinstance(report, t.Mapping):
        raise AnsibleFilterError("kubeadm.ha.load_balancer_decision needs the result of load_balancer_info.")
    try:
        aim = load_balancer.Wanted(**wanted)
    except TypeError as error:
        raise AnsibleFilterError(f"kubeadm.ha.load_balancer_decision: {error}") from error
    return load_balancer.decide(name, report, aim, CryptographyX509())


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"load_balancer_decision": load_balancer_decision}
