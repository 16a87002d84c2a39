# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is asked itself before ``kubeadm reset``, and a Node before it is deleted, whatever the plan said."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    CommandFailed,
    InvalidInput,
    KubeadmHaError,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import node_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_reset
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_reset import Facts, Request
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock, MemoryCommands

OWN = frozenset({"sha256:ca"})
REQUEST = Request("cp2", "/etc/kubernetes/pki", OWN, cri_socket="unix:///run/containerd/containerd.sock")
HALF = Facts(
    files=("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/manifests/etcd.yaml", "/etc/kubernetes/pki/ca.crt"),
    kubelet_names=("config.yaml", "pki", "pods"),
    ca_hashes=(OWN, OWN),
)
CLEAN = Facts(files=("/etc/kubernetes/audit/policy.yaml", "/etc/kubernetes/manifests/kube-vip.yaml"))


class Removing:
    """``Files`` that only keeps what is removed."""

    def __init__(self) -> None:
        """Nothing is removed yet."""
        self.removed: list[str] = []

    def remove(self, path: str) -> None:
        """Keep it."""
        self.removed.append(path)


class Host:
    """A host that is asked several times."""

    def __init__(self, *facts: Facts, returncode: int = 0) -> None:
        """What it is each time; the last one stays."""
        self.facts = list(facts)
        self.files = Removing()
        self.commands = MemoryCommands(
            kubeadm=lambda _arguments, _stdin: CommandResult(returncode, "", "error: it would not")
        )

    def collect(self) -> Facts:
        """What it is now."""
        return self.facts.pop(0) if len(self.facts) > 1 else self.facts[0]

    def ensure(self, request: Request = REQUEST, *, data: str = "/var/lib/etcd") -> t.Any:
        """The decision."""
        return kubeadm_reset.ensure(self.commands, t.cast("t.Any", self.files), self.collect, request, data=data)

    @property
    def asked(self) -> list[t.Sequence[str]]:
        """Commands that were run."""
        return [arguments for arguments, _stdin in self.commands.asked]


def test_a_half_joined_host_is_reset_by_its_own_kubeadm() -> None:
    host = Host(HALF, HALF, CLEAN)
    decision = host.ensure()
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        ("half-joined host cp2", "half joined", "reset")
    ]
    assert (host.asked, host.files.removed) == ([], []), "nothing is done before it is decided"
    decision.act()
    assert host.asked == [
        [
            *("kubeadm", "reset", "--force", "--skip-phases=remove-etcd-member", "--cert-dir=/etc/kubernetes/pki"),
            "--cri-socket=unix:///run/containerd/containerd.sock",
        ]
    ]
    assert host.files.removed == ["/var/lib/etcd/member"]


def test_no_socket_and_no_etcd() -> None:
    host = Host(HALF, HALF, CLEAN)
    host.ensure(dataclasses.replace(REQUEST, cri_socket=""), data="").act()
    assert host.asked == [
        ["kubeadm", "reset", "--force", "--skip-phases=remove-etcd-member", "--cert-dir=/etc/kubernetes/pki"]
    ]
    assert host.files.removed == []


@pytest.mark.parametrize("facts", [Facts(), CLEAN, Facts(kubelet_names=("config.json",)), Facts(api_server="x:6443")])
def test_a_host_without_traces_of_a_join_is_left_as_it_is(facts: Facts) -> None:
    decision = Host(facts).ensure()
    assert (decision.changes, dict(decision.values)) == ((), {"traces": []})


OBJECTIONS: dict[str, tuple[dict[str, t.Any], str]] = {
    "kubeadm": ({"kubeadm_processes": (4711,)}, "kubeadm is running on it (process 4711)"),
    "api": ({"api_server": "192.0.2.12:6443"}, "its API server answers at 192.0.2.12:6443"),
    "vote": ({"has_vote": True}, "its etcd answers as a member with a vote"),
    "ready": ({"is_ready_node": True}, "it is the node cp2, which is Ready"),
    "no CA": ({"ca_hashes": ()}, "nothing on it shows to which cluster its files belong"),
    "another CA": ({"ca_hashes": (frozenset({"sha256:other"}),)}, "it has files of another cluster"),
    "another CA beside": ({"ca_hashes": (OWN, frozenset({"sha256:other"}))}, "it has files of another cluster"),
    "a static pod": (
        {"files": (*HALF.files, "/etc/kubernetes/manifests/kube-vip.yaml")},
        "/etc/kubernetes/manifests/kube-vip.yaml is not kubeadm's",
    ),
    "a certificate": (
        {"files": (*HALF.files, "/etc/kubernetes/pki/company.crt", "/etc/kubernetes/pki/private/x.pem")},
        "/etc/kubernetes/pki/company.crt, /etc/kubernetes/pki/private/x.pem are not kubeadm's",
    ),
    "credentials for images": (
        {"kubelet_names": ("config.yaml", "config.json")},
        "/var/lib/kubelet/config.json is not kubeadm's",
    ),
}


@pytest.mark.parametrize("name", OBJECTIONS)
def test_the_host_itself_may_object(name: str) -> None:
    found, reason = OBJECTIONS[name]
    facts = dataclasses.replace(HALF, **found)
    host = Host(facts)
    with pytest.raises(UnsupportedState) as expected:
        host.ensure()
    assert expected.value.message.startswith(f"The host of the node cp2 was not reset: {reason}")
    # And once more in the moment before.
    host = Host(HALF, facts)
    decision = host.ensure()
    with pytest.raises(UnsupportedState):
        decision.act()
    assert (host.asked, host.files.removed) == ([], [])


@pytest.mark.parametrize(
    "found",
    [
        {"is_ready_node": False},
        {"ca_hashes": (frozenset({"sha256:ca", "sha256:older"}),)},
        {"files": (*HALF.files, "/etc/kubernetes/manifests/.kubelet-keep", "/etc/kubernetes/audit/policy.yaml")},
        {"files": (*HALF.files, "/etc/kubernetes/pki/company.crt")},
        {"kubelet_names": (".kubelet-keep", "device-plugins", "plugins_registry", "kubeadm-flags.env")},
        # Of any kubelet with shutdownGracePeriod, of 1.34 and of 1.37.
        {"kubelet_names": ("config.yaml", "graceful_node_shutdown_state")},
        {"kubelet_names": ("config.yaml", "dra_health_state", "dra_manager_state")},
        {"kubelet_names": ("config.yaml", "pods-api")},
    ],
)
def test_what_is_no_objection(found: dict[str, t.Any]) -> None:
    request = dataclasses.replace(REQUEST, replaceable=frozenset({"/etc/kubernetes/pki/company.crt"}))
    assert len(Host(dataclasses.replace(HALF, **found)).ensure(request).changes) == 1


@pytest.mark.parametrize(
    "path", ["/etc/kubernetes", "/srv/pki", "/etc/kubernetes/../ssl", "/", "/etc/kubernetes/manifests"]
)
def test_a_directory_of_more_than_certificates_is_never_emptied(path: str) -> None:
    with pytest.raises(InvalidInput, match="option certificates_dir"):
        Host(HALF).ensure(dataclasses.replace(REQUEST, certificates_dir=path))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (Host(HALF, returncode=1), "kubeadm reset failed with return code 1: error: it would not"),
        (Host(HALF, HALF, HALF), "kubeadm reset ended well, but left /etc/kubernetes/kubelet.conf"),
    ],
)
def test_a_reset_that_did_not_work_is_reported(host: Host, expected: str) -> None:
    with pytest.raises(CommandFailed) as raised:
        host.ensure().act()
    assert raised.value.message.startswith(expected)


# --- the Node --------------------------------------------------------------------------------------------------------


def node(*addresses: str, ready: str = "Unknown") -> dict[str, t.Any]:
    """The Node cp2."""
    return {
        "kind": "Node",
        "metadata": {"name": "cp2"},
        "spec": {},
        "status": {
            "nodeInfo": {"kubeletVersion": "v1.34.4"},
            "addresses": [{"type": "InternalIP", "address": item} for item in addresses],
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


@pytest.mark.parametrize(
    ("document", "is_deleted"),
    [
        (node("192.0.2.12", "cp2"), True),
        (node("192.0.2.12", ready="False"), True),
        (node("2001:DB8::12"), True),
        (node("192.0.2.12", ready="True"), False),
        (node("192.0.2.77"), False),
        (node(), False),
    ],
)
def test_only_a_node_that_is_not_ready_and_the_hosts_own_is_deleted(
    document: dict[str, t.Any], *, is_deleted: bool
) -> None:
    api = MemoryApi(document)
    try:
        decision = node_removal.remove(api, MemoryClock(), "cp2", addresses=["192.0.2.12", "2001:db8::12"])
        assert [(change.object, change.after) for change in decision.changes] == [("node cp2", None)]
        assert api.get("node", "cp2") is not None
        decision.act()
    except KubeadmHaError:
        assert not is_deleted
    assert (api.get("node", "cp2") is None) is is_deleted


def test_a_node_that_is_not_there_is_no_change() -> None:
    assert node_removal.remove(MemoryApi(), MemoryClock(), "cp2", addresses=["192.0.2.12"]).changes == ()
