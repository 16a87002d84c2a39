# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ``kubectl proxy`` for all requests of a module.

kubectl knows every way in which a kubeconfig can authenticate, but a process for each request costs more than the request.
The proxy listens on a socket in a directory that only its owner can enter, and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import tempfile
import typing as t
import weakref

from ..._domain.base.errors import ApiError

if t.TYPE_CHECKING:
    from ..._ports.commands import Background, Commands

#: In memory, and for root alone to write to; the path of a socket may have 107 characters only.
_RUNTIME_DIRECTORY = "/run"
#: What kubectl reports when it listens.
_READY = "Starting to serve"


class ProxyFailed(ApiError):
    """No proxy, or no API server behind it; the message is what kubectl reported."""


class Response(t.NamedTuple):
    """An answer of the API server: HTTP status code and body."""

    status: int
    body: str


class KubectlProxy:
    """Sends requests through a ``kubectl proxy`` that it starts with the first of them."""

    def __init__(self, commands: Commands, *, options: t.Sequence[str], request_timeout: float) -> None:
        """Start nothing yet.

        Args:
            commands: starts kubectl.
            options: of kubectl: the kubeconfig and the server.
            request_timeout: seconds that one request may take.
        """
        self._commands = commands
        self._options = list(options)
        self._timeout = request_timeout
        self._running: tuple[str, weakref.finalize[..., KubectlProxy]] | None = None

    def request(
        self, method: str, path: str, *, body: str | None = None, content_type: str = "application/json"
    ) -> Response:
        """One request on a connection of its own.

        Raises:
            ProxyFailed: when kubectl does not start, or nothing answers in time.
        """
        connection = _Connection(self._started(), timeout=self._timeout)
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            connection.request(method, path, body=None if body is None else body.encode(), headers=headers)
            response = connection.getresponse()
            answer = Response(response.status, response.read().decode("utf-8", errors="replace"))
        except (http.client.HTTPException, OSError) as error:
            # The next request does not wait for a connection that nobody answers on.
            self._end()
            is_late = isinstance(error, TimeoutError)
            raise ProxyFailed(
                f"no answer within {self._timeout:g} s" if is_late else f"kubectl proxy: {error}"
            ) from error
        finally:
            connection.close()
        # Where nobody answers behind it, the proxy does, with a line of text: the API server answers in JSON.
        if answer.status in (http.client.INTERNAL_SERVER_ERROR, http.client.BAD_GATEWAY) and not _is_json(answer.body):
            raise ProxyFailed(answer.body.strip() or f"HTTP status {answer.status}")
        return answer

    def _started(self) -> str:
        """Path of the socket of the proxy, which is started when there is none."""
        if self._running is None:
            where = _RUNTIME_DIRECTORY if os.access(_RUNTIME_DIRECTORY, os.W_OK) else None
            directory = tempfile.mkdtemp(prefix="kubeadm-ha-", dir=where)
            path, log = os.path.join(directory, "proxy"), os.path.join(directory, "log")
            try:
                process = self._commands.start(["kubectl", *self._options, "proxy", f"--unix-socket={path}"], log=log)
            except BaseException:
                shutil.rmtree(directory)
                raise
            # At the latest when this process ends.
            self._running = (path, weakref.finalize(self, _end, process, directory))
            first_line = process.line()
            if not first_line.startswith(_READY):
                last = _last_lines(log)
                self._end()
                raise ProxyFailed(last or first_line.strip())
        return self._running[0]

    def _end(self) -> None:
        if self._running is not None:
            self._running[1]()
            self._running = None


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _is_json(body: str) -> bool:
    return body.lstrip().startswith("{")


def _last_lines(path: str) -> str:
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
        return " ".join(stream.read().strip().splitlines()[-3:])
    return ""


def _end(process: Background, directory: str) -> None:
    process.end()
    shutil.rmtree(directory, ignore_errors=True)


__all__ = ("KubectlProxy", "ProxyFailed", "Response")
