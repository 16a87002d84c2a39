# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is to a cluster, and the JoinConfiguration that makes it a node."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiError,
    CommandFailed,
    InvalidInput,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join import HostFiles, JoinRequest, Token
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles, make_ca, make_certificate
from tests.unit.plugins.memory_api import MemoryCommands

CA = make_ca()
OTHER_CA = make_ca()
X509 = CryptographyX509()
HASH = X509.certificates(CA.certificate)[0].public_key_sha256
OTHER_HASH = X509.certificates(OTHER_CA.certificate)[0].public_key_sha256
TOKEN = Token("abcdef", "0123456789abcdef")
KEY = "5ec2e7" + "0" * 58
CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"

WORKER = {
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    CLIENT,
}
MANIFESTS = {
    f"/etc/kubernetes/manifests/{name}.yaml" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
}
CONFIGS = {f"/etc/kubernetes/{name}.conf" for name in ("admin", "controller-manager", "scheduler")}
ETCD = {"/etc/kubernetes/manifests/etcd.yaml", "/var/lib/etcd/member"}
CONTROL_PLANE = WORKER | MANIFESTS | CONFIGS | ETCD
CONTROL_PLANE_EXTERNAL_ETCD = WORKER | MANIFESTS | CONFIGS

#: What is on the host, the name in its certificate, its CA's hash, is it to be a control plane; the state.
STATES: dict[str, tuple[set[str], str | None, str | None, bool, str]] = {
    "nothing": (set(), None, None, False, join.CLEAN),
    "nothing, control plane": (set(), None, None, True, join.CLEAN),
    "an old etcd does not disturb a worker": ({"/var/lib/etcd/member"}, None, None, False, join.CLEAN),
    "an old etcd disturbs a control plane": ({"/var/lib/etcd/member"}, None, None, True, join.HALF_JOINED),
    "worker": (WORKER, "w1", HASH, False, join.MEMBER),
    "worker without flags file": (WORKER - {"/var/lib/kubelet/kubeadm-flags.env"}, "w1", HASH, False, join.MEMBER),
    "control plane": (CONTROL_PLANE, "cp2", HASH, True, join.MEMBER),
    "control plane, external etcd": (CONTROL_PLANE_EXTERNAL_ETCD, "cp2", HASH, True, join.MEMBER),
    "worker that is to be a control plane": (WORKER, "w1", HASH, True, join.OTHER_ROLE),
    "control plane that is to be a worker": (CONTROL_PLANE, "cp2", HASH, False, join.OTHER_ROLE),
    "only bootstrap-kubelet.conf": (
        {"/etc/kubernetes/bootstrap-kubelet.conf", "/etc/kubernetes/pki/ca.crt"},
        None,
        HASH,
        False,
        join.HALF_JOINED,
    ),
    "kubelet.conf without a client certificate": (WORKER - {CLIENT}, None, HASH, False, join.HALF_JOINED),
    "kubelet.conf without the kubelet's configuration": (
        WORKER - {"/var/lib/kubelet/config.yaml"},
        "w1",
        HASH,
        False,
        join.HALF_JOINED,
    ),
    "control plane killed before its etcd": (CONTROL_PLANE - ETCD, "cp2", HASH, True, join.HALF_JOINED),
    "control plane without its scheduler, asked as worker": (
        CONTROL_PLANE - {"/etc/kubernetes/manifests/kube-scheduler.yaml"},
        "cp2",
        HASH,
        False,
        join.HALF_JOINED,
    ),
    "manifests without kubelet.conf": (MANIFESTS | CONFIGS, None, None, True, join.HALF_JOINED),
    "another cluster's worker": (WORKER, "w1", OTHER_HASH, False, join.FOREIGN),
    "another cluster's CA alone": ({"/etc/kubernetes/pki/ca.crt"}, None, OTHER_HASH, True, join.FOREIGN),
    "another cluster's rest is foreign, not half joined": (MANIFESTS, None, OTHER_HASH, True, join.FOREIGN),
}


def host(present: set[str], node: str | None, ca_hash: str | None, **more: t.Any) -> HostFiles:
    """What is on a host."""
    return HostFiles(
        present=tuple(sorted(present)),
        ca_hashes=frozenset() if ca_hash is None else frozenset({ca_hash}),
        node_name=node,
        **more,
    )


def request(**more: t.Any) -> JoinRequest:
    """A request with everything that a join needs."""
    values: dict[str, t.Any] = {
        "endpoint": Endpoint("k8s.example.org"),
        "ca_cert_hashes": (HASH,),
        "api_version": "kubeadm.k8s.io/v1beta4",
        "token": TOKEN,
        **more,
    }
    return JoinRequest(**values)


@pytest.mark.parametrize("name", STATES)
def test_states(name: str) -> None:
    present, node, ca_hash, control_plane, expected = STATES[name]
    uses_local_etcd = bool(present & MANIFESTS) and name != "control plane, external etcd"
    found = host(present, node, ca_hash, uses_local_etcd=uses_local_etcd)
    state = join.classify(found, ca_cert_hashes=(HASH,), control_plane=control_plane)
    assert state.kind == expected
    wanted = request(control_plane=control_plane)
    if expected == join.CLEAN:
        change = join.decide(found, wanted, host_name="HOST1")
        assert change == join.join_change("host1", control_plane=control_plane)
    elif expected == join.MEMBER:
        assert join.decide(found, wanted, host_name="HOST1") is None
    else:
        with pytest.raises(UnsupportedState, match="kubeadm reset") as caught:
            join.decide(found, wanted, host_name="HOST1")
        assert caught.value.details["state"] == expected
        assert caught.value.details["present"] == sorted(present)


@pytest.mark.parametrize(
    ("ca_hash", "reported"),
    [
        (HASH, "Put back what is missing, from a backup or another control plane."),
        (OTHER_HASH, "Take it out of the inventory"),
    ],
)
def test_a_host_that_starts_a_control_plane_is_not_simply_to_be_reset(ca_hash: str, reported: str) -> None:
    """A control plane whose admin.conf was put away seems half joined: its remedy must not delete the cluster."""
    present = (WORKER | MANIFESTS) - {"/etc/kubernetes/admin.conf"}
    with pytest.raises(UnsupportedState) as caught:
        join.decide(host(present, "cp1", ca_hash), request(control_plane=True), host_name="cp1")
    assert reported in caught.value.message
    assert "It deletes the CA's key and etcd's data" in caught.value.message


def test_a_refusal_names_what_is_there_and_what_lacks() -> None:
    with pytest.raises(UnsupportedState) as caught:
        join.decide(host(WORKER - {"/var/lib/kubelet/config.yaml"}, "w1", HASH), request(), host_name="w1")
    assert "it has /etc/kubernetes/kubelet.conf" in caught.value.message
    assert "but not /var/lib/kubelet/config.yaml" in caught.value.message
    with pytest.raises(UnsupportedState, match="its kubelet connects to https://192.0.2.99:6443"):
        join.decide(host(WORKER, "w1", OTHER_HASH, server="https://192.0.2.99:6443"), request(), host_name="w1")


def test_another_node_name_is_not_overlooked() -> None:
    joined = host(WORKER, "w1.example.org", HASH)
    assert join.decide(joined, request(node_name="W1.example.org"), host_name="w1") is None
    with pytest.raises(UnsupportedState, match="joined as the node w1.example.org, but the option node_name says w9"):
        join.decide(joined, request(node_name="w9"), host_name="w1")


@given(st.sets(st.sampled_from(sorted(CONTROL_PLANE))), st.booleans(), st.booleans(), st.booleans())
def test_a_member_has_all_that_a_join_leaves(
    present: set[str], control_plane: bool, has_certificate: bool, uses_local_etcd: bool
) -> None:
    found = host(present, "n1" if has_certificate else None, HASH, uses_local_etcd=uses_local_etcd)
    kind = join.classify(found, ca_cert_hashes=(HASH,), control_plane=control_plane).kind
    if kind == join.MEMBER:
        assert {"/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml"} <= present
        assert has_certificate
        assert (present >= MANIFESTS | CONFIGS) == control_plane
    if kind == join.CLEAN:
        assert present <= {"/var/lib/etcd/member"}
    # Joining is never decided on a host that has something of a join.
    assert kind != join.CLEAN or not present - {"/var/lib/etcd/member"}


def kubeconfig(ca: bytes = CA.certificate, **user: t.Any) -> bytes:
    """A kubelet.conf."""
    document = {
        "clusters": [
            {
                "name": "default-cluster",
                "cluster": {
                    "server": "https://192.0.2.10:6443",
                    "certificate-authority-data": base64.b64encode(ca).decode(),
                },
            }
        ],
        "contexts": [{"name": "c", "context": {"cluster": "default-cluster", "user": "default-auth"}}],
        "current-context": "c",
        "users": [{"name": "default-auth", "user": user}],
    }
    return yaml.safe_dump(document).encode()


def worker_files(**more: bytes) -> dict[str, bytes]:
    """The files of a joined worker w1."""
    client = make_certificate(CA, name="system:node:w1")
    files = dict.fromkeys(WORKER, b"x")
    files["/etc/kubernetes/kubelet.conf"] = kubeconfig(**{"client-certificate": CLIENT, "client-key": CLIENT})
    files["/etc/kubernetes/pki/ca.crt"] = CA.certificate
    files[CLIENT] = client.certificate + client.key
    return {**files, **more}


def test_files_are_understood() -> None:
    found = join.collect(MemoryFiles(worker_files()), PyYaml(), X509)
    assert found == HostFiles(
        present=tuple(sorted(WORKER)),
        ca_hashes=frozenset({HASH}),
        node_name="w1",
        server="https://192.0.2.10:6443",
    )
    embedded = base64.b64encode(make_certificate(CA, name="system:node:w2").certificate).decode()
    files = {"/etc/kubernetes/kubelet.conf": kubeconfig(**{"client-certificate-data": embedded})}
    assert join.collect(MemoryFiles(files), PyYaml(), X509).node_name == "w2"
    manifest = {
        "spec": {
            "containers": [
                {
                    "command": [
                        "kube-apiserver",
                        "--advertise-address=192.0.2.12",
                        "--secure-port=8443",
                        "--etcd-servers=https://127.0.0.1:2379",
                    ]
                }
            ]
        }
    }
    files = {"/etc/kubernetes/manifests/kube-apiserver.yaml": yaml.safe_dump(manifest).encode()}
    found = join.collect(MemoryFiles(files), PyYaml(), X509)
    assert (found.api_server, found.uses_local_etcd) == (Endpoint("192.0.2.12", 8443), True)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe",
        b"- a list",
        b"clusters: [",
        kubeconfig(ca=b"no PEM", **{"client-certificate-data": "!"}),
        kubeconfig(**{"client-certificate": "/gone"}),
    ],
)
def test_a_broken_kubelet_conf_is_half_joined(broken: bytes) -> None:
    files = worker_files()
    files["/etc/kubernetes/kubelet.conf"] = broken
    found = join.collect(MemoryFiles(files), PyYaml(), X509)
    assert found.node_name is None
    assert join.classify(found, ca_cert_hashes=(HASH,), control_plane=False).kind == join.HALF_JOINED


class Node:
    """``KubeletApi`` that has one answer."""

    def __init__(self, answer: dict[str, t.Any] | ApiError | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, t.Any] | None:
        """The answer."""
        self.asked.append(path)
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer


def ensure(files: MemoryFiles, commands: MemoryCommands, node: Node, **more: t.Any) -> t.Any:
    """The use case."""
    return join.ensure(commands, files, PyYaml(), X509, node, request=request(**more), host_name="w1")


def test_membership_is_asked_of_the_cluster() -> None:
    node = Node({"kind": "Node"})
    decision = ensure(MemoryFiles(worker_files()), MemoryCommands(), node)
    assert (decision.changes, decision.warnings, node.asked) == ((), (), ["/api/v1/nodes/w1"])
    assert decision.values == {"node_name": "w1", "state": "member", "api_server": None}
    with pytest.raises(UnsupportedState, match="the cluster has no such node any more"):
        ensure(MemoryFiles(worker_files()), MemoryCommands(), Node(None))
    unreachable = ensure(MemoryFiles(worker_files()), MemoryCommands(), Node(ApiError("no answer")))
    assert unreachable.changes == ()
    assert "no answer" in unreachable.warnings[0]


def test_joining_passes_everything_by_standard_input() -> None:
    files = MemoryFiles({})

    def kubeadm(_arguments: t.Sequence[str], _stdin: str | None) -> CommandResult:
        files.contents.update(worker_files())
        return CommandResult(0, "joined", "")

    commands = MemoryCommands(kubeadm=kubeadm)
    decision = ensure(files, commands, Node(None), kubelet_extra_args={"node-ip": "192.0.2.21"})
    assert [change.object for change in decision.changes] == ["node w1"]
    assert commands.asked == []
    assert decision.act() == {"node_name": "w1", "state": "clean", "api_server": None}
    ((arguments, stdin),) = commands.asked
    assert arguments == ["kubeadm", "join", "--config=/dev/stdin"]
    assert json.loads(stdin or "")["discovery"]["bootstrapToken"]["token"] == TOKEN.text


def test_a_cluster_that_hides_from_anonymous_is_found_with_the_token() -> None:
    files = MemoryFiles({})
    read: list[t.Any] = []

    def kubeadm(_arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        discovery = json.loads(stdin or "")["discovery"]
        read.append((discovery, json.loads(commands.held[discovery["file"]["kubeConfigPath"]])))
        files.contents.update(worker_files())
        return CommandResult(0, "joined", "")

    commands = MemoryCommands(kubeadm=kubeadm)
    ensure(files, commands, Node(None), ca_certificate=CA.certificate.decode()).act()
    ((discovery, kubeconfig_read),) = read
    assert discovery == {"file": {"kubeConfigPath": "/held"}, "tlsBootstrapToken": TOKEN.text}
    (cluster,) = kubeconfig_read["clusters"]
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == CA.certificate
    assert cluster["cluster"]["server"].startswith("https://")
    assert kubeconfig_read["users"][0]["user"] == {"token": TOKEN.text}
    assert commands.held == {}


def test_a_failed_join_reports_kubeadms_reason_and_no_secret() -> None:
    stderr = (
        "[WARNING SystemVerification]: cgroups v1\n"
        f"error: token {TOKEN.text} with {KEY} is not {TOKEN.secret}\n"
        "To see the stack trace of this error execute with --v=5 or higher\n"
    )
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(1, "", stderr))
    decision = ensure(MemoryFiles({}), commands, Node(None), control_plane=True, certificate_key=KEY)
    with pytest.raises(CommandFailed) as caught:
        decision.act()
    assert "error: token *** with *** is not ***." in caught.value.message
    assert "cgroups" not in caught.value.message
    assert "stack trace" not in caught.value.message
    for secret in (TOKEN.secret, KEY):
        assert secret not in str(caught.value.details)


def test_a_join_that_failed_by_etcd_reports_what_the_new_etcd_said() -> None:
    def line(level: str, message: str, second: int) -> str:
        text = f'{{"level":"{level}","ts":"2026-11-28T10:00:{second:02}.1Z","msg":"{message}","error":"no answer"}}'
        return f"2026-11-28T10:00:{second:02}.123456789Z stderr F {text}\n"

    log = "/var/log/pods/kube-system_etcd-cp2_0123/etcd"
    contents = {
        f"{log}/8.log": line("fatal", "an older start", 1).encode(),
        f"{log}/9.log": "".join(
            [
                line("info", "starting", 2),
                *(line("error", "cannot fetch cluster info from peer urls", i) for i in range(9)),
            ]
        ).encode(),
        f"{log}/10.log": b"",
        "/var/log/pods/default_etcd-of-somebody_1/etcd/0.log": line("error", "another", 1).encode(),
    }
    stderr = "error: error execution phase etcd-join: the etcd member 1 is not started\n"
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(1, "", stderr))
    decision = ensure(MemoryFiles(contents), commands, Node(None), control_plane=True, certificate_key=KEY)
    with pytest.raises(CommandFailed) as caught:
        decision.act()
    assert (
        "etcd-join: the etcd member 1 is not started. The etcd of this host said last: cannot fetch cluster info from peer "
        "urls: no answer (9 times). Run the playbook again"
    ) in caught.value.message
    # A reset would take out a member that works: a promotion whose answer came late seems the same.
    assert "reset" not in caught.value.message


def test_no_secret_is_shown_by_accident() -> None:
    shown = repr(request(certificate_key=KEY))
    assert TOKEN.secret not in shown
    assert KEY not in shown


def test_a_missing_token_is_reported_only_when_it_is_needed() -> None:
    assert ensure(MemoryFiles(worker_files()), MemoryCommands(), Node({}), token=None).changes == ()
    decision = ensure(MemoryFiles({}), MemoryCommands(), Node(None), token=None)
    assert decision.changes
    with pytest.raises(InvalidInput, match="option token is missing"):
        decision.act()


@pytest.mark.parametrize(
    ("wrong", "reported"),
    [
        ({"api_version": "v1"}, "option api_version"),
        ({"api_version": "kubeadm.k8s.io/v1beta1"}, "option api_version"),
        ({"ca_cert_hashes": ()}, "option ca_cert_hashes"),
        ({"ca_cert_hashes": ("sha256:abc",)}, "option ca_cert_hashes"),
        ({"certificate_key": "abc"}, "option certificate_key"),
        ({"advertise_address": "cp2.example.org"}, "option advertise_address"),
        ({"api_version": "kubeadm.k8s.io/v1beta2", "patches_directory": "/p"}, "option patches_directory"),
    ],
)
def test_bad_inputs_are_named(wrong: dict[str, t.Any], reported: str) -> None:
    with pytest.raises(InvalidInput, match=reported):
        ensure(MemoryFiles({}), MemoryCommands(), Node(None), **wrong)


@pytest.mark.parametrize("text", ["", "abcdef", "abcdef.0123456789abcdeF", "abcdef.0123456789abcdef\n", "a.b"])
def test_a_bad_token_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput, match="option token") as caught:
        Token.parse(text)
    assert not text or text not in caught.value.message
    with pytest.raises(InvalidInput, match="option token_id"):
        Token.check_id(text + ".")


FULL = {
    "control_plane": True,
    "certificate_key": KEY,
    "node_name": "cp2",
    "advertise_address": "192.0.2.12",
    "bind_port": 8443,
    "cri_socket": "unix:///run/crio/crio.sock",
    "taints": (),
    "kubelet_extra_args": {"node-ip": "192.0.2.12", "v": "2"},
    "ignore_preflight_errors": ("Swap",),
    "timeout": 60,
}
_COMMON = {
    "kind": "JoinConfiguration",
    "controlPlane": {
        "certificateKey": KEY,
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.12", "bindPort": 8443},
    },
}
_DISCOVERY = {"apiServerEndpoint": "k8s.example.org:6443", "token": TOKEN.text, "caCertHashes": [HASH]}
_REGISTRATION = {
    "name": "cp2",
    "criSocket": "unix:///run/crio/crio.sock",
    "taints": [],
    "ignorePreflightErrors": ["Swap"],
}
_WAITS = ("discovery", "tlsBootstrap", "kubeletHealthCheck")


def test_all_checks_are_ignored_by_one_word_alone() -> None:
    """kubeadm refuses others beside it (ValidateIgnorePreflightErrors)."""
    for names in (("all",), ("Swap", "ALL"), (join.MANIFESTS_CHECK, "all")):
        document = join.join_configuration(request(ignore_preflight_errors=names))
        assert document["nodeRegistration"]["ignorePreflightErrors"] == ["all"]


def test_the_configuration_in_each_version() -> None:
    as_map = {"node-ip": "192.0.2.12", "v": "2"}
    newest = {
        **_COMMON,
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "discovery": {"bootstrapToken": _DISCOVERY},
        "nodeRegistration": {
            **_REGISTRATION,
            "kubeletExtraArgs": [{"name": "node-ip", "value": "192.0.2.12"}, {"name": "v", "value": "2"}],
        },
        "patches": {"directory": "/etc/kubernetes/patches"},
        "timeouts": dict.fromkeys(_WAITS, "60s"),
    }
    assert join.join_configuration(request(**FULL, patches_directory="/etc/kubernetes/patches")) == newest
    for version in ("v1beta2", "v1beta3"):
        older = {
            **_COMMON,
            "apiVersion": f"kubeadm.k8s.io/{version}",
            "discovery": {"bootstrapToken": _DISCOVERY, "timeout": "60s"},
            "nodeRegistration": {**_REGISTRATION, "kubeletExtraArgs": as_map},
        }
        assert join.join_configuration(request(**FULL, api_version=f"kubeadm.k8s.io/{version}")) == older


def test_a_plain_worker_says_no_more_than_it_must() -> None:
    assert join.join_configuration(request()) == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": _DISCOVERY},
    }
    # kubeadm makes a control plane of an empty section, too: certificates may be on the host already.
    assert join.join_configuration(request(control_plane=True))["controlPlane"] == {}


def test_kubelet_flags() -> None:
    flags = join.kubelet_flags({"node-ip": "192.0.2.1", "v": 2, "x": True, "y": None}, labels={"b": 1, "a": "z"})
    assert flags == {"node-ip": "192.0.2.1", "v": "2", "x": "true", "y": "", "node-labels": "a=z,b=1"}
    assert join.kubelet_flags({}, labels={}) == {}
    with pytest.raises(InvalidInput, match="leave the dashes out"):
        join.kubelet_flags({"--v": 1}, labels={})
    with pytest.raises(InvalidInput, match="node_labels only"):
        join.kubelet_flags({"node-labels": "a=b"}, labels={"a": "b"})


def test_a_control_plane_predicts_its_api_server() -> None:
    decision = ensure(
        MemoryFiles({}),
        MemoryCommands(),
        Node(None),
        control_plane=True,
        advertise_address="192.0.2.12",
        bind_port=8443,
    )
    assert decision.values["api_server"] == "192.0.2.12:8443"
    assert ensure(MemoryFiles({}), MemoryCommands(), Node(None), control_plane=True).values["api_server"] is None


def test_the_request_is_a_value() -> None:
    assert dataclasses.replace(request(), control_plane=True).role == "control plane"
    assert request().role == "worker"


def test_the_ca_goes_where_the_clusters_kubelets_expect_it() -> None:
    elsewhere = join.join_configuration(request(certificates_dir="/etc/kubernetes/ssl"))
    assert elsewhere["caCertPath"] == "/etc/kubernetes/ssl/ca.crt"
    files = MemoryFiles({"/etc/kubernetes/ssl/ca.crt": CA.certificate})
    assert join.collect(files, PyYaml(), X509, pki_dir="/etc/kubernetes/ssl").ca_hashes == {HASH}
    assert join.collect(files, PyYaml(), X509).ca_hashes == frozenset()


def test_an_operators_own_static_pod_is_no_obstacle() -> None:
    """kubeadm wants the directory of static pods empty; one with manifests of its own would have been a half join."""
    files = MemoryFiles({"/etc/kubernetes/manifests/kube-vip.yaml": b"x"})

    def kubeadm(_arguments: t.Sequence[str], _stdin: str | None) -> CommandResult:
        files.contents.update(worker_files())
        return CommandResult(0, "joined", "")

    commands = MemoryCommands(kubeadm=kubeadm)
    ensure(files, commands, Node(None), ignore_preflight_errors=("Swap",)).act()
    ((_arguments, stdin),) = commands.asked
    ignored = json.loads(stdin or "")["nodeRegistration"]["ignorePreflightErrors"]
    assert ignored == ["Swap", "DirAvailable--etc-kubernetes-manifests"]
    assert files.contents["/etc/kubernetes/manifests/kube-vip.yaml"] == b"x"
