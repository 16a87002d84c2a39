# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python client against a server on loopback, in an environment with a proxy."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubernetes_client import KubernetesClientApi
from tests.unit.plugins.json_server import json_server

if t.TYPE_CHECKING:
    from pathlib import Path


def test_no_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    with json_server(tmp_path, san="127.0.0.1") as server:
        server.answers["/readyz"] = (200, b"ok")
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [
                {"name": "c", "cluster": {"server": server.url, "certificate-authority": server.paths["ca.crt"]}}
            ],
            "users": [
                {
                    "name": "u",
                    "user": {
                        "client-certificate": server.paths["client.crt"],
                        "client-key": server.paths["client.key"],
                    },
                }
            ],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        assert KubernetesClientApi(kubeconfig=str(path), server=server.url).raw("/readyz") == "ok"
