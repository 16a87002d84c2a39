# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where things are on the host of a control plane, a section for each part."""

    MANIFESTS_DIR = r"""
options:
  manifests_dir:
    description:
      - The kubelet's directory of static pods.
    type: path
    default: /etc/kubernetes/manifests
"""

    PKI_DIR = r"""
options:
  pki_dir:
    description:
      - Directory of the cluster's certificates, kubeadm's C(certificatesDir).
      - By default it is found by the flags of the host's kube-apiserver, else by its kubelet's configuration.
    type: path
"""

    API_SERVER = r"""
options:
  advertise_address:
    description:
      - IP address that this host's API server advertises.
      - By default it is the C(--advertise-address) of the API server's static pod.
    type: str
  bind_port:
    description:
      - TCP port of this host's API server.
      - By default it is the C(--secure-port) of the API server's static pod, else 6443.
    type: int
"""

    ENDPOINT_WATCH = r"""
options:
  endpoint:
    description:
      - Address and port of the control plane endpoint, for example V(k8s.example.org:6443). It is asked for C(/readyz) every 100 ms.
    type: str
  ca_path:
    description:
      - File with the cluster's CA certificates on this host. Without it C(/etc/kubernetes/pki/ca.crt), and where there is none the CA of
        the kubeconfig, whose client certificate is then presented, too.
    type: path
  client_certificate:
    description:
      - File with a client certificate and its key, which is presented to the endpoint. It is not used where the host has no such
        file.
    type: path
    default: /var/lib/kubelet/pki/kubelet-client-current.pem
"""

    FILES = r"""
options:
  authorities:
    description:
      - Whether the certificate authorities and the key of service accounts are among the files, which C(kubeadm join) brings only where
        they were uploaded into the cluster.
    type: bool
    default: false
  kubernetes_dir:
    description:
      - Directory of kubeadm's manifests and kubeconfigs.
    type: path
    default: /etc/kubernetes
  patches_dir:
    description:
      - Directory with kubeadm's patches, which joining control planes need. Empty without.
    type: path
    default: ''
  unmanaged_files:
    description:
      - Paths or directories that are left out, because the operator brings them to each host himself.
    type: list
    elements: path
    default: []
"""
