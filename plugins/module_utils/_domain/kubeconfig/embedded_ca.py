# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA in a kubeconfig, comparable with another without a library for certificates."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def authorities(document: t.Any) -> frozenset[str]:
    """The certificates of the CA that the first cluster of a kubeconfig embeds; empty when it embeds none."""
    try:
        data = base64.b64decode(document["clusters"][0]["cluster"]["certificate-authority-data"]).decode("utf-8")
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error):
        return frozenset()
    return certificates(data)


def certificates(pem: str) -> frozenset[str]:
    """Every certificate of a text, one spelling for one."""
    found = _CERTIFICATE.findall(pem) or pem.splitlines()
    return frozenset("".join(item.split()) for item in found if item.strip())


__all__ = ("authorities", "certificates")
