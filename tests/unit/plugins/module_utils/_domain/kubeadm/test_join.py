# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host becomes a member: what is decided, what kubeadm is given."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiError,
    InvalidInput,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join, joined_host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_configuration import join_configuration
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.memory_api import MemoryCommands
from tests.unit.plugins.module_utils._domain.kubeadm.test_join_configuration import TOKEN, request
from tests.unit.plugins.module_utils._domain.kubeadm.test_joined_host import (
    CA,
    HASH,
    STATES,
    WORKER,
    X509,
    found_in,
    host,
    worker_files,
)


@pytest.mark.parametrize("name", STATES)
def test_states_are_decided(name: str) -> None:
    present, _node, _ca_hash, control_plane, expected = STATES[name]
    found = found_in(name)
    wanted = request(control_plane=control_plane)
    if expected == joined_host.CLEAN:
        change = join.decide(found, wanted, host_name="HOST1")
        assert change == join.join_change("host1", control_plane=control_plane)
    elif expected == joined_host.MEMBER:
        assert join.decide(found, wanted, host_name="HOST1") is None
    else:
        with pytest.raises(UnsupportedState, match="kubeadm reset") as caught:
            join.decide(found, wanted, host_name="HOST1")
        assert caught.value.details["state"] == expected
        assert caught.value.details["present"] == sorted(present)


def test_another_node_name_is_not_overlooked() -> None:
    joined = host(WORKER, "w1.example.org", HASH)
    assert join.decide(joined, request(node_name="W1.example.org"), host_name="w1") is None
    with pytest.raises(UnsupportedState, match="joined as the node w1.example.org, but the option node_name says w9"):
        join.decide(joined, request(node_name="w9"), host_name="w1")


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


def test_the_ca_goes_where_the_clusters_kubelets_expect_it() -> None:
    elsewhere = join_configuration(request(certificates_dir="/etc/kubernetes/ssl"))
    assert elsewhere["caCertPath"] == "/etc/kubernetes/ssl/ca.crt"
    files = MemoryFiles({"/etc/kubernetes/ssl/ca.crt": CA.certificate})
    assert joined_host.collect(files, PyYaml(), X509, pki_dir="/etc/kubernetes/ssl").ca_hashes == {HASH}
    assert joined_host.collect(files, PyYaml(), X509).ca_hashes == frozenset()


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
