# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How servers of a cluster are verified."""

from __future__ import annotations

import ssl

#: ``X509_V_FLAG_PARTIAL_CHAIN``: a given certificate is trusted as it is, also when it is not self-signed, as in Go. Python
#: has a name for it since 3.10.
_PARTIAL_CHAIN = 0x80000


def trusting(*, ca: str | None = None, ca_path: str | None = None) -> ssl.SSLContext:
    """A client's context that trusts these certificates only, and asks no more of them than Go does.

    Args:
        ca: certificates in PEM.
        ca_path: a file of such.

    Raises:
        OSError: they cannot be read; ``ssl.SSLError`` is one.
        ValueError: no certificate is given.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _PARTIAL_CHAIN)
    context.load_verify_locations(cafile=ca_path, cadata=ca)
    return context


__all__ = ("trusting",)
