# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the inventory and unusual states of which an earlier message asked to delete something that is needed."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_traces import is_of_kubeadm
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    before,
    member,
    names_joined,
    plan_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import etcd_cluster, etcd_member, with_ca

BOOT = {"boot_id": "b1", "network_namespace": "net:[4026531840]", "ssh_host_keys": ["k1", "k2"]}
OTHER_BOOT = {**BOOT, "boot_id": "b2"}


def reported(arguments: Arguments) -> dict[str, list[str]]:
    """What the plan's problems say, by their subject."""
    found: dict[str, list[str]] = {}
    for problem in plan_of(arguments).problems:
        found.setdefault(problem.subject, []).append(problem.message)
    return found


def twice(arguments: Arguments, name: str, alias: str, group: str, **differing: t.Any) -> Arguments:
    """A second name of a host in a group, with what differs from its report."""
    arguments["hosts"][name]["machine"] = BOOT
    arguments["hosts"][alias] = {**copy.deepcopy(arguments["hosts"][name]), **differing}
    arguments[group] = [*arguments[group], alias]
    return arguments


@pytest.mark.parametrize(
    ("name", "alias", "group"),
    [
        ("cp1", "cp1b", "control_planes"),
        ("cp2", "cp2b", "control_planes"),
        ("w1", "w1b", "workers"),
        ("w1", "cp4", "control_planes"),
        ("w1", "lb2", "load_balancers"),
        ("cp1", "a-first", "control_planes"),
    ],
)
@pytest.mark.parametrize("start", [before, after], ids=["before", "after"])
def test_a_machine_under_two_names_is_reported_as_that_and_as_nothing_else(
    start: t.Callable[[], Arguments], name: str, alias: str, group: str
) -> None:
    found = reported(twice(start(), name, alias, group))
    assert list(found) == [alias]
    (message,) = found[alias]
    assert message.startswith(f"{alias} and {name} are the same machine (192.0.2.")
    assert "take one name out of the inventory" in message
    assert "reset" not in message


def test_the_plan_of_the_others_stands_beside_a_second_name() -> None:
    plan = plan_of(twice(before(), "cp1", "cp1b", "control_planes"))
    assert [entry.as_dict() for entry in plan.entries] == [entry.as_dict() for entry in plan_of(before()).entries]


@pytest.mark.parametrize(
    "differing",
    [
        {"machine": OTHER_BOOT},
        {"machine": {**BOOT, "network_namespace": "net:[4026532000]"}},
        {"machine": {**BOOT, "ssh_host_keys": ["k3"]}},
        {"machine_id": "other"},
        {"addresses": ["192.0.2.77"]},
    ],
    ids=["boot", "container", "ssh", "machine-id", "addresses"],
)
def test_a_clone_is_another_machine_and_its_original_is_left_alone(differing: dict[str, t.Any]) -> None:
    arguments = twice(before(), "cp1", "cp1b", "control_planes", hostname="cp1b", **differing)
    messages = [message for subject in reported(arguments).values() for message in subject]
    assert not any("same machine (" in message for message in messages)
    (message,) = (message for message in messages if "credentials" in message)
    assert message == (
        "The kubelet of cp1b has the credentials of the node cp1, which is cp1: its disk is a copy of cp1's; take cp1b out "
        "of the inventory, or install it anew, and leave cp1 as it is."
    )
    assert not any("reset" in message for message in messages)


def test_of_clones_the_one_with_the_nodes_address_is_the_node() -> None:
    """Whatever the inventory calls them."""
    arguments = twice(before(), "w1", "a1", "workers", machine=OTHER_BOOT, addresses=["192.0.2.77"], machine_id="m")
    arguments["workers"] = ["a1", "w1", "w2"]
    arguments["hosts"]["a1"]["product_uuid"] = "u"
    arguments["cluster"]["nodes"][1]["addresses"] = ["192.0.2.77", "w1"]
    (message,) = (text for text in reported(arguments)["w1"] if "credentials" in text)
    assert "which is a1" in message


def test_a_copied_machine_id_is_changed_on_the_copy() -> None:
    """On the host that has not joined, whatever their order."""
    arguments = before()
    arguments["hosts"]["cp2"]["machine_id"] = arguments["hosts"]["w1"]["machine_id"]
    (message,) = reported(arguments)["cp2"]
    assert message.startswith(
        "cp2 is another machine than w1, but has its machine-id (machine-w1): give cp2 one of its own"
    )


# --- a CA is a set of certificates -----------------------------------------------------------------------------------


def bundle(*names: str) -> str:
    """The file ca.crt with these CAs."""
    return "\n".join(f"CN=kubernetes|sha256:{name}|" for name in names)


@pytest.mark.parametrize("order", [("new", "ca"), ("ca", "new")])
def test_a_ca_in_rotation_makes_no_foreign_hosts(order: tuple[str, str]) -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["certificates"][0]["pem"] = bundle(*order)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert names_joined(arguments) == ["cp1", "w1", "w2"]


def test_a_worker_without_the_new_ca_is_no_stranger_while_its_node_is_ready() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["certificates"][0]["pem"] = bundle("new")
    messages = reported(arguments)
    # cluster-info still has the old CA, so nobody could join either.
    assert set(messages) == {"w1", "w2", "ConfigMap kube-public/cluster-info"}
    (message,) = messages["w1"]
    assert message == (
        "w1 trusts another CA than cp1, although it is the node w1 of this cluster and Ready: a rotation of the CA is not "
        "finished; give both the bundle of the old and the new CA, then run again."
    )


def test_a_control_plane_of_another_cluster_is_never_to_be_deleted() -> None:
    arguments = before()
    stranger = after()["hosts"]["cp2"]
    stranger["kubeconfigs"][0]["text"] = with_ca("https://198.51.100.9:6443", "other")
    arguments["hosts"]["cp2"] = stranger
    (message,) = reported(arguments)["cp2"]
    assert message == (
        "cp2 belongs to another cluster than cp1 (its kubelet connects to https://198.51.100.9:6443 and trusts another "
        "CA): take it out of the inventory; nothing of it may be deleted, because it serves the Kubernetes API."
    )


# --- what must not be reset ------------------------------------------------------------------------------------------


def _cp1_without_its_node(arguments: Arguments) -> None:
    arguments["cluster"]["nodes"] = arguments["cluster"]["nodes"][1:]


def _cp2_without_its_node_and_api(arguments: Arguments) -> None:
    done = after()
    arguments["hosts"]["cp2"] = {**done["hosts"]["cp2"], "listening": []}
    arguments["etcd"] = etcd_cluster({**etcd_member("cp2", "cp2"), "is_learner": False, "healthy": True})


def _cp2_without_etcds_manifest(arguments: Arguments) -> None:
    arguments.update(after())
    del arguments["hosts"]["cp2"]["manifests"]["kube-apiserver"]


def _w2_shall_be_a_control_plane(arguments: Arguments) -> None:
    arguments["workers"].remove("w2")
    arguments["control_planes"].append("w2")


def _w2_renamed(arguments: Arguments) -> None:
    arguments["hosts"]["w2"]["wanted"] = {"node_name": "worker-2"}


NEEDED: dict[str, tuple[t.Callable[[Arguments], None], str, str]] = {
    "the only control plane, its Node deleted": (
        _cp1_without_its_node,
        "cp1",
        "The cluster has no node cp1, but cp1 has joined and is in use: it serves the Kubernetes API. Restart its kubelet",
    ),
    "a voter whose Node was deleted": (
        _cp2_without_its_node_and_api,
        "cp2",
        "it runs a voting member of etcd. Restart its kubelet (systemctl restart kubelet), which registers the node again",
    ),
    "a Ready control plane without a manifest": (
        _cp2_without_etcds_manifest,
        "cp2",
        "put kube-apiserver.yaml back there (kubeadm keeps older ones in /etc/kubernetes/tmp); do not reset it, because",
    ),
    "a Ready worker in the other group": (_w2_shall_be_a_control_plane, "w2", "put it into the node group"),
    "a Ready worker of another name": (_w2_renamed, "w2", "give the name that it has; a node cannot be renamed."),
}


@pytest.mark.parametrize("name", NEEDED)
def test_a_host_that_is_needed_is_never_to_be_reset(name: str) -> None:
    change, subject, message = NEEDED[name]
    arguments = before()
    change(arguments)
    messages = reported(arguments)
    assert any(message in text for text in messages[subject]), messages
    assert not any("kubeadm reset" in text for texts in messages.values() for text in texts)


# --- traces of a join ------------------------------------------------------------------------------------------------


def test_an_operators_static_pod_is_no_trace_of_a_join() -> None:
    arguments = before()
    path = "/etc/kubernetes/manifests/kube-vip.yaml"
    arguments["hosts"]["cp2"]["kubernetes_files"] = [path]
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [note.message for note in plan.notes if note.subject == "cp2"] == [
        f"{path} on cp2 is a static pod that kubeadm did not make: the run leaves it as it is."
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/kubernetes/kubelet.conf", True),
        ("/etc/kubernetes/bootstrap-kubelet.conf", True),
        ("/etc/kubernetes/operator.conf", False),
        ("/etc/kubernetes/pki/ca.crt", True),
        ("/etc/kubernetes/ssl/apiserver-etcd-client.key", True),
        ("/etc/kubernetes/pki/etcd/peer.crt", True),
        ("/etc/kubernetes/pki/sa.pub", True),
        ("/etc/kubernetes/pki/company-ca.crt", False),
        ("/etc/kubernetes/pki/etcd/backup.crt", False),
        ("/etc/kubernetes/manifests/etcd.yaml", True),
        ("/etc/kubernetes/manifests/kube-vip.yaml", False),
        ("/etc/kubernetes/manifests/.kubelet-keep", False),
        ("/etc/kubernetes/audit/policy.yaml", False),
        ("/etc/kubernetes/tmp/kubeadm-backup/etcd.yaml", False),
    ],
)
def test_the_files_that_kubeadm_makes(path: str, *, expected: bool) -> None:
    assert is_of_kubeadm(path) is expected


def test_a_member_without_kubelet_conf_is_half_joined_still() -> None:
    arguments = before()
    arguments["hosts"]["cp2"]["kubernetes_files"] = [
        "/etc/kubernetes/manifests/kube-vip.yaml",
        "/etc/kubernetes/admin.conf",
    ]
    (message,) = reported(arguments)["cp2"]
    assert message == (
        "cp2 is half joined: it has no kubelet.conf, but /etc/kubernetes/admin.conf; run kubeadm reset on it. Its static pod "
        "/etc/kubernetes/manifests/kube-vip.yaml is not kubeadm's, and the reset deletes it, too: keep a copy elsewhere."
    )
    assert member("w1", "https://192.0.2.11:6443")["kubernetes_files"]
