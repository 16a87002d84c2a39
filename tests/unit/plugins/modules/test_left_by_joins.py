# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of the modules that mend what a failed join left: options in, result out."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kubeadm.ha.plugins.modules import control_plane_node
from tests.unit.plugins.json_server import json_server
from tests.unit.plugins.memory_api import MemoryApi

if t.TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.unit.plugins.modules.conftest import RunModule

ROLE = "node-role.kubernetes.io/control-plane"


def node(name: str, *taints: dict[str, str], **labels: str) -> dict[str, t.Any]:
    """A Node of the API."""
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": list(taints)},
        "status": {"nodeInfo": {"kubeletVersion": "v1.34.4"}},
    }


def test_a_node_is_marked(monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> None:
    taint = {"key": ROLE, "effect": "NoSchedule"}
    api = MemoryApi(node("cp1", taint, **{ROLE: ""}), node("cp3", zone="a"))
    monkeypatch.setattr(control_plane_node, "open_api", lambda _commands, **_options: api)
    predicted = run_module("control_plane_node", check=True, diff=True, node_name="cp3")
    assert predicted["changed"]
    assert api.writes == []
    assert predicted["diff"][0]["after"] == f"label {ROLE}\ntaint {ROLE}:NoSchedule\n"
    made = run_module("control_plane_node", node_name="cp3")
    assert made["changes"] == predicted["changes"]
    marked = api.get("node", "cp3")
    assert marked is not None
    assert (marked["metadata"]["labels"], marked["spec"]["taints"]) == ({"zone": "a", ROLE: ""}, [taint])
    assert not run_module("control_plane_node", node_name="cp3")["changed"]


def _etcd_cluster(url: str) -> dict[str, t.Any]:
    """What the gateway answers of a voter that works and a learner that never started."""
    peers = [f"https://192.0.2.1{number}:2380" for number in (1, 2)]
    voter = {"ID": "10", "name": "cp1", "peerURLs": peers[:1], "clientURLs": [url]}
    learner = {"ID": "11", "peerURLs": peers[1:], "isLearner": True}
    header = {"member_id": "10", "revision": "5"}
    return {
        "/v3/cluster/member/list": {"members": [voter, learner]},
        "/v3/maintenance/status": {"header": header, "leader": "10", "version": "3.6.5"},
        "/v3/maintenance/alarm": {},
        "/v3/kv/range": {"header": header},
    }


def test_a_learner_is_taken_out_in_check_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_module: RunModule
) -> None:
    with json_server(tmp_path) as server:
        server.answers = {
            path: (200, json.dumps(answer).encode()) for path, answer in _etcd_cluster(server.url).items()
        }
        pki = tmp_path / "pki" / "etcd"
        pki.mkdir(parents=True)
        for name, source in (("ca.crt", "ca.crt"), ("server.crt", "client.crt"), ("server.key", "client.key")):
            (pki / name).symlink_to(server.paths[source])
        options = {"endpoint": server.url, "pki_dir": str(tmp_path / "pki")}
        predicted = run_module("etcd_member", check=True, member_id="b", **options)
        itself = run_module("etcd_member", check=True, member_id="a", **options)
        unknown = run_module("etcd_member", member_id="c", **options)
    assert predicted["changed"]
    assert predicted["changes"][0]["before"] == {
        "name": "not started",
        "peers": "https://192.0.2.12:2380",
        "role": "learner",
    }
    assert "so etcd and with it the API would stop" in itself["msg"]
    assert not unknown["changed"]
