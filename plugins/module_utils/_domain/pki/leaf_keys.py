# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys of a host's own certificates: they never leave it, whatever names them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
import typing as t

if t.TYPE_CHECKING:
    from ..._ports.file_tree import FileTree

#: Flags of control plane components that name the key of a certificate of this very host.
FLAGS = frozenset({"tls-private-key-file", "kubelet-client-key", "proxy-client-key-file"})

#: What kubeadm issues for one host, below its ``certificatesDir``.
_STEMS = (
    *("apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client"),
    *("etcd/server", "etcd/peer", "etcd/healthcheck-client"),
)
_KUBELET = "/var/lib/kubelet/pki"
_PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
#: A PEM block in base64, as kubeconfigs embed it.
_EMBEDDED = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+")


def digests(content: bytes) -> frozenset[str]:
    """Hashes of the private keys in a file, by which two copies of one key are recognised as such."""
    texts = [content, *(_decoded(match.group(0)) for match in _EMBEDDED.finditer(content))]
    bodies = (match.group(1) for text in texts for match in _PEM.finditer(text))
    return frozenset(hashlib.sha256(b"".join(body.split())).hexdigest() for body in bodies)


def of_host(tree: FileTree, pki_dir: str) -> dict[str, str]:
    """Hashes of the private keys of the host's own certificates, with the path of each."""
    paths = [f"{pki_dir}/{stem}.key" for stem in _STEMS]
    if tree.is_directory(_KUBELET):
        paths += [posixpath.join(_KUBELET, name) for name in tree.names(_KUBELET)]
    found: dict[str, str] = {}
    for path in paths:
        if tree.is_file(path):
            for digest in digests(tree.read(path)):
                found.setdefault(digest, path)
    return found


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


__all__ = ("FLAGS", "digests", "of_host")
