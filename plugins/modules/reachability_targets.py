#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability_targets
short_description: Compute which addresses and ports the hosts must reach before control planes join
version_added: 0.1.0
description:
  - Control planes must reach each other's API server, etcd (unless it is external) and kubelet, and the kubelets of
    workers, as far as one of the two hosts is yet to join. Load balancers must reach every API server.
  - Runs on the controller, connects to nothing and changes nothing. M(kubeadm.ha.reachability_info) tries the targets.
options:
  hosts:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) of each host, by inventory name.
    type: dict
    required: true
  cluster:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:cluster).
    type: dict
    required: true
  etcd:
    description: The result of M(kubeadm.ha.etcd_member_info) on the serving control plane, for the recorded peer URLs.
    type: dict
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
  load_balancers:
    description: Inventory names of the hosts of the load balancer.
    type: list
    elements: str
    default: []
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
  - module: kubeadm.ha.reachability_info
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubernetes_cluster_info
"""

EXAMPLES = r"""
- name: Determine who must reach whom
  kubeadm.ha.reachability_targets:
    hosts: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['inspected', 'host']))) }}"
    cluster: "{{ cluster_info.cluster }}"
    control_planes: "{{ groups['kube_control_plane'] }}"
  run_once: true
  register: reach

- name: Try it
  kubeadm.ha.reachability_info:
    targets: "{{ reach.targets[inventory_hostname] }}"
  when: inventory_hostname in reach.targets
"""

RETURN = r"""
targets:
  description: V(address) and V(port) of what each host must reach, by inventory name. Empty when no control plane is to join.
  returned: success
  type: dict
  sample: {"cp1": [{"address": "192.0.2.12", "port": 2380}]}
"""
