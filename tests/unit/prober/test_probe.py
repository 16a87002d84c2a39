# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One probe against a real server: what counts as a success, and what a failure is called."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.prober.probe import CertificateNames, Connection, Outcome, verifying_context
from tests.prober.target import Target, parse_resolution, parse_target
from tests.unit.prober.server import CuedServer, Mode, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.prober.conftest import Pki

PATIENCE = 5.0
SHORT = 0.3


def probe(target: Target, ca: Path | None, *, certificate: Path | None = None, timeout: float = PATIENCE) -> Outcome:
    async def run() -> Outcome:
        context = verifying_context(ca, certificate) if ca is not None else None
        connection = Connection(target, context=context, names=CertificateNames())
        return await connection.run(time.monotonic() + timeout)

    return asyncio.run(run())


def probe_server(server: CuedServer, ca: Path | None, *, timeout: float = PATIENCE) -> Outcome:
    return probe(parse_target(f"cp1={server.address}"), ca, timeout=timeout)


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [
        (Mode.ANSWER, 200, None),
        (Mode.UNTIL_CLOSE, 200, None),
        (Mode.FAIL, 500, "response: status 500"),
        (Mode.HANG_HANDSHAKE, None, "handshake: timeout"),
        (Mode.HANG_RESPONSE, None, "response: timeout"),
        (Mode.CLOSE_ACCEPTED, None, "handshake: (closed|reset|ENOTCONN)"),
        (Mode.CLOSE_REQUEST, None, "response: closed"),
        (Mode.CUT, 200, "response: closed"),
        (Mode.DRIP, 200, "response: timeout"),
        (Mode.NOT_HTTP, None, "response: not HTTP"),
    ],
    ids=lambda value: value.name if isinstance(value, Mode) else "",
)
def test_behaviour_of_the_server(pki: Pki, mode: Mode, status: int | None, error: str | None) -> None:
    with serving(pki.first) as server:
        server.mode = mode
        expects_timeout = error is not None and error.endswith("timeout")
        outcome = probe_server(server, pki.ca, timeout=SHORT if expects_timeout else PATIENCE)
    assert outcome.status == status
    if error is None:
        assert outcome.error is None
    else:
        assert outcome.error is not None
        assert re.fullmatch(error, outcome.error), outcome.error


def test_success_names_the_certificate_and_asks_for_readyz(pki: Pki) -> None:
    with serving(pki.first) as server:
        outcome = probe_server(server, pki.ca)
    assert outcome == Outcome(status=200, error=None, serial=pki.first.serial, fingerprint=pki.first.fingerprint)
    assert server.requests == ["GET /readyz HTTP/1.1"]


def test_a_server_that_wants_a_client_certificate_gets_it(pki: Pki) -> None:
    with serving(pki.first) as server:
        server.serve(pki.first, clients_ca=pki.ca)
        target = parse_target(f"cp1={server.address}")
        assert probe(target, pki.ca, certificate=pki.second.path).error is None
        assert probe(target, pki.ca, certificate=pki.foreign.path).error is not None
        assert probe(target, pki.ca).error is not None


def test_certificates_that_must_not_be_accepted(pki: Pki) -> None:
    with serving(pki.first) as server:
        for pair, reason in (
            (pki.wrong_san, "IP address mismatch"),
            (pki.foreign, "unable to get local issuer certificate"),
            (pki.expired, "certificate has expired"),
        ):
            server.serve(pair)
            outcome = probe_server(server, pki.ca)
            assert (outcome.status, outcome.serial) == (None, None)
            assert outcome.error is not None
            assert outcome.error.startswith("handshake: certificate: ")
            assert reason in outcome.error
    assert server.requests == []


def test_host_name_is_verified_also_when_the_address_is_given(pki: Pki) -> None:
    with serving(pki.first) as server:
        for host, error in (("cp1.test", None), ("cp2.test", "handshake: certificate: Hostname mismatch")):
            target = parse_target(f"cp1={host}:{server.port}")
            outcome = probe(dataclasses.replace(target, address="127.0.0.1"), pki.ca)
            assert (outcome.error is None) == (error is None)
            assert (outcome.error or "").startswith(error or "")


def test_refused_and_unreachable(pki: Pki) -> None:
    with serving(pki.first) as server:
        server.refuse()
        assert probe_server(server, pki.ca).error == "connect: refused"
        server.listen()
        assert probe_server(server, pki.ca).error is None


def test_full_accept_queue_is_a_connect_timeout(pki: Pki) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            outcome = probe(parse_target(f"cp1=127.0.0.1:{port}"), pki.ca, timeout=SHORT)
    assert outcome.error == "connect: timeout"


def test_the_next_address_of_a_name_is_tried(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(pki.first) as server:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.9", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
        assert probe(parse_target(f"cp1=cp1.test:{server.port}"), pki.ca).error is None


def test_unknown_name_fails_while_resolving(pki: Pki) -> None:
    outcome = probe(parse_target("cp1=no-such-host.invalid:6443"), pki.ca, timeout=5)
    assert outcome.error is not None
    assert outcome.error.startswith("resolve: ")


def test_plain_http_and_tcp(pki: Pki) -> None:
    with serving(None) as server:
        assert probe(parse_target(f"smoke=http://{server.address}/hello?a=1"), None).status == 200
        assert server.requests == ["GET /hello?a=1 HTTP/1.1"]
        assert probe(parse_target(f"smoke=tcp://{server.address}"), None).error is None
        server.mode = Mode.FAIL
        assert probe(parse_target(f"smoke=http://{server.address}"), None).error == "response: status 500"
        server.refuse()
        assert probe(parse_target(f"smoke=tcp://{server.address}"), None).error == "connect: refused"


def test_ca_file_without_certificate_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing", encoding="ascii")
    with pytest.raises(OSError, match=r"."):
        verifying_context(tmp_path / "ca.crt")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("cp1=10.0.0.1:6443", "https://10.0.0.1:6443/readyz"),
        ("cp1=https://api.lab:8443/livez", "https://api.lab:8443/livez"),
        ("cp1=[fd00::1]:6443", "https://[fd00::1]:6443/readyz"),
        ("svc=http://10.96.0.9:80", "http://10.96.0.9:80/"),
        ("db=tcp://10.0.0.1:2379", "tcp://10.0.0.1:2379"),
    ],
)
def test_target_forms(text: str, url: str) -> None:
    assert parse_target(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1:6443",
        "=10.0.0.1:6443",
        "a b=10.0.0.1:6443",
        "cp1=10.0.0.1",
        "cp1=:6443",
        "cp1=10.0.0.1:0",
        "cp1=10.0.0.1:70000",
        "cp1=ftp://10.0.0.1:21",
        "cp1=user@10.0.0.1:6443",
        "cp1=tcp://10.0.0.1:80/path",
        "cp1=10.0.0.1:6443/a b",
        "cp1=10.0.0.1:6443/\u00e9",
    ],
)
def test_malformed_targets(text: str) -> None:
    with pytest.raises(ValueError, match=r"^target "):
        parse_target(text)


def test_resolution_needs_an_address() -> None:
    assert parse_resolution("API.lab=10.0.0.1") == ("api.lab", "10.0.0.1")
    with pytest.raises(ValueError, match="not-an-address"):
        parse_resolution("api.lab=not-an-address")
