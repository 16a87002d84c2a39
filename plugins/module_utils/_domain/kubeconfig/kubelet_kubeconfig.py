# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's kubeconfig, and as whom it authenticates."""

from __future__ import annotations

import re
import typing as t

from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import CertificateIdentities
    from .document import Kubeconfig

KUBELET_KUBECONFIG = "/etc/kubernetes/kubelet.conf"
#: The user that a kubelet's client certificate names
#: (https://kubernetes.io/docs/reference/access-authn-authz/node/).
_NODE_USER = "system:node:"


def node_of(subject: str) -> str | None:
    """The node that the subject of a kubelet's certificate (RFC 4514) names; ``None`` for any other."""
    found = re.search(rf"(?:^|,)CN={_NODE_USER}([^,]+)", subject)
    return None if found is None else found.group(1)


def certified_node(kubeconfig: Kubeconfig, files: Files, x509: CertificateIdentities) -> str | None:
    """The node that a kubelet's kubeconfig authenticates as, ``None`` when its certificate does not say."""
    pem = kubeconfig.client_certificate(files)
    try:
        subject = x509.identities(pem)[0].subject if pem is not None else ""
    except InvalidInput:
        return None
    return node_of(subject)


__all__ = ("KUBELET_KUBECONFIG", "certified_node", "node_of")
