# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kubectl adapter asks and how it understands the answers; the real kubectl is in tests/integration."""

from __future__ import annotations

import json
import os
import stat
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api import kubectl_proxy
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api_path import path_of, path_of_document
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiConflict,
    ApiError,
    CommandFailed,
    InvalidInput,
)

DOCUMENT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "default"},
    "data": {"key": "secret"},
}
#: A kubectl that listens where it is asked to, keeps what it was asked, and answers as its file says.
_KUBECTL = """\
#!{python}
import http.server, json, os, pathlib, socketserver, sys, time
here = pathlib.Path(__file__).parent
with (here / "started").open("a") as log:
    print(json.dumps([os.getpid(), sys.argv[1:]]), file=log)
answer = json.loads((here / "answer").read_text())
if "error" in answer:
    sys.exit(answer["error"])
class Handler(http.server.BaseHTTPRequestHandler):
    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with (here / "asked").open("a") as log:
            print(json.dumps([self.command, self.path, self.headers["Content-Type"], body]), file=log)
        answer = json.loads((here / "answer").read_text())
        time.sleep(answer.get("seconds", 0))
        self.send_response(answer["status"])
        self.end_headers()
        self.wfile.write(answer["body"].encode())
    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve
    def address_string(self):
        return "socket"
    def log_message(self, *_arguments):
        pass
path = next(item for item in sys.argv if item.startswith("--unix-socket=")).partition("=")[2]
server = socketserver.ThreadingUnixStreamServer(path, Handler)
print("Starting to serve on", path, flush=True)
server.serve_forever()
"""


class Kubectl:
    """A kubectl in a directory, and the adapter that uses it."""

    def __init__(self, directory: Path) -> None:
        """Put it there."""
        self._directory = directory
        self.program = directory / "kubectl"
        self.program.write_text(_KUBECTL.replace("{python}", sys.executable))
        self.program.chmod(0o755)
        self.answers()

    def api(self, **options: t.Any) -> KubectlApi:
        """The adapter."""
        commands = HostCommands(search_path=str(self._directory))
        return KubectlApi(commands, kubeconfig="/root/admin.conf", **{"request_timeout": 5, **options})

    def answers(self, body: str = "{}", status: int = 200, **more: t.Any) -> None:
        """What it answers from now on."""
        (self._directory / "answer").write_text(json.dumps({"body": body, "status": status, **more}))

    def fails(self, expected: str) -> None:
        """It ends with these words instead of listening."""
        (self._directory / "answer").write_text(json.dumps({"error": expected}))

    @property
    def started(self) -> list[tuple[int, list[str]]]:
        """Process id and arguments of each start."""
        return [tuple(json.loads(line)) for line in (self._directory / "started").read_text().splitlines()]

    @property
    def asked(self) -> list[tuple[str, str, str | None, str]]:
        """Method, path, content type and body of each request."""
        return [tuple(json.loads(line)) for line in (self._directory / "asked").read_text().splitlines()]


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    """A kubectl."""
    return Kubectl(tmp_path)


def status(code: int, reason: str, message: str) -> dict[str, t.Any]:
    """An answer with a Status object."""
    return {"status": code, "body": json.dumps({"kind": "Status", "code": code, "reason": reason, "message": message})}


def test_asks_by_path_with_the_kubeconfig_by_one_process(kubectl: Kubectl) -> None:
    api = kubectl.api()
    assert api.get("configmap", "one", namespace="default") == {}
    assert api.delete("configmap", "one", namespace="default") is True
    path = "/api/v1/namespaces/default/configmaps/one"
    assert kubectl.asked == [("GET", path, None, ""), ("DELETE", path, None, "")]
    ((_process, arguments),) = kubectl.started
    assert arguments[:2] == ["--kubeconfig=/root/admin.conf", "proxy"]


def test_asks_another_server_on_demand(kubectl: Kubectl) -> None:
    kubectl.api(server="192.0.2.11:6443").raw("/readyz")
    ((_process, arguments),) = kubectl.started
    assert "--server=https://192.0.2.11:6443" in arguments


def test_nothing_is_started_before_it_is_needed_and_nothing_is_left(kubectl: Kubectl, tmp_path: Path) -> None:
    api = kubectl.api()
    assert not (tmp_path / "started").exists()
    api.raw("/readyz")
    ((process, arguments),) = kubectl.started
    directory = Path(next(item for item in arguments if item.startswith("--unix-socket="))[14:]).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    del api
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_request_that_nobody_answered_leaves_the_next_one_a_new_proxy(kubectl: Kubectl) -> None:
    api = kubectl.api(request_timeout=0.3)
    kubectl.answers(seconds=2)
    with pytest.raises(ApiError, match=r"could not read /readyz with /root/admin\.conf: no answer within 0\.3 s .*up"):
        api.raw("/readyz")
    kubectl.answers("ok")
    assert api.raw("/readyz") == "ok"
    assert len(kubectl.started) == 2


def test_a_kubectl_that_does_not_start_is_reported_with_its_words(kubectl: Kubectl) -> None:
    kubectl.fails("error: stat /root/admin.conf: no such file or directory")
    with pytest.raises(ApiError, match="no such file or directory .*is the option kubeconfig right"):
        kubectl.api().raw("/readyz")


def test_a_host_without_kubectl_is_reported(kubectl: Kubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setattr(kubectl_proxy, "_RUNTIME_DIRECTORY", str(runtime))
    kubectl.program.unlink()
    with pytest.raises(CommandFailed, match="has no kubectl"):
        kubectl.api().raw("/readyz")
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "content_type", "call"),
    [
        ("POST", "application/json", lambda api: api.create(DOCUMENT)),
        ("PUT", "application/json", lambda api: api.replace(DOCUMENT)),
        (
            "PATCH",
            "application/merge-patch+json",
            lambda api: api.patch("configmap", "one", {"data": {"key": "secret"}}, namespace="default"),
        ),
    ],
)
def test_documents_are_on_no_command_line(
    kubectl: Kubectl, method: str, content_type: str, call: t.Callable[[KubectlApi], t.Any]
) -> None:
    call(kubectl.api())
    ((asked, path, sent, body),) = kubectl.asked
    assert (asked, sent, json.loads(body)["data"]) == (method, content_type, {"key": "secret"})
    assert path.endswith("?fieldManager=kubeadm-ha")
    assert "secret" not in str(kubectl.started)


def test_gives_items_of_lists_their_kind(kubectl: Kubectl) -> None:
    kubectl.answers(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {}}]}))
    assert kubectl.api().list("pod", namespace="kube-system") == [{"apiVersion": "v1", "kind": "Pod", "metadata": {}}]
    kubectl.answers(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": None}))
    assert kubectl.api().list("pod") == []


@pytest.mark.parametrize(
    ("answer", "error", "expected", "details"),
    [
        (status(409, "Conflict", "Operation cannot be fulfilled"), ApiConflict, "did not create", "Conflict"),
        (status(409, "AlreadyExists", "already exists"), ApiConflict, "did not create", "AlreadyExists"),
        (status(403, "Forbidden", 'configmaps is forbidden: User "x"'), ApiError, "refused to create", "Forbidden"),
        (status(422, "Invalid", "metadata.name: Invalid value"), ApiError, "refused to create", "Invalid"),
        (status(500, "InternalError", "etcdserver: no leader"), ApiError, "refused to create", "InternalError"),
        (
            {"status": 503, "body": ""},
            ApiError,
            "refused to create ConfigMap default/one: Service Unavailable",
            "Service Unavailable",
        ),
        ({"status": 502, "body": "dial tcp: connection refused"}, ApiError, "could not create", None),
        ({"status": 500, "body": "x509: unknown authority"}, ApiError, "could not create", None),
    ],
)
def test_understands_refusals(
    kubectl: Kubectl, answer: dict[str, t.Any], error: type[ApiError], expected: str, details: str | None
) -> None:
    kubectl.answers(**answer)
    with pytest.raises(ApiError) as raised:
        kubectl.api().create(DOCUMENT)
    assert raised.type is error
    assert raised.value.details == ({} if details is None else {"reason": details})
    assert expected in raised.value.message
    if error is not ApiConflict:
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
