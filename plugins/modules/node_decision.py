#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_decision
short_description: Compute what makes an inspected host ready for kubeadm
version_added: 1.0.0
description:
  - Compares what M(kubeadm.ha.node_info) found on a host with what the inputs of the role C(node_prepare) want, and the host with
    the others of the play. The plan of C(kubeadm.ha.site) and the role's own tasks follow the same answer.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  node:
    description: RV(kubeadm.ha.node_info#module:node).
    type: dict
    required: true
  name:
    description: The host's inventory name, for messages.
    type: str
    required: true
  inputs:
    description:
      - Values of the role's variables by their names without C(node_prepare_). They are checked; what is wrong is named in
        RV(decision).
      - C(api_server_port), C(binaries), C(cni), C(containerd_settings), C(control_planes),
        C(ignore_preflight_errors), C(image_repository), C(kubelet_configuration), C(kubernetes_version), C(manage_containerd),
        C(manage_firewall), C(manage_time), C(node_type), C(package_repository), C(pause_image), C(platforms),
        C(pod_subnet), C(registry_mirrors) and C(stacked_etcd), all of them.
      - The C(key) of C(package_repository) may be a path on the controller, which is read here.
    type: dict
    required: true
  identities:
    description:
      - The C(identity) of each of the other hosts' RV(kubeadm.ha.node_info#module:node), by their inventory names. What must differ
        between hosts and does not is a problem of the later one.
    type: dict
    default: {}
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.node_info
"""

EXAMPLES = r"""
- name: Decide what is to change
  kubeadm.ha.node_decision:
    node: "{{ inspected.node }}"
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
    version:
      description: Version of Kubernetes without C(v), empty where it is not known.
      type: str
      sample: 1.34.4
    package_manager:
      description: V(apt), V(dnf), V(zypper) or empty.
      type: str
    packages:
      description: What is to be installed, as the package manager takes it.
      type: list
      elements: str
      sample: [containerd, "kubeadm=1.34.4-*"]
    swap:
      description: Whether swap is switched off (V(off)) and made a comment of C(/etc/fstab) (V(fstab)).
      type: dict
    kernel:
      description: V(modules) to load, V(sysctls) to set, and V(files) to write, each with V(path), V(directory), V(content) and V(backup).
      type: dict
    containerd:
      description: Its V(package), its V(files), the V(registries)' files, and whether it is started anew (V(restart)).
      type: dict
    kubernetes:
      description:
        - V(packages), V(binaries) to take from V(source), which is a URL where V(is_remote); V(cni), whether CNI plugins come from
          there; V(key_path) and V(key_url) of the repository's key, V(files) to write, and packages to V(hold).
      type: dict
    crictl:
      description: Its file, where it is to be written.
      type: list
      elements: dict
    services:
      description: Services to enable.
      type: list
      elements: str
    time:
      description: The V(package) and the V(service) that keep the clock right, empty where nothing is to be done.
      type: dict
    firewall:
      description: What is closed, in the form of RV(kubeadm.ha.host_firewall_info#module:firewall).
      type: dict
    changes:
      description: The entries of the plan.
      type: list
      elements: dict
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
    notes:
      description: What the operator should know, with V(subject) and V(message).
      type: list
      elements: dict
"""
