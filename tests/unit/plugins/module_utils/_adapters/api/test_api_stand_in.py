# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers from memory, and is gone afterwards."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api_stand_in import LoopbackApi

DOCUMENT = {"kind": "ConfigMap", "data": {"a": "ü"}}


def get(url: str, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    """Code, content type and body."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    try:
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


def test_what_is_served(capfd: pytest.CaptureFixture[str]) -> None:
    with LoopbackApi().serving({"/a": DOCUMENT, "/b": DOCUMENT}, forbidden=["/b"]) as url:
        assert url.startswith("http://127.0.0.1:")
        code, kind, body = get(url, "/a?timeout=10s")
        assert (code, kind, json.loads(body)) == (200, "application/json", DOCUMENT)
        for path, wanted, reason in (("/b", 403, "Forbidden"), ("/c", 404, "NotFound"), ("/", 404, "NotFound")):
            code, _kind, body = get(url, path)
            assert (code, json.loads(body)["reason"], json.loads(body)["kind"]) == (wanted, reason, "Status")
        assert get(url, "/a", "POST")[0] == 501, "nothing can be written"
    assert capfd.readouterr() == ("", "")


def test_it_ends_with_its_context_although_clients_stay() -> None:
    threads = threading.active_count()
    with LoopbackApi().serving({}) as url:
        port = int(url.rpartition(":")[2])
        client = socket.create_connection(("127.0.0.1", port), timeout=5)
        begun = time.monotonic()
    assert time.monotonic() - begun < 30
    client.close()
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_only_loopback_is_bound() -> None:
    with LoopbackApi().serving({}) as url:
        port = int(url.rpartition(":")[2])
        table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
        bound = [line.split()[1] for line in table if line.split()[1].endswith(f":{port:04X}")]
    assert "0100007F" in {item.partition(":")[0] for item in bound}
    assert not any(item.startswith("00000000:") for item in bound)
