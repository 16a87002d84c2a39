# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real TLS server on the loopback interface that misbehaves on cue, and the certificates it serves."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import ipaddress
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = "127.0.0.1"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key in one PEM file, and the serial number as OpenSSL writes it."""

    path: Path
    serial: str
    fingerprint: str


class Authority:
    """A CA that issues server certificates into a directory."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = directory / f"{name}.crt"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file: str, *, dns: str = "cp1.test", address: str = ADDRESS, expired: bool = False) -> Pair:
        """Issue a certificate for one name and one address."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        names = x509.SubjectAlternativeName([x509.DNSName(dns), x509.IPAddress(ipaddress.ip_address(address))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now - DAY if expired else now + DAY)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._directory / f"{file}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        serial = f"{certificate.serial_number:X}"
        return Pair(
            path=path,
            serial=serial.zfill(len(serial) + len(serial) % 2),
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        )


class Mode(enum.Enum):
    """What the server does with a connection."""

    ANSWER = "answers 200"
    FAIL = "answers 500"
    HANG_HANDSHAKE = "accepts and says nothing until the mode changes"
    HANG_RESPONSE = "reads the request and says nothing until the mode changes"
    CLOSE_ACCEPTED = "closes what it accepts"
    CLOSE_REQUEST = "closes after the request"
    CUT = "closes in the middle of the response"
    NOT_HTTP = "answers with something else"
    DRIP = "sends the status line and never ends the response"
    UNTIL_CLOSE = "answers 200 without a length, the end of the connection is the end"


_RESPONSES = {
    Mode.ANSWER: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    Mode.FAIL: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    Mode.CUT: b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
    Mode.NOT_HTTP: b"SSH-2.0-OpenSSH_9.9\r\n",
    Mode.DRIP: b"HTTP/1.1 200 OK\r\n",
    Mode.UNTIL_CLOSE: b"HTTP/1.1 200 OK\r\n\r\nok",
}


class CuedServer:
    """Serves on one port of the loopback interface, one thread a connection; without a pair it serves plain HTTP.

    ``accepted`` holds the monotonic time of every connection, ``requests`` the first line of every request,
    ``resumed`` whether any TLS session was resumed.
    """

    def __init__(self, pair: Pair | None) -> None:
        self.mode = Mode.ANSWER
        self.accepted: list[float] = []
        self.requests: list[str] = []
        self.resumed = False
        self._context: ssl.SSLContext | None = None
        if pair is not None:
            self.serve(pair)
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._closing = False
        self.port = 0
        self.listen()

    def serve(self, pair: Pair, *, clients_ca: Path | None = None) -> None:
        """Use this certificate from the next connection on; with a CA, only for clients with a certificate of it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.path)
        if clients_ca is not None:
            context.load_verify_locations(cafile=str(clients_ca))
            context.verify_mode = ssl.CERT_REQUIRED
        self._context = context

    def listen(self) -> None:
        """Accept connections, on the same port as before."""
        self._listener = socket.create_server((ADDRESS, self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def refuse(self) -> None:
        """Close the port: connections are refused."""
        listener, self._listener = self._listener, None
        if listener is not None and self._acceptor is not None:
            listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join()
            listener.close()

    def close(self) -> None:
        """Stop serving; connections that hang are released."""
        self._closing = True
        self.refuse()

    @property
    def address(self) -> str:
        """``HOST:PORT``."""
        return f"{ADDRESS}:{self.port}"

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            self.accepted.append(time.monotonic())
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        connection = plain
        with contextlib.suppress(OSError):
            if self.mode is Mode.CLOSE_ACCEPTED:
                return plain.close()
            self._hang(plain, {Mode.HANG_HANDSHAKE})
            if self._context is not None:
                connection = self._context.wrap_socket(plain, server_side=True)
                self.resumed = self.resumed or bool(connection.session_reused)
            self._answer(connection)
        connection.close()
        return None

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = connection.recv(4096)
            if not chunk:
                return
            request += chunk
        self.requests.append(request.decode().partition("\r\n")[0])
        if self.mode is Mode.CLOSE_REQUEST:
            return
        self._hang(connection, {Mode.HANG_HANDSHAKE, Mode.HANG_RESPONSE})
        response = _RESPONSES.get(self.mode)
        if response is not None:
            connection.sendall(response)
        if self.mode is Mode.DRIP:
            self._hang(connection, {Mode.DRIP})

    def _hang(self, connection: socket.socket, modes: set[Mode]) -> None:
        """Wait while one of the modes lasts; after the handshake also until the client hangs up."""
        while self.mode in modes and not self._closing:
            if self.mode is not Mode.HANG_HANDSHAKE and select.select([connection], [], [], 0.01)[0]:
                return
            time.sleep(0.01)


@contextlib.contextmanager
def serving(pair: Pair | None) -> Iterator[CuedServer]:
    """Run a server while the block lasts."""
    server = CuedServer(pair)
    try:
        yield server
    finally:
        server.close()
