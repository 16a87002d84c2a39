# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share, as parts of their argument specifications.

A module composes the parts that it needs and extends the documentation fragment of each: ``KUBECONFIG`` is documented by
``kubeadm.ha.kubeconfig``, every other part by the section of ``kubeadm.ha.control_plane`` that has its name.
"""

from __future__ import annotations

import typing as t

_Part = t.Mapping[str, t.Mapping[str, t.Any]]

#: Which API server is asked, and as whom.
KUBECONFIG: _Part = {
    "kubeconfig": {"type": "path", "default": "/etc/kubernetes/admin.conf"},
    "server": {"type": "str"},
}

#: Where the host's static pods are.
MANIFESTS_DIR: _Part = {"manifests_dir": {"type": "path", "default": "/etc/kubernetes/manifests"}}

#: Where the host has the cluster's certificates. Without it the module finds out.
PKI_DIR: _Part = {"pki_dir": {"type": "path"}}

#: Where the host's own API server is. What is not given is read from its static pod.
API_SERVER: _Part = {"advertise_address": {"type": "str"}, "bind_port": {"type": "int"}}

#: Which control plane endpoint is asked, whose CA is trusted, and what is presented to it.
ENDPOINT_WATCH: _Part = {
    "endpoint": {"type": "str"},
    "ca_path": {"type": "path"},
    "client_certificate": {"type": "path", "default": "/var/lib/kubelet/pki/kubelet-client-current.pem"},
}

#: Which files of a control plane another one would need.
FILES: _Part = {
    "authorities": {"type": "bool", "default": False},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "patches_dir": {"type": "path", "default": ""},
    "unmanaged_files": {"type": "list", "elements": "path", "default": []},
}


__all__ = ("API_SERVER", "ENDPOINT_WATCH", "FILES", "KUBECONFIG", "MANIFESTS_DIR", "PKI_DIR")
