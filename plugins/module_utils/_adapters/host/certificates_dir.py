# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds kubeadm's ``certificatesDir`` on this host, with the standard library."""

from __future__ import annotations

import os

from ..._domain.base.errors import InvalidInput
from ..._domain.component import static_pod
from ..._domain.pki import certificates_dir

#: The directory of kubeadm's manifests and kubeconfigs.
KUBERNETES_DIR = "/etc/kubernetes"
KUBELET_CONFIGURATION = "/var/lib/kubelet/config.yaml"


def find(
    kubernetes_dir: str = KUBERNETES_DIR,
    *,
    manifests_dir: str | None = None,
    kubelet_configuration: str = KUBELET_CONFIGURATION,
) -> str:
    """What the API server's flags name, else the kubelet's configuration, else kubeadm's default.

    Args:
        kubernetes_dir: the directory above the manifests; the default is ``pki`` in it.
        manifests_dir: where the static pods are, by default ``manifests`` in it.
        kubelet_configuration: the kubelet's configuration file.
    """
    manifests = manifests_dir or os.path.join(kubernetes_dir, "manifests")
    text = _text(os.path.join(manifests, "kube-apiserver.yaml"))
    found = None
    if text:
        try:
            found = certificates_dir.of_api_server(static_pod.parse(text))
        except InvalidInput:
            found = None
    return found or certificates_dir.of_kubelet(_text(kubelet_configuration)) or os.path.join(kubernetes_dir, "pki")


def links(*directories: str) -> dict[str, str]:
    """Those of the directories, and of what is in them, that are reached through links, with what they lead to."""
    found = {}
    for directory in dict.fromkeys(os.path.normpath(item) for item in directories):
        for path in (directory, *_below(directory)):
            real = os.path.realpath(path)
            if real != path and os.path.isdir(real):
                found[path] = real
    return found


def _below(directory: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(directory)]
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("KUBELET_CONFIGURATION", "KUBERNETES_DIR", "find", "links")
