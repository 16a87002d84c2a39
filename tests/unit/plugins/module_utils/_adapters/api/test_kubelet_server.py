# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the kubelet's kubeconfig as its host sees it, in every spelling of the file."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api import kubelet_server
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import View
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import KubeletServer
from tests.unit.plugins.module_utils._adapters.host.test_endpoint_probe import CA, api_server

if t.TYPE_CHECKING:
    from pathlib import Path

SPELLINGS = [
    "clusters:\n- cluster:\n    certificate-authority-data: QUJD\n    server: {}\n  name: k\n",
    'clusters:\n- {{name: k, cluster: {{server: "{}", certificate-authority-data: QUJD}}}}\n',
    '{{"clusters": [{{"name": "k", "cluster": {{"server": "{}"}}}}]}}',
    "clusters:\n- cluster: {{tls-server-name: x, server: '{}'}}\n",
]


def inspect(directory: Path, text: str | None, *, ca: bytes | None = CA.certificate) -> t.Any:
    """What a host with these files sees."""
    if text is not None:
        (directory / "kubelet.conf").write_text(text, encoding="utf-8")
    if ca is not None:
        (directory / "ca.crt").write_bytes(ca)
    return kubelet_server.begin(str(directory / "kubelet.conf"), str(directory / "ca.crt"), client_certificate="")()


def view(found: KubeletServer) -> View:
    """Without the server."""
    return found.view


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_server_that_answers(tmp_path: Path, spelling: str) -> None:
    with api_server(tmp_path, "127.0.0.1") as port:
        found = inspect(tmp_path, spelling.format(f"https://127.0.0.1:{port}"))
    assert found.server == f"https://127.0.0.1:{port}"
    assert view(found).is_proved


def test_a_name_that_nobody_resolves(tmp_path: Path) -> None:
    began = time.monotonic()
    found = inspect(tmp_path, SPELLINGS[0].format("https://nowhere.invalid:6443"))
    assert time.monotonic() - began < 5
    assert not view(found).is_proved
    assert "does not resolve nowhere.invalid" in view(found).objections()[0]


@pytest.mark.parametrize(
    ("text", "ca"),
    [
        (None, CA.certificate),
        ("", CA.certificate),
        ("clusters: []\n", CA.certificate),
        (SPELLINGS[0].format("http://127.0.0.1:1"), CA.certificate),
        (SPELLINGS[0].format("https://127.0.0.1:1/k8s/clusters/c"), CA.certificate),
        (SPELLINGS[0].format("https://127.0.0.1:1"), None),
        (SPELLINGS[0].format("https://127.0.0.1:1"), b"no certificate"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, text: str | None, ca: bytes | None) -> None:
    assert inspect(tmp_path, text, ca=ca) is None
