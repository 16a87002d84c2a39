# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTPS server on loopback that demands a client certificate and answers what a test says."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import ssl
import threading
import typing as t

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

#: Days; these certificates are checked against the real time.
_LIFETIME = (-1, 3649)


@dataclasses.dataclass
class JsonServer:
    """The running server.

    Attributes:
        url: where it is.
        ca: its CA, which also signed the client.
        client: a client certificate that it takes.
        answers: status and body by path; other paths get 404.
        asked: method, path and body of every request.
        paths: files of ca.crt, client.crt and client.key by name.
    """

    url: str
    ca: Issued
    client: Issued
    paths: dict[str, str]
    answers: dict[str, tuple[int, bytes]] = dataclasses.field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def json_server(
    directory: Path, *, client_name: str = "kube-etcd-healthcheck-client", san: str = "127.0.0.1"
) -> t.Iterator[JsonServer]:
    """A server for the time of the context."""
    ca = make_ca()
    serving = make_certificate(ca, san, lifetime=_LIFETIME)
    client = make_certificate(ca, name=client_name, usage=ExtendedKeyUsageOID.CLIENT_AUTH, lifetime=_LIFETIME)
    paths = {}
    for name, content in (
        ("ca.crt", ca.certificate),
        ("client.crt", client.certificate),
        ("client.key", client.key),
        ("server.pem", serving.certificate + serving.key),
    ):
        (directory / name).write_bytes(content)
        paths[name] = str(directory / name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths["server.pem"])
    context.load_verify_locations(paths["ca.crt"])
    context.verify_mode = ssl.CERT_REQUIRED
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        running = JsonServer(f"https://127.0.0.1:{server.server_address[1]}", ca, client, paths)
        server.running = running  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def _answer(self) -> None:
        running: JsonServer = self.server.running  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        running.asked.append((self.command, self.path, body))
        status, content = running.answers.get(self.path, (404, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: t.Any) -> None:
        """Be silent."""
