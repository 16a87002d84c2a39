# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API with what a kubeconfig holds, on hosts without kubectl, and with several kubeconfigs together."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.host_clients import HostClients
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.https_api import HttpsApi, identity
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.shared_api import SharedApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiConflict, ApiError, InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService
from tests.unit.plugins.json_server import JsonServer, json_server
from tests.unit.plugins.memory_api import MemoryApi
from tests.unit.plugins.module_utils._domain.failover_drill.values import MemoryProcesses, MemoryServices

if t.TYPE_CHECKING:
    from pathlib import Path

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
LEASE = f"{LEASES}/kube-scheduler"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=kubeadm-ha"
COMPONENTS = ("kube-controller-manager", "kube-scheduler")
DOCUMENT: dict[str, t.Any] = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "kube-scheduler", "namespace": "kube-system"},
}
USER = {"client-certificate": "client.crt", "client-key": "client.key"}


@pytest.fixture
def server(tmp_path: Path) -> t.Iterator[JsonServer]:
    """A server, whose CA and client certificate are in the same directory."""
    with json_server(tmp_path, client_name="system:kube-scheduler") as running:
        yield running


def kubeconfig(server: JsonServer, directory: Path, user: t.Mapping[str, str], name: str = "a.kubeconfig") -> str:
    """A kubeconfig with paths relative to its own; its path."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority": "ca.crt"}}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
        "users": [{"name": "u", "user": dict(user)}],
    }
    (directory / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(directory / name)


def api_of(path: str, **options: t.Any) -> HttpsApi:
    """The client of a kubeconfig."""
    return HttpsApi(identity(HostFiles(), HostCommands(), PyYaml(), path), **options)


def test_it_reads_and_writes(server: JsonServer, tmp_path: Path) -> None:
    api = api_of(kubeconfig(server, tmp_path, USER))
    stored = json.dumps(DOCUMENT).encode()
    server.answers = {LEASE: (200, stored), f"{LEASES}?fieldManager=kubeadm-ha": (201, stored)}
    assert api.get("lease", "kube-scheduler", namespace="kube-system") == DOCUMENT
    assert api.get("lease", "another", namespace="kube-system") is None
    assert api.create(DOCUMENT) == DOCUMENT
    assert [method for method, _path, _body in server.asked] == ["GET", "GET", "POST"]


def test_embedded_credentials_and_another_server(server: JsonServer, tmp_path: Path) -> None:
    user = {
        f"{field}-data": base64.b64encode(content).decode()
        for field, content in (("client-certificate", server.client.certificate), ("client-key", server.client.key))
    }
    path = kubeconfig(server, tmp_path, user)
    server.answers = {LEASE: (200, b'{"kind": "Lease"}')}
    assert api_of(path, server=server.url).get("lease", "kube-scheduler", namespace="kube-system")
    unreachable = api_of(path, server="127.0.0.1:1")
    with pytest.raises(ApiError, match="did not read lease kube-system/kube-scheduler with .*a.kubeconfig"):
        unreachable.get("lease", "kube-scheduler", namespace="kube-system")


def test_refusals_have_their_reason(server: JsonServer, tmp_path: Path) -> None:
    api = api_of(kubeconfig(server, tmp_path, USER))
    server.answers = {LEASE: (403, b'{"reason": "Forbidden", "message": "no"}')}
    with pytest.raises(ApiError, match="refused to read lease") as raised:
        api.get("lease", "kube-scheduler", namespace="kube-system")
    assert raised.value.details["reason"] == "Forbidden"


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({}, "names no server, no CA or no user"),
        ({"exec": "x"}, "neither a client certificate nor a token"),
        ({"client-certificate": "ca.crt", "client-key": "client.key"}, "cannot be used"),
        ({"client-certificate-data": "bm90IGE=", "client-key-data": "bm90IGE="}, "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_named(
    server: JsonServer, tmp_path: Path, user: t.Mapping[str, str], message: str
) -> None:
    path = kubeconfig(server, tmp_path, user)
    if not user:
        (tmp_path / "a.kubeconfig").write_text("users: [{token: s3cr3t", encoding="utf-8")
    with pytest.raises(InvalidInput, match=message) as raised:
        api_of(path)
    assert path in raised.value.message
    assert "s3cr3t" not in raised.value.message


class Forbidden(MemoryApi):
    """May read some kinds and names only."""

    def __init__(self, *allowed: str) -> None:
        super().__init__(DOCUMENT)
        self.allowed = allowed
        self.asked: list[str] = []

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object."""
        self.asked.append(name)
        if name not in self.allowed:
            raise ApiError("refused", reason="Forbidden")
        return super().get(kind, name, namespace=namespace)


def test_whoever_may_does_it_and_is_asked_first_the_next_time() -> None:
    manager, scheduler = Forbidden("kube-controller-manager"), Forbidden("kube-scheduler")
    api = SharedApi([manager, scheduler])
    for _time in range(3):
        assert api.get("lease", "kube-scheduler", namespace="kube-system") is not None
    assert (manager.asked, scheduler.asked) == (["kube-scheduler"], ["kube-scheduler"] * 3)
    with pytest.raises(ApiError, match="refused"):
        api.get("lease", "nobodys", namespace="kube-system")
    # A lock of older releases that nobody may read is nobody's.
    assert api.get("endpoints", "nobodys", namespace="kube-system") is None


def test_other_errors_end_it() -> None:
    class Conflicting(MemoryApi):
        def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
            raise ApiConflict("there", reason="AlreadyExists")

    second = MemoryApi()
    with pytest.raises(ApiConflict):
        SharedApi([Conflicting(), second]).create(DOCUMENT)
    assert second.objects == {}


def clients(directory: Path, **paths: str) -> HostClients:
    """A host whose services name these kubeconfigs."""
    services = [
        ComponentService(f"kube-{name}.service", "active", 7, flags={"kubeconfig": path})
        for name, path in paths.items()
    ]
    known = MemoryServices(MemoryProcesses(), *services)
    known.restarts = False
    return HostClients(HostFiles(), HostCommands(search_path="/nowhere"), known, home=str(directory / "root"))


@pytest.mark.parametrize("allowed", [True, False])
def test_an_administrator_is_who_may_do_everything(server: JsonServer, tmp_path: Path, *, allowed: bool) -> None:
    own = kubeconfig(server, tmp_path, {"token": "x"}, "scheduler.kubeconfig")
    beside = kubeconfig(server, tmp_path, USER, "z.kubeconfig")
    (tmp_path / "broken.kubeconfig").write_text("kind: Config\nusers: [", encoding="utf-8")
    (tmp_path / "policy.yaml").write_text("kind: Policy\n", encoding="utf-8")
    server.answers = {REVIEW: (201, json.dumps({"status": {"allowed": allowed}}).encode())}
    found = clients(tmp_path, scheduler=own).open(COMPONENTS, kubeconfig=None, server=None)
    # One without a certificate gets no connection from this server.
    assert (found.is_administrator, found.kubeconfig) == (allowed, beside if allowed else "")
    assert found.context is not None
    assert len(server.asked) == 1


def test_what_is_named_counts(server: JsonServer, tmp_path: Path) -> None:
    path = kubeconfig(server, tmp_path, USER)
    found = clients(tmp_path).open(COMPONENTS, kubeconfig=path, server=None)
    assert (found.kubeconfig, found.is_administrator, server.asked) == (path, True, [])


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="This host has no /nowhere/x: correct the option kubeconfig"):
        clients(tmp_path).open(COMPONENTS, kubeconfig="/nowhere/x", server=None)


def test_a_host_without_any_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match="no /etc/kubernetes/admin.conf, and no service of kube-controller-manager or"
    ):
        clients(tmp_path, scheduler="/nowhere/x").open(COMPONENTS, kubeconfig=None, server=None)
