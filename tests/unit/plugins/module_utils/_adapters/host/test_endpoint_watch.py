# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HostEndpointWatch on a real TLS server."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_watch import HostEndpointWatch
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from tests.unit.plugins.certificates import make_ca
from tests.unit.plugins.json_server import JsonServer, json_server

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.endpoint_watch import Probe


@pytest.fixture
def server(tmp_path: Path) -> t.Iterator[JsonServer]:
    """A server that demands a client certificate and is ready."""
    with json_server(tmp_path) as running:
        running.answers["/readyz"] = (200, b"ok")
        yield running


def watch(server: JsonServer, tmp_path: Path, *, ca: bytes | None = None) -> HostEndpointWatch:
    both = tmp_path / "client.pem"
    both.write_bytes(server.client.certificate + server.client.key)
    authority = tmp_path / "authority.crt"
    authority.write_bytes(ca or server.ca.certificate)
    endpoint = Endpoint.parse(server.url.removeprefix("https://"))
    return HostEndpointWatch(endpoint, ca_path=str(authority), client_certificate=str(both), interval=0.05)


def probes(watched: HostEndpointWatch, at_least: int) -> list[Probe]:
    deadline = time.monotonic() + 10
    while len(watched.probes()) < at_least:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return watched.probes()


def test_it_is_asked_again_and_again(server: JsonServer, tmp_path: Path) -> None:
    watched = watch(server, tmp_path)
    watched.start()
    found = probes(watched, 3)
    assert all(probe.ok for probe in found)
    assert found == sorted(found, key=lambda probe: probe.began)
    server.answers["/readyz"] = (500, b"not ready")
    deadline = time.monotonic() + 10
    while all(probe.ok for probe in watched.probes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    watched.stop()
    time.sleep(0.3)
    ended = len(watched.probes())
    time.sleep(0.2)
    assert len(watched.probes()) == ended
    assert {path for _method, path, _body in server.asked} == {"/readyz"}


def test_another_authority_is_no_success(server: JsonServer, tmp_path: Path) -> None:
    watched = watch(server, tmp_path, ca=make_ca("other").certificate)
    watched.start()
    assert not any(probe.ok for probe in probes(watched, 2))
    watched.stop()
    assert server.asked == []


def test_an_authority_that_is_none_is_named(server: JsonServer, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be used"):
        watch(server, tmp_path, ca=b"no certificate")
