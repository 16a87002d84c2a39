# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the way back, and every reason to stop before it."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import bootstrap_token
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.bootstrap_token import BootstrapToken
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.plan import Plan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.rollback import planning
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ADDRESSES,
    ENDPOINT,
    NamedCertificates,
    after,
    before,
    cluster,
    kubeconfig_file,
    member,
    node_report,
    objects,
    record,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

Arguments = dict[str, t.Any]

OLD, NEW = "https://192.0.2.11:6443", f"https://{ENDPOINT}"
CONFIG, INFO, PROXY = (
    f"ConfigMap {name}" for name in ("kube-system/kubeadm-config", "kube-public/cluster-info", "kube-system/kube-proxy")
)
KUBELET, ADMIN, SUPER = (f"/etc/kubernetes/{name}.conf" for name in ("kubelet", "admin", "super-admin"))
SANS = ["10.96.0.1", "192.0.2.11", "cp1", "kubernetes"]
BACKUP = ("backup", "backup /var/backups/kubeadm-ha")


def made(name: str, before: t.Any, after: t.Any, module: str = "kubeconfig_cluster", at: int = 0) -> dict[str, t.Any]:
    """A change of a journal."""
    return {"at": f"2026-01-31T10:00:{at:02}+00:00", "module": module, "object": name, "before": before, "after": after}


def previous(*changes: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    """What ``previous_state_info`` reports of a host."""
    return {"made": list(changes), "certificates": [], "records": [], **more}


def certificate(*, returns: bool = True, remark: str = "", sans: list[str] | None = None) -> dict[str, t.Any]:
    """What became of the API server's certificate."""
    return {
        "name": "apiserver",
        "sans": [*SANS, "192.0.2.10"],
        "previous_sans": SANS if sans is None else sans,
        "returns": returns,
        "remark": remark,
    }


RECORD = {
    "name": "apiserver-haproxy",
    "changes": [{"object": "service haproxy.service", "before": "active", "after": "stopped, disabled", "reason": "x"}],
    "objection": "",
}
OF_CLUSTER = (
    made(f"{CONFIG}#controlPlaneEndpoint", None, ENDPOINT, "kubeadm_cluster_config"),
    made(f'{CONFIG}#apiServer.certSANs="192.0.2.10"', False, True, "kubeadm_cluster_config"),
    made(INFO, OLD, NEW, "control_plane_endpoint"),
    made(PROXY, OLD, NEW, "control_plane_endpoint"),
)


def etcd(*names: str, healthy: tuple[str, ...] | None = None) -> dict[str, t.Any]:
    """The report of etcd with these members."""
    members = tuple(
        Member(
            id=f"{number}a",
            name=name,
            peer_urls=(f"https://{ADDRESSES[name]}:2380",),
            client_urls=(f"https://{ADDRESSES[name]}:2379",),
            is_learner=False,
            is_healthy=name in (names if healthy is None else healthy),
            leader="1a",
        )
        for number, name in enumerate(names, 1)
    )
    return EtcdReport(members, is_healthy=True).as_dict()


def drained(name: str) -> dict[str, t.Any]:
    """The drain of a node in check mode."""
    change = {"object": f"pods of node {name}", "before": "scheduled", "after": "evicted", "reason": "x"}
    return {"changed": True, "changes": [change]}


def converted() -> Arguments:
    """The arguments for a converted cluster, with what runs have written down."""
    arguments = after()
    del arguments["balancers"]
    arguments["etcd"] = etcd("cp1", "cp2", "cp3")
    join = {name: made(f"node {name}", None, "control plane", "kubeadm_join") for name in ("cp2", "cp3")}
    arguments["previous"] = {
        "cp1": previous(
            *OF_CLUSTER,
            made(f"kubeconfig {ADMIN}", OLD, NEW),
            made(f"kubeconfig {SUPER}", OLD, NEW),
            certificates=[certificate()],
        ),
        "cp2": previous(join["cp2"]),
        "cp3": previous(join["cp3"]),
        "w1": previous(made(f"kubeconfig {KUBELET}", OLD, NEW)),
        "w2": previous(made(f"kubeconfig {KUBELET}", OLD, NEW)),
        "lb1": previous(records=[RECORD]),
    }
    arguments["drains"] = {name: drained(name) for name in ("cp2", "cp3")}
    arguments["proofs"] = {
        name: {"results": [{"ready": True, "item": "192.0.2.11:6443"}]} for name in ("cp1", "w1", "w2")
    }
    return arguments


def gone_back() -> Arguments:
    """The arguments for the cluster after the way back, with the same journals and those of the way back."""
    arguments = converted()
    arguments["hosts"], arguments["cluster"] = before()["hosts"], cluster("cp1", "w1", "w2")
    arguments["etcd"] = etcd("cp1")
    state = arguments["previous"]
    state["cp1"]["certificates"], state["lb1"]["records"] = [], []
    state["cp1"]["made"] += [
        made(item["object"], item["after"], item["before"], item["module"], 30) for item in state["cp1"]["made"]
    ]
    for name in ("cp2", "cp3"):
        state[name]["made"].append(made(f"host {name}", "node", "reset", "kubeadm_reset", 30))
    arguments["drains"] = {}
    return arguments


def plan_of(arguments: Arguments) -> Plan:
    """The plan for these arguments."""
    request = PlanRequest.from_options(copy.deepcopy(arguments))
    return planning.build_plan(request, yaml=PyYaml(), x509=NamedCertificates())


def facts_of(arguments: Arguments) -> dict[str, t.Any]:
    """What is inspected before the plan."""
    return planning.facts(PlanRequest.from_options(copy.deepcopy(arguments)), yaml=PyYaml(), x509=NamedCertificates())


def test_the_plan_of_the_way_back() -> None:
    plan = plan_of(converted())
    assert plan.problems == ()
    assert (
        objects(plan, "w1")
        == objects(plan, "w2")
        == [
            BACKUP,
            ("point", f"kubeconfig {KUBELET}"),
            ("point", "service kubelet"),
        ]
    )
    assert objects(plan, "cp1") == [
        BACKUP,
        ("point", f"kubeconfig {ADMIN}"),
        ("point", f"kubeconfig {SUPER}"),
        ("return_cluster", CONFIG),
        ("return_cluster", INFO),
        ("return_cluster", PROXY),
        ("return_cluster", "DaemonSet kube-system/kube-proxy"),
        ("return_certificate", "certificate apiserver"),
    ]
    assert objects(plan, "cp3") == [
        ("leave", "pods of node cp3"),
        ("leave", "etcd member 3a"),
        ("leave", "host cp3"),
        ("leave", "node cp3"),
    ]
    assert objects(plan, "lb1") == [("return_balancer", "service haproxy.service")]
    steps = list(dict.fromkeys(entry.step for entry in plan.entries))
    assert steps == ["backup", "point", "return_cluster", "leave", "return_certificate", "return_balancer"]
    assert [entry.host for entry in plan.entries if entry.step == "leave"][::4] == ["cp3", "cp2"]


def test_what_the_roles_are_given() -> None:
    plan = plan_of(converted())
    assert record(plan, "cp1", "return_cluster").patch == {
        "controlPlaneEndpoint": None,
        "apiServer": {"certSANs": None},
    }
    assert record(plan, "cp1", "return_cluster").cluster_info == "192.0.2.11:6443"
    assert record(plan, "cp1", "prove_previous").endpoints == ("192.0.2.11:6443",)
    assert record(plan, "w2", "point").kubeconfigs == ({"path": KUBELET, "server": OLD},)
    leave = record(plan, "cp2", "leave")
    assert (leave.staying, leave.member_id, leave.node_name, leave.is_reset) == ("cp1", "2a", "cp2", True)
    assert record(plan, "cp1", "return_certificate").names == ("apiserver",)
    assert record(plan, "lb1", "return_balancer").roles == ("apiserver_haproxy",)
    groups = {host.name: host.groups for host in plan.hosts}
    assert "kubeadm_ha_point_one_worker" in groups["w1"]
    assert "kubeadm_ha_point_workers" in groups["w2"]
    assert all(host.groups[0] == "kubeadm_ha_changing" for host in plan.hosts)


def test_what_is_asked_before_the_plan() -> None:
    assert facts_of(converted()) == {
        "targets": {name: ["192.0.2.11:6443"] for name in ("cp1", "w1", "w2")},
        "leaving": {"cp3": "cp3", "cp2": "cp2"},
        "staying": "cp1",
        "server": "192.0.2.11:6443",
        "ca_certificate": "CN=kubernetes|sha256:ca|",
    }


def test_a_second_run_changes_nothing() -> None:
    plan = plan_of(gone_back())
    assert (plan.entries, plan.problems) == ((), ())
    assert facts_of(gone_back())["targets"] == {}


def test_who_came_later_gets_what_the_cluster_named() -> None:
    arguments = converted()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = member("w3", NEW)
    arguments["cluster"]["nodes"].append(node_report("w3", ready=True))
    arguments["previous"]["w3"] = previous(made("node w3", None, "worker", "kubeadm_join"))
    plan = plan_of(arguments)
    assert plan.problems == ()
    (change,) = (entry.change for entry in plan.entries if entry.host == "w3" and entry.change.object.endswith(KUBELET))
    assert (change.before, change.after) == (NEW, OLD)
    assert facts_of(arguments)["targets"]["w3"] == ["192.0.2.11:6443"]


def test_a_server_that_somebody_else_has_set_stays() -> None:
    arguments = converted()
    arguments["hosts"]["w1"] = member("w1", "https://198.51.100.1:6443")
    assert objects(plan_of(arguments), "w1") == []


def test_another_cluster_of_an_administrator_stays() -> None:
    arguments = converted()
    own = kubeconfig_file("/root/.kube/config", NEW)
    own["text"] = own["text"].replace(
        "contexts:", "- name: elsewhere\n  cluster:\n    server: https://198.51.100.7:6443\ncontexts:"
    )
    arguments["hosts"]["lb1"]["kubeconfigs"] = [own]
    plan = plan_of(arguments)
    assert record(plan, "lb1", "point").kubeconfigs == ({"path": "/root/.kube/config", "server": OLD},)
    assert "kubeadm_ha_point_load_balancers" in {host.name: host.groups for host in plan.hosts}["lb1"]


def test_names_that_others_have_added_stay() -> None:
    arguments = converted()
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace(
        "[192.0.2.10]", "[a.example, 192.0.2.10, b.example]"
    )
    assert record(plan_of(arguments), "cp1", "return_cluster").patch["apiServer"] == {
        "certSANs": ["a.example", "b.example"]
    }


def test_an_endpoint_that_others_have_set_stays() -> None:
    arguments = converted()
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace(f": {ENDPOINT}", ": others.example:6443")
    assert "controlPlaneEndpoint" not in record(plan_of(arguments), "cp1", "return_cluster").patch


def test_flags_that_a_run_has_adopted_go() -> None:
    arguments = converted()
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    text = "apiServer:\n  extraArgs:\n  - name: v\n    value: '4'\n"
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("apiServer:\n", text)
    arguments["previous"]["cp1"]["made"].append(
        made(f"{CONFIG}#apiServer.extraArgs.v", None, "4", "kubeadm_cluster_config")
    )
    assert record(plan_of(arguments), "cp1", "return_cluster").extra_args == {"api_server": {"v": None}}


def _left_after(*gone: str) -> Arguments:
    """A way back that was killed when this much of cp3 was gone: its pods, its member, its files, its Node."""
    arguments = converted()
    if "pods" in gone:
        arguments["drains"]["cp3"] = {"changed": False, "changes": []}
    if "member" in gone:
        arguments["etcd"] = etcd("cp1", "cp2")
    if "host" in gone:
        arguments["hosts"]["cp3"] = after()["hosts"]["lb1"] | {
            "hostname": "cp3", "addresses": ["192.0.2.13"], "machine_id": "machine-cp3", "product_uuid": "uuid-cp3",
        }  # fmt: skip
        arguments["previous"]["cp3"]["made"].append(made("host cp3", "node", "reset", "kubeadm_reset", 30))
        for item in arguments["cluster"]["nodes"]:
            item["addresses"] = [ADDRESSES[item["name"]]]
    if "node" in gone:
        arguments["cluster"]["nodes"] = [item for item in arguments["cluster"]["nodes"] if item["name"] != "cp3"]
    return arguments


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ((), ["pods of node cp3", "etcd member 3a", "host cp3", "node cp3"]),
        (("pods",), ["etcd member 3a", "host cp3", "node cp3"]),
        (("pods", "member"), ["host cp3", "node cp3"]),
        (("pods", "member", "host"), ["node cp3"]),
        (("pods", "member", "host", "node"), []),
    ],
)
def test_a_killed_run_goes_on_where_it_was(gone: tuple[str, ...], left: list[str]) -> None:
    plan = plan_of(_left_after(*gone))
    assert plan.problems == ()
    assert [name for _step, name in objects(plan, "cp3")] == left
    if left:
        assert record(plan, "cp3", "leave").is_reset is ("host cp3" in left)


def test_a_half_converted_cluster_goes_back_too() -> None:
    """Killed between the first worker and the cluster's objects."""
    arguments = gone_back()
    arguments["hosts"]["w1"] = member("w1", NEW)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert {entry.host for entry in plan.entries} == {"w1"}


def test_secrets_of_a_killed_conversion_are_revoked() -> None:
    arguments = converted()
    token = BootstrapToken("bootstrap-token-abcdef", bootstrap_token.TOKEN_DESCRIPTION, "2026-02-01T00:00:00Z")
    arguments["cluster"]["bootstrap_tokens"] = [dataclasses.asdict(token)]
    plan = plan_of(arguments)
    assert ("revoke", "bootstrap token") in objects(plan, "cp1")
    assert record(plan, "cp1", "revoke").server == "192.0.2.11:6443"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"returns": False, "remark": "The certificate apiserver of before expired."}, "of before expired"),
        ({"sans": ["kubernetes"]}, "is not for 192.0.2.11, to which everybody goes back"),
    ],
)
def test_a_certificate_that_does_not_come_back_is_a_note(change: dict[str, t.Any], expected: str) -> None:
    arguments = converted()
    arguments["previous"]["cp1"]["certificates"] = [certificate(**change)]
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert ("return_certificate", "certificate apiserver") not in objects(plan, "cp1")
    assert [note.message for note in plan.notes if expected in note.message]


def _created(arguments: Arguments) -> None:
    arguments["previous"]["cp1"]["made"].insert(0, made("node cp1", None, "control plane", "kubeadm_init"))


def _joined_by_hand(arguments: Arguments) -> None:
    arguments["previous"]["cp2"] = previous()


def _all_joined(arguments: Arguments) -> None:
    arguments["previous"]["cp1"]["made"].append(made("node cp1", None, "control plane", "kubeadm_join"))


def _not_serving(arguments: Arguments) -> None:
    arguments["hosts"]["cp1"]["listening"] = []


def _no_journal(arguments: Arguments) -> None:
    for name in ("cp1", "w1", "w2"):
        arguments["previous"][name] = previous()


def _unproved(arguments: Arguments) -> None:
    arguments["proofs"]["w2"]["results"] = [{"msg": "w2 cannot use 192.0.2.11:6443: no.", "item": "192.0.2.11:6443"}]


def _no_quorum(arguments: Arguments) -> None:
    arguments["etcd"] = etcd("cp1", "cp2", "cp3", healthy=("cp2", "cp3"))


def _one_of_two_is_dead(arguments: Arguments) -> None:
    arguments["etcd"] = etcd("cp1", "cp2", healthy=("cp1",))


def _etcd_silent(arguments: Arguments) -> None:
    del arguments["etcd"]


def _stuck_pod(arguments: Arguments) -> None:
    arguments["drains"]["cp2"] = {"msg": "The node cp2 was not drained: n/a belongs to no controller.", "failed": False}


def _own_file(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["kubernetes_files"].append("/etc/kubernetes/pki/own.pem")


def _edited_balancer(arguments: Arguments) -> None:
    arguments["previous"]["lb1"]["records"] = [{**RECORD, "changes": [], "objection": "Nothing was changed: x."}]


def _unknown_node(arguments: Arguments) -> None:
    arguments["cluster"]["nodes"].append(node_report("w9", ready=True))


def _missing_host(arguments: Arguments) -> None:
    del arguments["hosts"]["cp3"]


def _dead_worker(arguments: Arguments) -> None:
    nodes = arguments["cluster"]["nodes"]
    arguments["cluster"]["nodes"] = [
        node_report("cp1", ready=False) if item["name"] == "cp1" else item for item in nodes
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_created, "There is nothing to go back to: a run has created this cluster on cp1"),
        (_joined_by_hand, "cp1 and cp2 are control planes that no run has joined"),
        (_all_joined, "There is nothing to go back to."),
        (_not_serving, "cp1 is the control plane that was there before, but serves no API now"),
        (_no_journal, "Set kubeadm_ha_previous_endpoint to the address and port that everybody used before"),
        (_unproved, "w2 cannot use 192.0.2.11:6443"),
        (_no_quorum, "can only be given up by a person, on cp1"),
        (_one_of_two_is_dead, "1 of 2 voters are healthy, 2 are needed"),
        (_etcd_silent, "etcd could not be asked for its members"),
        (_stuck_pod, "n/a belongs to no controller"),
        (_own_file, "deletes /etc/kubernetes/pki/own.pem, not kubeadm's"),
        (_edited_balancer, "The load balancer of lb1 cannot be taken away. Nothing was changed: x."),
        (_unknown_node, "The cluster has the node w9, which no host of the inventory is"),
        (_missing_host, "cp3 could not be inspected"),
        (_dead_worker, "The node cp1 is not Ready"),
    ],
)
def test_what_speaks_against_it(change: Callable[[Arguments], None], expected: str) -> None:
    arguments = converted()
    change(arguments)
    plan = plan_of(arguments)
    assert [problem.message for problem in plan.problems if expected in problem.message], plan.problems
    assert plan.hosts == ()


def test_all_reasons_are_said_together() -> None:
    arguments = converted()
    for change in (_unproved, _no_quorum, _edited_balancer, _own_file):
        change(arguments)
    assert len(plan_of(arguments).problems) == 4


def test_an_address_that_is_given_serves_where_no_journal_says_it() -> None:
    arguments = converted()
    _no_journal(arguments)
    arguments["previous_endpoint"] = "192.0.2.11:6443"
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert record(plan, "w1", "point").kubeconfigs == ({"path": KUBELET, "server": OLD},)
    assert objects(plan, "cp1")[:5] == [
        BACKUP,
        ("point", f"kubeconfig {ADMIN}"),
        ("point", f"kubeconfig {SUPER}"),
        ("return_cluster", INFO),
        ("return_cluster", PROXY),
    ]


def test_external_etcd_loses_no_member() -> None:
    arguments = converted()
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += "etcd:\n  external:\n    endpoints: ['https://192.0.2.90:2379']\n"
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert not [entry for entry in plan.entries if entry.change.object.startswith("etcd member")]
