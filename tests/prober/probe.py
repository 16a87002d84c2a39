# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One probe: a new connection, the TLS handshake with full verification, one GET, the whole response.

Sockets are driven directly on the event loop: asyncio's own TLS transport costs about twice the processor time of the
handshake itself, and the prober shares its machine with what it measures.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import ipaddress
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tests.prober.target import Protocol, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")
_CHUNK = 16384
_RESPONSE_LIMIT = 65536
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r)")
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)


def verifying_context(ca: Path, certificate: Path | None = None) -> ssl.SSLContext:
    """Return a client context that trusts only this CA file and verifies chain, dates and host name or address.

    It presents the client certificate, if there is one: a file with certificate and key. Python resumes a TLS session only when handed one, so every connection made with it is a full handshake.

    :raises OSError: when the file cannot be read or holds no certificate (``ssl.SSLError`` is an OSError).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(ca))
    if certificate is not None:
        context.load_cert_chain(str(certificate))
    return context


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The verdict of a probe; ``error`` is None exactly when it succeeded. See ``log.Probe`` for the fields."""

    status: int | None
    error: str | None
    serial: str | None
    fingerprint: str | None


@dataclass
class CertificateNames:
    """Serial numbers by fingerprint: a certificate is decoded the first time it is seen only."""

    _serials: dict[str, str] = field(default_factory=dict)

    def of(self, connection: ssl.SSLSocket) -> tuple[str, str]:
        """Return serial and fingerprint of the verified certificate of this connection."""
        fingerprint = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
        if fingerprint not in self._serials:
            self._serials[fingerprint] = str((connection.getpeercert() or {}).get("serialNumber", ""))
        return self._serials[fingerprint], fingerprint


class Connection:
    """The state of one probe while it runs; ``run`` never raises for what the network or the server does."""

    def __init__(self, target: Target, *, context: ssl.SSLContext | None, names: CertificateNames) -> None:
        self._target = target
        self._context = context
        self._names = names
        self._loop = asyncio.get_running_loop()
        self._phase = "resolve"
        self._status: int | None = None
        self._serial: str | None = None
        self._fingerprint: str | None = None

    async def run(self, deadline: float) -> Outcome:
        """Probe until the deadline, a time of the event loop's clock (CLOCK_MONOTONIC) in seconds."""
        error: str | None = None
        try:
            async with asyncio.timeout_at(deadline):
                await self._exchange(deadline)
            if self._loop.time() > deadline:
                error = "timeout"
            elif self._target.protocol is not Protocol.TCP and self._status != 200:
                error = f"status {self._status}"
        except TimeoutError as reason:
            error = "timeout" if reason.errno is None else describe(reason)
        except (OSError, ValueError, EOFError) as reason:
            error = describe(reason)
        return Outcome(
            status=self._status,
            error=None if error is None else f"{self._phase}: {error}",
            serial=self._serial,
            fingerprint=self._fingerprint,
        )

    async def _exchange(self, deadline: float) -> None:
        addresses = await self._addresses()
        self._phase = "connect"
        connection = await self._connect(addresses, deadline)
        try:
            if self._target.protocol is Protocol.HTTPS:
                self._phase = "handshake"
                connection = await self._handshake(connection)
            if self._target.protocol is not Protocol.TCP:
                await self._get(connection)
        finally:
            connection.close()

    async def _addresses(self) -> list[str]:
        host = self._target.address or self._target.host
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            found = await self._loop.getaddrinfo(host, self._target.port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def _connect(self, addresses: list[str], deadline: float) -> socket.socket:
        """Connect to the first address that accepts; each gets an equal share of the time left."""
        for position, address in enumerate(addresses):
            left = len(addresses) - position
            if left == 1:
                return await self._connect_one(address)
            share = self._loop.time() + (deadline - self._loop.time()) / left
            try:
                async with asyncio.timeout_at(share):
                    return await self._connect_one(address)
            except OSError:
                continue
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))

    async def _connect_one(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(connection, (address, self._target.port))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _handshake(self, plain: socket.socket) -> ssl.SSLSocket:
        if self._context is None:
            raise ValueError("no CA to verify with")
        connection = self._context.wrap_socket(plain, server_hostname=self._target.host, do_handshake_on_connect=False)
        try:
            await self._until_done(connection, connection.do_handshake)
            self._serial, self._fingerprint = self._names.of(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _get(self, connection: socket.socket) -> None:
        """Send the request, read the response to its end.

        :raises EOFError: when the server closes before that.
        :raises ValueError: when it is not HTTP.
        """
        self._phase = "request"
        request = memoryview(
            f"GET {self._target.path} HTTP/1.1\r\nHost: {self._target.authority}\r\n"
            "User-Agent: kubeadm-ha-prober\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        while request:
            request = request[await self._until_done(connection, partial(connection.send, request)) :]
        self._phase = "response"
        received = b""
        while not self._complete(received):
            chunk = await self._until_done(connection, partial(connection.recv, _CHUNK))
            if not chunk:
                self._at_end(received)
                return
            received += chunk

    def _complete(self, received: bytes) -> bool:
        """Whether the response has been read; notes its status as soon as that is known."""
        if b"\r\n" in received and self._status is None:
            matched = _STATUS_LINE.match(received)
            if matched is None:
                raise ValueError("not HTTP")
            self._status = int(matched.group(1))
        if len(received) >= _RESPONSE_LIMIT:
            return True
        head, separator, body = received.partition(b"\r\n\r\n")
        length = _CONTENT_LENGTH.search(head + b"\r\n")
        return bool(separator) and length is not None and len(body) >= int(length.group(1))

    @staticmethod
    def _at_end(received: bytes) -> None:
        """The server closed: that ends a response without Content-Length, and cuts any other."""
        head, separator, _body = received.partition(b"\r\n\r\n")
        if not separator or _CONTENT_LENGTH.search(head + b"\r\n"):
            raise EOFError

    async def _until_done(self, connection: socket.socket, operation: Callable[[], _T]) -> _T:
        """Repeat a non-blocking operation until it no longer has to wait."""
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                await self._ready(connection.fileno(), write=False)
            except ssl.SSLWantWriteError:
                await self._ready(connection.fileno(), write=True)
            except BlockingIOError:
                await self._ready(connection.fileno(), write=self._phase == "request")

    async def _ready(self, descriptor: int, *, write: bool) -> None:
        future: asyncio.Future[None] = self._loop.create_future()
        add, remove = (
            (self._loop.add_writer, self._loop.remove_writer)
            if write
            else (self._loop.add_reader, self._loop.remove_reader)
        )
        add(descriptor, _finish, future)
        try:
            await future
        finally:
            remove(descriptor)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def describe(error: Exception) -> str:
    """Name an error in a few stable words: refused, reset, closed, certificate: ..., tls: ..., or an errno's name."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, (EOFError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "closed"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason or error}"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, str(error))
    return str(error) or type(error).__name__
