# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS adapter against real servers on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.tls import HostTls
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

CA = make_ca()


def write(directory: Path, name: str, issued: Issued) -> tuple[str, str]:
    """Certificate and key as files."""
    (directory / f"{name}.crt").write_bytes(issued.certificate)
    (directory / f"{name}.key").write_bytes(issued.key)
    return str(directory / f"{name}.crt"), str(directory / f"{name}.key")


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None) -> t.Iterator[Endpoint]:
    """A server; without a context it accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                if context is None:
                    held.append(connection)
                    continue
                with contextlib.suppress(OSError), connection, context.wrap_socket(connection, server_side=True):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Endpoint("127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)
        for connection in held:
            connection.close()


def server_context(directory: Path, issued: Issued) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write(directory, "server", issued))
    return context


def serial(pem: bytes | None) -> int:
    assert pem is not None
    return CryptographyX509().certificates(pem)[0].serial_number


def test_reads_a_certificate_that_nobody_would_accept(tmp_path: Path) -> None:
    expired = make_certificate(CA, "elsewhere.example.org", lifetime=(-10, -5))
    with serving(server_context(tmp_path, expired)) as endpoint:
        assert serial(HostTls().served_certificate(endpoint)) == serial(expired.certificate)


def test_sends_the_server_name(tmp_path: Path) -> None:
    seen: list[str | None] = []
    context = server_context(tmp_path, make_certificate(CA, "x"))
    context.sni_callback = lambda _session, name, _context: seen.append(name)
    with serving(context) as endpoint:
        HostTls().served_certificate(endpoint, server_name="k8s.example.org")
        HostTls().served_certificate(endpoint)
        HostTls().served_certificate(Endpoint("localhost", endpoint.port))
    assert seen == ["k8s.example.org", None, "localhost"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_client_certificate(tmp_path: Path, version: ssl.TLSVersion) -> None:
    issued = make_certificate(CA, "x")
    context = server_context(tmp_path, issued)
    context.maximum_version = context.minimum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=CA.certificate.decode())
    certificate, key = write(tmp_path, "client", make_certificate(CA, usage=None, name="client"))
    with serving(context) as endpoint:
        as_client = HostTls(client_certificate=certificate, client_key=key)
        assert serial(as_client.served_certificate(endpoint)) == serial(issued.certificate)
        without = HostTls(client_certificate=str(tmp_path / "none")).served_certificate(endpoint)
        assert (without is None) == (version == ssl.TLSVersion.TLSv1_2)


def test_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert HostTls().served_certificate(Endpoint("127.0.0.1", port)) is None
    assert HostTls().served_certificate(Endpoint("no-such-host.invalid", 1), timeout=1) is None
    with serving(None) as endpoint:
        start = time.monotonic()
        assert HostTls().served_certificate(endpoint, timeout=0.3) is None
        assert time.monotonic() - start < 5
