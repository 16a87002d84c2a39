# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers of HTTP and HTTPS on loopback are asked as repositories and mirrors would be."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import web_origins
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.origins import Answer, Wanted
from tests.unit.plugins.certificates import make_ca, make_certificate

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {"/deb/Packages": "Package: kubeadm\nVersion: 1.34.4-1.1\n", "/packed/InRelease": "x", "/v2/": "{}"}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = FILES.get(self.path)
        self.send_response(401 if self.path == "/closed/v2/" else 404 if body is None else 200)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_request(self, *_details: object) -> None:
        """Nothing is written about it."""


@contextlib.contextmanager
def _served(certificate: Path | None = None) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_repositories() -> None:
    with _served() as base:
        paths = ("deb/Packages", "packed/Packages", "none/Packages", "closed/v2/")
        found = web_origins.ask([Wanted(f"{base}/{path}") for path in paths])
    assert list(found.values()) == [Answer(200, versions=("1.34.4",)), Answer(200), Answer(404), Answer(401)]
    refused = web_origins.ask([Wanted(f"{base}/deb/Packages")])[f"{base}/deb/Packages"]
    assert refused.status == 0
    assert "refused" in refused.error


def test_a_mirror_is_verified_with_its_own_ca(tmp_path: Path) -> None:
    ca, other = make_ca(), make_ca()
    leaf = make_certificate(ca, "127.0.0.1", name="mirror")
    path = tmp_path / "mirror.pem"
    path.write_bytes(leaf.certificate + leaf.key)
    with _served(path) as base:
        url = f"{base}/v2/"
        assert web_origins.ask([Wanted(url, ca.certificate.decode())]) == {url: Answer(200)}
        for trusted in ("", other.certificate.decode()):
            found = web_origins.ask([Wanted(url, trusted)])[url]
            assert found.status == 0
            assert "CERTIFICATE_VERIFY_FAILED" in found.error


def test_a_ca_that_is_none_is_an_error_of_that_mirror() -> None:
    found = web_origins.ask([Wanted("https://127.0.0.1:1/v2/", "no certificate")])
    assert found["https://127.0.0.1:1/v2/"].status == 0
