# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API with the kubelet's own credentials, in files and embedded."""

from __future__ import annotations

import base64
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubelet_client import KubeconfigClient
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError
from tests.unit.plugins.certificates import make_ca
from tests.unit.plugins.json_server import JsonServer, json_server

if t.TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/v1/nodes/w1"


@pytest.fixture
def server(tmp_path: Path) -> t.Iterator[JsonServer]:
    """A server."""
    with json_server(tmp_path, client_name="system:node:w1") as running:
        yield running


def embedded(content: bytes) -> str:
    """As it stands in a kubeconfig."""
    return base64.b64encode(content).decode()


def client(server: JsonServer, directory: Path, **more: t.Any) -> KubeconfigClient:
    """A client with a kubeconfig whose cluster and user are not the first ones."""
    cluster = {"server": server.url, "certificate-authority-data": embedded(server.ca.certificate)}
    user = {"client-certificate": server.paths["client.crt"], "client-key": server.paths["client.key"]}
    document = {
        "clusters": [{"name": "x", "cluster": {"server": "https://192.0.2.1:1"}}, {"name": "c", "cluster": cluster}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
        "users": [{"name": "x", "user": {"token": "s3cr3t"}}, {"name": "u", "user": user}],
    }
    cluster.update(more.pop("cluster", {}))
    if "user" in more:
        user.clear()
        user.update(more.pop("user"))
    document.update(more)
    path = directory / "kubelet.conf"
    path.write_text(yaml.safe_dump(document))
    return KubeconfigClient(HostFiles(), PyYaml(), kubeconfig=str(path), timeout=2.0)


def test_credentials_in_files_and_embedded(server: JsonServer, tmp_path: Path) -> None:
    server.answers = {PATH: (200, b'{"kind": "Node"}')}
    assert client(server, tmp_path).get(PATH) == {"kind": "Node"}
    inside = {
        "client-certificate-data": embedded(server.client.certificate),
        "client-key-data": embedded(server.client.key),
    }
    assert client(server, tmp_path, user=inside).get(PATH) == {"kind": "Node"}
    # The kubelet keeps both in one file.
    both = tmp_path / "both.pem"
    both.write_bytes(server.client.certificate + server.client.key)
    assert client(server, tmp_path, user={"client-certificate": str(both), "client-key": str(both)}).get(PATH)
    assert [(method, path) for method, path, _body in server.asked] == [("GET", PATH)] * 3


def test_no_object_is_no_error_and_a_refusal_is_reported(server: JsonServer, tmp_path: Path) -> None:
    assert client(server, tmp_path).get(PATH) is None
    server.answers = {PATH: (403, b'{"kind": "Status", "message": "nodes is forbidden"}')}
    with pytest.raises(ApiError, match="refused GET /api/v1/nodes/w1: nodes is forbidden"):
        client(server, tmp_path).get(PATH)
    server.answers = {PATH: (502, b"<html>")}
    with pytest.raises(ApiError, match="502 Bad Gateway"):
        client(server, tmp_path).get(PATH)


def test_the_server_is_verified(server: JsonServer, tmp_path: Path) -> None:
    other = {"certificate-authority-data": embedded(make_ca().certificate)}
    with pytest.raises(ApiError, match="CERTIFICATE_VERIFY_FAILED"):
        client(server, tmp_path, cluster=other).get(PATH)
    named = {"server": server.url.replace("127.0.0.1", "localhost")}
    with pytest.raises(ApiError, match=r"(?i)hostname mismatch|not valid for 'localhost'"):
        client(server, tmp_path, cluster=named).get(PATH)
    assert server.asked == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cluster": {"server": "http://192.0.2.1:6443"}}, "names no https server"),
        ({"cluster": {"server": "https://127.0.0.1:1"}}, "did not answer"),
        ({"user": {"client-certificate": "/gone", "client-key": "/gone"}}, "no usable client-certificate"),
        ({"user": {"token": "s3cr3t"}}, "no usable client-certificate"),
        ({"user": {"client-certificate-data": "eA==", "client-key-data": "eA=="}}, "cannot be used"),
        ({"current-context": "gone"}, "no kubeconfig with a current context"),
        ({"users": []}, "no kubeconfig with a current context"),
        ({"clusters": None}, "no kubeconfig with a current context"),
    ],
)
def test_unusable_kubeconfigs_are_named(
    server: JsonServer, tmp_path: Path, more: dict[str, t.Any], expected: str
) -> None:
    with pytest.raises(ApiError, match=expected) as caught:
        client(server, tmp_path, **more).get(PATH)
    assert "s3cr3t" not in caught.value.message


def test_no_file_and_no_yaml(tmp_path: Path) -> None:
    path = tmp_path / "kubelet.conf"
    reader = KubeconfigClient(HostFiles(), PyYaml(), kubeconfig=str(path))
    with pytest.raises(ApiError, match="has not joined a cluster"):
        reader.get(PATH)
    path.write_text("users: [s3cr3t")
    with pytest.raises(ApiError, match="repair it") as caught:
        reader.get(PATH)
    assert "s3cr3t" not in caught.value.message
