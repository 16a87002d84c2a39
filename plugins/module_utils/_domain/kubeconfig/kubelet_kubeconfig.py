# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's kubeconfig, and as whom it authenticates."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import CertificateIdentities

KUBELET_KUBECONFIG = "/etc/kubernetes/kubelet.conf"
#: The user that a kubelet's client certificate names
#: (https://kubernetes.io/docs/reference/access-authn-authz/node/).
_NODE_USER = "system:node:"


def client_certificate(document: t.Any, files: Files) -> bytes | None:
    """The client certificate of a kubeconfig's user in PEM, embedded or in a file."""
    try:
        user = document["users"][0]["user"]
        if "client-certificate-data" in user:
            return base64.b64decode(user["client-certificate-data"])
        return files.read(user["client-certificate"])
    except (KeyError, IndexError, TypeError, binascii.Error):
        return None


def node_of(subject: str) -> str | None:
    """The node that the subject of a kubelet's certificate (RFC 4514) names; ``None`` for any other."""
    found = re.search(rf"(?:^|,)CN={_NODE_USER}([^,]+)", subject)
    return None if found is None else found.group(1)


def certified_node(document: t.Any, files: Files, x509: CertificateIdentities) -> str | None:
    """The node that a kubelet's kubeconfig authenticates as, ``None`` when its certificate does not say."""
    pem = client_certificate(document, files)
    try:
        subject = x509.identities(pem)[0].subject if pem is not None else ""
    except InvalidInput:
        return None
    return node_of(subject)


__all__ = ("KUBELET_KUBECONFIG", "certified_node", "client_certificate", "node_of")
