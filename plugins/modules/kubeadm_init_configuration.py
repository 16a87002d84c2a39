#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_init_configuration
short_description: Build the documents of kubeadm init for a new cluster
version_added: 1.0.0
description:
  - Computes what the inputs of the role C(control_plane_init) mean as kubeadm's InitConfiguration and ClusterConfiguration, in the
    API version of the cluster's Kubernetes version, and as KubeletConfiguration and KubeProxyConfiguration where the inputs say
    something of them.
  - Runs on the controller, connects to nothing and changes nothing. There are no secrets in the documents.
options:
  inputs:
    description:
      - Values of the role's variables by their names without C(control_plane_init_). They are checked; what is wrong is named in
        RV(decision).
      - C(advertise_address), C(bind_port), C(cluster_configuration), C(cri_socket), C(dns_domain), C(encryption_config),
        C(endpoint), C(etcd_sans), C(external_etcd), C(feature_gates), C(image_repository), C(init_configuration),
        C(kube_proxy_configuration), C(kubelet_configuration), C(kubelet_extra_args), C(kubernetes_version), C(node_labels),
        C(node_name), C(node_taints), C(pod_subnet), C(sans) and C(service_subnet). Only C(endpoint) and C(kubernetes_version) are
        required.
    type: dict
    required: true
  inspected:
    description:
      - Results of M(kubeadm.ha.kubeadm_init) in check mode, failed ones included. Their changes and errors become those of
        RV(decision).
    type: list
    elements: dict
    default: []
  name:
    description: The host's inventory name, for messages.
    type: str
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_init
"""

EXAMPLES = r"""
- name: Build the documents
  kubeadm.ha.kubeadm_init_configuration:
    name: "{{ inventory_hostname }}"
    inputs:
      endpoint: k8s.example.org:6443
      kubernetes_version: 1.34.4
      pod_subnet: 10.244.0.0/16
  register: built
"""

RETURN = r"""
configuration:
  description: The documents; empty where the inputs cannot be used.
  returned: success
  type: list
  elements: dict
  sample: [{"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "InitConfiguration"}]
decision:
  description: What would change on the host, and reasons to stop.
  returned: success
  type: dict
  contains:
    changes:
      description: Of O(inspected).
      type: list
      elements: dict
    problems:
      description: What is wrong with the inputs or on the host, and the remedy; each with C(subject) and C(message).
      type: list
      elements: dict
"""
