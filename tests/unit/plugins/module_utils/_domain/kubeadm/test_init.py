# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host becomes the first control plane: what is decided, what kubeadm is given, and what a kill at any point leaves."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import (
    ANSWERED,
    REFUSED,
    Attempt,
    View,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    CommandFailed,
    InvalidInput,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import init, init_host, init_marker
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.init_documents import InitDocuments
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock, MemoryCommands

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

PKI = "/etc/kubernetes/pki"
DOCUMENTS: list[dict[str, t.Any]] = [
    {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 6443},
        "nodeRegistration": {"name": "cp1"},
    },
    {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "controlPlaneEndpoint": "k8s.example.org:6443",
        "kubernetesVersion": "v1.34.4",
        "networking": {"podSubnet": "10.244.0.0/16"},
    },
]
_MANIFEST = b"""\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.11
    - --secure-port=6443
    name: kube-apiserver
"""
#: What kubeadm init writes, in its order; each is one step after which it may be killed.
WRITTEN: tuple[tuple[str, bytes], ...] = (
    *(
        (f"{PKI}/{name}{extension}", f"{name}{extension}\n".encode())
        for name in ("ca", "apiserver", "front-proxy-ca", "front-proxy-client", "etcd/ca", "etcd/server")
        for extension in (".key", ".crt")
    ),
    (f"{PKI}/sa.key", b"sa\n"),
    (f"{PKI}/sa.pub", b"sa\n"),
    *((f"/etc/kubernetes/{name}.conf", f"{name}\n".encode()) for name in ("admin", "super-admin", "kubelet")),
    *((f"/etc/kubernetes/{name}.conf", f"{name}\n".encode()) for name in ("controller-manager", "scheduler")),
    ("/etc/kubernetes/manifests/etcd.yaml", b"etcd\n"),
    ("/etc/kubernetes/manifests/kube-apiserver.yaml", _MANIFEST),
    ("/etc/kubernetes/manifests/kube-controller-manager.yaml", b"kcm\n"),
    ("/etc/kubernetes/manifests/kube-scheduler.yaml", b"scheduler\n"),
    ("/var/lib/kubelet/kubeadm-flags.env", b"flags\n"),
    ("/var/lib/kubelet/config.yaml", b"config\n"),
    ("/var/lib/etcd/member/snap/db", b"db\n"),
)
#: kubeadm writes these again whatever is there; of its data etcd takes care itself.
_WRITTEN_ANEW = ("/etc/kubernetes/manifests/", "/var/lib/kubelet/", "/var/lib/etcd/")
_PHASES = {"ca": ("ca",), "front-proxy-ca": ("front-proxy-ca",), "etcd-ca": ("etcd/ca",)}


class Killed(BaseException):
    """SIGKILL: nothing catches it."""


class Host:
    """A host with a kubeadm that writes what the real one does, keeps what it finds, and may be killed."""

    def __init__(self, contents: t.Mapping[str, bytes] | None = None) -> None:
        """Start with these files."""
        self.files = MemoryFiles(contents or {})
        self.clock = MemoryClock()
        self.commands = MemoryCommands(kubeadm=self.kubeadm)
        self.api = MemoryApi()
        self.running: list[int] = []
        self.serves = True
        self.is_led_to = True
        #: Files that kubeadm may still write; ``None`` is all of them. The last one is written in part when ``in_part``.
        self.left: int | None = None
        self.in_part = False
        self.cas_made = 0

    def kubeadm(self, arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        """Do what these arguments ask for."""
        words = list(arguments)
        if words[1:4] == ["init", "phase", "certs"]:
            names = _PHASES.get(words[4], ("sa",))
            self._write([item for item in WRITTEN if any(item[0].startswith(f"{PKI}/{name}.") for name in names)])
        elif words[1] == "init":
            refused = [name for name in self._preflight() if name not in self._ignored(stdin)]
            if refused:
                return CommandResult(1, "", "\n".join(f"\t[ERROR {name}]: it is there" for name in refused))
            self._write(WRITTEN)
            self.api.put({"kind": "Node", "metadata": {"name": "cp1"}})
            secret = {"description": "a3ViZWFkbS5oYSBqb2lu", "token-secret": "c2VjcmV0"}
            self.api.put(
                {
                    "kind": "Secret",
                    "type": "bootstrap.kubernetes.io/token",
                    "metadata": {"name": f"bootstrap-token-{len(self.api.objects)}", "namespace": "kube-system"},
                    "data": secret,
                }
            )
        return CommandResult(0, "", "")

    def _preflight(self) -> list[str]:
        """kubeadm's checks of what a former init explains."""
        there = self.files.contents
        names = [
            f"FileAvailable{path.replace('/', '-')}".replace("FileAvailable-", "FileAvailable--", 1)
            for path in there
            if path.startswith("/etc/kubernetes/manifests/")
        ]
        ports = {"kube-apiserver": [6443], "kube-controller-manager": [10257], "kube-scheduler": [10259]}
        for name, numbers in {**ports, "etcd": [2379, 2380]}.items():
            if f"/etc/kubernetes/manifests/{name}.yaml" in there:
                names += [f"Port-{number}" for number in numbers]
        if "/var/lib/kubelet/config.yaml" in there:
            names.append("Port-10250")
        return names + (["DirAvailable--var-lib-etcd"] if self.files.names("/var/lib/etcd") else [])

    @staticmethod
    def _ignored(stdin: str | None) -> list[str]:
        first = json.loads((stdin or "").split("\n---\n")[0])
        return list(first.get("nodeRegistration", {}).get("ignorePreflightErrors", ()))

    def _write(self, items: t.Sequence[tuple[str, bytes]]) -> None:
        for path, content in items:
            if path in self.files.contents and not path.startswith(_WRITTEN_ANEW):
                assert self.files.contents[path] == content, f"{path} was left in part, and kubeadm takes what it finds"
                continue
            if self.left == 0:
                if self.in_part:
                    self.files.contents[path] = content[:-1]
                raise Killed
            self.left = None if self.left is None else self.left - 1
            self.cas_made += path == f"{PKI}/ca.crt"
            self.files.contents[path] = content

    def probe(self, endpoint: Endpoint, ca: str) -> View:
        """The API server as it is."""
        assert ca == "ca.crt\n"
        is_own = endpoint.host == "192.0.2.11"
        outcome, status = (ANSWERED, 200) if self.serves and (is_own or self.is_led_to) else (REFUSED, None)
        return View(endpoint, (endpoint.host,), "", (Attempt(endpoint.host, outcome, status=status),))

    def ensure(
        self, phase: str = init.INIT, documents: t.Sequence[dict[str, t.Any]] | None = None, **more: t.Any
    ) -> Decision:
        """The use case."""
        documents = DOCUMENTS if documents is None else documents
        api = _Answering(self.api)
        tools = init.Tools(
            self.commands,
            self.files,
            self.clock,
            lambda: self.running,
            self.probe,
            lambda _server: t.cast("t.Any", api),
        )
        request = init.InitRequest(InitDocuments.parse(documents), phase, "cp1", 30.0, **more)
        return init.ensure(tools, request)

    def act(self, phase: str = init.INIT, **more: t.Any) -> t.Mapping[str, t.Any]:
        """Decide and do it."""
        decision = self.ensure(phase, **more)
        return decision.act() if decision.changes else decision.values

    def create(self, *, after_authorities: bool) -> None:
        """Create the cluster in one or in two steps."""
        if after_authorities:
            self.act(init.AUTHORITIES)
        self.act()

    @property
    def marker(self) -> init_marker.InitMarker:
        """What is kept of the creation."""
        return init_marker.InitMarker.parse(self.files.contents[init_marker.PATH])


class _Answering:
    """The API in memory with /readyz."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._api, name)

    def raw(self, path: str) -> str:
        """It is ready."""
        assert path == "/readyz"
        return "ok"


def test_authorities_come_first_and_the_control_plane_uses_them() -> None:
    host = Host()
    planned = host.ensure(init.AUTHORITIES)
    assert [(change.object, change.before, change.after) for change in planned.changes] == [
        ("certificate authorities", None, ["ca", "front-proxy-ca", "etcd-ca", "sa"])
    ]
    assert host.files.contents == {}
    assert planned.act()["state"] == "half_created"
    assert {path for path in host.files.contents if path.endswith("ca.crt")} == {
        *(f"{PKI}/{name}.crt" for name in ("ca", "front-proxy-ca", "etcd/ca"))
    }
    assert (host.marker.state, host.files.modes[init_marker.PATH]) == ("creating", 0o600)
    assert host.ensure(init.AUTHORITIES).changes == ()
    (change,) = host.ensure().changes
    assert (change.object, change.before, change.after) == (
        "control plane cp1",
        None,
        "first control plane of k8s.example.org:6443",
    )
    values = host.act()
    assert values == {"state": "control_plane", "node_name": "cp1", "api_server": "192.0.2.11:6443"}
    assert (host.marker.state, host.cas_made) == ("complete", 1)
    assert not host.api.list("secret"), "the token that kubeadm makes is deleted"
    for phase in (init.AUTHORITIES, init.INIT):
        assert host.ensure(phase).changes == ()


def test_external_etcd_has_no_ca_here() -> None:
    documents = [DOCUMENTS[0], {**DOCUMENTS[1], "etcd": {"external": {"endpoints": ["https://192.0.2.21:2379"]}}}]
    host = Host()
    host.act(init.AUTHORITIES, documents=documents)
    assert f"{PKI}/etcd/ca.crt" not in host.files.contents
    assert host.ensure(init.AUTHORITIES, documents).changes == ()


def test_kubeadm_is_given_the_documents_by_standard_input_and_no_check_is_ignored_on_a_bare_host() -> None:
    host = Host()
    host.act(ignored=("NumCPU",))
    assert [list(arguments) for arguments, _stdin in host.commands.asked] == [
        ["kubeadm", "config", "images", "pull", "--config=/dev/stdin"],
        ["kubeadm", "init", "--config=/dev/stdin", "--skip-token-print"],
    ]
    for _arguments, stdin in host.commands.asked:
        first, second = map(json.loads, (stdin or "").split("\n---\n"))
        assert first["nodeRegistration"] == {"name": "cp1", "ignorePreflightErrors": ["NumCPU"]}
        assert second == DOCUMENTS[1]


@pytest.mark.parametrize("in_part", [False, True])
@pytest.mark.parametrize("after_authorities", [False, True])
def test_a_kill_at_any_point_is_resumed_with_one_ca(*, in_part: bool, after_authorities: bool) -> None:
    for left in range(len(WRITTEN)):
        host = Host()
        host.left, host.in_part = left, in_part
        with pytest.raises(Killed):
            host.create(after_authorities=after_authorities)
        host.left = None
        (change,) = host.ensure().changes
        assert change.object == "control plane cp1"
        host.act()
        assert host.marker.state == "complete"
        assert host.cas_made == 1
        assert dict(WRITTEN).items() <= host.files.contents.items()
        assert host.ensure().changes == ()


def test_a_kill_before_anything_was_written_leaves_a_bare_host() -> None:
    host = Host()
    for calls in (0, 1, 2):
        host.files.calls_left = calls
        with pytest.raises(BaseException):  # noqa: B017, PT011 (the kill of MemoryFiles)
            host.act()
        host.files.calls_left = None
        assert host.ensure().changes[0].before is None


@pytest.mark.parametrize("name", ["FileAvailable", "Port", "DirAvailable"])
def test_only_what_our_own_init_explains_is_ignored(name: str) -> None:
    foreign = {"/etc/kubernetes/manifests/kube-apiserver.yaml": _MANIFEST, "/var/lib/etcd/member/x": b"x"}
    for path, content in foreign.items():
        with pytest.raises(UnsupportedState, match="part of a cluster that kubeadm.ha did not create"):
            Host({path: content}).ensure()
    host = Host()
    host.act(init.AUTHORITIES)
    found = init_host.collect(host.files, InitDocuments.parse(DOCUMENTS))
    assert not [
        item for item in init_host.explained_errors(found, InitDocuments.parse(DOCUMENTS)) if item.startswith(name)
    ]


@pytest.mark.parametrize("phase", [init.AUTHORITIES, init.INIT])
def test_a_ca_that_is_not_ours_is_never_used_nor_replaced(phase: str) -> None:
    host = Host({f"{PKI}/ca.crt": b"foreign\n", f"{PKI}/ca.key": b"foreign\n"})
    with pytest.raises(UnsupportedState, match=r"cp1 has a cluster's CA that kubeadm.ha did not make.*kubeadm reset"):
        host.ensure(phase)
    made = Host()
    made.act(init.AUTHORITIES)
    made.files.contents[f"{PKI}/ca.crt"] = b"another\n"
    with pytest.raises(UnsupportedState, match="is not the CA that was made for it"):
        made.ensure(phase)
    del made.files.contents[f"{PKI}/ca.crt"]
    with pytest.raises(UnsupportedState, match="is not the CA that was made for it"):
        made.ensure(phase)


def test_a_certificate_without_its_key_is_kept() -> None:
    host = Host()
    host.act(init.AUTHORITIES)
    del host.files.contents[f"{PKI}/ca.key"]
    assert init_host.half_written(host.files, InitDocuments.parse(DOCUMENTS)) == []


def test_another_cluster_than_the_one_that_was_begun_is_refused() -> None:
    host = Host()
    host.act(init.AUTHORITIES)
    other = [DOCUMENTS[0], {**DOCUMENTS[1], "controlPlaneEndpoint": "other.example.org:6443"}]
    with pytest.raises(
        UnsupportedState, match="controlPlaneEndpoint was k8s.example.org:6443 and is other.example.org:6443"
    ):
        host.ensure(init.INIT, other)
    further = [{**DOCUMENTS[0], "skipPhases": ["addon/kube-proxy"]}, DOCUMENTS[1]]
    assert host.ensure(init.INIT, further).changes, "what is no part of the identity may change"


def test_a_reset_host_is_bare_whatever_was_kept() -> None:
    host = Host()
    host.act()
    host.files.contents = {init_marker.PATH: host.files.contents[init_marker.PATH]}
    assert host.ensure().changes[0].before is None
    host.act()
    assert host.cas_made == 2


def test_a_control_plane_of_somebody_else_is_left_alone_if_it_serves() -> None:
    host = Host(dict(WRITTEN))
    assert host.ensure().changes == ()
    assert host.ensure(init.AUTHORITIES).changes == ()
    assert host.ensure().values["api_server"] == "192.0.2.11:6443"
    host.serves = False
    with pytest.raises(UnsupportedState, match="cp1 has a control plane whose API server does not serve"):
        host.ensure()


def test_what_is_left_of_our_own_cluster_is_named() -> None:
    host = Host()
    host.act()
    del host.files.contents["/etc/kubernetes/manifests/kube-apiserver.yaml"]
    with pytest.raises(UnsupportedState, match="kubeadm.ha created a cluster on cp1, of which only"):
        host.ensure()


def test_a_kubeadm_of_a_killed_run_is_waited_for() -> None:
    host = Host()
    host.running = [4711]
    decision = host.ensure()
    host.clock.after_sleep = host.running.clear
    decision.act()
    assert host.marker.state == "complete"
    waiting = Host()
    waiting.running = [4711]
    with pytest.raises(UnsupportedState, match="process 4711"):
        waiting.act()
    assert waiting.commands.asked == []


def test_a_kubeadm_that_became_a_control_plane_meanwhile_is_not_run_over() -> None:
    host = Host()
    decision = host.ensure()
    host.files.contents.update(dict(WRITTEN))
    with pytest.raises(UnsupportedState, match="became a control plane"):
        decision.act()


def test_the_proof_fails_with_what_is_missing_and_is_resumed() -> None:
    host = Host()
    host.serves = False
    with pytest.raises(NotProved, match="192.0.2.11:6443 refuses the connection"):
        host.act()
    assert host.marker.state == "creating"
    host.serves = True
    host.act()
    assert host.marker.state == "complete"


def test_kubeadms_own_words_are_reported_without_secrets() -> None:
    token = "abcdef.0123456789abcdef"
    documents = [{**DOCUMENTS[0], "bootstrapTokens": [{"token": token}]}, DOCUMENTS[1]]
    host = Host()
    host.commands.answers["kubeadm"] = lambda _arguments, _stdin: CommandResult(1, "", f"error: bad {token}")
    with pytest.raises(CommandFailed, match=r"kubeadm config images pull failed on cp1 .* bad \*\*\*"):
        host.act(documents=documents)


@pytest.mark.parametrize(
    ("serves", "is_led_to", "is_said"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_an_endpoint_that_leads_elsewhere_is_named_when_kubeadm_fails_by_it(
    *, serves: bool, is_led_to: bool, is_said: bool
) -> None:
    host = Host()
    host.act(init.AUTHORITIES)
    host.serves, host.is_led_to = serves, is_led_to
    host.commands.answers["kubeadm"] = lambda _arguments, _stdin: CommandResult(1, "", "error: upload-config: timeout")
    with pytest.raises(CommandFailed) as caught:
        host.act()
    text = "Its API server serves, but the control plane endpoint"
    assert (text in caught.value.message) is is_said
    assert ("refuses the connection" in caught.value.message) is is_said


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([DOCUMENTS[0]], "0 documents of the kind ClusterConfiguration"),
        ([*DOCUMENTS, DOCUMENTS[0]], "2 documents of the kind InitConfiguration"),
        ([DOCUMENTS[0], {"kind": "ClusterConfiguration"}], "no controlPlaneEndpoint"),
    ],
)
def test_documents_that_make_no_cluster(documents: list[dict[str, t.Any]], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Host().ensure(init.INIT, documents)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"version": 2, "state": "creating", "identity": {}, "digest": "", "ca": ""}']
)
def test_a_marker_that_cannot_be_understood_is_named(content: bytes) -> None:
    with pytest.raises(UnsupportedState, match=r"/var/lib/kubeadm-ha/init.json cannot be understood"):
        Host({init_marker.PATH: content}).ensure()


def test_a_marker_is_read_as_it_was_written() -> None:
    marker = init_marker.InitMarker("creating", {"podSubnet": "10.244.0.0/16"}, "d", "c")
    assert init_marker.InitMarker.parse(marker.content()) == marker
    assert dataclasses.replace(marker, identity={}).differences({"podSubnet": ""}) == []


def test_every_check_may_be_ignored_by_one_word() -> None:
    text = InitDocuments.parse(DOCUMENTS).text(ignored=("All", "NumCPU"))
    assert json.loads(text.split("\n---\n", maxsplit=1)[0])["nodeRegistration"]["ignorePreflightErrors"] == ["all"]
