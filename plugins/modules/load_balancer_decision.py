#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer_decision
short_description: Tell what the role apiserver_haproxy would change on a looked-at host
version_added: 0.1.0
description:
  - Compares what M(kubeadm.ha.load_balancer_info) found with what is wanted. The plan of C(kubeadm.ha.site) and the
    role's own tasks follow the same answer.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  load_balancer:
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
    suboptions:
      digest:
        description: Name of the configuration, as haproxy's status page shows it.
        type: str
        required: true
      checksum:
        description: SHA-1 of C(haproxy.cfg).
        type: str
        required: true
      listen:
        description: TCP ports that haproxy listens on.
        type: list
        elements: int
        required: true
      open:
        description: Those of them that clients on other hosts reach.
        type: list
        elements: int
        required: true
      connect:
        description: TCP ports of the API servers.
        type: list
        elements: int
        required: true
      manage_firewall:
        description: Whether the firewall is opened.
        type: bool
        required: true
      replace_configuration:
        description: Whether somebody else's C(haproxy.cfg) is replaced.
        type: bool
        required: true
      certificate:
        description: Whether the checks present a client certificate.
        type: bool
        required: true
      common_name:
        description: Its common name.
        type: str
        required: true
      renew_before:
        description: Days left below which it is renewed.
        type: int
        required: true
      ca:
        description: The CA that signs it, in PEM.
        type: str
        required: true
      inputs:
        description:
          - Values of the role's variables by their names without C(apiserver_haproxy_), to be checked.
        type: dict
        required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - This module does not change anything.
  idempotent:
    support: full
  platform:
    platforms: posix
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.load_balancer_info
"""

EXAMPLES = r"""
- name: Decide what is to change
  kubeadm.ha.load_balancer_decision:
    load_balancer: "{{ look.load_balancer }}"
    name: "{{ inventory_hostname }}"
    wanted: "{{ wanted }}"
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
      description: Whether the configuration that the host has or runs is not the wanted one.
      type: bool
    renew_certificate:
      description: Whether the client certificate of the checks is issued or renewed.
      type: bool
    firewall:
      description: The active tool (V(name)), its zone (V(zone)) and the closed ports of the endpoint (V(ports)).
      type: dict
    selinux:
      description:
        - The port types to set (V(labels)), the booleans to switch on (V(booleans)), the policy modules to install
          (V(modules)) and the packages without which that cannot be told (V(tools)).
      type: dict
    changes:
      description: The entries of the plan, apart from the configuration's.
      type: list
      elements: dict
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
"""
