#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_preflight_requests
short_description: Compute what the kubeadm of each joining host is to be asked
version_added: 0.1.0
description:
  - Computes from inspected hosts and the cluster the configuration with which each host that has not joined will join,
    as options of M(kubeadm.ha.kubeadm_preflight_info).
  - Hosts that are half joined or have no kubeadm are left out. The plan reports them in its own words.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  hosts:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) of each host, by inventory name.
    type: dict
    required: true
  cluster:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:cluster).
    type: dict
    required: true
  endpoint:
    description: Address and port that the whole cluster will use, as kubeadm will find it when hosts join.
    type: str
    required: true
  control_planes:
    description: Inventory names of the control planes that exist or are wanted.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of the workers.
    type: list
    elements: str
    default: []
  patches_dir:
    description: Directory with kubeadm's patches, which joining control planes get. Empty without.
    type: str
    default: ''
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
  - module: kubeadm.ha.kubeadm_preflight_info
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubernetes_cluster_info
"""

EXAMPLES = r"""
- name: Determine what kubeadm is to be asked
  kubeadm.ha.kubeadm_preflight_requests:
    hosts: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['inspected', 'host']))) }}"
    cluster: "{{ cluster_info.cluster }}"
    endpoint: k8s.example.org:6443
    control_planes: "{{ groups['kube_control_plane'] }}"
    workers: "{{ groups['kube_node'] }}"
  run_once: true
  register: wanted

- name: Ask it
  kubeadm.ha.kubeadm_preflight_info:
    config_maps: "{{ wanted.config_maps }}"
    api_version: "{{ wanted.requests[inventory_hostname].api_version }}"
    control_plane: "{{ wanted.requests[inventory_hostname].control_plane }}"
  when: inventory_hostname in wanted.requests
"""

RETURN = r"""
requests:
  description:
    - The options V(api_version), V(control_plane), V(node_name), V(cri_socket), V(certificates_dir), V(advertise_address),
      V(bind_port) and V(patches_directory) of M(kubeadm.ha.kubeadm_preflight_info) for each joining host, by inventory name. What
      kubeadm finds by itself is empty.
  returned: success
  type: dict
config_maps:
  description: The option of the same name, for all hosts. Empty when no host is to be asked.
  returned: success
  type: list
  elements: dict
"""
