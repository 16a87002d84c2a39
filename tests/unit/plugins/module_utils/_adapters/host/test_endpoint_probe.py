# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint as a host sees it: real servers on loopback, good ones and every kind of bad one."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
import time
import typing as t

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import endpoint_probe
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import report_fields
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import View
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

CA = make_ca()
#: These certificates are checked against the real time.
LIFETIME = (-30, 3649)


class ApiServer(http.server.BaseHTTPRequestHandler):
    """What an API server says of /readyz and /api to those whom it knows and to others."""

    status: t.ClassVar[int] = 200
    anonymous: t.ClassVar[bool] = True

    def do_GET(self) -> None:
        """Answer."""
        is_known = bool(t.cast("ssl.SSLSocket", self.connection).getpeercert())
        status, body = self.status, b"ok"
        if not is_known and not self.anonymous:
            status, body = 401, b'{"message": "Unauthorized"}'
        elif not is_known and self.path == "/api":
            status, body = 403, b'{"message": "User \\"system:anonymous\\" cannot get path \\"/api\\""}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def api_server(
    directory: Path,
    *sans: str,
    ca: Issued = CA,
    lifetime: tuple[int, int] = LIFETIME,
    knows_clients: bool = True,
    **behaviour: t.Any,
) -> t.Iterator[int]:
    """The port of an API server on 127.0.0.1 whose certificate has these names."""
    issued = make_certificate(ca, *sans, lifetime=lifetime)
    (directory / "server.pem").write_bytes(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    if knows_clients:
        context.load_verify_locations(cadata=CA.certificate.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
    handler = type("Handler", (ApiServer,), behaviour)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def inspect(port: int, *, host: str = "127.0.0.1", verified: bool = True, **options: t.Any) -> View:
    """What is seen, with the cluster's CA or without."""
    seconds = {"resolve_seconds": 5, "connect_seconds": 5, **options}
    return HostEndpointProbe(ca=CA.certificate.decode() if verified else None, **seconds).inspect(Endpoint(host, port))


@pytest.fixture(name="client")
def _client(tmp_path: Path) -> str:
    """The kubelet's certificate and key in one file."""
    issued = make_certificate(CA, name="system:node:w1", usage=ExtendedKeyUsageOID.CLIENT_AUTH, lifetime=LIFETIME)
    path = tmp_path / "kubelet-client-current.pem"
    path.write_bytes(issued.certificate + issued.key)
    return str(path)


def test_a_ready_api_server(tmp_path: Path) -> None:
    with api_server(tmp_path, "127.0.0.1") as port:
        view = inspect(port)
    assert view.is_proved
    assert view.addresses == ("127.0.0.1",)
    (attempt,) = view.attempts
    assert (attempt.outcome, attempt.status, attempt.certificate, attempt.identity) == ("answered", 200, "", "")


def test_a_name_is_resolved_by_the_host_and_sent_by_sni(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *_rest, **_more: (
            [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
            if host in ("k8s.example.test", "127.0.0.1")
            else pytest.fail(host)
        ),
    )
    with api_server(tmp_path, "k8s.example.test") as port:
        view = inspect(port, host="k8s.example.test")
        other = inspect(port)
    assert view.is_proved
    assert view.addresses == ("127.0.0.1",)
    assert other.attempts[0].outcome == "wrong_name"


def test_no_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with api_server(tmp_path, "127.0.0.1") as port:
        assert inspect(port).is_proved


@pytest.mark.parametrize(
    ("sans", "options", "outcome"),
    [
        (["127.0.0.1"], {"ca": make_ca("elsewhere")}, "untrusted"),
        (["192.0.2.10"], {}, "wrong_name"),
        (["127.0.0.1"], {"lifetime": (-30, -10)}, "expired"),
        (["127.0.0.1"], {"lifetime": (3000, 3649)}, "expired"),
    ],
)
def test_a_server_of_somebody_else(tmp_path: Path, sans: list[str], options: dict[str, t.Any], outcome: str) -> None:
    with api_server(tmp_path, *sans, **options) as port:
        view = inspect(port)
    assert not view.is_proved
    assert view.attempts[0].outcome == outcome
    assert view.strangers
    assert len(view.objections()) == 1


def test_a_certificate_without_sans_is_refused_as_go_refuses_it(tmp_path: Path) -> None:
    with api_server(tmp_path) as port:
        assert inspect(port).attempts[0].outcome == "wrong_name"


@pytest.mark.parametrize(
    ("behaviour", "status", "proved", "expected"),
    [
        ({"status": 500}, 500, False, "is not ready (HTTP 500)"),
        ({"status": 404}, 404, False, "is no API server (HTTP 404"),
        ({"anonymous": False}, 401, True, ""),
    ],
)
def test_what_readyz_says(
    tmp_path: Path, behaviour: dict[str, t.Any], status: int, *, proved: bool, expected: str
) -> None:
    with api_server(tmp_path, "127.0.0.1", **behaviour) as port:
        view = inspect(port)
    assert (view.attempts[0].status, view.is_proved) == (status, proved)
    assert expected in "".join(view.objections())


@pytest.mark.parametrize(
    ("behaviour", "status", "identity"),
    [
        ({}, 200, "kept"),
        ({"anonymous": False}, 200, "kept"),
        # Something between ends TLS, with a certificate of the right CA.
        ({"knows_clients": False}, 200, "lost"),
        ({"knows_clients": False, "anonymous": False}, 401, "lost"),
    ],
)
def test_the_api_server_must_see_the_client_certificate(
    tmp_path: Path, client: str, behaviour: dict[str, t.Any], status: int, identity: str
) -> None:
    with api_server(tmp_path, "127.0.0.1", **behaviour) as port:
        view = inspect(port, client_certificate=client)
    (attempt,) = view.attempts
    assert (attempt.status, attempt.identity, view.is_proved) == (status, identity, identity == "kept")


def test_a_client_certificate_that_is_not_there_is_not_presented(tmp_path: Path) -> None:
    with api_server(tmp_path, "127.0.0.1") as port:
        view = inspect(port, client_certificate=str(tmp_path / "none.pem"))
    assert (view.attempts[0].identity, view.is_proved) == ("", True)


def test_what_is_not_verified_is_returned_to_be_judged(tmp_path: Path, client: str) -> None:
    with api_server(tmp_path, "elsewhere.example.test", ca=make_ca("elsewhere")) as port:
        view = inspect(port, verified=False, client_certificate=client)
    (attempt,) = view.attempts
    assert (attempt.outcome, attempt.status, attempt.identity) == ("answered", 200, "")
    assert CryptographyX509().certificates(attempt.certificate.encode())[0].issuer == "CN=elsewhere"
    assert report_fields.read(View, view.as_dict(), where="It") == view


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    view = inspect(port)
    assert view.attempts[0].outcome == "refused"
    assert view.objections() == [f"127.0.0.1:{port} refuses the connection, so nothing listens there"]


@contextlib.contextmanager
def talker(said: bytes | None) -> t.Iterator[int]:
    """The port of a listener that says this, or closes at once without a word (``b""``), or is silent (``None``)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = listener.accept()
                    held.append(connection)
                    if said:
                        connection.sendall(said)
                    if said is not None:
                        connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "no_tls"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent a TLS handshake to an HTTP server.\n", "no_tls"),
        (b"", "closed"),
        (None, "silent"),
    ],
)
def test_a_listener_that_does_not_speak_tls(said: bytes | None, outcome: str) -> None:
    with talker(said) as port:
        began = time.monotonic()
        view = inspect(port, connect_seconds=0.5)
    assert view.attempts[0].outcome == outcome
    assert time.monotonic() - began < 5


def test_a_name_that_resolves_nowhere() -> None:
    view = inspect(6443, host="no-such-host.invalid")
    assert (view.addresses, view.attempts) == ((), ())
    assert view.resolution_error
    assert "does not resolve no-such-host.invalid" in view.objections()[0]


def test_a_resolver_that_never_answers_does_not_hold_the_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: ended.wait(30) and [])
    began = time.monotonic()
    begun = HostEndpointProbe(resolve_seconds=0.2, connect_seconds=0.2).begin(Endpoint("k8s.example.test", 6443))
    view = begun()
    ended.set()
    assert time.monotonic() - began < 5
    assert view.resolution_error == "its resolver did not answer within 0.2 s"


def test_each_address_of_a_name_is_inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_probe, "_addresses_of", lambda _endpoint: (["127.0.0.1", "127.0.0.2"], ""))
    with api_server(tmp_path, "k8s.example.test") as port:
        view = inspect(port, host="k8s.example.test")
    assert [(item.address, item.outcome) for item in view.attempts] == [
        ("127.0.0.1", "answered"),
        ("127.0.0.2", "refused"),
    ]
    assert view.is_proved
    assert view.unreached == (view.attempts[1],)


def test_a_ca_that_is_none() -> None:
    with pytest.raises(InvalidInput, match=r"CA certificate cannot be used .*: give certificates in PEM"):
        HostEndpointProbe(ca="no certificate")
