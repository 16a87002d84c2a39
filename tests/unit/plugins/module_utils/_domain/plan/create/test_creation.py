# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a new cluster: its stages, its entries and every reason not to begin."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import Attempt, View
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.decision import EtcdDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Network
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import (
    Plan,
    build_plan,
    control_plane_facts,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.test_planning import NamedCertificates, NoFiles
from tests.unit.plugins.reports import host_report

Arguments = dict[str, t.Any]

NODES = {"cp1": 11, "cp2": 12, "cp3": 13, "w1": 21, "w2": 22}
HOSTS = {**NODES, "lb1": 10, "lb2": 9}
VIP = "192.0.2.100/24"
#: What the first control plane has once its authorities are there.
_CA = {"certificates": [{"path": "/etc/kubernetes/pki/ca.crt", "pem": "CN=kubernetes|ca-key|"}]}


def bare(name: str, **changes: t.Any) -> dict[str, t.Any]:
    """A host with nothing of Kubernetes."""
    given = {
        "versions": {},
        "services": {},
        "networks": (Network("192.0.2.0/24", f"192.0.2.{HOSTS[name]}"),),
        **changes,
    }
    return host_report(name, f"192.0.2.{HOSTS[name]}", **given).as_dict()


def decision(*objects: str, problems: t.Sequence[tuple[str, str]] = ()) -> dict[str, t.Any]:
    """What a role would change on a host."""
    return {
        "changes": [
            {"object": item, "before": None, "after": "there", "reason": "a node needs it"} for item in objects
        ],
        "problems": [{"subject": subject, "message": message} for subject, message in problems],
    }


def arguments(**changes: t.Any) -> Arguments:
    """Five bare nodes, two load balancers and a virtual IP address."""
    balancer = {"owner": "", "differs": True, "renew_certificate": False, "changes": [], "problems": []}
    return {
        "endpoint": "192.0.2.100:6443",
        "vip": VIP,
        "load_balancer": "haproxy",
        "kubernetes_version": "1.34.4",
        "control_planes": ["cp1", "cp2", "cp3"],
        "workers": ["w1", "w2"],
        "load_balancers": ["lb1", "lb2"],
        "hosts": {name: bare(name) for name in HOSTS},
        "balancers": {name: dict(balancer) for name in ("lb1", "lb2")},
        "decisions": {
            "node_prepare": {name: decision("package kubeadm") for name in NODES},
            "apiserver_keepalived": {name: decision("keepalived") for name in ("lb1", "lb2")},
        },
        **changes,
    }


def begun(state: str = "creating", *, authorities: bool = True) -> Arguments:
    """The same after a run that was interrupted on the first control plane."""
    given = arguments()
    given["hosts"]["cp1"].update(creation=state, **(copy.deepcopy(_CA) if authorities else {}))
    if authorities:
        given["hosts"]["cp1"]["kubernetes_files"] = ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/ca.key"]
    return given


def plan_of(given: Arguments) -> Plan:
    """The plan of these arguments."""
    return build_plan(PlanRequest.from_options(given), yaml=PyYaml(), x509=NamedCertificates(), files=NoFiles())


def facts_of(given: Arguments) -> dict[str, t.Any]:
    """What is known before the plan."""
    return control_plane_facts(PlanRequest.from_options(given), yaml=PyYaml(), x509=NamedCertificates())


def messages(given: Arguments) -> list[str]:
    """Every reason to stop."""
    return [problem.message for problem in plan_of(given).problems]


def ids(plan: Plan) -> list[str]:
    """The entries by host, step and object."""
    return [entry.id for entry in plan.entries]


def test_the_whole_plan_is_there_before_anything_is_changed() -> None:
    plan = plan_of(arguments())
    assert plan.problems == ()
    assert ids(plan) == [
        "cp1/prepare/Python libraries",
        *(f"{name}/nodes/package kubeadm" for name in NODES),
        "lb1/balance/load balancer haproxy",
        "lb2/balance/load balancer haproxy",
        "lb1/virtual_ip/keepalived",
        "lb2/virtual_ip/keepalived",
        "cp1/init/certificate authorities",
        "cp1/init/control plane cp1",
        "cp1/init/kubeconfig of root",
        "cp1/network/pod network flannel",
        "cp2/join/node cp2",
        "cp2/join/bootstrap token",
        "cp2/join/Secret kube-system/kubeadm-certs",
        "cp3/join/node cp3",
        "cp3/join/bootstrap token",
        "cp3/join/Secret kube-system/kubeadm-certs",
        "w1/join/node w1",
        "w1/join/bootstrap token",
        "w2/join/node w2",
        "w2/join/bootstrap token",
        "cp1/spread/Deployment kube-system/coredns",
        "cp2/revoke/bootstrap token",
        "cp2/revoke/Secret kube-system/kubeadm-certs",
        "cp3/revoke/bootstrap token",
        "cp3/revoke/Secret kube-system/kubeadm-certs",
        "w1/revoke/bootstrap token",
        "w2/revoke/bootstrap token",
    ]
    authorities = next(entry for entry in plan.entries if entry.change.object == "certificate authorities")
    assert authorities.change.after == ["ca", "front-proxy-ca", "etcd-ca", "sa"]


def test_plays_run_on_the_groups_of_the_stage() -> None:
    before = {host.name: set(host.groups) for host in plan_of(arguments()).hosts}
    assert set(before) == set(HOSTS)
    every = {"kubeadm_ha_changing", "kubeadm_ha_create", "kubeadm_ha_again"}
    assert before["cp1"] == every | {"kubeadm_ha_prepare", "kubeadm_ha_nodes", "kubeadm_ha_authorities"}
    assert before["w1"] == every | {"kubeadm_ha_nodes"}
    assert before["lb1"] == every
    later = {host.name: set(host.groups) for host in plan_of(begun()).hosts}
    assert later["cp1"] >= every | {"kubeadm_ha_init"}
    assert "kubeadm_ha_authorities" not in later["cp1"]
    assert later["lb1"] == every | {"kubeadm_ha_balance", "kubeadm_ha_virtual_ip"}


def test_a_later_plan_has_nothing_that_the_first_did_not_announce() -> None:
    announced = [entry.as_dict() for entry in plan_of(arguments()).entries]
    later = {**begun(), "announced": announced}
    assert messages(later) == []
    assert set(ids(plan_of(later))) < set(ids(plan_of(arguments())))
    later["decisions"]["node_prepare"]["w2"] = decision("package kubeadm", "swap")
    (message,) = messages(later)
    assert message.startswith(
        "swap of w2 would be changed (step nodes), which the plan that this run began with did not announce:"
    )


def test_certificates_that_are_copied_are_announced_file_by_file() -> None:
    plan = plan_of(arguments(certificates="copy"))
    assert plan.problems == ()
    assert not any("kubeadm-certs" in text for text in ids(plan))
    pki = "/etc/kubernetes/pki"
    assert [text for text in ids(plan) if text.startswith("cp3/join/")] == [
        f"cp3/join/directory {pki}",
        *(f"cp3/join/file {pki}/{name}" for name in ("ca.crt", "ca.key")),
        f"cp3/join/directory {pki}/etcd",
        *(f"cp3/join/file {pki}/etcd/{name}" for name in ("ca.crt", "ca.key")),
        *(f"cp3/join/file {pki}/{name}" for name in ("front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub")),
        "cp3/join/node cp3",
        "cp3/join/bootstrap token",
    ]
    # They are unpacked there with cryptography.
    assert "cp3/prepare/Python libraries" in ids(plan)
    assert "w1/prepare/Python libraries" not in ids(plan)


def test_the_first_control_plane_is_given_everything_that_the_cluster_shall_be() -> None:
    (first,) = (host for host in plan_of(arguments()).hosts if host.name == "cp1")
    record = dataclasses.asdict(t.cast("t.Any", first.records["init"]))
    assert record == {
        "endpoint": "192.0.2.100:6443",
        "node_name": "cp1",
        "advertise_address": "192.0.2.11",
        "bind_port": 6443,
        "kubernetes_version": "v1.34.4",
        "sans": ("192.0.2.100", "192.0.2.11", "192.0.2.12", "192.0.2.13", "cp1", "cp2", "cp3"),
        "etcd_sans": ("127.0.0.1", "192.0.2.11", "192.0.2.12", "192.0.2.13", "::1", "cp1", "cp2", "cp3", "localhost"),
        "pod_subnet": "10.244.0.0/16",
        "service_subnet": "10.96.0.0/12",
        "dns_domain": "cluster.local",
        "external_etcd": {},
        "image_repository": "registry.k8s.io",
        "cri_socket": "",
        "admin_users": ("root",),
    }


def test_the_virtual_ip_address_is_held_beside_what_answers_there() -> None:
    (balancer,) = (host for host in plan_of(begun()).hosts if host.name == "lb2")
    assert dataclasses.asdict(t.cast("t.Any", balancer.records["virtual_ip"])) == {
        "vip": VIP,
        "peers": ({"name": "lb1", "address": "192.0.2.10"}, {"name": "lb2", "address": "192.0.2.9"}),
        "track": "haproxy",
        "api_port": 6443,
        "ca_certificate": "CN=kubernetes|ca-key|",
    }
    without = arguments(load_balancer="none", load_balancers=[], balancers={})
    assert list(facts_of(without)["virtual_ips"]) == ["cp1", "cp2", "cp3"]
    assert facts_of(without)["virtual_ips"]["cp1"]["track"] == "api_server"


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        (arguments(), "bare"),
        (begun(authorities=False), "bare"),
        (begun(), "authorities"),
        (begun("complete"), ""),
    ],
    ids=["nothing anywhere", "killed before the authorities", "killed after them", "whole"],
)
def test_the_stage_is_found_on_the_hosts(given: Arguments, stage: str) -> None:
    found = facts_of(given)
    assert found["creation"] == stage
    assert found["serving"] is None
    assert found["signer"] == ("cp1" if stage else None)


TRACES: dict[str, dict[str, t.Any]] = {
    "kubelet.conf": {"kubernetes_files": ["/etc/kubernetes/kubelet.conf"]},
    "a CA": {"kubernetes_files": ["/etc/kubernetes/pki/ca.crt"]},
    "a CA elsewhere": {"kubernetes_files": ["/etc/kubernetes/ssl/ca.crt"]},
    "a static pod": {"kubernetes_files": ["/etc/kubernetes/manifests/etcd.yaml"]},
    "data of etcd": {"has_etcd_data": True},
    "an API server by systemd": {"listening": [{"address": "::", "port": 6443, "process": "kube-apiserver"}]},
    "no root": {"user_id": 1000},
}


@pytest.mark.parametrize("host", ["cp1", "w2", "lb1"])
@pytest.mark.parametrize("trace", TRACES)
def test_anything_of_a_cluster_anywhere_is_no_reason_to_create_one(trace: str, host: str) -> None:
    given = arguments()
    given["hosts"][host].update(TRACES[trace])
    assert facts_of(given)["creation"] == ""
    plan = plan_of(given)
    assert plan.problems
    assert not any(entry.step in ("init", "nodes") for entry in plan.entries)


def _host(name: str, **changes: t.Any) -> t.Callable[[Arguments], None]:
    return lambda given: given["hosts"][name].update(changes)


def _set(**changes: t.Any) -> t.Callable[[Arguments], None]:
    return lambda given: given.update(changes)


def _problem_of_a_role(given: Arguments) -> None:
    given["decisions"]["node_prepare"]["w1"] = decision(problems=[("w1", "w1 has swap by zram: switch it off.")])


_ANSWER = View(Endpoint("192.0.2.100"), ("192.0.2.100",), attempts=(Attempt("192.0.2.100", "untrusted"),)).as_dict()
_NOBODY = View(Endpoint("192.0.2.100"), ("192.0.2.100",), attempts=(Attempt("192.0.2.100", "refused"),)).as_dict()

PROBLEMS: dict[str, tuple[t.Callable[[Arguments], None], str]] = {
    "no version": (
        _set(kubernetes_version=""),
        "No host of the inventory has a Kubernetes cluster, so this run would create one: set kubeadm_ha_kubernetes_version",
    ),
    "somebody answers at the endpoint": (
        _host("w1", endpoint_view=_ANSWER),
        "Somebody answers at kubeadm_ha_endpoint 192.0.2.100:6443 already, as w1 sees it",
    ),
    "pods and Services overlap": (
        _set(pod_subnet="10.96.0.0/16"),
        "kubeadm_ha_pod_subnet 10.96.0.0/16 and kubeadm_ha_service_subnet 10.96.0.0/12 overlap",
    ),
    "pods in a host's network": (
        _set(pod_subnet="192.0.0.0/16"),
        "kubeadm_ha_pod_subnet 192.0.0.0/16 overlaps the network 192.0.2.0/24 of cp1",
    ),
    "Services in a host's network": (
        _set(service_subnet="192.0.2.0/25"),
        "kubeadm_ha_service_subnet 192.0.2.0/25 overlaps the network 192.0.2.0/24 of cp1",
    ),
    "families differ": (
        _set(pod_subnet="fd00:10:244::/56"),
        "are not of the same address families in the same order",
    ),
    "two control planes": (
        _set(control_planes=["cp1", "cp2"]),
        "kube_control_plane has two hosts: an etcd cluster of two fails when either is lost",
    ),
    "an address that the host does not have": (
        _host("cp2", wanted={"advertise_address": "192.0.2.99"}),
        "kubeadm_ha_advertise_address of cp2 is 192.0.2.99, which is none of its addresses (192.0.2.12)",
    ),
    "a port in use": (
        _host("cp3", listening=[{"address": "0.0.0.0", "port": 2379, "process": ""}]),
        "Port 2379 is already in use on cp3: free it, the cluster needs it there.",
    ),
    "the API server's port in use": (
        _host("cp1", listening=[{"address": "0.0.0.0", "port": 6443, "process": ""}]),
        "Port 6443 is already in use on cp1",
    ),
    "two hosts with one name": (
        _host("w2", hostname="w1"),
        "w2 and w1 have the same node name (w1): each node needs its own; change it on w2.",
    ),
    "two hosts with one machine-id": (
        _host("w2", machine_id="machine-w1"),
        "w2 is another machine than w1, but has its machine-id (machine-w1)",
    ),
    "a clock that is off": (
        _host("w2", clock=1_000_000.0, looked_at=1.0),
        "The clock of w2 is",
    ),
    "a pod network that somebody left": (
        _host("w2", cni_configurations=["/etc/cni/net.d/10-calico.conflist"]),
        "w2 has the configuration of a pod network already (/etc/cni/net.d/10-calico.conflist), which another cluster",
    ),
    "the endpoint is a control plane": (
        _set(endpoint="192.0.2.11:6443", load_balancer="none", load_balancers=[], balancers={}, vip=""),
        "kubeadm_ha_endpoint 192.0.2.11:6443 is an address of cp1 itself and would go away with it",
    ),
    "the endpoint is no balancer": (
        _set(endpoint="192.0.2.77:6443", vip=""),
        "kubeadm_ha_endpoint 192.0.2.77:6443 is not an address of any load balancer host (lb1, lb2)",
    ),
    "balancer and API server on one port": (
        _set(load_balancers=["cp1"], balancers={}),
        "cp1 is a load balancer and a control plane, and its API server will have port 6443: choose another port",
    ),
    "a host that was not inspected": (
        lambda given: given["hosts"].pop("w2"),
        "w2 could not be inspected",
    ),
    "what a role objects to": (_problem_of_a_role, "w1 has swap by zram: switch it off."),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_reasons_not_to_begin(case: str) -> None:
    given = arguments()
    if case == "a clock that is off":
        for report in given["hosts"].values():
            report.update(clock=1.0, looked_at=1.0)
    PROBLEMS[case][0](given)
    found = messages(given)
    assert [message for message in found if PROBLEMS[case][1] in message], found
    assert plan_of(given).hosts == ()


def test_what_several_hosts_have_alike_is_one_reason() -> None:
    given = arguments()
    for name in NODES:
        objections = [
            ("kubeadm_ha_kubernetes_version", "No repository has it."),
            (name, f"{name} does not reach http://{name}.test."),
        ]
        given["decisions"]["node_prepare"][name] = decision(problems=objections)
    assert messages(given) == [
        "No repository has it.",
        "cp1 does not reach http://cp1.test. The same holds for cp2, cp3, w1 and w2.",
    ]


def test_what_both_the_plan_and_a_role_compare_is_one_reason() -> None:
    given = arguments()
    objections = [
        ("machine-id of cp3", "cp3 and cp2 have the same machine-id."),
        ("product_uuid of cp3", "And the uuid."),
    ]
    given["decisions"]["node_prepare"]["cp3"] = decision(problems=objections)
    assert messages(given) == []


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"kubernetes_files": ["/etc/kubernetes/kubelet.conf"]}, "cp3 has /etc/kubernetes/kubelet.conf"),
        ({"has_etcd_data": True}, "cp3 has /var/lib/etcd/member"),
        ({"listening": [{"address": "::", "port": 2379, "process": "etcd"}]}, "cp3 has a running etcd"),
        (
            {"services": {"kube-scheduler": {"active": "failed", "enabled": "enabled"}}},
            "cp3 has kube-scheduler.service",
        ),
    ],
)
def test_a_trace_of_a_cluster_is_named_with_its_host(report: Arguments, said: str) -> None:
    given = arguments()
    given["hosts"]["cp3"].update(report)
    assert f"a new cluster is created only where no host has anything of one, and {said}" in " ".join(messages(given))


def test_subnets_that_overlap_are_one_reason() -> None:
    given = arguments(pod_subnet="10.96.0.0/16")
    objection = ("kubeadm_ha_service_subnet", "kubeadm_ha_service_subnet and kubeadm_ha_pod_subnet overlap.")
    given["decisions"]["control_plane_init"] = {"cp1": decision(problems=[objection])}
    assert len(messages(given)) == 1


def test_a_host_that_was_not_inspected_says_nothing_of_the_others() -> None:
    given = arguments()
    del given["hosts"]["cp2"]
    given["hosts"]["cp3"]["wanted"] = {"advertise_address": "192.0.2.13"}
    assert messages(given) == ["cp2 could not be inspected: run without --limit, and mend its connection."]


def test_nobody_at_the_endpoint_is_as_it_should_be() -> None:
    given = arguments()
    for report in given["hosts"].values():
        report["endpoint_view"] = _NOBODY
    assert messages(given) == []


def test_an_interrupted_run_goes_on_although_something_answers_at_the_endpoint() -> None:
    given = begun()
    given["hosts"]["w1"]["endpoint_view"] = _ANSWER
    given["hosts"]["cp1"]["listening"] = [{"address": "::", "port": 6443, "process": "kube-apiserver"}]
    assert messages(given) == []


def test_what_others_have_beside_an_interrupted_run_is_a_reason_to_stop() -> None:
    given = begun()
    given["hosts"]["w1"]["kubernetes_files"] = ["/etc/kubernetes/kubelet.conf"]
    (message,) = messages(given)
    assert message.startswith(
        "cp1 is the first control plane of a new cluster that an interrupted run has begun, but w1 has something of a cluster, too "
        "(/etc/kubernetes/kubelet.conf)"
    )


def test_a_pod_network_that_somebody_left_may_be_the_operators() -> None:
    given = arguments(network="none")
    given["hosts"]["w2"]["cni_configurations"] = ["/etc/cni/net.d/10-calico.conflist"]
    assert messages(given) == []


def test_the_operator_may_install_the_pod_network() -> None:
    assert not any(entry.step == "network" for entry in plan_of(arguments(network="none")).entries)


ETCD = {"etcd1": 31, "etcd2": 32, "etcd3": 33}


def member(name: str, *objects: str, held: int | None = None, problems: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """What the role external_etcd would change on a host."""
    address = f"192.0.2.{ETCD[name]}"
    found = decision(*objects, problems=[(name, text) for text in problems])
    fields: dict[str, t.Any] = {field.name: () for field in dataclasses.fields(EtcdDecision)}
    urls = [f"https://192.0.2.{number}:2379" for number in ETCD.values()]
    fields |= {
        "address": address,
        "client_url": f"https://{address}:2379",
        "peer_url": f"https://{address}:2380",
        "signer": "etcd1",
        "is_signer": name == "etcd1",
        "first_start": "",
        "is_started": False,
        "restarts": False,
        "program": "/usr/bin/etcd",
        "oldest": "3.5.24",
        "source": "",
        "makes_user": False,
        "makes_ca": False,
        "valid_days": 365,
        "firewall": {"name": "", "zone": "", "ports": [], "protocols": []},
        "access": {"endpoints": urls, "ca_file": "/a", "cert_file": "/b", "key_file": "/c"},
        "objects": held,
        **found,
    }
    return fields


def with_etcd(given: Arguments | None = None, **changes: t.Any) -> Arguments:
    """The same with etcd on hosts of its own."""
    external = {name: member(name, "etcd member") for name in ETCD}
    return {**(given or arguments()), "etcd_hosts": list(ETCD), "external_etcd": external, **changes}


def test_external_etcd_begins_before_the_cluster() -> None:
    plan = plan_of(with_etcd())
    assert plan.problems == ()
    found = ids(plan)
    assert [item for item in found if "/etcd/" in item] == [
        *(f"{name}/etcd/etcd member" for name in ETCD),
        "cp1/etcd/certificate kube-apiserver-etcd-client",
    ]
    assert found.index("cp1/etcd/certificate kube-apiserver-etcd-client") < found.index("cp1/init/control plane cp1")
    authorities = next(entry for entry in plan.entries if entry.change.object == "certificate authorities")
    assert authorities.change.after == ["ca", "front-proxy-ca", "sa"]
    groups = {host.name: set(host.groups) for host in plan.hosts}
    every = {"kubeadm_ha_changing", "kubeadm_ha_create", "kubeadm_ha_again"}
    assert {name: groups[name] for name in ETCD} == dict.fromkeys(ETCD, every | {"kubeadm_ha_etcd"})
    assert "kubeadm_ha_etcd_client" not in groups["cp1"]


def test_hosts_of_etcd_are_given_who_asks_them() -> None:
    """The same before the plan, for their inspection, and in their play."""
    given = with_etcd()
    given["hosts"]["cp2"]["networks"] += [{"network": "198.51.100.0/24", "address": "198.51.100.12"}]
    asking = ["192.0.2.11", "192.0.2.12", "198.51.100.12", "192.0.2.13"]
    assert facts_of(given)["etcd_clients"] == asking
    records = {host.name: host.records for host in plan_of(given).hosts}
    for name in ETCD:
        assert dataclasses.asdict(t.cast("t.Any", records[name]["etcd"])) == {
            "signer": "etcd1",
            "control_planes": tuple(asking),
        }
        assert list(records[name]) == ["etcd"]
    # Once pods have one it is no network of hosts.
    given["hosts"]["cp2"]["networks"] += [{"network": "10.244.1.0/24", "address": "10.244.0.0"}]
    assert facts_of(given)["etcd_clients"] == asking


def test_the_first_control_plane_is_given_the_way_its_api_server_reaches_external_etcd() -> None:
    plan = plan_of(with_etcd())
    (first,) = (host for host in plan.hosts if host.name == "cp1")
    access = dataclasses.asdict(t.cast("t.Any", first.records["init"]))["external_etcd"]
    assert access["endpoints"] == [f"https://192.0.2.{number}:2379" for number in ETCD.values()]
    assert "etcd" not in first.records


def test_once_there_are_authorities_the_api_server_gets_its_client_certificate() -> None:
    given = with_etcd(begun(), external_etcd={name: member(name) for name in ETCD})
    plan = plan_of(given)
    (first,) = (host for host in plan.hosts if host.name == "cp1")
    assert dataclasses.asdict(t.cast("t.Any", first.records["etcd"]))["signer"] == "etcd1"
    groups = {host.name: set(host.groups) for host in plan.hosts}
    assert {"kubeadm_ha_etcd_client", "kubeadm_ha_init"} <= groups["cp1"]
    assert not any("kubeadm_ha_etcd" in groups[name] for name in ETCD)
    given["hosts"]["cp1"]["kubernetes_files"].append("/etc/kubernetes/pki/apiserver-etcd-client.crt")
    assert not any(entry.step == "etcd" for entry in plan_of(given).entries)


EXTERNAL: dict[str, tuple[t.Callable[[Arguments], None], str]] = {
    "somebody else's etcd": (
        lambda given: given["external_etcd"].update(
            etcd2=member("etcd2", problems=["etcd2 has an etcd of somebody else."])
        ),
        "etcd2 has an etcd of somebody else.",
    ),
    "a cluster's objects": (
        lambda given: given["external_etcd"].update({name: member(name, held=812) for name in ETCD}),
        "The etcd cluster of etcd1, etcd2, etcd3 holds objects of a Kubernetes cluster, although no host",
    ),
    "a control plane": (
        _set(etcd_hosts=["cp1", *ETCD]),
        "cp1 is a host of external etcd and a node or a load balancer",
    ),
    "not inspected": (lambda given: given["external_etcd"].pop("etcd3"), "etcd3 could not be inspected"),
}


@pytest.mark.parametrize("case", EXTERNAL)
def test_reasons_not_to_begin_with_external_etcd(case: str) -> None:
    given = with_etcd()
    EXTERNAL[case][0](given)
    (message,) = messages(given)
    assert message.startswith(EXTERNAL[case][1])
    assert plan_of(given).hosts == ()


def test_an_init_that_has_begun_may_have_written_objects() -> None:
    given = with_etcd(begun(), external_etcd={name: member(name, held=12) for name in ETCD})
    given["hosts"]["cp1"]["manifests"] = {"kube-apiserver": {"path": "", "image": "", "flags": []}}
    assert messages(given) == []


def test_two_control_planes_and_ports_of_etcd_do_not_matter_with_external_etcd() -> None:
    given = with_etcd()
    given["hosts"]["cp3"]["listening"] = [{"address": "0.0.0.0", "port": 2379, "process": ""}]
    assert messages(given) == []
    given = with_etcd(control_planes=["cp1", "cp2"])
    assert messages(given) == []


def test_a_conversion_takes_no_note_of_hosts_of_etcd() -> None:
    plain, given = arguments(), with_etcd()
    for each in (plain, given):
        each["hosts"]["w1"]["has_etcd_data"] = True
    assert messages(given) == messages(plain)
    assert not any("etcd_hosts" in message or "etcd1" in message for message in messages(given))
