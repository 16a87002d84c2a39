# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a TLS server serves."""

from __future__ import annotations

import socket
import ssl
import typing as t

from ..._domain.base.address import canonical_ip

if t.TYPE_CHECKING:
    from ..._domain.base.address import Endpoint


class HostTls:
    """``Tls`` by the standard library."""

    def __init__(self, *, client_certificate: str | None = None, client_key: str | None = None) -> None:
        """Read as a client.

        Args:
            client_certificate: path of a certificate for servers that demand one (etcd with TLS 1.2 ends the
                handshake without it); not used when it cannot be loaded.
            client_key: path of its key.
        """
        self._client_certificate = client_certificate
        self._client_key = client_key

    def served_certificate(
        self, endpoint: Endpoint, *, server_name: str | None = None, timeout: float = 5.0
    ) -> bytes | None:
        """The served leaf certificate in PEM, unverified; ``None`` when nothing answers in time (seconds).

        ``server_name`` is sent as SNI; without it the endpoint's host is, unless that is an IP address.
        """
        if server_name is None and canonical_ip(endpoint.host) is None:
            server_name = endpoint.host
        try:
            with socket.create_connection(
                (endpoint.host, endpoint.port), timeout=timeout
            ) as connection, self._context().wrap_socket(connection, server_hostname=server_name) as session:
                der = session.getpeercert(binary_form=True)
        except (OSError, ValueError):
            return None
        return ssl.DER_cert_to_PEM_cert(der).encode("ascii") if der else None

    def _context(self) -> ssl.SSLContext:
        # The certificate is read to be judged, nothing is sent: verification would hide what is to be seen.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self._client_certificate is not None:
            try:
                context.load_cert_chain(self._client_certificate, self._client_key)
            except (OSError, ssl.SSLError):
                return context
        return context


__all__ = ("HostTls",)
