# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's JSON gateway: what is asked, and every way in which an answer can be wrong."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_gateway import EtcdGateway
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from tests.unit.plugins.certificates import make_ca
from tests.unit.plugins.json_server import JsonServer, json_server

if t.TYPE_CHECKING:
    from pathlib import Path

SNAPSHOT = "/v3/maintenance/snapshot"
STATUS = "/v3/maintenance/status"


@pytest.fixture
def server(tmp_path: Path) -> t.Iterator[JsonServer]:
    """A server."""
    with json_server(tmp_path) as running:
        yield running


def gateway(server: JsonServer, **more: t.Any) -> EtcdGateway:
    """The client of it."""
    paths = server.paths
    values: dict[str, t.Any] = {
        "ca_certificate": paths["ca.crt"],
        "client_certificate": paths["client.crt"],
        "client_key": paths["client.key"],
        "timeout": 2.0,
        **more,
    }
    return EtcdGateway(**values)


def test_what_is_asked(server: JsonServer) -> None:
    paths = ("/v3/cluster/member/list", STATUS, "/v3/maintenance/alarm", "/v3/kv/range")
    server.answers = {path: (200, json.dumps({"answer": path}).encode()) for path in paths}
    etcd = gateway(server)
    answers = [etcd.members(server.url), etcd.status(server.url), etcd.alarms(server.url), etcd.read(server.url)]
    assert [answer["answer"] for answer in answers] == list(paths)
    assert [(method, path) for method, path, _body in server.asked] == [("POST", path) for path in paths]
    bodies = [json.loads(body) for _method, _path, body in server.asked]
    assert bodies == [{}, {}, {"action": "GET"}, {"key": base64.b64encode(b"health").decode()}]


@pytest.mark.parametrize(
    ("san", "server_name", "is_good"),
    [
        ("127.0.0.1", None, True),
        ("127.0.0.1", "localhost", True),
        ("localhost", "localhost", True),
        ("localhost", None, False),
        ("192.0.2.99", "localhost", False),
    ],
)
def test_a_certificate_without_the_address_needs_the_other_name(
    tmp_path: Path, san: str, server_name: str | None, is_good: bool
) -> None:
    with json_server(tmp_path, san=san) as server:
        server.answers = {STATUS: (200, b"{}")}
        etcd = gateway(server, server_name=server_name)
        if is_good:
            assert etcd.status(server.url) == {}
        else:
            with pytest.raises(EtcdError, match="certificate verify failed"):
                etcd.status(server.url)
        other = tmp_path / "other-ca.crt"
        other.write_bytes(make_ca().certificate)
        with pytest.raises(EtcdError, match="certificate verify failed"):
            gateway(server, server_name=server_name, ca_certificate=str(other)).status(server.url)


def test_a_snapshot_comes_in_pieces(server: JsonServer) -> None:
    pieces = [b"a" * 1000, b"", b"b" * 3]
    lines = [json.dumps({"result": {"blob": base64.b64encode(piece).decode()}}) for piece in pieces]
    server.answers = {SNAPSHOT: (200, ("\n".join(lines) + "\n").encode())}
    assert list(gateway(server).snapshot(server.url)) == pieces


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            (500, b'{"error":"etcdserver: no leader","code":14,"message":"etcdserver: no leader"}'),
            "etcdserver: no leader",
        ),
        ((503, b"<html>"), "503 Service Unavailable"),
        ((200, b'{"result":{"blob":"!"}}\n'), "broken piece"),
        ((200, b'{"error":{"message":"snapshot: bad"}}\n'), "snapshot: bad"),
        ((200, b'{"result":\n'), "gave no JSON"),
    ],
)
def test_wrong_answers_are_one_sentence(server: JsonServer, answer: tuple[int, bytes], expected: str) -> None:
    server.answers = {SNAPSHOT: answer}
    with pytest.raises(EtcdError, match=expected):
        list(gateway(server).snapshot(server.url))


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:2379", "127.0.0.1:2379", "https://127.0.0.1", ""])
def test_what_is_no_endpoint(server: JsonServer, endpoint: str) -> None:
    with pytest.raises(EtcdError, match="no endpoint of etcd"):
        gateway(server).status(endpoint)


def test_a_server_that_is_not_there(server: JsonServer) -> None:
    with pytest.raises(EtcdError, match="did not answer"):
        gateway(server).status("https://127.0.0.1:1")


def test_a_server_of_another_ca_is_not_trusted(server: JsonServer, tmp_path: Path) -> None:
    (tmp_path / "other.crt").write_bytes(make_ca().certificate)
    server.answers = {STATUS: (200, b"{}")}
    with pytest.raises(EtcdError, match="CERTIFICATE_VERIFY_FAILED"):
        gateway(server, ca_certificate=str(tmp_path / "other.crt")).status(server.url)
    assert server.asked == []


def test_the_certificates_of_kubeadm(server: JsonServer, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="set pki_dir"):
        EtcdGateway.of_kubeadm(str(tmp_path))
    (tmp_path / "etcd").mkdir()
    for name in ("ca.crt", "client.crt", "client.key"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / "etcd" / name.replace("client", "server")).write_bytes(content)
    server.answers = {STATUS: (200, b'{"version": "3.6.5"}')}
    assert EtcdGateway.of_kubeadm(str(tmp_path)).status(server.url)["version"] == "3.6.5"
    # The client's own pair comes first.
    for suffix in ("crt", "key"):
        (tmp_path / "etcd" / f"healthcheck-client.{suffix}").write_text("broken")
    with pytest.raises(InvalidInput, match="healthcheck-client.crt.*cannot be used"):
        EtcdGateway.of_kubeadm(str(tmp_path))
