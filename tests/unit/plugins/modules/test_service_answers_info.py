# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of service_answers_info: options in, result out, real HTTP on loopback."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import socket
import threading
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import service_answers_info

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

PODS = [{"name": "smoke-a", "node": "w1"}, {"name": "smoke-b", "node": "w2"}]


@contextlib.contextmanager
def answering(*zones: str) -> t.Iterator[int]:
    """A port where these zones answer in turn; an empty one has status 503."""
    turns = itertools.cycle(zones)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            zone = next(turns) if self.path == "/metrics" else ""
            body = f'coredns_plugin_enabled{{name="prometheus",zone="{zone}."}} 1\n'.encode()
            self.send_response(200 if zone else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("check", [False, True])
def test_both_answer(run_module: RunModule, *, check: bool) -> None:
    with answering("", "smoke-a", "smoke-b") as port:
        target = {"address": "127.0.0.1", "port": port}
        found = run_module("service_answers_info", check=check, targets=[target], pods=PODS)
    assert found["changed"] is False
    (answers,) = found["answers"]
    assert answers["pods"] == ["smoke-a", "smoke-b"]
    assert answers["error"] == "HTTP status 503"
    assert set(answers) == set(yaml.safe_load(service_answers_info.RETURN)["answers"]["contains"])


def test_one_never_answers_and_a_port_is_closed(run_module: RunModule) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        closed = other.getsockname()[1]
    with answering("smoke-a") as port:
        targets = [{"address": "127.0.0.1", "port": number} for number in (port, closed)]
        found = run_module("service_answers_info", targets=targets, pods=PODS, timeout=1)
    assert found["failed"] is True
    assert f"through 127.0.0.1:{port} never smoke-b on w2" in found["msg"]
    assert f"127.0.0.1:{closed} gives no answer ([Errno 111] Connection refused)" in found["msg"]
