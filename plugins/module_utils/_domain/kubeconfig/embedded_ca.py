# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA in a kubeconfig, comparable with another without a library for certificates."""

from __future__ import annotations

import re
import typing as t

from .document import CA

if t.TYPE_CHECKING:
    from .document import Entry

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def authorities(cluster: Entry | None) -> frozenset[str]:
    """The certificates of the CA that a cluster of a kubeconfig embeds; empty when it embeds none."""
    pem = None if cluster is None else cluster.pem(CA)
    try:
        return certificates((pem or b"").decode("utf-8"))
    except UnicodeDecodeError:
        return frozenset()


def certificates(pem: str) -> frozenset[str]:
    """Every certificate of a text, one spelling for one."""
    found = _CERTIFICATE.findall(pem) or pem.splitlines()
    return frozenset("".join(item.split()) for item in found if item.strip())


__all__ = ("authorities", "certificates")
