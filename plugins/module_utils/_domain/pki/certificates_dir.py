# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where kubeadm's certificates are: its ``certificatesDir``.

A host has it in the flags of its static pods and in its kubelet's configuration, the cluster in the
ClusterConfiguration. The paths may differ and still be one directory, as Kubespray's link ``/etc/kubernetes/pki`` to
``/etc/kubernetes/ssl`` makes it, so they are compared as the host resolves them.
"""

from __future__ import annotations

import collections
import posixpath
import re
import typing as t

from ..component.static_pod import is_below

if t.TYPE_CHECKING:
    from ..component.static_pod import StaticPod

#: kubeadm's default.
DEFAULT = "/etc/kubernetes/pki"

#: What kubeadm's manifests name in the directory, by flag (``cmd/kubeadm/app/phases/controlplane/manifests.go``).
_NAMES = {
    "client-ca-file": "ca.crt",
    "tls-cert-file": "apiserver.crt",
    "tls-private-key-file": "apiserver.key",
    "kubelet-client-certificate": "apiserver-kubelet-client.crt",
    "service-account-key-file": "sa.pub",
    "service-account-signing-key-file": "sa.key",
    "requestheader-client-ca-file": "front-proxy-ca.crt",
    "proxy-client-cert-file": "front-proxy-client.crt",
}
_CLIENT_CA = re.compile(r"^\s+[\"']?clientCAFile[\"']?:\s*[\"']?(/[^\s\"'#]+)", re.MULTILINE)


def is_cleanable(path: str) -> bool:
    """Whether all that ``kubeadm reset`` would delete in a directory of certificates is known: one below /etc/kubernetes."""
    return (
        path.startswith("/etc/kubernetes/")
        and posixpath.normpath(path) == path
        and not is_below(path, "/etc/kubernetes/manifests")
    )


def of_api_server(pod: StaticPod) -> str | None:
    """The directory that most of the API server's flags name; ``None`` when none of them names kubeadm's files."""
    votes: collections.Counter[str] = collections.Counter()
    for flag, values in pod.flags.items():
        for value in values if flag in _NAMES else ():
            mounted = pod.on_host(value) if value.startswith("/") else None
            path = value if mounted is None else mounted[0]
            if path.startswith("/") and posixpath.basename(path) == _NAMES[flag]:
                votes[posixpath.dirname(path)] += 1
    return votes.most_common(1)[0][0] if votes else None


def of_kubelet(configuration: str) -> str | None:
    """The directory of ``clientCAFile`` in a kubelet's configuration, as kubeadm names the file; else ``None``."""
    found = _CLIENT_CA.search(configuration)
    if found is None or posixpath.basename(found.group(1)) != "ca.crt":
        return None
    return posixpath.dirname(found.group(1))


def resolve(path: str, links: t.Mapping[str, str]) -> str:
    """A path with the links of the directories above it followed.

    Args:
        path: absolute path.
        links: directories that are links, with what they lead to in the end.
    """
    path = posixpath.normpath(path)
    above = [link for link in links if is_below(path, link)]
    if not above:
        return path
    link = max(above, key=len)
    return posixpath.normpath(posixpath.join(links[link], posixpath.relpath(path, link)))


__all__ = ("DEFAULT", "is_cleanable", "of_api_server", "of_kubelet", "resolve")
