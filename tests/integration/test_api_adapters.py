# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both adapters of the port Api against a real API server: one behaviour."""

from __future__ import annotations

import base64
import json
import socket
import time
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubernetes_client import KubernetesClientApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostBackground, HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiConflict, ApiError, InvalidInput

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.api import Api
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
    from tests.integration.control_plane import ControlPlane

SECRET_VALUE = "not-to-be-seen-7f3a"


class RecordingCommands:
    """Runs commands and keeps their arguments."""

    def __init__(self, search_path: str) -> None:
        """Find programs in a search path."""
        self._commands = HostCommands(search_path=search_path)
        self.arguments: list[str] = []

    def find(self, program: str) -> str | None:
        """The program's path."""
        return self._commands.find(program)

    def in_memory_file(self, text: str) -> t.ContextManager[str]:
        """A path with the text."""
        return self._commands.in_memory_file(text)

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run to the end."""
        self.arguments += arguments
        return self._commands.run(arguments, stdin=stdin, check=check, environment=environment)

    def start(self, arguments: t.Sequence[str], *, log: str) -> HostBackground:
        """Start a program."""
        self.arguments += arguments
        return self._commands.start(arguments, log=log)


class Opener(t.Protocol):
    """Makes an adapter."""

    def __call__(self, kubeconfig: Path, *, server: str | None = None, request_timeout: float = 30.0) -> Api:
        """The adapter for a kubeconfig."""


@pytest.fixture
def commands(plane: ControlPlane) -> RecordingCommands:
    """Commands of the lab's binaries."""
    return RecordingCommands(plane.environment["PATH"])


@pytest.fixture(params=["kubectl", "kubernetes client"])
def opener(request: pytest.FixtureRequest, commands: RecordingCommands) -> Opener:
    """Each adapter."""

    def by_kubectl(kubeconfig: Path, *, server: str | None = None, request_timeout: float = 30.0) -> Api:
        return KubectlApi(commands, kubeconfig=str(kubeconfig), server=server, request_timeout=request_timeout)

    def by_client(kubeconfig: Path, *, server: str | None = None, request_timeout: float = 30.0) -> Api:
        return KubernetesClientApi(kubeconfig=str(kubeconfig), server=server, request_timeout=request_timeout)

    return by_kubectl if request.param == "kubectl" else by_client


@pytest.fixture
def api(opener: Opener, plane: ControlPlane) -> t.Iterator[Api]:
    """Each adapter as administrator; objects of the tests are removed."""
    yield opener(plane.kubeconfig)
    plane.delete("configmap/one", "configmap/two", "secret/one", "deployment/one", namespace="default")


def configmap(name: str = "one", **data: str) -> dict[str, t.Any]:
    """A ConfigMap."""
    metadata = {"name": name, "namespace": "default", "labels": {"test": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _kubeconfig(plane: ControlPlane) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(plane.kubeconfig.read_text(encoding="utf-8")))


def _written(directory: Path, document: t.Mapping[str, t.Any]) -> Path:
    path = directory / "other.conf"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_creates_reads_replaces_patches_and_deletes(api: Api) -> None:
    created = api.create(configmap(a="1", b="2"))
    assert created["metadata"]["resourceVersion"]
    read = api.get("configmap", "one", namespace="default")
    assert read == created
    assert read is not None
    replaced = api.replace({**read, "data": {"a": "3", "b": "2"}})
    assert replaced["data"] == {"a": "3", "b": "2"}
    patched = api.patch("configmap", "one", {"data": {"b": None, "c": "ä"}}, namespace="default")
    assert patched["data"] == {"a": "3", "c": "ä"}
    assert api.get("configmap", "one", namespace="default") == patched
    managers = {entry["manager"] for entry in patched["metadata"]["managedFields"]}
    assert managers == {"kubeadm-ha"}
    assert api.delete("configmap", "one", namespace="default") is True
    assert api.delete("configmap", "one", namespace="default") is False
    assert api.get("configmap", "one", namespace="default") is None


@pytest.mark.parametrize("kind", ["configmap", "configmaps", "ConfigMap", "cm"])
def test_takes_kinds_as_kubectl_does(api: Api, kind: str) -> None:
    api.create(configmap(a="1"))
    found = api.get(kind, "one", namespace="default")
    assert found is not None
    assert found["data"] == {"a": "1"}


def test_reads_cluster_wide_kinds_and_groups(api: Api) -> None:
    namespace = api.get("namespace", "kube-system")
    assert namespace is not None
    assert namespace["kind"] == "Namespace"
    role = api.get("clusterrole", "cluster-admin")
    assert role is not None
    assert role["apiVersion"] == "rbac.authorization.k8s.io/v1"
    assert api.get("node", "nowhere") is None
    assert api.list("daemonset", namespace="default") == []


def test_lists_with_labels_and_over_all_namespaces(api: Api) -> None:
    first, second = api.create(configmap("one")), api.create(configmap("two"))
    assert api.list("configmap", namespace="default", labels="test=two") == [second]
    assert api.list("configmap", labels="test in (one,two)") == [first, second]
    assert api.list("configmap", namespace="kube-public", labels="test=one") == []
    assert {item["metadata"]["name"] for item in api.list("namespace")} >= {"default", "kube-system"}


def test_reads_all_namespaces_in_pages(api: Api) -> None:
    first, second = api.create(configmap("one")), api.create(configmap("two"))
    pages = list(api.pages("configmap", size=1))
    assert {len(page) for page in pages} == {1}
    found = [item for page in pages for item in page]
    assert [item for item in found if item["metadata"]["namespace"] == "default"] == [first, second]
    assert {item["metadata"]["namespace"] for item in found} >= {"default", "kube-system"}
    assert next(iter(api.pages("configmap", size=500)))[0]["kind"] == "ConfigMap"


def test_pages_take_a_field_selector(api: Api) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": "default"}}
    created = api.create({**secret, "type": "example.org/a"})
    for fields, there in ((None, True), ("type!=example.org/b", True), ("type!=example.org/a", False)):
        found = [item for page in api.pages("secret", size=2, fields=fields) for item in page]
        assert (created in found) is there


def test_a_replacement_of_a_moved_object_is_a_conflict(api: Api, plane: ControlPlane) -> None:
    old = api.create(configmap(a="1"))
    plane.kubectl("-n", "default", "patch", "configmap", "one", "--type=merge", '--patch={"data":{"b":"2"}}')
    with pytest.raises(ApiConflict, match="ConfigMap default/one") as raised:
        api.replace({**old, "data": {"a": "3"}})
    assert raised.value.details == {"reason": "Conflict"}
    now = api.get("configmap", "one", namespace="default")
    assert now is not None
    assert now["data"] == {"a": "1", "b": "2"}


def test_a_replacement_of_a_deleted_object_is_a_conflict(api: Api) -> None:
    old = api.create(configmap(a="1"))
    api.delete("configmap", "one", namespace="default")
    with pytest.raises(ApiConflict, match="one"):
        api.replace(old)
    assert api.get("configmap", "one", namespace="default") is None


def test_a_second_creation_is_a_conflict(api: Api) -> None:
    api.create(configmap(a="1"))
    with pytest.raises(ApiConflict, match="already exists") as raised:
        api.create(configmap(a="2"))
    assert raised.value.details == {"reason": "AlreadyExists"}


def test_a_patch_of_nothing_is_an_error(api: Api) -> None:
    with pytest.raises(ApiError, match="patch configmap default/one: .*not found") as raised:
        api.patch("configmap", "one", {"data": {}}, namespace="default")
    assert not isinstance(raised.value, ApiConflict)
    assert raised.value.details == {"reason": "NotFound"}


def test_a_patch_of_a_moved_object_is_a_conflict(api: Api, plane: ControlPlane) -> None:
    old = api.create(configmap(a="1"))
    version = {"resourceVersion": old["metadata"]["resourceVersion"]}
    plane.kubectl("-n", "default", "patch", "configmap", "one", "--type=merge", '--patch={"data":{"b":"2"}}')
    with pytest.raises(ApiConflict, match="patch configmap default/one") as raised:
        api.patch("configmap", "one", {"metadata": version, "data": {"a": "3"}}, namespace="default")
    assert raised.value.details == {"reason": "Conflict"}
    now = api.get("configmap", "one", namespace="default")
    assert now is not None
    assert now["data"] == {"a": "1", "b": "2"}
    version = {"resourceVersion": now["metadata"]["resourceVersion"]}
    patched = api.patch("configmap", "one", {"metadata": version, "data": {"a": "3"}}, namespace="default")
    assert patched["data"] == {"a": "3", "b": "2"}


def test_lists_more_than_a_page(api: Api, plane: ControlPlane) -> None:
    """kubectl asks for 500 objects at a time, so does the client of some tools."""
    items = [configmap(f"many{number:03}", a="1") for number in range(501)]
    for item in items:
        item["metadata"]["labels"] = {"test": "many"}
    plane.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    try:
        found = api.list("configmap", namespace="default", labels="test=many")
    finally:
        plane.kubectl("-n", "default", "delete", "configmap", "--selector=test=many", "--wait=false")
    assert [item["metadata"]["name"] for item in found] == [item["metadata"]["name"] for item in items]
    assert {(item["kind"], item["apiVersion"]) for item in found} == {("ConfigMap", "v1")}


def test_an_invalid_object_is_an_error(api: Api) -> None:
    with pytest.raises(ApiError, match="invalid") as raised:
        api.create({**configmap(), "metadata": {"name": "No Name", "namespace": "default"}})
    assert raised.value.details == {"reason": "Invalid"}


def test_an_unknown_kind_is_refused(api: Api) -> None:
    with pytest.raises(InvalidInput, match="'gadget'"):
        api.get("gadget", "one")


def test_reads_raw_paths(api: Api) -> None:
    assert api.raw("/readyz") == "ok"
    assert '"gitVersion"' in api.raw("/version")
    with pytest.raises(ApiError, match="read /nowhere"):
        api.raw("/nowhere")


def test_a_forbidden_request_is_an_error_with_the_remedy(opener: Opener, plane: ControlPlane) -> None:
    # The controller-manager's own identity may not read Secrets of other names than its own tokens.
    api = opener(plane.directory / "controller-manager.conf")
    with pytest.raises(ApiError, match=r"forbidden.*option kubeconfig, now .*controller-manager\.conf") as raised:
        api.create(configmap())
    assert raised.value.details == {"reason": "Forbidden"}


def test_reading_what_is_forbidden_is_an_error_and_not_an_absence(
    opener: Opener, plane: ControlPlane, tmp_path: Path
) -> None:
    path = tmp_path / "nobody.conf"
    path.write_text(plane.kubeadm("kubeconfig", "user", "--client-name=nobody", f"--config={plane.config}"))
    api = opener(path, server=f"127.0.0.1:{plane.api_port}")
    asked: dict[str, t.Callable[[], object]] = {
        "read configmap kube-system/kubeadm-config": lambda: api.get(
            "configmap", "kubeadm-config", namespace="kube-system"
        ),
        "list clusterrole": lambda: api.list("clusterrole"),
        "read /logs/": lambda: api.raw("/logs/"),
        "delete configmap": lambda: api.delete("configmap", "one", namespace="default"),
        "patch configmap": lambda: api.patch("configmap", "one", {"data": {}}, namespace="default"),
    }
    for what, ask in asked.items():
        with pytest.raises(ApiError, match=f"{what}.*forbidden") as raised:
            ask()
        assert not isinstance(raised.value, ApiConflict)
        assert raised.value.details == {"reason": "Forbidden"}


def test_a_refused_credential_is_an_error_that_does_not_say_it(
    opener: Opener, plane: ControlPlane, tmp_path: Path
) -> None:
    document = _kubeconfig(plane)
    document["users"][0]["user"] = {"token": SECRET_VALUE}
    api = opener(_written(tmp_path, document))
    with pytest.raises(ApiError, match=r"Unauthorized.*option kubeconfig|logged in.*option kubeconfig") as raised:
        api.get("configmap", "one", namespace="default")
    assert SECRET_VALUE not in repr(raised.value)
    assert SECRET_VALUE not in raised.value.message


def test_a_server_of_another_ca_is_not_trusted(opener: Opener, plane: ControlPlane, tmp_path: Path) -> None:
    document = _kubeconfig(plane)
    other = (plane.pki / "front-proxy-ca.crt").read_bytes()
    document["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(other).decode()
    api = opener(_written(tmp_path, document), request_timeout=5)
    with pytest.raises(ApiError, match=r"certificate.*is the API server up, and is the option kubeconfig right"):
        api.create(configmap())


def test_a_silent_server_is_an_error_in_time(opener: Opener, plane: ControlPlane) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = opener(plane.kubeconfig, server=f"127.0.0.1:{listener.getsockname()[1]}", request_timeout=1)
        began = time.monotonic()
        with pytest.raises(ApiError, match="is the API server up, and is the option kubeconfig right"):
            api.get("configmap", "one", namespace="default")
    assert time.monotonic() - began < 15


def test_a_broken_kubeconfig_is_an_error_with_the_remedy(opener: Opener, tmp_path: Path) -> None:
    path = tmp_path / "broken.conf"
    path.write_text(f"users: [{{user: {{token: {SECRET_VALUE}}}\n", encoding="utf-8")
    with pytest.raises(ApiError, match=r"broken\.conf.*option kubeconfig right") as raised:
        opener(path).get("configmap", "one", namespace="default")
    assert SECRET_VALUE not in raised.value.message


def test_an_unreachable_server_is_an_error_with_the_remedy(opener: Opener, plane: ControlPlane) -> None:
    api = opener(plane.kubeconfig, server="127.0.0.1:1", request_timeout=5)
    with pytest.raises(ApiError, match="refused.*is the API server up, and is the option kubeconfig right"):
        api.get("configmap", "one", namespace="default")


def test_asks_another_server_and_verifies_it(opener: Opener, plane: ControlPlane) -> None:
    assert opener(plane.kubeconfig, server=f"localhost:{plane.api_port}").raw("/readyz") == "ok"
    # The certificate has no such SAN, although the address leads to the server.
    wrong = opener(plane.kubeconfig, server=f"https://127.0.0.2:{plane.api_port}", request_timeout=5)
    with pytest.raises(ApiError, match=r"127\.0\.0\.2"):
        wrong.raw("/readyz")


def test_a_missing_kubeconfig_is_an_error_with_the_remedy(opener: Opener, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"nowhere\.conf.*option kubeconfig right"):
        opener(tmp_path / "nowhere.conf").get("configmap", "one", namespace="default")


def test_no_secret_is_on_a_command_line(api: Api, commands: RecordingCommands) -> None:
    value = base64.b64encode(SECRET_VALUE.encode()).decode()
    metadata = {"name": "one", "namespace": "default"}
    created = api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": value}})
    api.replace({**created, "data": {"a": value, "b": value}})
    api.patch("secret", "one", {"data": {"c": value}}, namespace="default")
    found = api.get("secret", "one", namespace="default")
    assert found is not None
    assert found["data"] == {"a": value, "b": value, "c": value}
    assert not [argument for argument in commands.arguments if value in argument or SECRET_VALUE in argument]


def test_leaves_no_cache_behind(
    opener: Opener, plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    api = opener(plane.kubeconfig)
    api.create(configmap())
    api.patch("configmap", "one", {"data": {"a": "1"}}, namespace="default")
    api.delete("configmap", "one", namespace="default")
    assert list(tmp_path.iterdir()) == []
