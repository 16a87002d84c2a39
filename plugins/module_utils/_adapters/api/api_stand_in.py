# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers a program's questions to the API from memory."""

from __future__ import annotations

import contextlib
import http.server
import json
import socketserver
import threading
import typing as t

_LOOPBACK = "127.0.0.1"
#: A client that says nothing for so long is left.
_SILENCE_SECONDS = 5.0
_REASONS = {403: "Forbidden", 404: "NotFound"}


class LoopbackApi:
    """``ApiStandIn`` by plain HTTP: the port is the kernel's choice, and nothing that is served is a secret."""

    @contextlib.contextmanager
    def serving(
        self, documents: t.Mapping[str, t.Mapping[str, t.Any]], *, forbidden: t.Collection[str] = ()
    ) -> t.Iterator[str]:
        """The server's URL; see the port. When the context ends, its socket is closed and its threads have ended."""
        with _Server(documents, forbidden) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://{_LOOPBACK}:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    #: So that closing the server waits for the ends of its threads.
    daemon_threads = False
    block_on_close = True

    def __init__(self, documents: t.Mapping[str, t.Mapping[str, t.Any]], forbidden: t.Collection[str]) -> None:
        self.documents = documents
        self.forbidden = frozenset(forbidden)
        super().__init__((_LOOPBACK, 0), _Handler)

    def server_bind(self) -> None:
        """Bind without the name of the address, for which ``HTTPServer`` would ask the resolver."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _LOOPBACK, int(self.server_address[1])


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = _SILENCE_SECONDS

    def do_GET(self) -> None:
        """Answer with the document of the path."""
        server = t.cast("_Server", self.server)
        path = self.path.partition("?")[0]
        document = None if path in server.forbidden else server.documents.get(path)
        code = 200 if document is not None else 403 if path in server.forbidden else 404
        if document is None:
            document = {
                "apiVersion": "v1",
                "kind": "Status",
                "status": "Failure",
                "code": code,
                "reason": _REASONS[code],
            }
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: t.Any) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing: a module's standard error is its user's."""


__all__ = ("LoopbackApi",)
