# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan and the reasons to stop, over tables of situations of a small cluster."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import San
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate, Identity
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.consumer_inspection import Consumer, Consumers
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.deployment_spread import (
    Deployment,
    Placement,
    Pod,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.report import ClusterReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.kube_proxy_rollout import KubeProxyPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import FirewallNeeds
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.selinux import SelinuxNeeds
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.bootstrap_token import BootstrapToken
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.decision import BalancerDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import plan_report, single_points
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.build import STEPS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.desired_inputs import parse_inputs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import (
    Plan,
    assess,
    build_plan,
    control_plane_facts,
    kubeadm_requests,
    parse_hosts,
    reachability_targets,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.situation import Situation
from tests.unit.plugins.reports import host_report

ENDPOINT = "192.0.2.10:6443"
ADDRESSES = {
    "lb1": "192.0.2.10",
    "cp1": "192.0.2.11",
    "cp2": "192.0.2.12",
    "cp3": "192.0.2.13",
    "w1": "192.0.2.21",
    "w2": "192.0.2.22",
}
#: The end of the plan for a cluster with one load balancer.
ONE_BALANCER = [
    "What still dies with one host:",
    "- lb1: it is the only load balancer, 192.0.2.10:6443 goes away with it.",
]
Arguments = dict[str, t.Any]


class NamedCertificates:
    """``X509`` whose PEM texts are lines ``subject|key hash|SAN SAN ...|end``, one for each certificate.

    The end of the validity may be left out.
    """

    def certificates(self, pem: bytes) -> list[Certificate]:
        """The certificates of the text."""
        return [self._certificate(line) for line in pem.decode().splitlines()]

    def identities(self, pem: bytes) -> list[Identity]:
        """Whom they name."""
        return [Identity(found.subject, found.public_key_sha256) for found in self.certificates(pem)]

    @staticmethod
    def _certificate(line: str) -> Certificate:
        subject, key, sans, *end = line.split("|")
        epoch = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        return Certificate(
            subject=subject,
            issuer="CN=kubernetes",
            serial_number=1,
            not_before=epoch,
            not_after=datetime.datetime.fromisoformat(end[0]) if end else epoch + datetime.timedelta(days=365),
            sans=frozenset(San.parse(san) for san in sans.split()),
            key_algorithm="RSA 2048",
            is_ca=False,
            public_key_sha256=key,
            fingerprint_sha256=key,
        )

    def key_matches(self, certificate_pem: bytes, key_pem: bytes) -> bool:
        """Not asked by the plan."""
        raise AssertionError

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Not asked by the plan."""
        raise AssertionError


class NoFiles:
    """A controller that has no file of any name."""

    def text(self, place: str) -> str:
        """Not there."""
        raise InvalidInput(f"there is no such file (asked for {place})")


def kubeconfig(server: str) -> str:
    """A kubeconfig without credentials."""
    return (
        f"apiVersion: v1\nkind: Config\nclusters:\n- name: kubernetes\n  cluster:\n    server: {server}\n"
        "contexts:\n- name: c\n  context:\n    cluster: kubernetes\n    user: u\ncurrent-context: c\n"
    )


def kubeconfig_file(path: str, server: str) -> dict[str, t.Any]:
    """The report of a kubeconfig that is laid out as kubeadm does it."""
    return {"path": path, "text": kubeconfig(server), "mode": "0600", "plain": True}


def bare_host(name: str) -> dict[str, t.Any]:
    """The report of a host with kubeadm's packages that has not joined."""
    return host_report(name, ADDRESSES.get(name, "192.0.2.99")).as_dict()


def member(name: str, server: str) -> dict[str, t.Any]:
    """The report of a worker."""
    report = bare_host(name)
    report["certificates"] = [
        {"path": "/etc/kubernetes/pki/ca.crt", "pem": "CN=kubernetes|sha256:ca|"},
        {"path": "/var/lib/kubelet/pki/kubelet-client-current.pem", "pem": f"CN=system:node:{name},O=x|k|"},
    ]
    report["kubeconfigs"] = [kubeconfig_file("/etc/kubernetes/kubelet.conf", server)]
    report["kubernetes_files"] = ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt"]
    return report


def control_plane(name: str, *, endpoint: str | None = None) -> dict[str, t.Any]:
    """The report of a control plane; with an endpoint it is converted already."""
    own = f"https://{ADDRESSES[name]}:6443"
    report = member(name, own)
    sans = f"kubernetes {name} {ADDRESSES[name]} 10.96.0.1" + (f" {endpoint.partition(':')[0]}" if endpoint else "")
    report["certificates"].append({"path": "/etc/kubernetes/pki/apiserver.crt", "pem": f"CN=kube-apiserver|k|{sans}"})
    admin = f"https://{endpoint}" if endpoint else own
    for path in ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"):
        report["kubeconfigs"].append(kubeconfig_file(path, admin))
    flags = [["advertise-address", ADDRESSES[name]], ["secure-port", "6443"]]
    report["manifests"] = {"kube-apiserver": {"flags": flags}, "etcd": {"flags": []}}
    report["listening"] = [{"address": "0.0.0.0", "port": 6443, "process": "kube-apiserver"}]
    report["has_ca_key"] = True
    report["kubernetes_files"] += [
        f"/etc/kubernetes/pki/{name}"
        for name in (
            "ca.key",
            "sa.key",
            "sa.pub",
            "front-proxy-ca.crt",
            "front-proxy-ca.key",
            "etcd/ca.crt",
            "etcd/ca.key",
        )
    ]
    return report


def cluster(*nodes: str, endpoint: str | None = None) -> dict[str, t.Any]:
    """The report of the cluster's objects."""
    server = f"https://{endpoint or '192.0.2.11:6443'}"
    sans = f"apiServer:\n  certSANs: [{endpoint.partition(':')[0]}]\n" if endpoint else "apiServer: {}\n"
    configuration = (
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.34.4\n"
        + sans
        + (f"controlPlaneEndpoint: {endpoint}\n" if endpoint else "")
    )
    texts = {
        "kube-system/kubeadm-config": {"ClusterConfiguration": configuration},
        "kube-public/cluster-info": {
            "kubeconfig": f"apiVersion: v1\nkind: Config\nclusters:\n- name: ''\n  cluster:\n    server: {server}\n"
            f"    certificate-authority-data: {base64.b64encode(b'CN=kubernetes|sha256:ca|').decode()}\n"
        },
        "kube-system/kube-proxy": {"kubeconfig.conf": kubeconfig(server)},
    }
    return ClusterReport(
        config_maps={name: {"metadata": {}, "data": data} for name, data in texts.items()},
        nodes=tuple(_node(name, ready=True) for name in nodes),
        kube_proxy_pods=tuple(
            KubeProxyPod(
                name=f"kube-proxy-{name}",
                created=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
                deleted=None,
                node=name,
                owners=({"kind": "DaemonSet", "name": "kube-proxy"},),
            )
            for name in nodes
        ),
        has_kube_proxy=True,
        cluster_dns=_coredns("cp1", "cp2" if endpoint else "cp1"),
        consumers=Consumers(),
        bootstrap_tokens=(),
        has_uploaded_certificates=False,
        outdated_signatures=0,
        health=None,
        join_rights=None,
        version="v1.34.4",
    ).as_dict()


def node_report(name: str, *, ready: bool) -> dict[str, t.Any]:
    """The report of a Node of the cluster."""
    return _node(name, ready=ready).as_dict()


def _node(name: str, *, ready: bool) -> Node:
    return Node(name, {}, (), is_ready=ready)


def cluster_dns(*nodes: str) -> dict[str, t.Any]:
    """The report of CoreDNS with a ready pod on each of the nodes."""
    return _coredns(*nodes).as_dict()


def _coredns(*nodes: str) -> Placement:
    deployment = Deployment(
        namespace="kube-system",
        name="coredns",
        replicas=2,
        node_selector={},
        node_terms=(),
        tolerations=({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},),
    )
    pods = (Pod(f"coredns-{i}", node, is_ready=True, is_terminating=False) for i, node in enumerate(nodes))
    return Placement(deployment, tuple(pods))


def inspection(*, differs: bool, **found: t.Any) -> dict[str, t.Any]:
    """The decision of ``load_balancer_decision``."""
    made = BalancerDecision(
        owner="package",
        differs=differs,
        renews_certificate=False,
        firewall=FirewallNeeds(),
        selinux=SelinuxNeeds(),
        changes=(),
        problems=(),
    )
    return {**made.as_dict(), **found}


#: The member of etcd on cp1.
OWN_MEMBER = Member("1", "cp1", ("https://192.0.2.11:2380",), ("https://192.0.2.11:2379",), leader="1", is_healthy=True)


def before() -> Arguments:
    """The arguments for a stranger's cluster: one control plane, two workers, nothing else."""
    old = "https://192.0.2.11:6443"
    return {
        "endpoint": ENDPOINT,
        "load_balancer": "haproxy",
        "control_planes": ["cp1", "cp2", "cp3"],
        "workers": ["w1", "w2"],
        "load_balancers": ["lb1"],
        "extra_sans": [],
        "unmanaged_nodes": [],
        "admin_users": ["root"],
        "allow_two_control_planes": False,
        "group_names": {},
        "hosts": {
            "lb1": {**bare_host("lb1"), "versions": {}, "services": {}},
            "cp1": control_plane("cp1"),
            "cp2": bare_host("cp2"),
            "cp3": bare_host("cp3"),
            "w1": member("w1", old),
            "w2": member("w2", old),
        },
        "cluster": cluster("cp1", "w1", "w2"),
        "etcd": EtcdReport((OWN_MEMBER,), is_healthy=True).as_dict(),
        "balancers": {"lb1": inspection(differs=True)},
        "backup_directory": "/var/backups/kubeadm-ha",
    }


def after() -> Arguments:
    """The arguments for the cluster as it is wanted."""
    arguments = before()
    url = f"https://{ENDPOINT}"
    arguments["hosts"].update({name: control_plane(name, endpoint=ENDPOINT) for name in ("cp1", "cp2", "cp3")})
    arguments["hosts"].update({name: member(name, url) for name in ("w1", "w2")})
    arguments["cluster"] = cluster("cp1", "cp2", "cp3", "w1", "w2", endpoint=ENDPOINT)
    arguments["balancers"] = {"lb1": inspection(differs=False)}
    arguments["hosts"]["lb1"]["services"] = {"haproxy": {"active": "active", "enabled": "enabled"}}
    return arguments


def plan_of(arguments: Arguments) -> Plan:
    """The plan for these arguments."""
    return build_plan(PlanRequest.from_options(arguments), yaml=PyYaml(), x509=NamedCertificates(), files=NoFiles())


def record(plan: Plan, host: str, step: str) -> t.Any:
    """What the role of a step is given on a host of a plan."""
    (found,) = (each for each in plan.hosts if each.name == host)
    return found.records[step]


def situation_of(arguments: Arguments) -> Situation:
    """What the plan for these arguments is computed from, whether or not there is a reason to stop."""
    request = PlanRequest.from_options(arguments)
    desired, problems = parse_inputs(request.inputs)
    assert desired is not None, problems
    hosts = parse_hosts(request.hosts, yaml=PyYaml(), x509=NamedCertificates())
    situation, problems = assess(desired, request, hosts, yaml=PyYaml(), x509=NamedCertificates())
    assert situation is not None, problems
    return situation


def record_of(arguments: Arguments, host: str, step: str) -> t.Any:
    """What the role of a step would be given on a host, whether or not a run with these arguments comes to it."""
    situation = situation_of(arguments)
    (found,) = (each for each in STEPS if each.name == step)
    return found.record(situation, situation.hosts[host])


def names_joined(arguments: Arguments) -> list[str]:
    """Inventory names of the nodes that are members of the cluster."""
    situation = situation_of(arguments)
    return [host.name for host in situation.joined(situation.desired.nodes)]


def facts_of(arguments: Arguments, *control_planes: str) -> dict[str, t.Any]:
    """What is known before the plan, with these control planes or all that the arguments have."""
    given = {**arguments, "control_planes": control_planes} if control_planes else arguments
    return control_plane_facts(PlanRequest.from_options(given), yaml=PyYaml(), x509=NamedCertificates())


def targets_of(arguments: Arguments, **changes: t.Any) -> dict[str, list[dict[str, t.Any]]]:
    """What hosts are to try before others join, with these arguments and changes of them."""
    request = PlanRequest.from_options({**arguments, **changes})
    return reachability_targets(request, yaml=PyYaml(), x509=NamedCertificates())


def requests_of(arguments: Arguments, **changes: t.Any) -> dict[str, t.Any]:
    """What the kubeadm of joining hosts is asked, with these arguments and changes of them."""
    request = PlanRequest.from_options({**arguments, **changes})
    return kubeadm_requests(request, yaml=PyYaml(), x509=NamedCertificates())


def objects(plan: Plan, host: str) -> list[tuple[str, str]]:
    """Step and object of each entry of a host."""
    return [(entry.step, entry.change.object) for entry in plan.entries if entry.host == host]


def test_the_plan_of_a_conversion() -> None:
    plan = plan_of(before())
    assert plan.problems == ()
    assert objects(plan, "lb1") == [("balance", "load balancer haproxy")]
    assert objects(plan, "cp1") == [
        ("prepare", "Python libraries"),
        ("backup", "backup /var/backups/kubeadm-ha"),
        ("certify", "certificate apiserver"),
        ("point", "ConfigMap kube-system/kubeadm-config"),
        ("point", "ConfigMap kube-public/cluster-info"),
        ("point", "ConfigMap kube-system/kube-proxy"),
        ("point", "DaemonSet kube-system/kube-proxy"),
        ("point", "kubeconfig /etc/kubernetes/admin.conf"),
        ("point", "kubeconfig /etc/kubernetes/super-admin.conf"),
        ("spread", "Deployment kube-system/coredns"),
    ]
    assert objects(plan, "w1") == [
        ("backup", "backup /var/backups/kubeadm-ha"),
        ("point", "kubeconfig /etc/kubernetes/kubelet.conf"),
        ("point", "service kubelet"),
    ]
    assert objects(plan, "cp2") == [
        ("join", "node cp2"),
        ("join", "bootstrap token"),
        ("join", "Secret kube-system/kubeadm-certs"),
        ("revoke", "bootstrap token"),
        ("revoke", "Secret kube-system/kubeadm-certs"),
    ]
    assert plan.serving_control_plane == "cp1"
    assert dataclasses.asdict(plan.control_planes[1]) == {"name": "cp2", "address": "192.0.2.12", "port": 6443}


@pytest.mark.parametrize("workers", [["w1", "w2"], ["w2", "w1"], []])
def test_the_least_important_is_pointed_first(workers: list[str]) -> None:
    """One worker, what all use, the other workers, the control planes, and who only administers."""
    arguments = before()
    arguments["workers"] = workers
    arguments["unmanaged_nodes"] = ["w1", "w2"]
    config = {"path": "/root/.kube/config", "text": kubeconfig("https://192.0.2.11:6443"), "mode": "0600"}
    for name in ("lb1", "cp1"):
        arguments["hosts"][name]["kubeconfigs"] = [*arguments["hosts"][name]["kubeconfigs"], config]
    kinds = ("ConfigMap", "DaemonSet")
    found = [
        "cluster" if entry.change.object.startswith(kinds) else entry.host
        for entry in plan_of(arguments).entries
        if entry.step == "point"
    ]
    assert list(dict.fromkeys(found)) == [*workers[:1], "cluster", *workers[1:], "cp1", "lb1"]
    assert found == sorted(found, key=list(dict.fromkeys(found)).index), "nobody is returned to"


def test_a_converted_cluster_has_an_empty_plan() -> None:
    plan = plan_of(after())
    assert (plan.entries, plan.problems) == ((), ())
    assert plan_report.table(plan) == ["Plan: nothing to change.", *ONE_BALANCER]


def _refuse_anonymous(arguments: Arguments, *, host: str = "cp1") -> None:
    arguments["hosts"][host]["manifests"]["kube-apiserver"]["flags"].append(["anonymous-auth", "false"])


def test_the_certificate_of_a_load_balancer_is_an_entry_and_needs_cryptography() -> None:
    change = {"object": "certificate /probe.crt", "before": None, "after": {"valid_until": "x"}, "reason": "needed"}
    arguments = after()
    arguments["balancers"]["lb1"] = inspection(differs=True, owner="role", renew_certificate=True, changes=[change])
    plan = plan_of(arguments)
    assert objects(plan, "lb1") == [
        ("prepare", "Python libraries"),
        ("balance", "load balancer haproxy"),
        ("balance", "certificate /probe.crt"),
    ]
    # The control plane that signs needs it, too, and nobody else.
    assert {entry.host for entry in plan.entries if entry.step == "prepare"} == {"cp1", "lb1"}
    for name in ("cp1", "lb1"):
        arguments["hosts"][name]["python"] = {"modules": {"yaml": False, "cryptography": True}}
    assert "prepare" not in {entry.step for entry in plan_of(arguments).entries}


def test_somebody_elses_haproxy_cfg() -> None:
    arguments = before()
    problem = {"subject": "lb1", "message": "somebody's"}
    arguments["balancers"]["lb1"] = inspection(differs=True, owner="other", problems=[problem])
    plan = plan_of(arguments)
    assert [item.message for item in plan.problems] == ["somebody's"]
    arguments["balancers"]["lb1"] = inspection(differs=True, owner="other")
    (entry,) = [entry for entry in plan_of(arguments).entries if entry.host == "lb1"]
    assert entry.change.before["configuration"] == "somebody else's (a backup is kept)"


def test_more_than_the_host_itself_is_inspected_only_where_somebody_asks() -> None:
    assert facts_of(after())["further"] == {"lb1": ["haproxy"]}
    joining = facts_of(before())["further"]
    assert sorted(joining) == sorted(before()["hosts"])
    assert joining["lb1"] == ["joins", "nodes", "haproxy"], "what joins ask for names the nodes"


def test_any_api_server_that_refuses_anonymous_requests_counts() -> None:
    arguments = after()
    situation = situation_of(arguments)
    assert (situation.refuses_anonymous, situation.hides_cluster_info) == (False, False)
    _refuse_anonymous(arguments, host="cp3")
    situation = situation_of(arguments)
    assert (situation.refuses_anonymous, situation.hides_cluster_info) == (True, True)
    assert facts_of(arguments, "cp1")["refuses_anonymous"] is True


def test_one_more_worker_changes_only_that_worker() -> None:
    arguments = after()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    for host in arguments["hosts"].values():
        host["python"] = {"modules": {"yaml": True, "cryptography": True}}
    plan = plan_of(arguments)
    assert {entry.host for entry in plan.entries} == {"w3"}
    assert plan.steps == {"w3": ["join", "revoke"]}


def test_a_kubelet_that_still_connects_to_a_control_plane_is_restarted() -> None:
    arguments = after()
    arguments["hosts"]["w1"]["api_clients"] = [{"process": "kubelet", "remote": "192.0.2.11:6443"}]
    assert ("point", "service kubelet") in objects(plan_of(arguments), "w1")


def test_the_kubelet_of_a_control_plane_before_1_33_follows_the_endpoint() -> None:
    arguments = before()
    arguments["cluster"]["version"] = "v1.32.9"
    arguments["hosts"]["cp1"]["versions"]["kubelet"] = "v1.32.9"
    assert ("point", "kubeconfig /etc/kubernetes/kubelet.conf") in objects(plan_of(arguments), "cp1")


def test_only_users_of_this_cluster_follow() -> None:
    arguments = before()
    for home, server in (("/root", "https://192.0.2.11:6443"), ("/home/a", "https://198.51.100.1:6443")):
        entry = {"path": f"{home}/.kube/config", "text": kubeconfig(server), "mode": "0600"}
        arguments["hosts"]["cp1"]["kubeconfigs"].append(entry)
    planned = [name for _step, name in objects(plan_of(arguments), "cp1")]
    assert "kubeconfig /root/.kube/config" in planned
    assert "kubeconfig /home/a/.kube/config" not in planned


def test_the_facts_before_the_plan() -> None:
    arguments = before()
    facts = facts_of(arguments, "cp3", "cp2", "cp1")
    assert (facts["serving"], facts["server"]) == ("cp1", "192.0.2.11:6443")
    assert [server["name"] for server in facts["control_planes"]] == ["cp3", "cp2", "cp1"]


def _change(path: str, value: t.Any) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        *parents, last = path.split("/")
        target: t.Any = arguments
        for name in parents:
            target = target[name]
        target[last] = value

    return change


def _no_runtime(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"].update(services={}, cri_sockets=[])


def _as_worker(arguments: Arguments) -> None:
    arguments["control_planes"] = ["cp2", "cp3"]
    arguments["workers"].append("cp1")


def _forget_w2(arguments: Arguments) -> None:
    arguments["workers"].remove("w2")
    del arguments["hosts"]["w2"]


def _other_cluster(arguments: Arguments) -> None:
    arguments["hosts"]["w2"]["certificates"][0]["pem"] = "CN=kubernetes|sha256:other|"


def _another_ca_in_a_file(arguments: Arguments) -> None:
    """The kubelet trusts this cluster; the file that it reads when it is restarted is another cluster's."""
    _other_cluster(arguments)
    data = base64.b64encode(b"CN=kubernetes|sha256:ca|").decode()
    for item in arguments["hosts"]["w2"]["kubeconfigs"]:
        item["text"] = item["text"].replace("    server:", f"    certificate-authority-data: {data}\n    server:", 1)


def _not_ready(arguments: Arguments) -> None:
    arguments["cluster"]["nodes"][1]["ready"] = False


def _same_machine(arguments: Arguments) -> None:
    arguments["hosts"]["cp3"]["machine_id"] = arguments["hosts"]["cp2"]["machine_id"]


def _on_control_plane(arguments: Arguments) -> None:
    arguments["load_balancers"] = ["cp1"]
    arguments["endpoint"] = "192.0.2.11:6443"


def _ipv6_endpoint(arguments: Arguments) -> None:
    arguments["endpoint"] = "[2001:db8::10]:6443"
    arguments["hosts"]["lb1"]["addresses"].append("2001:db8::10")
    arguments["hosts"]["cp3"]["forwarding"]["net.ipv6.conf.default.forwarding"] = "1"
    arguments["hosts"]["w2"]["forwarding"]["net.ipv6.conf.default.forwarding"] = "1"


BAD_INPUTS = [
    ("no endpoint", _change("endpoint", ""), "kubeadm_ha_endpoint is not set"),
    ("endpoint without a port", _change("endpoint", "192.0.2.10"), "has no port: write host:port"),
    ("endpoint that is none", _change("endpoint", "https//x y:1"), "is not an endpoint"),
    ("port out of range", _change("endpoint", "192.0.2.10:77777"), "a port is a number from 1 to 65535"),
    ("broken SAN", _change("extra_sans", ["a b"]), "kubeadm_ha_extra_sans"),
    ("unknown balancer", _change("load_balancer", "f5"), "choose one of haproxy, nginx, dns, external, none"),
    ("no balancer host", _change("load_balancers", []), "the group kube_load_balancer is empty"),
    ("no control plane", _change("control_planes", []), "The group kube_control_plane is empty"),
    ("node in two groups", _change("workers", ["cp2", "w1", "w2"]), "cp2 is in both kube_control_plane and kube_node"),
    ("two control planes", _change("control_planes", ["cp1", "cp2"]), "kube_control_plane has two hosts"),
    ("control plane as worker", _as_worker, "cp1 runs a kube-apiserver but is not in the control plane group"),
    ("node not in the inventory", _forget_w2, "kubeadm_ha_unmanaged_nodes"),
    ("endpoint of a control plane", _change("endpoint", "192.0.2.11:6443"), "is the API server of cp1 itself"),
    ("balancer's port is taken", _on_control_plane, "its API server already has port 6443"),
    ("endpoint elsewhere", _change("endpoint", "198.51.100.7:6443"), "is not an address of any load balancer host"),
    (
        "other minor",
        _change("hosts/cp2/versions/kubeadm", "v1.33.1"),
        "has kubeadm v1.33.1, but the cluster runs v1.34.4",
    ),
    ("no kubelet", _change("hosts/cp2/versions/kubelet", ""), "cp2 has no kubelet: install kubelet 1.34"),
    ("swap", _change("hosts/cp2/swap", True), "Swap is on on cp2"),
    (
        "no forwarding",
        _change("hosts/cp2/forwarding", {"net.ipv4.ip_forward": "0", "net.ipv6.conf.default.forwarding": "1"}),
        "net.ipv4.ip_forward of cp2 is not 1",
    ),
    ("no forwarding of IPv6", _ipv6_endpoint, "net.ipv6.conf.default.forwarding of cp2 is not 1"),
    ("no runtime", _no_runtime, "cp2 has no container runtime"),
    ("half joined", _change("hosts/cp2/kubernetes_files", ["/etc/kubernetes/pki/ca.crt"]), "cp2 is half joined"),
    ("Ready, but with another CA", _other_cluster, "w2 trusts another CA than cp1, although it is the node w2"),
    (
        "a member with another CA's file",
        _another_ca_in_a_file,
        "w2 is a node of this cluster, but its /etc/kubernetes/pki/ca.crt is of another CA than that of cp1",
    ),
    ("node not ready", _not_ready, "The node w1 is not Ready"),
    (
        "etcd not healthy",
        _change("etcd", EtcdReport((), is_healthy=False).as_dict()),
        "The etcd cluster is not healthy",
    ),
    ("no CA key", _change("hosts/cp1/has_ca_key", False), "cp1 has no /etc/kubernetes/pki/ca.key"),
    ("same machine id", _same_machine, "cp3 is another machine than cp2, but has its machine-id"),
    ("a module at work", _change("hosts/cp2/is_at_work", True), "A module of kubeadm.ha is changing cp2 now"),
    ("kubeadm at work", _change("hosts/cp2/kubeadm_processes", [77]), "kubeadm is running on cp2 (process 77)"),
    ("no room", _change("hosts/cp2/free_bytes", 5), "cp2 has less than 1 GiB free in /var"),
    ("clock", _change("hosts/w1/clock", 2000.0), "The clock of w1 is 1000 s away"),
    (
        "port in use",
        _change("hosts/cp2/listening", [{"address": "0.0.0.0", "port": 2379, "process": ""}]),
        "Port 2379 is already in use on cp2",
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in BAD_INPUTS], ids=[row[0] for row in BAD_INPUTS])
def test_a_reason_to_stop_is_reported_once_with_its_remedy(
    change: t.Callable[[Arguments], None], expected: str
) -> None:
    arguments = copy.deepcopy(before())
    change(arguments)
    matching = [problem.message for problem in plan_of(arguments).problems if expected in problem.message]
    assert len(matching) == 1, [problem.message for problem in plan_of(arguments).problems]


def test_no_serving_control_plane() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["listening"] = []
    arguments["cluster"] = None
    plan = plan_of(arguments)
    assert plan.entries == ()
    assert "serves the Kubernetes API" in plan.problems[0].message


def test_all_reasons_are_reported_together() -> None:
    arguments = before()
    arguments["hosts"]["cp2"]["swap"] = True
    arguments["hosts"]["cp3"]["swap"] = True
    text = plan_report.reasons(plan_of(arguments))
    assert text.startswith("Nothing was changed. 2 reasons to stop:")
    assert "cp2" in text
    assert "cp3" in text


def test_the_table_has_a_line_for_each_change() -> None:
    plan = plan_of(before())
    lines = plan_report.table(plan)
    assert lines[0] == f"Plan: {len(plan.entries)} changes."
    assert lines[-2:] == ONE_BALANCER
    end = lines.index("What etcd bears:")
    assert len([line for line in lines[:end] if not line.startswith(" ")]) == 2 + len(plan.entries)
    assert "known after apply" in "\n".join(lines)


def other_cluster_first(server: str) -> str:
    """A kubeconfig of two clusters, the current one somebody else's."""
    clusters = "".join(
        f"- name: {name}\n  cluster:\n    server: {url}\n"
        for name, url in (("theirs", "https://198.51.100.1:6443"), ("ours", server))
    )
    contexts = "".join(f"- name: {name}\n  context:\n    cluster: {name}\n" for name in ("theirs", "ours"))
    return f"apiVersion: v1\nkind: Config\nclusters:\n{clusters}contexts:\n{contexts}current-context: theirs\n"


@pytest.mark.parametrize("host", ["cp1", "cp2", "w1", "lb1"])
def test_an_administrators_kubeconfig_follows_on_every_host(host: str) -> None:
    arguments = before()
    entry = {"path": "/root/.kube/config", "text": kubeconfig("https://192.0.2.11:6443"), "mode": "0600"}
    arguments["hosts"][host]["kubeconfigs"].append(entry)
    plan = plan_of(arguments)
    planned = objects(plan, host)
    assert ("point", "kubeconfig /root/.kube/config") in planned
    assert ("backup", "backup /var/backups/kubeadm-ha") in planned
    assert ("prepare", "Python libraries") in planned, "its layout is not known to be plain"
    server = {"path": "/root/.kube/config", "server": f"https://{ENDPOINT}", "cluster": "kubernetes"}
    assert server in record(plan, host, "point").kubeconfigs
    assert ("point", "service kubelet") not in planned or host == "w1"


def test_of_several_clusters_only_this_ones_entry_follows() -> None:
    arguments = before()
    text = other_cluster_first("https://192.0.2.11:6443")
    arguments["hosts"]["lb1"]["kubeconfigs"] = [{"path": "/root/.kube/config", "text": text, "mode": "0600"}]
    servers = record(plan_of(arguments), "lb1", "point").kubeconfigs
    assert servers == ({"path": "/root/.kube/config", "server": f"https://{ENDPOINT}", "cluster": "ours"},)


def test_an_administrator_that_no_host_has_is_a_reason_to_stop() -> None:
    arguments = before()
    arguments["admin_users"] = ["root", "ops", "annn"]
    arguments["hosts"]["w2"]["users"] = ["root", "ops"]
    (problem,) = plan_of(arguments).problems
    assert problem.subject == "kubeadm_ha_admin_users"
    assert "names annn, but no host" in problem.message


def _noted(host: str, path: str, user: str | None, *endpoints: str) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        arguments["hosts"][host]["references"] = [{"path": path, "user": user, "endpoints": list(endpoints)}]

    return change


def _consumer(arguments: Arguments) -> None:
    item = Consumer("Secret", "apps", "ci", where=("key kubeconfig",), endpoints=("192.0.2.11:6443",))
    arguments["cluster"]["consumers"] = Consumers((item,)).as_dict()


def _dns(**changes: t.Any) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        arguments["cluster"]["cluster_dns"] = cluster_dns("cp1", "cp1")
        arguments["cluster"]["cluster_dns"]["deployment"].update(changes)

    return change


NOTES = [
    ("Secret", _consumer, "Secret apps/ci names 192.0.2.11:6443 (key kubeconfig)"),
    (
        "search not complete",
        _change("cluster/consumers/complete", False),
        "answered too slowly for all objects to be inspected",
    ),
    ("CNI", _noted("w1", "/etc/cni/net.d/10-x.conf", None, "192.0.2.11:6443"), "/etc/cni/net.d/10-x.conf on w1 names"),
    ("other user", _noted("lb1", "/home/ann/.kube/config", "ann", "192.0.2.12:6443"), "put ann into kubeadm_ha_admin"),
    ("unreadable", _noted("cp1", "/root/.kube/config", "root", "192.0.2.11:6443"), "cannot be edited safely"),
    ("DNS with one replica", _dns(replicas=1), "it has one replica: scale it to two"),
    ("DNS bound to a node", _dns(node_selector={"only": "cp1"}), "no other node may run its pods"),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES])
def test_what_is_not_ours_to_change_is_noted(change: t.Callable[[Arguments], None], expected: str) -> None:
    arguments = after()
    change(arguments)
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems) == ((), ())
    (note,) = plan.notes
    assert expected in note.message
    assert plan.as_dict()["notes"] == [{"subject": note.subject, "message": note.message}]
    end = single_points.lines(plan.single_points or ())
    assert end[:2] == ONE_BALANCER
    assert plan_report.table(plan)[1:] == [f"Note: {note.message}", *end]
    assert plan_report.table(plan, with_notes=False)[1:] == ["1 note: kubeadm.ha.audit shows it.", *end]


@pytest.mark.parametrize("endpoint", [ENDPOINT, "198.51.100.1:6443", "192.0.2.11:2379"])
def test_what_names_no_old_endpoint_is_not_noted(endpoint: str) -> None:
    arguments = after()
    _noted("w1", "/home/ann/.kube/config", "ann", endpoint)(arguments)
    assert plan_of(arguments).notes == ()


def test_dns_together_is_spread_after_the_conversion_too() -> None:
    arguments = after()
    _dns()(arguments)
    plan = plan_of(arguments)
    assert [(entry.host, entry.step, entry.change.object) for entry in plan.entries] == [
        ("cp1", "spread", "Deployment kube-system/coredns")
    ]
    assert plan.notes == ()


def test_dns_is_spread_to_nodes_that_only_join() -> None:
    arguments = before()
    arguments["workers"] = []
    for name in ("w1", "w2"):
        del arguments["hosts"][name]
    arguments["cluster"]["nodes"] = arguments["cluster"]["nodes"][:1]
    assert ("spread", "Deployment kube-system/coredns") in objects(plan_of(arguments), "cp1")


def _left_over(arguments: Arguments, *descriptions: str, certificates: bool = False) -> None:
    tokens = [BootstrapToken(f"bootstrap-token-{i}", text, "").as_dict() for i, text in enumerate(descriptions)]
    arguments["cluster"]["bootstrap_tokens"] = tokens
    arguments["cluster"]["has_uploaded_certificates"] = certificates


def test_leftovers_of_a_killed_run_are_revoked_although_nothing_joins() -> None:
    arguments = after()
    _left_over(
        arguments,
        "kubeadm.ha join",
        "The operator's own",
        "Proxy for managing TTL for the kubeadm-certs secret",
        certificates=True,
    )
    plan = plan_of(arguments)
    assert objects(plan, "cp1") == [("revoke", "bootstrap token"), ("revoke", "Secret kube-system/kubeadm-certs")]
    assert len(plan.entries) == 2
    assert plan.entries[0].change.before == {"tokens": 2}


def test_an_operators_own_token_stays() -> None:
    arguments = after()
    _left_over(arguments, "", "The operator's own")
    assert plan_of(arguments).entries == ()


def test_a_joining_control_plane_takes_the_leftovers_away() -> None:
    arguments = before()
    _left_over(arguments, "kubeadm.ha join", certificates=True)
    plan = plan_of(arguments)
    revoking = [entry.host for entry in plan.entries if entry.step == "revoke"]
    assert revoking == ["cp2", "cp2", "cp3", "cp3"]


def test_a_joining_worker_leaves_the_leftovers_to_their_own_entry() -> None:
    arguments = after()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    _left_over(arguments, "kubeadm.ha join")
    plan = plan_of(arguments)
    assert [(e.host, e.change.object) for e in plan.entries if e.step == "revoke"] == [
        ("w3", "bootstrap token"),
        ("cp1", "bootstrap token"),
    ]
