#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_ip_decision
short_description: Compute what the role of the virtual IP would change on an inspected host
version_added: 1.0.0
description:
  - Computes what the inputs of the role C(apiserver_keepalived) mean, fills in its templates with that, and compares what
    M(kubeadm.ha.virtual_ip_info) found with it. The plan of C(kubeadm.ha.site) and the role's own tasks follow the same answer.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  virtual_ip:
    description: RV(kubeadm.ha.virtual_ip_info#module:virtual_ip).
    type: dict
    required: true
  name:
    description: The host's inventory name. It is a peer's, too.
    type: str
    required: true
  inputs:
    description:
      - Values of the role's variables by their names without C(apiserver_keepalived_). They are checked; what is wrong is named in
        RV(decision).
      - C(advert_interval), C(api_port), C(ca_certificate), C(interface), C(manage_firewall), C(peers), C(priority),
        C(replace_configuration), C(router_id), C(track) and C(vip), all of them.
    type: dict
    required: true
  configuration:
    description: Template of C(keepalived.conf), a path or a name in the role's C(templates/).
    type: str
    required: true
  drop_in:
    description: Template of what is added to keepalived's unit.
    type: str
    required: true
  unit:
    description: Template of the unit that judges the local health.
    type: str
    required: true
  watcher:
    description: The program that judges it, a path or a name in the role's C(files/).
    type: str
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.virtual_ip_info
"""

EXAMPLES = r"""
- name: Decide what is to change
  kubeadm.ha.virtual_ip_decision:
    virtual_ip: "{{ inspected.virtual_ip }}"
    name: "{{ inventory_hostname }}"
    configuration: keepalived.conf.j2
    drop_in: kubeadm-ha.conf.j2
    unit: kubeadm-ha-vip-health.service.j2
    watcher: kubeadm-ha-vip-health
    inputs: "{{ inputs }}"
  register: inspection
"""

RETURN = r"""
decision:
  description: What the role would change.
  returned: success
  type: dict
  contains:
    owner:
      description: Whose the configuration file is, V(absent), V(role), V(package) or V(other).
      type: str
    differs:
      description: Whether anything is to change.
      type: bool
    router_id:
      description: The virtual router id; 0 where it cannot be known.
      type: int
    interface:
      description: The interface that gets the virtual IP, empty where none can.
      type: str
    keepalived_state:
      description: What keepalived's unit is made to be, V(started), V(reloaded) or V(restarted).
      type: str
    watcher_state:
      description: The same of the unit that judges the local health.
      type: str
    firewall:
      description:
        - The active tool (V(name)), its zone (V(zone)) and the protocols that are closed (V(protocols)), in the form of
          RV(kubeadm.ha.host_firewall_info#module:firewall).
      type: dict
    changes:
      description: The entries of the plan, with V(object), V(before), V(after) and V(reason).
      type: list
      elements: dict
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
    unmet:
      description:
        - What the role lacks before it can change anything, with V(subject) and V(message).
        - That is the cluster's CA certificate, where an API server is tracked. A plan whose run makes the CA later goes on.
      type: list
      elements: dict
content:
  description: The text of C(keepalived.conf), empty where an input cannot be read.
  returned: success
  type: str
files:
  description: The other files, each with V(path), V(content) and V(mode).
  returned: success
  type: list
  elements: dict
is_installed:
  description: Whether the host had keepalived when it was inspected.
  returned: success
  type: bool
address:
  description: The virtual IP without a prefix, empty where it cannot be read.
  returned: success
  type: str
"""
