# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client certificates that a kubeconfig holds."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from ..base.certificate import Certificate


def client_certificates(document: t.Any, x509: X509) -> list[Certificate]:
    """The leaf of each client certificate that a kubeconfig holds itself."""
    users = document.get("users") if isinstance(document, dict) else None
    found = []
    for entry in users if isinstance(users, list) else ():
        user = entry.get("user") if isinstance(entry, dict) else None
        data = user.get("client-certificate-data") if isinstance(user, dict) else None
        try:
            found.append(x509.certificates(base64.b64decode(str(data or "")))[0])
        except (InvalidInput, IndexError, ValueError, binascii.Error):
            continue
    return found


__all__ = ("client_certificates",)
