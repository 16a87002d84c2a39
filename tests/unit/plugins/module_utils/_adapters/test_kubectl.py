# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kubectl adapter asks and how it understands the answers; the real kubectl is in tests/integration."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api_path import path_of, path_of_document
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.errors import ApiConflict, ApiError, InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._ports import CommandResult
from tests.unit.plugins.memory_api import MemoryCommands

DOCUMENT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "default"},
    "data": {"key": "secret"},
}


def kubectl(stdout: str = "", stderr: str = "") -> tuple[KubectlApi, MemoryCommands]:
    """An adapter whose kubectl gives this answer; it fails when it says something on standard error."""
    commands = MemoryCommands(kubectl=lambda _arguments, _stdin: CommandResult(1 if stderr else 0, stdout, stderr))
    return KubectlApi(commands, kubeconfig="/root/admin.conf", request_timeout=5), commands


def test_asks_by_path_with_the_kubeconfig_and_a_time_limit() -> None:
    api, commands = kubectl("{}")
    assert api.get("configmap", "one", namespace="default") == {}
    assert commands.asked == [
        (
            [
                "kubectl",
                "--kubeconfig=/root/admin.conf",
                "--request-timeout=5s",
                "get",
                "--raw",
                "/api/v1/namespaces/default/configmaps/one",
            ],
            None,
        )
    ]


def test_asks_another_server_when_told() -> None:
    commands = MemoryCommands(kubectl=lambda _arguments, _stdin: CommandResult(0, "ok", ""))
    KubectlApi(commands, kubeconfig="/root/admin.conf", server="192.0.2.11:6443").raw("/readyz")
    assert "--server=https://192.0.2.11:6443" in commands.asked[0][0]


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.create(DOCUMENT),
        lambda api: api.replace(DOCUMENT),
        lambda api: api.patch("configmap", "one", {"data": {"key": "secret"}}, namespace="default"),
    ],
)
def test_sends_documents_by_standard_input(call: t.Callable[[KubectlApi], t.Any]) -> None:
    api, commands = kubectl("{}")
    call(api)
    ((arguments, stdin),) = commands.asked
    assert "secret" in json.loads(stdin or "")["data"]["key"]
    assert not [argument for argument in arguments if "secret" in argument]
    assert [argument for argument in arguments if "kubeadm-ha" in argument]


def test_gives_items_of_lists_their_kind() -> None:
    api, _commands = kubectl(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {}}]}))
    assert api.list("pod", namespace="kube-system") == [{"apiVersion": "v1", "kind": "Pod", "metadata": {}}]
    api, _commands = kubectl(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": None}))
    assert api.list("pod") == []


@pytest.mark.parametrize(
    ("stderr", "error", "details"),
    [
        ('Error from server (Conflict): Operation cannot be fulfilled on configmaps "one"', ApiConflict, "Conflict"),
        ('Error from server (AlreadyExists): configmaps "one" already exists', ApiConflict, "AlreadyExists"),
        ('Error from server (Forbidden): configmaps is forbidden: User "x"', ApiError, "Forbidden"),
        ('The ConfigMap "No Name" is invalid: metadata.name: Invalid value', ApiError, "Invalid"),
        ("The connection to the server 192.0.2.11:6443 was refused", ApiError, None),
        ("error: stat /root/admin.conf: no such file or directory", ApiError, None),
    ],
)
def test_understands_refusals(stderr: str, error: type[ApiError], details: str | None) -> None:
    api, _commands = kubectl(stderr=f"W1121 some warning\n{stderr}\n")
    with pytest.raises(ApiError) as raised:
        api.create(DOCUMENT)
    assert raised.type is error
    assert raised.value.details == ({} if details is None else {"reason": details})
    assert stderr in raised.value.message
    if details not in ("Conflict", "AlreadyExists"):
        assert "/root/admin.conf" in raised.value.message
        assert "option kubeconfig" in raised.value.message


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "query", "path"),
    [
        ("configmap", "one", "default", None, "/api/v1/namespaces/default/configmaps/one"),
        ("ds", "kube-proxy", "kube-system", None, "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"),
        ("Lease", None, None, None, "/apis/coordination.k8s.io/v1/leases"),
        ("nodes", "cp1", None, None, "/api/v1/nodes/cp1"),
        ("pod", None, "a", {"labelSelector": "k=v,x!=y"}, "/api/v1/namespaces/a/pods?labelSelector=k%3Dv%2Cx%21%3Dy"),
        ("secret", "../nodes", "a", None, "/api/v1/namespaces/a/secrets/..%2Fnodes"),
    ],
)
def test_knows_paths(
    kind: str, name: str | None, namespace: str | None, query: dict[str, str] | None, path: str
) -> None:
    assert path_of(kind, name, namespace=namespace, query=query) == path


def test_knows_paths_of_documents() -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1beta1", "kind": "Lease", "metadata": {"name": "a", "namespace": "b"}}
    base = "/apis/coordination.k8s.io/v1beta1/namespaces/b/leases"
    assert path_of_document(lease, with_name=True) == f"{base}/a?fieldManager=kubeadm-ha"
    assert path_of_document(lease, with_name=False) == f"{base}?fieldManager=kubeadm-ha"


def test_refuses_kinds_that_it_does_not_know() -> None:
    with pytest.raises(InvalidInput, match="'gadget'"):
        path_of("gadget")
    with pytest.raises(InvalidInput, match="'gadget'"):
        path_of_document({"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "a"}}, with_name=False)
