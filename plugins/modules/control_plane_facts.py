#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_facts
short_description: Determine from inspected hosts which of them serves the API, and where
version_added: 0.1.0
description:
  - The existing control plane is discovered, it is never the first host of a group.
  - Parses what M(kubeadm.ha.kubernetes_host_info) collected on every host. That takes time for each host, so a play
    asks once (C(run_once)) and reads the registered answer.
  - Runs on the controller, connects to nothing and changes nothing.
  - Values are V(null) or empty when no host serves the API.
options:
  hosts:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) of each host, by inventory name.
    type: dict
    required: true
  control_planes:
    description: Inventory names of the control planes that exist or are wanted, in the order of their group.
    type: list
    elements: str
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
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.cluster_plan
"""

EXAMPLES = r"""
- name: Inspect each host
  kubeadm.ha.kubernetes_host_info:
  register: inspected

- name: Determine where the API is served
  kubeadm.ha.control_plane_facts:
    hosts: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['inspected', 'host']))) }}"
    control_planes: "{{ groups['kube_control_plane'] }}"
  run_once: true
  register: api
"""

RETURN = r"""
serving:
  description: Inventory name of a host that serves the API, or V(null).
  returned: success
  type: str
  sample: cp1
server:
  description: Address and port of its API server, or V(null).
  returned: success
  type: str
  sample: 192.0.2.11:6443
ca_certificate:
  description: The cluster CA in PEM, empty without a serving host.
  returned: success
  type: str
control_planes:
  description: V(name), V(address) and V(port) of every API server that exists or is wanted.
  returned: success
  type: list
  elements: dict
api_servers:
  description: The same as address and port.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.11:6443"]
refuses_anonymous:
  description: Whether one of them does not answer an anonymous C(GET /readyz).
  returned: success
  type: bool
can_ask_etcd:
  description:
    - Whether the etcd of the serving host takes connections that can be trusted. Not while the replacement of its certificate
      is interrupted, and not without TLS and a client certificate.
  returned: success
  type: bool
joining:
  description: Inventory names of the hosts whose kubelet has not joined a cluster, load balancers among them.
  returned: success
  type: list
  elements: str
files:
  description: The facts of files that each control plane yet to join needs, by inventory name.
  returned: success
  type: dict
"""
