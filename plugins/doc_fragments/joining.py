# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a joining node shall be, described alike in what joins it and in what asks kubeadm beforehand."""

    DOCUMENTATION = r"""
options:
  api_version:
    description:
      - API version in which kubeadm gets its instructions, from V(kubeadm.k8s.io/v1beta2) to V(kubeadm.k8s.io/v1beta4).
        Take the cluster's own.
    type: str
    required: true
  control_plane:
    description:
      - The host is to be a control plane, else a worker.
    type: bool
    default: false
  node_name:
    description:
      - Name of the host's Node object. By default it is the host's name.
    type: str
  advertise_address:
    description:
      - IP address that the new API server advertises. By default it is that of the interface with the default route.
    type: str
  bind_port:
    description:
      - TCP port of the new API server. By default it is 6443.
    type: int
  cri_socket:
    description:
      - Socket of the container runtime. By default kubeadm takes the only one that it finds.
    type: str
  certificates_dir:
    description:
      - The cluster's C(certificatesDir), in which kubeadm puts the CA's certificate, where the kubelet's configuration
        expects it. RV(kubeadm.ha.kubeadm_join_command#module:certificates_dir) reports it.
    type: path
    default: /etc/kubernetes/pki
  patches_directory:
    description:
      - Directory on the host with kubeadm patches. Needs C(v1beta3) or later.
    type: path
  taints:
    description:
      - Taints of the Node, each with C(key), C(value) and C(effect). An empty list means none.
      - By default a control plane gets kubeadm's own taint and a worker none.
    type: list
    elements: dict
  node_labels:
    description:
      - Labels of the Node. A kubelet may not set labels of the domain C(kubernetes.io) but those that Kubernetes lists.
    type: dict
    default: {}
  kubelet_extra_args:
    description:
      - Flags of the kubelet by name without dashes, for example C(node-ip).
    type: dict
    default: {}
  ignore_preflight_errors:
    description:
      - Names of kubeadm's preflight checks whose errors are warnings only.
    type: list
    elements: str
    default: []
"""
