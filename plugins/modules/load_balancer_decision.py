#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer_decision
short_description: Compute the configuration of an inspected load balancer host and what its role would change
version_added: 1.0.0
description:
  - Computes what the inputs of the role C(apiserver_dns), C(apiserver_haproxy) or C(apiserver_nginx) mean, fills in its templates
    with that, and compares what M(kubeadm.ha.load_balancer_info) found with it. The plan of C(kubeadm.ha.site) and the role's own
    tasks follow the same answer.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  provider:
    description: The load balancer, by which the role is C(apiserver_dns), C(apiserver_haproxy) or C(apiserver_nginx).
    type: str
    choices: [gdnsd, haproxy, nginx]
    default: haproxy
  load_balancer:
    description: RV(kubeadm.ha.load_balancer_info#module:load_balancer).
    type: dict
    required: true
  name:
    description: The host's inventory name, for messages.
    type: str
    required: true
  inputs:
    description:
      - Values of the role's variables by their names without the role's. They are checked; what is wrong is
        named in RV(decision).
      - With O(provider=haproxy) C(backends), C(bind_address), C(bind_port), C(ca_certificate), C(check), C(check_fast_interval), C(check_interval),
        C(check_timeout), C(connect_timeout), C(endpoint), C(hard_stop_after), C(manage_firewall), C(maxconn), C(metrics_bind),
        C(probe_certificate), C(probe_common_name), C(probe_renew_days), C(probe_signer), C(probe_valid_days),
        C(replace_configuration) and C(stats_socket), all of them.
      - With O(provider=nginx) C(backends), C(bind_address), C(bind_port), C(ca_certificate), C(check), C(check_interval),
        C(check_timeout), C(connect_timeout), C(endpoint), C(fail_timeout), C(hard_stop_after), C(manage_firewall), C(max_fails),
        C(maxconn), C(probe_certificate), C(probe_common_name), C(probe_renew_days), C(probe_signer) and C(probe_valid_days),
        all of them.
      - With O(provider=gdnsd) C(backends), C(ca_certificate), C(endpoint), C(listen), C(manage_firewall), C(probe_certificate),
        C(probe_common_name), C(probe_renew_days), C(probe_signer), C(probe_valid_days), C(replace_configuration), C(servers) and C(ttl),
        all of them.
    type: dict
    required: true
  template:
    description:
      - Template of the configuration, a path or a name in the role's C(templates/).
      - It is given the values that are computed of O(inputs), C(digest) and C(ansible_managed), no other variable.
    type: str
    required: true
  files:
    description: Files that are loaded beside the configuration as they are, paths or names in the role's C(files/).
    type: list
    elements: str
    default: []
  units:
    description: Templates of units of systemd and of other files, paths or names in the role's C(templates/). They are given the same values.
    type: list
    elements: str
    default: []
  issued_certificate:
    description:
      - Client certificate of the checks that was issued after the inspection, in PEM. It takes the place of the one
        that was found.
      - Without it RV(digest) and RV(content) are predictions where a certificate is to be issued; ask again once it is.
    type: str
    default: ""
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.load_balancer_info
"""

EXAMPLES = r"""
- name: Decide what is to change
  kubeadm.ha.load_balancer_decision:
    load_balancer: "{{ inspected.load_balancer }}"
    name: "{{ inventory_hostname }}"
    template: haproxy.cfg.j2
    files: [kubernetes-apiserver.lua]
    inputs: "{{ inputs }}"
  register: inspection

- name: Write the configuration
  ansible.builtin.copy:
    content: "{{ inspection.content }}"
    dest: /etc/haproxy/haproxy.cfg
    mode: "0644"
  when: inspection.decision.problems | length == 0
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
      description:
        - The active tool (V(name)), its zone (V(zone)) and the closed ports of the endpoint (V(ports)), in the form of
          RV(kubeadm.ha.host_firewall_info#module:firewall).
      type: dict
    selinux:
      description:
        - The port types to set (V(labels)), the booleans to switch on (V(booleans)), the policy modules to install
          (V(modules)) and the packages without which that cannot be determined (V(tools)).
      type: dict
    changes:
      description: The entries of the plan, apart from the configuration's.
      type: list
      elements: dict
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
    unmet:
      description: What the role needs before it changes anything and a plan does not, the cluster's CA certificate; as V(problems).
      type: list
      elements: dict
content:
  description: The text of the configuration file, empty where an input cannot be read.
  returned: success
  type: str
digest:
  description:
    - Names everything that the load balancer is to load, so that a reload that did not happen is noticed. The configuration shows it on
      the status page of the load balancer.
    - Empty where an input cannot be read.
  returned: success
  type: str
units:
  description: The texts of O(units), by their names without C(.j2). Empty where an input cannot be read.
  returned: success
  type: dict
is_installed:
  description: Whether the host had the load balancer when it was inspected.
  returned: success
  type: bool
local_endpoint:
  description: Address and port at which the host itself reaches the API servers through the load balancer.
  returned: success
  type: str
  sample: 127.0.0.1:6443
presents:
  description: Whether the checks present a client certificate.
  returned: success
  type: bool
"""
