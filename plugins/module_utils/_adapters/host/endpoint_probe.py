# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspects the control plane endpoint as this host's kubelet would, by the standard library alone.

The name goes through the host's own resolver (/etc/hosts included); no proxy of any environment is used.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import socket
import ssl
import threading
import time
import typing as t

from ..._domain.base import endpoint_view as seen
from ..._domain.base.address import Endpoint, canonical_ip
from ..._domain.base.errors import InvalidInput
from .commands import HostCommands
from .tls_context import trusting

#: Verification codes of OpenSSL (openssl/x509_vfy.h).
_NOT_NOW = (9, 10)
_WRONG_NAME = (62, 64)
#: Addresses of one name that are inspected.
_MOST_ADDRESSES = 16
_READYZ, _DISCOVERY = "/readyz", "/api"
_CLOSED_TO_ANONYMOUS = (401, 403)
_ANONYMOUS = b"system:anonymous"
_UNAUTHORIZED = 401
_LARGEST_ANSWER = 1 << 16


class HostEndpointProbe:
    """``EndpointProbe`` of this host."""

    def __init__(
        self,
        *,
        ca: str | None = None,
        client_certificate: str = "",
        client_pair: str = "",
        resolve_seconds: float = 3.0,
        connect_seconds: float = 3.0,
    ) -> None:
        """Inspect with certain limits.

        Args:
            ca: the cluster's CA certificates in PEM, which the served certificate must chain to; ``None`` verifies nothing
                and returns what is served.
            client_certificate: path of a file with a client certificate and its key, presented where the served certificate
                was verified; one that is not there or cannot be used is not.
            client_pair: a client certificate and its key as text, which comes before a file.
            resolve_seconds: how long the resolver may take.
            connect_seconds: how long each address may take, all at the same time.

        Raises:
            InvalidInput: when the CA certificates cannot be used.
        """
        self._ca = ca
        self._client_certificate = client_certificate
        self._client_pair = client_pair
        self._resolve_seconds = resolve_seconds
        self._connect_seconds = connect_seconds
        try:
            self._context()
        except (ssl.SSLError, ValueError) as error:
            raise InvalidInput(
                f"The cluster's CA certificate cannot be used ({_words(error)}): give certificates in PEM."
            ) from error

    def inspect(self, endpoint: Endpoint) -> seen.View:
        """What this host sees now."""
        addresses, error = self._resolve(endpoint)
        deadline = time.monotonic() + self._connect_seconds
        attempts = [_Later(functools.partial(self._attempt, endpoint, address, deadline)) for address in addresses]
        found = [
            later.result(deadline) or seen.Attempt(address, seen.SILENT, "timed out")
            for address, later in zip(addresses, attempts)
        ]
        return seen.View(endpoint, tuple(addresses), error, tuple(found))

    def begin(self, endpoint: Endpoint) -> t.Callable[[], seen.View]:
        """Inspect while the caller does something else; what is returned waits for the end."""
        later = _Later(functools.partial(self.inspect, endpoint))
        deadline = time.monotonic() + self._resolve_seconds + self._connect_seconds + 1.0
        return lambda: later.result(deadline) or seen.View(endpoint, (), "timed out")

    def _resolve(self, endpoint: Endpoint) -> tuple[list[str], str]:
        literal = canonical_ip(endpoint.host)
        if literal is not None:
            return [literal], ""
        later = _Later(functools.partial(_addresses_of, endpoint))
        return later.result(time.monotonic() + self._resolve_seconds) or (
            [],
            f"its resolver did not answer within {self._resolve_seconds:g} s",
        )

    def _attempt(self, endpoint: Endpoint, address: str, deadline: float) -> seen.Attempt:
        try:
            context = self._context()
            status, _body, certificate = _get(endpoint, address, context, _READYZ, deadline)
            identity = ""
            if self._ca is not None and self._present(context):
                if status in _CLOSED_TO_ANONYMOUS:
                    status, _body, _certificate = _get(endpoint, address, context, _READYZ, deadline)
                identity = self._identity(endpoint, address, context, deadline)
        except ssl.SSLCertVerificationError as error:
            return seen.Attempt(address, _verification_outcome(error), error.verify_message)
        except (socket.timeout, TimeoutError):
            return seen.Attempt(address, seen.SILENT, "timed out")
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) as error:
            return seen.Attempt(address, seen.CLOSED, _words(error))
        except (ssl.SSLError, http.client.HTTPException) as error:
            return seen.Attempt(address, seen.NO_TLS, _words(error))
        except ConnectionRefusedError as error:
            return seen.Attempt(address, seen.REFUSED, _words(error))
        except OSError as error:
            return seen.Attempt(address, seen.UNREACHABLE, _words(error))
        return seen.Attempt(
            address, seen.ANSWERED, status=status, certificate="" if self._ca else certificate, identity=identity
        )

    def _identity(self, endpoint: Endpoint, address: str, context: ssl.SSLContext, deadline: float) -> str:
        """Whether the API server knows who presents the certificate: only those that it knows may read /api."""
        status, body, _certificate = _get(endpoint, address, context, _DISCOVERY, deadline)
        return seen.LOST if status == _UNAUTHORIZED or _ANONYMOUS in body else seen.KEPT

    def _context(self) -> ssl.SSLContext:
        if self._ca is None:
            # What is served is judged by whoever knows the cluster's CA; nothing secret is sent.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        context = trusting(ca=self._ca)
        context.hostname_checks_common_name = False
        return context

    def _present(self, context: ssl.SSLContext) -> bool:
        """Give the context the client certificate, where the host has one that can be used. A key comes from memory only."""
        try:
            if self._client_pair:
                with HostCommands().in_memory_file(self._client_pair) as held:
                    context.load_cert_chain(held)
                return True
            if not self._client_certificate or not os.path.isfile(self._client_certificate):
                return False
            context.load_cert_chain(self._client_certificate)
        except (OSError, ssl.SSLError):
            return False
        return True


_T = t.TypeVar("_T")


class _Later(t.Generic[_T]):
    """A call in a thread that nobody has to wait for: a resolver cannot be interrupted."""

    def __init__(self, call: t.Callable[[], _T]) -> None:
        self._found: list[_T] = []
        self._thread = threading.Thread(target=lambda: self._found.append(call()), daemon=True)
        self._thread.start()

    def result(self, deadline: float) -> _T | None:
        """What was returned by that time of the monotonic clock, else ``None``."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._found[0] if self._found else None


def _addresses_of(endpoint: Endpoint) -> tuple[list[str], str]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return [], _words(error)
    addresses = dict.fromkeys(canonical_ip(str(item[4][0]).partition("%")[0]) or str(item[4][0]) for item in found)
    return list(addresses)[:_MOST_ADDRESSES], ""


def _get(
    endpoint: Endpoint, address: str, context: ssl.SSLContext, path: str, deadline: float
) -> tuple[int, bytes, str]:
    """Status and body of a GET, and the served certificate in PEM, over a connection of its own."""
    with contextlib.ExitStack() as opened:
        connection = opened.enter_context(socket.create_connection((address, endpoint.port), timeout=_left(deadline)))
        connection.settimeout(_left(deadline))
        session = opened.enter_context(context.wrap_socket(connection, server_hostname=endpoint.host))
        der = session.getpeercert(binary_form=True)
        session.settimeout(_left(deadline))
        session.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nAccept: application/json\r\nConnection: close\r\n\r\n".encode()
        )
        response = http.client.HTTPResponse(session)
        response.begin()
        body = response.read(_LARGEST_ANSWER)
    return response.status, body, ssl.DER_cert_to_PEM_cert(der) if der else ""


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def _verification_outcome(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _NOT_NOW:
        return seen.EXPIRED
    return seen.WRONG_NAME if error.verify_code in _WRONG_NAME else seen.UNTRUSTED


def _words(error: BaseException) -> str:
    """The error in the system's words, without numbers and places in source code."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return str(error.reason).replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


__all__ = ("HostEndpointProbe",)
