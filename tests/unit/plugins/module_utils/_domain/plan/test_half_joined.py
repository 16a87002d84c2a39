# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which a join did not end: which of them the run may reset, by the switch, and what the plan is then."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import half_joined
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.half_joined import HostReset
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ADDRESSES,
    ENDPOINT,
    Arguments,
    after,
    control_plane,
    facts_of,
    kubeconfig,
    member,
    names_joined,
    node_report,
    objects,
    plan_of,
    record_of,
    situation_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import LEARNER, etcd_cluster, etcd_member, grown, with_ca

Change = t.Callable[[Arguments], None]

RESET = ("repair", "half-joined host cp2")
NODE = ("repair", "node cp2")
MEMBER = ("repair", "etcd member a1")
JOIN = ("join", "node cp2")
PROMOTED = etcd_member("cp2", "cp2")
STARTED_LEARNER = etcd_member("cp2", "cp2", is_learner=True)
UNSTARTED_VOTER = etcd_member("", "cp2")
SILENT_VOTER = etcd_member("cp2", "cp2", healthy=False)


def power_lost(*members: dict[str, t.Any], problems: t.Sequence[str] = ("member a1 has not started",)) -> Change:
    """cp2 has every file of a control plane, and neither a Node nor a vote; nothing of it listens."""

    def change(arguments: Arguments) -> None:
        arguments["hosts"]["cp2"] = {**control_plane("cp2"), "listening": []}
        arguments["etcd"] = etcd_cluster(*members, problems=problems if members else ())

    return change


def files_only(*paths: str, ca: str | None = "ca") -> Change:
    """cp2 has some files of a join, but no kubelet.conf."""

    def change(arguments: Arguments) -> None:
        host = arguments["hosts"]["cp2"]
        host["kubernetes_files"] = [*paths, "/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/admin.conf"]
        if ca is not None:
            host["certificates"] = [
                {"path": "/etc/kubernetes/pki/ca.crt", "pem": f"CN=kubernetes|sha256:{ca}|"},
            ]

    return change


def a_worker(arguments: Arguments) -> None:
    """w2 has what a worker's join leaves, and the cluster has no such Node."""
    arguments["cluster"]["nodes"] = [node for node in arguments["cluster"]["nodes"] if node["name"] != "w2"]


def with_node(
    *, ready: bool = False, addresses: t.Sequence[str] = (ADDRESSES["cp2"],), then: Change | None = None
) -> Change:
    """The cluster has the Node cp2."""

    def change(arguments: Arguments) -> None:
        if then is not None:
            then(arguments)
        arguments["cluster"]["nodes"].append({**node_report("cp2", ready=ready), "addresses": list(addresses)})

    return change


def of_cp2(then: Change, **found: t.Any) -> Change:
    """Something more of the report of cp2."""

    def change(arguments: Arguments) -> None:
        then(arguments)
        arguments["hosts"]["cp2"].update(found)

    return change


def uncertified(then: Change) -> Change:
    """The power was lost before the kubelet of cp2 had a client certificate: kubeadm lets etcd join first."""

    def change(arguments: Arguments) -> None:
        then(arguments)
        host = arguments["hosts"]["cp2"]
        host["certificates"] = [item for item in host["certificates"] if "kubelet-client" not in item["path"]]

    return change


def plus_file(then: Change, path: str) -> Change:
    """One file more on cp2."""

    def change(arguments: Arguments) -> None:
        then(arguments)
        host = arguments["hosts"]["cp2"]
        host["kubernetes_files"] = [*host["kubernetes_files"], path]

    return change


def plus_kubeconfig(then: Change, name: str, text: str) -> Change:
    """One kubeconfig more on cp2."""

    def change(arguments: Arguments) -> None:
        then(arguments)
        host = arguments["hosts"]["cp2"]
        host["kubeconfigs"] = [
            *host["kubeconfigs"],
            {"path": f"/etc/kubernetes/{name}", "text": text, "mode": "0600"},
        ]

    return change


def carried(then: Change, path: str) -> Change:
    """A file of the operator's that cp1's static pods need and an earlier run has brought to cp2."""
    fact = FileFact(path, "file", owner="root", group="root", mode="0600", size=1, sha256="0").as_dict()

    def change(arguments: Arguments) -> None:
        plus_file(then, path)(arguments)
        arguments["hosts"]["cp1"]["control_plane_files"] = {"files": [fact]}

    return change


def no_manifest(arguments: Arguments) -> None:
    """cp2 is a node whose kubelet does not run, and of its control plane the API server's manifest is missing."""
    arguments.update(after())
    host = arguments["hosts"]["cp2"]
    del host["manifests"]["kube-apiserver"]
    host["listening"] = []
    for node in arguments["cluster"]["nodes"]:
        if node["name"] == "cp2":
            node.update(ready=False, addresses=[ADDRESSES["cp2"]])
    arguments["etcd"] = etcd_cluster(etcd_member("cp3", "cp3", "3"))


def own_ca(directory: str) -> dict[str, str]:
    """The cluster's CA in a directory."""
    return {"path": f"{directory}/ca.crt", "pem": "CN=kubernetes|sha256:ca|"}


def listening(*processes: str) -> list[dict[str, t.Any]]:
    """Sockets of these processes."""
    ports = {"kube-apiserver": 6443, "etcd": 2379}
    return [{"address": "0.0.0.0", "port": ports[name], "process": name} for name in processes]


#: What the plan has for cp2, in this order, before it joins.
RESETTABLE: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "a learner that never started": (power_lost(LEARNER), [MEMBER, RESET]),
    "a learner that started": (power_lost(STARTED_LEARNER, problems=["cp2 is still a learner"]), [MEMBER, RESET]),
    "a learner beside which an API server listens": (
        of_cp2(power_lost(STARTED_LEARNER), listening=listening("kube-apiserver", "etcd")),
        [MEMBER, RESET],
    ),
    "a kubelet that has no certificate yet": (uncertified(power_lost(LEARNER)), [MEMBER, RESET]),
    "a voter that never started": (
        power_lost(UNSTARTED_VOTER, etcd_member("cp3", "198.51.100.3", "3", is_learner=False)),
        [MEMBER, RESET],
    ),
    "no member": (power_lost(), [RESET]),
    "some files": (files_only(), [RESET]),
    "some files and a learner": (
        lambda arguments: (
            files_only()(arguments),
            arguments.update(etcd=etcd_cluster(LEARNER, problems=["member a1 x"])),
        )[0],
        [MEMBER, RESET],
    ),
    "a Node that is not Ready": (with_node(then=files_only()), [NODE, RESET]),
    "a Node and a learner": (with_node(then=power_lost(STARTED_LEARNER)), [MEMBER, NODE, RESET]),
    "a Node without an API server": (no_manifest, [NODE, RESET]),
    "a hidden file beside the manifests": (
        plus_file(power_lost(LEARNER), "/etc/kubernetes/manifests/.kubelet-keep"),
        [MEMBER, RESET],
    ),
    "a file of the operator's that stays": (
        plus_file(power_lost(LEARNER), "/etc/kubernetes/audit/policy.yaml"),
        [MEMBER, RESET],
    ),
    "a file that the join brings again": (
        carried(power_lost(LEARNER), "/etc/kubernetes/pki/company-ca.crt"),
        [MEMBER, RESET],
    ),
    "the same CA in another kubeconfig": (
        plus_kubeconfig(power_lost(LEARNER), "scheduler.conf", with_ca("https://192.0.2.12:6443", "ca")),
        [MEMBER, RESET],
    ),
}


@pytest.mark.parametrize("name", RESETTABLE)
def test_a_host_that_nobody_needs_is_reset_and_joins(name: str) -> None:
    change, expected = RESETTABLE[name]
    arguments = grown(change)
    arguments["reset_half_joined"] = True
    plan = plan_of(arguments)
    reported = [problem.message for problem in plan.problems if problem.subject == "cp2"]
    assert reported == []
    assert [item for item in objects(plan, "cp2") if item[0] == "repair"] == expected
    assert JOIN in objects(plan, "cp2")
    reset = record_of(arguments, "cp2", "repair").reset
    assert reset.member_id == ("a1" if MEMBER in expected else "")
    assert reset.ca_cert_hashes == ("sha256:ca",)
    assert "cp2" not in names_joined(arguments)
    assert record_of(arguments, "cp1", "repair").stale_members == (), "it is taken out in the turn of its host"


@pytest.mark.parametrize("name", RESETTABLE)
def test_without_the_switch_it_is_named_and_nothing_is_planned(name: str) -> None:
    change, _expected = RESETTABLE[name]
    arguments = grown(change)
    plan = plan_of(arguments)
    messages = [problem.message for problem in plan.problems if problem.subject == "cp2"]
    assert any("kubeadm reset" in message for message in messages), messages
    assert any("Or set kubeadm_ha_reset_half_joined: true for a run, which takes out" in text for text in messages)
    assert situation_of(arguments).resets == ()
    assert RESET not in objects(plan, "cp2")


LEFT_ALONE: dict[str, tuple[Change, str]] = {
    "kubeadm is running": (of_cp2(power_lost(LEARNER), kubeadm_processes=[4711]), "kubeadm is running on cp2"),
    "a module is at work": (of_cp2(power_lost(LEARNER), is_at_work=True), "a module of kubeadm.ha is changing cp2"),
    "it serves the API": (
        of_cp2(power_lost(PROMOTED, problems=()), listening=listening("kube-apiserver")),
        "it serves the Kubernetes API",
    ),
    "it serves the API and no member is known of it": (
        of_cp2(power_lost(), listening=listening("kube-apiserver")),
        "it serves the Kubernetes API",
    ),
    "it votes": (power_lost(PROMOTED, problems=()), "it runs a voting member of etcd"),
    "it votes from an address that is not known": (
        power_lost(etcd_member("cp2", "198.51.100.7"), problems=()),
        "it runs a voting member of etcd",
    ),
    "an etcd runs that is no member": (of_cp2(power_lost(), listening=listening("etcd")), "it runs an etcd"),
    "etcd could not be asked": (
        lambda arguments: (power_lost()(arguments), arguments.update(etcd=None))[0],
        "etcd could not be asked whether it has a member of it",
    ),
    "a learner on a Ready node": (
        with_node(ready=True, then=power_lost(STARTED_LEARNER)),
        "it is the node cp2, which is Ready",
    ),
    "a silent voter with a Node": (
        lambda arguments: (
            no_manifest(arguments),
            arguments.update(
                etcd=etcd_cluster(etcd_member("cp3", "cp3", "3"), SILENT_VOTER, problems=["cp2 is not healthy"])
            ),
        )[0],
        "its member of etcd a1 has a vote, although it does not work",
    ),
    "a member that the quorum needs": (
        power_lost(LEARNER, etcd_member("cp3", "cp3", "3", healthy=False), etcd_member("x", "x", "4", healthy=False)),
        "its member of etcd a1 cannot be taken out: etcd has lost its quorum",
    ),
    "a Node with other addresses": (
        with_node(addresses=["192.0.2.77"], then=files_only()),
        "the node cp2 has none of its addresses (192.0.2.77)",
    ),
    "a Node without addresses": (
        with_node(addresses=[], then=files_only()),
        "the node cp2 has none of its addresses (",
    ),
    "a strange static pod": (
        plus_file(power_lost(LEARNER), "/etc/kubernetes/manifests/kube-vip.yaml"),
        "/etc/kubernetes/manifests/kube-vip.yaml is not kubeadm's, and a reset deletes such files; move them away first",
    ),
    "a strange certificate": (
        plus_file(files_only(), "/etc/kubernetes/pki/company-ca.crt"),
        "/etc/kubernetes/pki/company-ca.crt is not kubeadm's",
    ),
    "certificates elsewhere": (
        of_cp2(files_only(), pki_dir="/srv/pki", certificates=[own_ca("/srv/pki")]),
        "its certificates are in /srv/pki, and what else is there is not known",
    ),
    "certificates beside everything": (
        of_cp2(files_only(), pki_dir="/etc/kubernetes", certificates=[own_ca("/etc/kubernetes")]),
        "its certificates are in /etc/kubernetes, and what else is there is not known",
    ),
    "nothing identifies the cluster": (files_only(ca=None), "nothing on it shows to which cluster its files belong"),
    "another CA in a kubeconfig": (
        plus_kubeconfig(files_only(), "scheduler.conf", with_ca("https://198.51.100.9:6443", "other")),
        "it has files of another cluster",
    ),
    "another CA beside the kubelet's": (
        plus_kubeconfig(power_lost(LEARNER), "admin.conf", with_ca("https://198.51.100.9:6443", "other")),
        "it has files of another cluster",
    ),
}


@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_host_that_may_be_needed_is_left_alone(name: str, *, is_on: bool) -> None:
    change, reason = LEFT_ALONE[name]
    arguments = grown(change)
    arguments["reset_half_joined"] = is_on
    plan = plan_of(arguments)
    messages = [problem.message for problem in plan.problems]
    assert situation_of(arguments).resets == ()
    assert RESET not in objects(plan, "cp2")
    assert any(f"{half_joined.VARIABLE} leaves it as it is: {reason}" in message for message in messages) is is_on, (
        messages
    )
    assert not any(f"Or set {half_joined.VARIABLE}" in message for message in messages)


def _foreign(arguments: Arguments) -> None:
    conf = {
        "path": "/etc/kubernetes/kubelet.conf",
        "text": with_ca("https://198.51.100.9:6443", "other"),
        "mode": "0600",
    }
    arguments["hosts"]["cp2"] = {**control_plane("cp2"), "listening": [], "kubeconfigs": [conf]}


def _clone(arguments: Arguments) -> None:
    copied = member("w1", "https://192.0.2.11:6443")
    arguments["hosts"]["cp2"] = {**copied, "hostname": "cp2", "addresses": [ADDRESSES["cp2"]], "machine_id": "m"}


def _whole_worker(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"] = member("cp2", f"https://{ENDPOINT}")
    with_node()(arguments)


def _clean_with_an_old_node(arguments: Arguments) -> None:
    with_node()(arguments)


@pytest.mark.parametrize("change", [_foreign, _clone, _whole_worker, _clean_with_an_old_node])
def test_a_host_that_is_not_half_joined_never_is_reset(change: Change) -> None:
    arguments = grown(change)
    arguments["reset_half_joined"] = True
    plan = plan_of(arguments)
    assert situation_of(arguments).resets == ()
    assert any("cp2" in problem.message for problem in plan.problems)
    assert not any(half_joined.VARIABLE in problem.message for problem in plan.problems)


def test_the_switch_changes_nothing_where_all_is_well() -> None:
    arguments = {**after(), "reset_half_joined": True}
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems, situation_of(arguments).resets) == ((), (), ())


def test_a_worker_is_reset_without_etcd() -> None:
    arguments = grown(a_worker)
    arguments["reset_half_joined"] = True
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [item for item in objects(plan, "w2") if item[0] == "repair"] == [("repair", "half-joined host w2")]
    assert ("join", "node w2") in objects(plan, "w2")
    assert plan.steps["w2"] == ["repair", "join", "revoke"], "nothing of it is worth a backup"


def test_two_members_that_do_not_work_go_as_long_as_etcd_has_a_quorum() -> None:
    """Five voters, of which three work, and four, of which two do."""

    def change(arguments: Arguments) -> None:
        for name in ("cp2", "cp3"):
            arguments["hosts"][name] = {**control_plane(name), "listening": []}
        arguments["etcd"] = etcd_cluster(
            etcd_member("", "cp2"),
            etcd_member("", "cp3", "a2"),
            etcd_member("x", "198.51.100.1", "3"),
            etcd_member("y", "198.51.100.2", "4"),
            problems=["member a1 x", "member a2 x"],
        )

    arguments = grown(change)
    arguments["reset_half_joined"] = True
    assert [record_of(arguments, name, "repair").reset.member_id for name in ("cp2", "cp3")] == ["a1", "a2"]
    arguments["etcd"] = etcd_cluster(
        etcd_member("", "cp2"),
        etcd_member("", "cp3", "a2"),
        etcd_member("x", "198.51.100.1", "3"),
        problems=["member a1 x"],
    )
    assert situation_of(arguments).resets == (), "two of four voters are no quorum"


def test_the_record_gives_the_host_what_it_needs() -> None:
    arguments = grown(of_cp2(power_lost(LEARNER), kubelet_cri_socket="unix:///run/containerd/containerd.sock"))
    carried(lambda _arguments: None, "/etc/kubernetes/pki/company-ca.crt")(arguments)
    arguments["reset_half_joined"] = True
    assert [reset.host.name for reset in situation_of(arguments).resets] == ["cp2"]
    assert record_of(arguments, "cp2", "repair").reset == HostReset(
        node_name="cp2",
        addresses=("192.0.2.12",),
        member_id="a1",
        certificates_dir="/etc/kubernetes/pki",
        cri_socket="unix:///run/containerd/containerd.sock",
        ca_cert_hashes=("sha256:ca",),
        replaceable_files=("/etc/kubernetes/pki/company-ca.crt",),
    )


def test_what_a_reset_takes_away_is_carried_again() -> None:
    path = "/etc/kubernetes/pki/company-ca.crt"
    arguments = grown(carried(power_lost(LEARNER), path))
    fact = arguments["hosts"]["cp1"]["control_plane_files"]["files"][0]
    arguments["files"] = {"cp2": [fact]}
    arguments["reset_half_joined"] = True
    assert ("join", f"file {path}") in objects(plan_of(arguments), "cp2")


def test_a_file_that_an_earlier_run_brought_is_no_change_of_this_one() -> None:
    """Beside what a reset deletes it stays, so a half-joined host is inspected like a clean one."""
    path = "/etc/kubernetes/audit/policy.yaml"
    arguments = grown(carried(power_lost(LEARNER), path))
    fact = arguments["hosts"]["cp1"]["control_plane_files"]["files"][0]
    assert facts_of(arguments)["files"] == {"cp2": [fact], "cp3": [fact]}
    arguments["files"] = {"cp2": [fact]}
    arguments["reset_half_joined"] = True
    assert ("join", f"file {path}") not in objects(plan_of(arguments), "cp2")


def test_the_ports_of_what_is_reset_are_no_reason_to_stop() -> None:
    ports = [{"address": "0.0.0.0", "port": port, "process": ""} for port in (10250, 10257, 10259, 2380)]
    arguments = grown(of_cp2(power_lost(LEARNER), listening=ports))
    arguments["reset_half_joined"] = True
    assert plan_of(arguments).problems == ()
    arguments["hosts"]["cp2"]["listening"] = [{"address": "0.0.0.0", "port": 6443, "process": "haproxy"}]
    (problem,) = plan_of(arguments).problems
    assert problem.message == "Port 6443 is already in use on cp2: free it before the host joins."


def test_an_embedded_ca_counts_whatever_its_layout() -> None:
    """The text of a certificate is compared, not the lines of the file."""
    text = base64.b64encode(b"CN=kubernetes|sha256:ca|\n\n").decode()
    conf = kubeconfig("https://192.0.2.11:6443").replace(
        "    server:", f"    certificate-authority-data: {text}\n    server:"
    )
    arguments = grown(plus_kubeconfig(files_only(ca=None), "bootstrap-kubelet.conf", conf))
    arguments["reset_half_joined"] = True
    assert [reset.host.name for reset in situation_of(arguments).resets] == ["cp2"]


@pytest.mark.parametrize("path", ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf"])
@pytest.mark.parametrize("has_text", [True, False])
def test_a_host_that_is_reset_gets_what_reads_its_kubeconfigs(path: str, *, has_text: bool) -> None:
    """Also one that was cut off when the power was lost."""
    arguments = grown(power_lost())
    arguments["reset_half_joined"] = True
    for item in arguments["hosts"]["cp2"]["kubeconfigs"]:
        if item["path"] == path:
            item.update({"plain": False} if has_text else {"plain": False, "text": None})
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert RESET in objects(plan, "cp2")
    assert ("prepare", "Python libraries") in objects(plan, "cp2")


def test_a_host_that_is_reset_needs_no_library_where_its_kubeconfigs_are_plain() -> None:
    arguments = grown(power_lost())
    arguments["reset_half_joined"] = True
    assert ("prepare", "Python libraries") not in objects(plan_of(arguments), "cp2")


@pytest.mark.parametrize("current", ["ours", "theirs", "gone"])
def test_no_ca_of_a_kubeconfig_may_be_another_clusters(current: str) -> None:
    """Whichever its client connects to: a reset deletes the file."""
    clusters = [
        {"name": name, "cluster": {"certificate-authority-data": base64.b64encode(text.encode()).decode()}}
        for name, text in (("ours", "CN=kubernetes|sha256:ca|"), ("theirs", "CN=kubernetes|sha256:other|"))
    ]
    context = {"name": "c", "context": {"cluster": current}}
    conf = json.dumps({"clusters": clusters, "contexts": [context], "current-context": "c"})
    arguments = grown(plus_kubeconfig(files_only(ca=None), "bootstrap-kubelet.conf", conf))
    arguments["reset_half_joined"] = True
    assert situation_of(arguments).resets == ()
