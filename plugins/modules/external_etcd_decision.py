#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: external_etcd_decision
short_description: Compute what the role of external etcd would change on an inspected host
version_added: 1.0.0
description:
  - Determines, by what M(kubeadm.ha.external_etcd_info) found on every host of the etcd cluster, who begins it, who is added to it and
    whose data is lost; and what the inputs of the role C(external_etcd) change on one of them. The plan of C(kubeadm.ha.site) and the
    role's own tasks follow the same answer.
  - Holds etcd's version against the oldest that the kubeadm of the given Kubernetes takes.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  hosts:
    description: RV(kubeadm.ha.external_etcd_info#module:external_etcd) of every host of the etcd cluster, by inventory names and in order.
    type: dict
    required: true
  expected:
    description: Inventory names of all hosts of the etcd cluster. One that the play does not have is a reason to stop.
    type: list
    elements: str
    required: true
  name:
    description: Inventory name of the host that the decision is about. Its member has the same name.
    type: str
    required: true
  inputs:
    description:
      - Values of the role's variables by their names without C(external_etcd_). They are checked; what is wrong is named in
        RV(decision).
      - C(address), C(binaries), C(certificate_renew_days), C(certificate_valid_days), C(clients), C(control_planes), C(kubernetes_version),
        C(manage_firewall) and C(packages), all of them. A directory of C(binaries) is read on the controller.
    type: dict
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.external_etcd_info
"""

EXAMPLES = r"""
- name: Decide what is to change
  kubeadm.ha.external_etcd_decision:
    hosts: "{{ reports }}"
    expected: "{{ groups.etcd }}"
    name: "{{ inventory_hostname }}"
    inputs: "{{ inputs }}"
  register: inspection

- name: Stop before anything is changed
  ansible.builtin.assert:
    that: inspection.decision.problems | length == 0
"""

RETURN = r"""
decision:
  description: What the role would change.
  returned: success
  type: dict
  contains:
    address:
      description: Address of the host.
      type: str
    client_url:
      description: Where clients reach the member.
      type: str
      sample: https://192.0.2.31:2379
    peer_url:
      description: Where the other members reach it.
      type: str
      sample: https://192.0.2.31:2380
    signer:
      description: The host with the CA's key.
      type: str
    is_signer:
      description: Whether it is this one.
      type: bool
    founders:
      description: Names of the members that begin the etcd cluster together.
      type: list
      elements: str
    additions:
      description: Names of those that are added to it, one by one.
      type: list
      elements: str
    members:
      description: Client URLs of those that have begun.
      type: list
      elements: str
    first_start:
      description: How this host begins as a founder.
      type: str
    is_started:
      description: Whether a member that has begun is started.
      type: bool
    restarts:
      description: Whether it is started anew.
      type: bool
    program:
      description: Path of etcd.
      type: str
    oldest:
      description: The oldest etcd that kubeadm takes.
      type: str
      sample: 3.5.24
    packages:
      description: What is installed.
      type: list
      elements: str
    downloads:
      description: Programs that the host downloads from RV(decision.source).
      type: list
      elements: str
    copies:
      description: Programs that are copied from RV(decision.source).
      type: list
      elements: str
    source:
      description: A URL or a directory of the controller.
      type: str
    makes_user:
      description: Whether the user C(etcd) is made.
      type: bool
    makes_ca:
      description: Whether the CA is made here.
      type: bool
    issues:
      description: Pairs whose certificate is issued.
      type: list
      elements: str
    sans:
      description: SANs of these.
      type: list
      elements: str
    valid_days:
      description: How long they are valid.
      type: int
    files:
      description: Files to write, V(path) and V(content).
      type: list
      elements: dict
    firewall:
      description: What is closed, or open to more than members, control planes and clients, in the form of RV(kubeadm.ha.host_firewall_info#module:firewall).
      type: dict
    access:
      description: How API servers reach etcd, V(endpoints), V(ca_file), V(cert_file) and V(key_file).
      type: dict
    objects:
      description: How many keys of Kubernetes etcd holds, V(null) where that is not known.
      type: int
    changes:
      description: The entries of the plan.
      type: list
      elements: dict
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
"""
