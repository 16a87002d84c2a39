# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a control plane of systemd services: its entries, its plays, and every reason to stop."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import ABSENT, FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import needs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport, ServicesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import (
    CertificateFile,
    Listener,
    Manifest,
    Network,
    Service,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import (
    Plan,
    build_plan,
    control_plane_facts,
    masters,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.test_planning import NamedCertificates, NoFiles
from tests.unit.plugins.reports import host_report
from tests.unit.plugins.services_reports import CFG, SERVED, SSL, fact, kubeconfig, master, worker

Arguments = dict[str, t.Any]
NUMBERS = {"m1": 11, "m2": 12, "m3": 13, "w1": 21, "w2": 22, "lb1": 10}
ENDPOINT = "https://192.0.2.10:6443"


class Signed(NamedCertificates):
    """The CA is the one whose subject is CN=ca."""

    def certificates(self, pem: bytes) -> list[Certificate]:
        """The certificates of the text."""
        return super().certificates(pem)

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Whether that is the CA."""
        del certificate_pem
        return ca_pem.startswith(b"CN=ca|")


def host(name: str, **changes: t.Any) -> dict[str, t.Any]:
    """A host without kubeadm; m1 serves the API."""
    address = f"192.0.2.{NUMBERS[name]}"
    listening = [Listener(address, 6443, "kube-apiserver")] if name == "m1" else []
    given = {
        "versions": {},
        "clock": 1.79e9,
        "networks": (Network("192.0.2.0/24", address),),
        "listening": listening,
        **changes,
    }
    return host_report(name, address, **given).as_dict()


def arguments(services: t.Mapping[str, ServicesReport] | None = None, **changes: t.Any) -> Arguments:
    """One master, two hosts that shall be some, two workers and a load balancer."""
    reports = {
        **dict.fromkeys(NUMBERS, ServicesReport(services={})),
        "m1": master(),
        "w1": worker("k8s-node1"),
        "w2": worker("k8s-node2"),
        **(services or {}),
    }
    balancer = {"owner": "", "differs": True, "renew_certificate": False, "changes": [], "problems": []}
    return {
        "endpoint": "192.0.2.10:6443",
        "load_balancer": "haproxy",
        "control_planes": ["m1", "m2", "m3"],
        "workers": ["w1", "w2"],
        "load_balancers": ["lb1"],
        "hosts": {name: host(name) for name in NUMBERS},
        "services": {name: report.as_dict() for name, report in reports.items()},
        "balancers": {"lb1": balancer},
        **changes,
    }


def plan(given: Arguments) -> Plan:
    """The plan."""
    return build_plan(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed(), files=NoFiles())


def messages(given: Arguments) -> list[str]:
    """The reasons to stop."""
    return [problem.message for problem in plan(given).problems]


def scaled_out() -> Arguments:
    """The same after a run."""
    there = [item.fact.as_dict() for item in needs.find(master())]
    balancer = {"owner": "kubeadm.ha", "differs": False, "renew_certificate": False, "changes": [], "problems": []}
    hosts = {name: host(name) for name in NUMBERS}
    for name in ("m2", "m3"):
        listening = [Listener("0.0.0.0", 6443, "kube-apiserver"), Listener("::", 10257, ""), Listener("::", 10259, "")]
        hosts[name]["listening"] = [dataclasses.asdict(item) for item in listening]
    hosts["lb1"]["services"] = {"haproxy": {"active": "active", "enabled": "enabled"}}
    services = {
        "m1": master(server=ENDPOINT),
        "m2": master("192.0.2.12", "m2", server=ENDPOINT),
        "m3": master("192.0.2.13", "m3", server=ENDPOINT),
        "w1": worker("k8s-node1", ENDPOINT),
        "w2": worker("k8s-node2", ENDPOINT),
    }
    return arguments(services, hosts=hosts, balancers={"lb1": balancer}, files={"m2": there, "m3": there})


def test_the_plan_names_everything_in_the_order_of_the_run() -> None:
    """Libraries and backups first, then the balancer, masters one after the other, workers before masters."""
    found = plan(arguments())
    assert not found.problems
    steps = list(dict.fromkeys(entry.step for entry in found.entries))
    assert steps == ["prepare", "backup", "balance", "extend", "point", "controller_manager", "scheduler"]
    assert {entry.host for entry in found.entries if entry.step == "prepare"} == {"m1", "m2", "m3"}
    assert {entry.host for entry in found.entries if entry.step == "backup"} == {"m1", "w1", "w2"}
    assert list(dict.fromkeys(entry.host for entry in found.entries if entry.step == "point")) == ["w1", "w2", "m1"]
    ids = [entry.id for entry in found.entries]
    assert len(ids) == len(set(ids))


def test_each_host_gets_its_plays_and_records() -> None:
    """By the groups on which the plays run."""
    hosts = {item.name: item for item in plan(arguments()).hosts}
    assert set(hosts) == set(NUMBERS)
    assert "kubeadm_ha_extend" in hosts["m2"].groups
    assert "kubeadm_ha_extend" not in hosts["m1"].groups
    assert "kubeadm_ha_prove" in hosts["w1"].groups
    assert "kubeadm_ha_point_services_workers" in hosts["w1"].groups
    assert "kubeadm_ha_point_services_control_planes" in hosts["m1"].groups
    record = hosts["m2"].as_dict()["plan"]["extend"]  # type: ignore[index]
    assert record["source"] == "m1"
    assert record["server"] == "192.0.2.12:6443"
    assert record["ca_certificate"] == "CN=ca|ca|"
    kept = record["kept"]
    assert {item["path"] for item in record["files"] if item["kind"] == "file"} < set(kept["paths"])
    assert {item["path"] for item in record["programs"]} < set(kept["paths"])
    assert {item["path"] for item in record["files"] if item["kind"] == "directory"} < {
        *kept["directories"],
        *kept["paths"],
    }
    assert set(kept["units"]) == {item["unit"] for item in record["services"]}
    point = hosts["w1"].as_dict()["plan"]["point"]  # type: ignore[index]
    assert {item["path"] for item in point["servers"]} == {
        f"{CFG}/{name}.kubeconfig" for name in ("bootstrap", "kube-proxy", "kubelet")
    }
    assert [(item["unit"], item["kubeconfig"]) for item in point["services"]] == [
        ("kubelet.service", f"{CFG}/kubelet.kubeconfig"),
        ("kube-proxy.service", ""),
    ]


def test_a_second_run_changes_nothing() -> None:
    """Everything is as wanted, and one load balancer is still one."""
    found = plan(scaled_out())
    assert not found.problems
    assert not found.entries
    assert [point.host for point in found.single_points or ()] == ["lb1"]


@pytest.mark.parametrize(
    ("members", "points"),
    [
        (("51", "52", "53"), []),
        (("51", "52"), ["etcd"]),
        (("51",), ["etcd"]),
        # Beside other services: m1, and the workers.
        (("11", "21", "22"), []),
        (("11", "12", "13"), []),
        (("11",), ["m1"]),
        (("11", "21"), ["m1", "w1"]),
        (("11", "51"), ["m1", "etcd"]),
    ],
)
def test_what_is_lost_with_a_host_that_has_a_member_of_etcd(members: tuple[str, ...], points: list[str]) -> None:
    """Where no quorum is left without it."""
    given = scaled_out()
    servers = ",".join(f"https://192.0.2.{number}:2379" for number in members)
    for name in ("m1", "m2", "m3"):
        given["services"][name]["services"]["kube-apiserver"]["arguments"]["etcd-servers"] = (servers,)
    found = plan(given)
    assert not found.problems
    assert [point.host for point in found.single_points or ()] == ["lb1", *points]


def test_a_member_of_etcd_beside_the_first_master_goes_nowhere() -> None:
    """Neither its unit, nor what it names, nor its service; the backup of its host has what it names."""
    given = arguments()
    own = ["/etc/systemd/system/etcd.service", "/etc/etcd/cert/etcd.pem", "/etc/etcd/cert/etcd-key.pem"]
    report = given["services"]["m1"]
    report["services"]["etcd"] = dataclasses.asdict(
        ServiceReport("etcd.service", "active", "enabled", program="/usr/local/bin/etcd", files=own[:1])
    )
    report["facts"] = [*report["facts"], *(fact(path).as_dict() for path in (*own, "/usr/local/bin/etcd"))]
    report["named"] = {**report["named"], "etcd": [*own, "/usr/local/bin/etcd", f"{SSL}/ca.pem"]}
    found = plan(given)
    assert not found.problems
    records: dict[str, t.Any] = {item.name: item.as_dict()["plan"] for item in found.hosts}
    brought = json.dumps(records["m2"]["extend"])
    assert f"{SSL}/ca.pem" in brought
    assert "/etc/etcd" not in brought
    assert "etcd.service" not in brought
    assert "/bin/etcd" not in brought
    assert set(own) <= set(records["m1"]["backup"]["extra_paths"])


def test_of_a_control_plane_of_services_nothing_is_taken_out() -> None:
    assert messages(arguments(lost_nodes=["m4"])) == [
        (
            "kubeadm_ha_lost_nodes names m4, but the control plane of m1 runs as services of systemd, of which nothing is taken out: leave the "
            "variable out, and take out by hand what etcd and the cluster have of the machine."
        )
    ]


def asked_files(given: Arguments) -> set[str]:
    """The hosts whose files are inspected next."""
    found = control_plane_facts(PlanRequest.from_options(given), yaml=PyYaml(), x509=Signed())
    return set(t.cast("dict[str, t.Any]", found["files"]))


def test_files_are_asked_for_only_where_the_services_name_others() -> None:
    """What they name on each master is known already, and compared."""
    given = {**scaled_out(), "files": {}}
    assert asked_files(given) == set()
    assert not plan(given).entries
    facts = given["services"]["m2"]["facts"]
    next(fact for fact in facts if fact["path"] == f"{SSL}/ca-key.pem")["sha256"] = "other"
    given["services"]["m3"]["facts"] = [
        fact for fact in given["services"]["m3"]["facts"] if fact["path"] != f"{SSL}/ca.pem"
    ]
    assert asked_files(given) == {"m2", "m3"}


def test_arguments_that_a_killed_run_has_only_brought_name_nobody() -> None:
    """The second master has the first one's arguments, and is set right."""
    given = arguments({"m2": master()}, files={"m2": [item.fact.as_dict() for item in needs.find(master())]})
    found = plan(given)
    assert not found.problems
    assert [server.name for server in found.control_planes] == ["k8s-master1", "m2", "m3"]
    objects = [entry.change.object for entry in found.entries if (entry.host, entry.step) == ("m2", "extend")]
    assert "flag --hostname-override of kubelet.service" in objects
    assert "flag --advertise-address of kube-apiserver.service" in objects


def test_the_first_question_names_the_master_and_the_second_one_its_needs() -> None:
    """What is inspected next follows from what systemd runs there."""
    given = arguments()
    services = given.pop("services")
    first = control_plane_facts(PlanRequest.from_options(given), yaml=PyYaml(), x509=Signed())
    assert (first["services"], first["serving"], first["creation"]) == ("m1", None, "")
    second = control_plane_facts(
        PlanRequest.from_options({**given, "services": services}), yaml=PyYaml(), x509=Signed()
    )
    assert set(first) == set(second)
    assert second["signer"] == "m1"
    assert second["api_servers"] == ["192.0.2.11:6443", "192.0.2.12:6443", "192.0.2.13:6443"]
    files = t.cast("dict[str, list[dict[str, t.Any]]]", second["files"])
    assert set(files) == {"m2", "m3"}
    assert {role: set(found) for role, found in t.cast("t.Any", second["controllers"]).items()} == {
        "kube_controller_manager": {"m1"}, "kube_scheduler": {"m1"},
    }  # fmt: skip
    assert f"{SSL}/ca-key.pem" in [item["path"] for item in files["m2"]]


def test_a_static_pod_anywhere_is_no_control_plane_of_services() -> None:
    """Then it is a cluster of kubeadm, and something else listens on m1."""
    given = arguments()
    given["hosts"]["m2"] = host(
        "m2", manifests={"kube-apiserver": Manifest("/etc/kubernetes/manifests/kube-apiserver.yaml")}
    )
    del given["services"]
    found = control_plane_facts(PlanRequest.from_options(given), yaml=PyYaml(), x509=Signed())
    assert found["services"] == ""


def changed(**changes: t.Any) -> Arguments:
    """The master's report with other fields."""
    return arguments({"m1": dataclasses.replace(master(), **changes)})


def without(component: str) -> dict[str, t.Any]:
    """The services of the master but for one."""
    return {name: service for name, service in master().services.items() if name != component}


def with_service(component: str, **changes: t.Any) -> Arguments:
    """The master with one service changed."""
    report = master()
    return changed(services={**report.services, component: dataclasses.replace(report.services[component], **changes)})


def served(line: str) -> Arguments:
    """The master with another serving certificate."""
    return changed(
        certificates=[CertificateFile(f"{SSL}/ca.pem", "CN=ca|ca|"), CertificateFile(f"{SSL}/server.pem", line)]
    )


def lacking(path: str) -> Arguments:
    """The master with a file missing."""
    report = master()
    return changed(facts=tuple(FileFact(each.path, ABSENT) if each.path == path else each for each in report.facts))


def another_key() -> Arguments:
    """A second master of another cluster."""
    given = scaled_out()
    for item in given["services"]["m2"]["facts"]:
        if item["path"] == f"{SSL}/ca-key.pem":
            item["sha256"] = "another"
    return given


def without_address() -> Arguments:
    """A host that has no address of the master's family."""
    given = arguments()
    given["hosts"]["m2"] = host("m2", networks=(), default_address="", addresses=())
    return given


def not_inspected() -> Arguments:
    """A host of which nothing is known."""
    given = arguments()
    del given["services"]["w1"]
    return given


def with_arguments(*given: tuple[str, str]) -> ServicesReport:
    """The master with subnets of Services by component."""
    services = dict(master().services)
    for component, subnet in given:
        service = services[component]
        own = {**service.arguments, "service-cluster-ip-range": (subnet,)}
        services[component] = dataclasses.replace(service, arguments=own)
    return dataclasses.replace(master(), services=services)


def flags(component: str, **values: t.Any) -> Arguments:
    """The master with other arguments of a component; ``None`` takes one away."""
    own = {**master().services[component].arguments}
    for name, value in values.items():
        own[name.replace("_", "-")] = (value,) if isinstance(value, str) else value
    return with_service(component, arguments={name: value for name, value in own.items() if value is not None})


def hosts_with(name: str, **changes: t.Any) -> Arguments:
    """One host that is otherwise."""
    given = arguments()
    given["hosts"][name] = host(name, **changes)
    return given


def wanting(name: str, **wanted: t.Any) -> Arguments:
    """A host for which the inventory says more."""
    given = arguments()
    given["hosts"][name]["wanted"] = {**given["hosts"][name]["wanted"], **wanted}
    return given


def of_another_ca() -> Arguments:
    """A second master whose certificate another CA has issued."""
    given = scaled_out()
    given["services"]["m2"]["certificates"] = [
        dataclasses.asdict(CertificateFile(f"{SSL}/ca.pem", "CN=ca|another|")),
        dataclasses.asdict(CertificateFile(f"{SSL}/server.pem", SERVED)),
    ]
    return given


def of_another_etcd() -> Arguments:
    """A second master with other members of etcd."""
    given = scaled_out()
    given["services"]["m2"]["services"]["kube-apiserver"]["arguments"]["etcd-servers"] = ["https://192.0.2.99:2379"]
    return given


def of_another_cluster() -> Arguments:
    """A host that is a worker elsewhere."""
    return arguments({"m2": worker("m2", "https://198.51.100.7:6443")})


def tried(outcome: str, *names: str) -> Arguments:
    """What became of the connections to one member of etcd; the others were reached."""
    members = [{"address": f"192.0.2.{number}", "port": 2379} for number in (51, 52, 53)]
    return arguments(
        reachability={
            name: [
                {**member, "outcome": outcome if name in names and number == 1 else "connected", "error": ""}
                for number, member in enumerate(members)
            ]
            for name in ("m1", "m2", "m3")
        }
    )


def viewed(outcome: str, **changes: t.Any) -> Arguments:
    """The endpoint as one host sees it."""
    given = arguments(**changes)
    attempt = {
        "address": "192.0.2.10",
        "outcome": outcome,
        "certificate": "",
        "error": "",
        "identity": "",
        "status": None,
    }
    given["hosts"]["w1"]["endpoint_view"] = {
        "endpoint": "192.0.2.10:6443", "addresses": ["192.0.2.10"], "resolution_error": "", "attempts": [attempt],
    }  # fmt: skip
    return given


ENDED = "CN=etcd|client||2020-01-01T00:00:00+00:00"


def client_of_etcd(line: str) -> Arguments:
    """The master with a client certificate for etcd."""
    path = f"{SSL}/etcd.pem"
    report = master(etcd_certfile=path, etcd_keyfile=f"{SSL}/server-key.pem")
    certificates = [*report.certificates, CertificateFile(path, line)]
    return arguments({"m1": dataclasses.replace(report, certificates=certificates)})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            lambda: flags("kube-apiserver", secure_port=("6443", "8443")),
            "On m1: kube-apiserver.service is given --secure-port 2 times, with 6443 and 8443, and only the last one counts",
        ),
        (
            lambda: flags("kube-apiserver", tls_private_key_file=None),
            "On m1: kube-apiserver.service is given --tls-cert-file without --tls-private-key-file",
        ),
        (
            lambda: flags("kube-apiserver", bind_address="127.0.0.1"),
            "On m1: kube-apiserver.service has --advertise-address=192.0.2.11, but listens only at --bind-address=127.0.0.1",
        ),
        (
            lambda: arguments(
                {"m1": with_arguments(("kube-apiserver", "10.0.0.0/24"), ("kube-controller-manager", "10.1.0.0/24"))}
            ),
            "--service-cluster-ip-range is 10.0.0.0/24 in kube-apiserver.service and 10.1.0.0/24 in kube-controller-manager.service",
        ),
        (
            lambda: arguments({"m1": master(etcd_servers="https://127.0.0.1:2379")}),
            "names 127.0.0.1:2379, which leads m2 and m3 to itself, where no etcd is",
        ),
        (
            lambda: arguments({"m1": master(advertise_address="192.0.2.99", bind_address="0.0.0.0")}),
            "--advertise-address of kube-apiserver.service on m1 is 192.0.2.99, which is none of its addresses (192.0.2.11)",
        ),
        (
            lambda: wanting("m2", advertise_address="192.0.2.99"),
            "kubeadm_ha_advertise_address of m2 is 192.0.2.99, which is none of its addresses (192.0.2.12)",
        ),
        (
            lambda: hosts_with("m2", addresses=("192.0.2.11",), networks=(Network("192.0.2.0/24", "192.0.2.11"),)),
            "m2 and m1 would have the same address for their API servers (192.0.2.11)",
        ),
        (
            lambda: wanting("m2", node_name="k8s-node1"),
            "m2 and w1 have the same node name (k8s-node1): set kubeadm_ha_node_name for m2.",
        ),
        (
            lambda: hosts_with("m2", listening=[Listener("0.0.0.0", 10259, "python3")]),
            "Port 10259 of m2 is taken by python3 (ss -ltnp shows it), but kube-scheduler will listen there",
        ),
        (lambda: hosts_with("m2", machine_id="machine-m1"), "has its machine-id (machine-m1)"),
        (lambda: hosts_with("w1", clock=1.79e9 + 300), "The clock of w1 is 300 s away from the others'"),
        (lambda: hosts_with("m3", free_bytes=1 << 20), "m3 has less than 1 GiB free in /var"),
        (of_another_ca, "m2 runs an API server of another cluster than m1: another CA has issued its certificate"),
        (of_another_etcd, "m2 runs an API server of another cluster than m1: its --etcd-servers names 192.0.2.99:2379"),
        (
            of_another_cluster,
            f"kubelet.service of m2 is of another cluster than m1: {CFG}/kubelet.kubeconfig names https://198.51.100.7:6443",
        ),
        (
            lambda: tried("silent", "m2"),
            "m2 cannot reach the member of etcd at 192.0.2.52:2379 (no answer), which --etcd-servers of kube-apiserver.service on m1 names",
        ),
        (
            lambda: tried("refused", "m2", "m3"),
            "m2 and m3 cannot reach the member of etcd at 192.0.2.52:2379 (nothing listens there)",
        ),
        (
            lambda: tried("refused", "m1", "m2", "m3"),
            "is reached by none of m1, m2 and m3 (nothing listens there): start it (systemctl status etcd there)",
        ),
        (
            lambda: client_of_etcd(ENDED),
            f"{SSL}/etcd.pem of m1, which --etcd-certfile of kube-apiserver.service names, has ended (2020-01-01): renew it first",
        ),
        (
            lambda: arguments(endpoint="192.0.2.11:6443", load_balancer="external", load_balancers=[]),
            "kubeadm_ha_endpoint 192.0.2.11:6443 is the API server of m1 itself",
        ),
        (
            lambda: arguments(endpoint="192.0.2.99:6443"),
            "kubeadm_ha_endpoint 192.0.2.99:6443 is not an address of any load balancer host (lb1)",
        ),
        (
            lambda: hosts_with("lb1", listening=[Listener("0.0.0.0", 6443, "python3")]),
            "Another program than haproxy listens on port 6443 of lb1",
        ),
        (
            lambda: viewed("refused", load_balancer="external", load_balancers=[]),
            "kubeadm_ha_endpoint 192.0.2.10:6443 does not lead w1 to this cluster's API: 192.0.2.10:6443 refuses the connection",
        ),
        (lambda: viewed("untrusted"), "kubeadm_ha_endpoint 192.0.2.10:6443 leads w1 to somebody else"),
        (
            lambda: changed(services=without("kube-scheduler")),
            "m1 runs kube-apiserver, but no service of kube-scheduler was found there",
        ),
        (
            lambda: with_service("kube-scheduler", fault="It is a shell."),
            "What starts kube-scheduler on m1 is not certain: It is a shell.",
        ),
        (lambda: with_service("kube-scheduler", active="failed"), "kube-scheduler.service of m1 is failed: start it"),
        (
            lambda: lacking(f"{SSL}/server-key.pem"),
            f"--tls-private-key-file on m1 names {SSL}/server-key.pem, which is not there",
        ),
        (
            lambda: served("CN=kubernetes|api|192.0.2.11 192.0.2.12"),
            f"{SSL}/server.pem of m1 is not for 192.0.2.10 and 192.0.2.13",
        ),
        (
            lambda: served(f"{SERVED}|2020-01-01T00:00:00+00:00"),
            f"{SSL}/server.pem of m1 ends within a day or has ended",
        ),
        (
            lambda: changed(certificates=[CertificateFile(f"{SSL}/server.pem", SERVED)]),
            "None of the certificates that the components of m1 name",
        ),
        (lambda: changed(certificates=[]), "The API server of m1 has no --tls-cert-file that can be read"),
        (lambda: arguments({"m1": master(anonymous_auth="false")}), "The API server of m1 refuses anonymous requests"),
        (
            lambda: arguments({"m1": master(oidc_issuer_url="https://192.0.2.11:5556")}),
            "--oidc-issuer-url of kube-apiserver.service on m1",
        ),
        (another_key, "m2 runs an API server of another cluster than m1"),
        (without_address, "m2 has no address towards 192.0.2.11:6443 of m1"),
        (not_inspected, "The services of w1 could not be inspected"),
        (lambda: arguments(endpoint="k8s:x"), "kubeadm_ha_endpoint"),
    ],
)
def test_reasons_to_stop(given: t.Callable[[], Arguments], expected: str) -> None:
    """One sentence each, with the host and the remedy, and no play."""
    found = plan(given())
    assert [problem.message for problem in found.problems if expected in problem.message], messages(given())
    assert not found.hosts


@pytest.mark.parametrize(
    ("active", "listening", "expected"),
    [
        (
            "failed",
            [],
            "Nobody serves the Kubernetes API: kube-apiserver.service of m1 is failed; start it (systemctl start kube-apiserver)",
        ),
        (
            "active",
            [Listener("192.0.2.11", 6443, "hyperkube")],
            "kube-apiserver.service of m1 is active, but serves no API that is known as one: neither does a process called kube-apiserver listen",
        ),
    ],
)
def test_a_master_that_does_not_serve_is_no_reason_to_create_a_cluster(
    active: str, listening: list[Listener], expected: str
) -> None:
    """Whether a version is given or not."""
    given = arguments(kubernetes_version="1.34.4", services={})
    given["hosts"]["m1"] = host("m1", listening=listening, services={"kube-apiserver": Service(active, "enabled")})
    found = plan(given)
    assert [problem.message for problem in found.problems if problem.message.startswith(expected)], messages(given)
    assert not found.entries


def test_a_master_whose_clients_still_lead_to_the_endpoint_of_before_is_of_this_cluster() -> None:
    """A run that moves the endpoint was interrupted between two masters."""
    given = scaled_out()
    given["services"]["m2"] = master("192.0.2.12", "m2", server="https://192.0.2.200:6443").as_dict()
    assert messages(given) == []


def test_members_of_etcd_are_asked_for_where_a_master_comes() -> None:
    """By the host itself and by the source; nobody is asked where all run already. Names are a note."""
    given = arguments()
    found = control_plane_facts(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed())
    members = [{"address": f"192.0.2.{number}", "port": 2379} for number in (51, 52, 53)]
    assert found["targets"] == {"m1": members, "m2": members, "m3": members}
    there = control_plane_facts(PlanRequest.from_options(scaled_out()), yaml=PyYaml(), x509=Signed())
    assert there["targets"] == {}
    named = arguments({"m1": master(etcd_servers="https://etcd.example.org:2379")})
    assert control_plane_facts(PlanRequest.from_options(named), yaml=PyYaml(), x509=Signed())["targets"] == {}
    assert [note.message for note in plan(named).notes if "m2 and m3 reaches etcd.example.org:2379" in note.message]


def test_a_role_that_is_used_alone_is_given_what_each_host_lacks() -> None:
    """The same as by the plan; nothing where a host is a master already; the reasons where it cannot be one."""
    given = arguments(load_balancer="external", workers=[], load_balancers=[])
    found = masters(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed())
    assert found["problems"] == []
    records = t.cast("dict[str, dict[str, t.Any]]", found["records"])
    assert set(records) == {"m2", "m3"}
    assert records["m2"] == {item.name: item for item in plan(given).hosts}["m2"].as_dict()["plan"]["extend"]  # type: ignore[index]
    there = masters(PlanRequest.from_options(scaled_out()), yaml=PyYaml(), x509=Signed())
    assert there == {"records": {}, "problems": []}
    hosts = {name: host(name, listening=[]) for name in NUMBERS}
    nobody = masters(PlanRequest.from_options(arguments(hosts=hosts)), yaml=PyYaml(), x509=Signed())
    assert "runs kube-apiserver as a service of systemd" in str(nobody["problems"])


def certified_later() -> Arguments:
    """The certificate lacks names, and kube-controller-manager has the CA."""
    report = master()
    manager = report.services["kube-controller-manager"]
    pair = {"cluster-signing-cert-file": (f"{SSL}/ca.pem",), "cluster-signing-key-file": (f"{SSL}/ca-key.pem",)}
    services = {
        **report.services,
        "kube-controller-manager": dataclasses.replace(manager, arguments={**manager.arguments, **pair}),
    }
    line = "CN=kubernetes|api|192.0.2.11 kubernetes"
    certificates = [CertificateFile(f"{SSL}/ca.pem", "CN=ca|ca|"), CertificateFile(f"{SSL}/server.pem", line)]
    return changed(services=services, certificates=certificates)


def test_the_certificate_gets_names_where_the_ca_is_at_hand() -> None:
    """Before anybody is sent to the endpoint; then hosts are inspected again, because others get it, too."""
    found = plan(certified_later())
    assert not found.problems
    (entry,) = [entry for entry in found.entries if entry.step == "certify"]
    assert (entry.host, entry.change.object) == ("m1", f"certificate {SSL}/server.pem")
    assert set(entry.change.after) - set(entry.change.before) == {"192.0.2.10", "192.0.2.12", "192.0.2.13"}
    hosts = {item.name: item for item in found.hosts}
    assert "kubeadm_ha_certify_services" in hosts["m1"].groups
    assert all("kubeadm_ha_again" in item.groups for item in found.hosts)
    record = hosts["m1"].as_dict()["plan"]["certify"]  # type: ignore[index]
    assert record["names"] == ("DNS:kubernetes", *(f"IP:192.0.2.{number}" for number in (10, 11, 12, 13)))
    assert record["sans"] == ("192.0.2.10", "192.0.2.12", "192.0.2.13")
    assert (record["ca_path"], record["ca_key"]) == (f"{SSL}/ca.pem", f"{SSL}/ca-key.pem")


def closed(**changes: t.Any) -> Arguments:
    """An API server that refuses anonymous requests, and a CA that can sign for the checks."""
    report = master(anonymous_auth="false")
    manager = report.services["kube-controller-manager"]
    pair = {"cluster-signing-cert-file": (f"{SSL}/ca.pem",), "cluster-signing-key-file": (f"{SSL}/ca-key.pem",)}
    services = {
        **report.services,
        "kube-controller-manager": dataclasses.replace(manager, arguments={**manager.arguments, **pair}),
    }
    return arguments({"m1": dataclasses.replace(report, services=services)}, **changes)


def test_checks_and_proofs_have_a_certificate_where_anonymous_requests_are_refused() -> None:
    """The balancer's is signed by the cluster's CA; hosts prove as components of their own."""
    balancer = {"owner": "", "differs": True, "renew_certificate": True, "changes": [], "problems": []}
    given = closed(balancers={"lb1": balancer})
    found = plan(given)
    assert not found.problems
    assert {"lb1", "m1"} <= {entry.host for entry in found.entries if entry.step == "prepare"}
    records = {item.name: t.cast("t.Any", item.as_dict()["plan"]) for item in found.hosts}
    balance = records["lb1"]["balance"]
    assert balance["probe_certificate"] is True
    assert (balance["probe_signer"], balance["probe_ca"], balance["probe_ca_key"]) == (
        "m1", f"{SSL}/ca.pem", f"{SSL}/ca-key.pem",
    )  # fmt: skip
    assert records["w1"]["prove"]["client_kubeconfig"] == f"{CFG}/kubelet.kubeconfig"
    assert records["m2"]["extend"]["client_kubeconfig"] == f"{CFG}/admin.kubeconfig"
    facts = control_plane_facts(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed())
    assert facts["refuses_anonymous"] is True


def test_nobody_needs_a_certificate_where_everybody_is_answered() -> None:
    """Unless the operator wants one."""
    records = {item.name: t.cast("t.Any", item.as_dict()["plan"]) for item in plan(arguments()).hosts}
    assert records["lb1"]["balance"]["probe_certificate"] is False
    assert records["w1"]["prove"]["client_kubeconfig"] == records["m2"]["extend"]["client_kubeconfig"] == ""
    assert [text for text in messages(arguments(probe_certificate=True)) if "need a client certificate" in text]


def test_a_virtual_ip_address_is_held_by_the_balancers() -> None:
    """What its role has decided, after the balancer and before anybody is certified for it."""
    decisions = {"apiserver_keepalived": {"lb1": decided("virtual IP address 192.0.2.100")}}
    given = arguments(endpoint="192.0.2.100:6443", vip="192.0.2.100/24", decisions=decisions)
    first = control_plane_facts(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed())
    asked = t.cast("dict[str, dict[str, t.Any]]", first["virtual_ips"])
    assert {name: (item["vip"], item["track"], item["api_port"]) for name, item in asked.items()} == {
        "lb1": ("192.0.2.100/24", "haproxy", 6443)
    }
    assert messages(given) == [message for message in messages(given) if "192.0.2.100" in message]
    given = certified_later()
    given.update(endpoint="192.0.2.100:6443", vip="192.0.2.100/24", decisions=decisions)
    found = plan(given)
    assert not found.problems, messages(given)
    steps = list(dict.fromkeys(entry.step for entry in found.entries))
    assert steps.index("balance") < steps.index("virtual_ip") < steps.index("certify")
    assert "kubeadm_ha_virtual_ip" in {item.name: item for item in found.hosts}["lb1"].groups


def test_a_master_that_has_the_virtual_ip_address_does_not_pass_it_on() -> None:
    """Without a load balancer the masters hold it, the first one now."""
    given = certified_later()
    given.update(
        load_balancer="none", load_balancers=[], endpoint="192.0.2.100:6443", vip="192.0.2.100/24", balancers={}
    )
    given["hosts"]["m1"]["addresses"] = ["192.0.2.11", "192.0.2.100"]
    given["services"]["m1"]["services"]["kube-apiserver"]["arguments"]["oidc-issuer-url"] = ["https://192.0.2.100:5556"]
    given["services"]["w1"] = worker("k8s-node1", "https://192.0.2.100:6443").as_dict()
    found = plan(given)
    assert not found.problems, messages(given)
    assert not [entry for entry in found.entries if (entry.host, entry.step) == ("w1", "point")]


def test_what_keepalived_cannot_do_stops_the_run() -> None:
    """With the other reasons."""
    decisions = {"apiserver_keepalived": {"lb1": decided(problem="lb1 has no interface in 192.0.2.0/24.")}}
    given = certified_later()
    given.update(endpoint="192.0.2.100:6443", vip="192.0.2.100/24", decisions=decisions)
    assert "lb1 has no interface in 192.0.2.0/24." in messages(given)


def test_the_same_reason_is_said_once() -> None:
    """Not for each host that shall be a master."""
    given = arguments({"m1": master(oidc_issuer_url="https://192.0.2.11:5556")})
    assert len(messages(given)) == 1


def decided(*objects: str, problem: str = "") -> dict[str, t.Any]:
    """What a role has decided on a host."""
    return {
        "changes": [{"object": each, "before": None, "after": "own", "reason": "its own"} for each in objects],
        "problems": [{"subject": "m1", "message": problem}] if problem else [],
    }


def test_controllers_become_themselves_on_every_master() -> None:
    """What the roles have decided where they could; of a master that only comes it is known later."""
    decisions = {"kube_controller_manager": {"m1": decided("certificate /x.pem")}, "kube_scheduler": {"m1": decided()}}
    found = plan(arguments(decisions=decisions))
    entries = [(entry.host, entry.step, entry.change.object, entry.change.after) for entry in found.entries]
    later = "known after apply"
    assert [entry for entry in entries if entry[1] in ("controller_manager", "scheduler")] == [
        ("m1", "controller_manager", "certificate /x.pem", "own"),
        ("m2", "controller_manager", "identity of kube-controller-manager", later),
        ("m3", "controller_manager", "identity of kube-controller-manager", later),
        ("m2", "scheduler", "identity of kube-scheduler", later),
        ("m3", "scheduler", "identity of kube-scheduler", later),
    ]
    hosts = {item.name: item for item in found.hosts}
    assert hosts["m1"].as_dict()["plan"]["controller_manager"] == {  # type: ignore[index]
        "unit": "kube-controller-manager.service", "server": ENDPOINT, "is_new": False,
    }  # fmt: skip
    assert hosts["m2"].as_dict()["plan"]["scheduler"]["is_new"] is True  # type: ignore[index]


def test_what_a_role_cannot_do_stops_the_run() -> None:
    """With the other reasons."""
    decisions = {"kube_scheduler": {"m1": decided(problem="kube-scheduler of m1: no CA.")}}
    assert messages(arguments(decisions=decisions)) == ["kube-scheduler of m1: no CA."]


def test_administrators_are_pointed_too() -> None:
    """A kubeconfig of a user, and one beside those of components. One that leads elsewhere is left alone."""
    given = arguments()
    given["hosts"]["m1"]["kubeconfigs"] = [
        dataclasses.asdict(kubeconfig("/root/.kube/config", "https://192.0.2.11:6443"))
    ]
    given["hosts"]["lb1"]["kubeconfigs"] = [
        dataclasses.asdict(kubeconfig("/root/.kube/config", "https://192.0.2.99:6443"))
    ]
    entries = [entry for entry in plan(given).entries if entry.change.object == "kubeconfig /root/.kube/config"]
    assert [(entry.host, entry.step) for entry in entries] == [("m1", "point")]


def test_a_library_is_wanted_where_a_kubeconfig_has_another_layout() -> None:
    """PyYAML edits it."""
    given = arguments()
    for item in given["services"]["w1"]["kubeconfigs"]:
        item["plain"] = False
    assert "w1" in {entry.host for entry in plan(given).entries if entry.step == "prepare"}


SECURED = {f"etcd_{name}": f"{SSL}/etcd-{name}.pem" for name in ("cafile", "certfile", "keyfile")}


def backups(given: Arguments) -> tuple[dict[str, str], dict[str, t.Any]]:
    """Why each host is backed up, and what the role is given there."""
    found = plan(given)
    assert not found.problems
    reasons = {entry.host: entry.change.reason for entry in found.entries if entry.step == "backup"}
    records = {
        item.name: t.cast("t.Any", item.as_dict()["plan"])["backup"] for item in found.hosts if item.name in reasons
    }
    return reasons, records


def test_the_cluster_is_backed_up_once_with_a_snapshot() -> None:
    reasons, records = backups(arguments({"m1": master(**SECURED)}))
    assert {name for name, reason in reasons.items() if reason.endswith(", and etcd from a snapshot")} == {"m1"}
    assert {name: record["has_cluster"] for name, record in records.items()} == {"m1": True, "w1": False, "w2": False}
    # Its administrator's kubeconfig says where it is asked.
    assert {record["server"] for record in records.values()} == {""}
    assert {f"{SSL}/ca-key.pem", f"{CFG}/kube-apiserver.conf", SSL} <= set(records["m1"]["extra_paths"])


def test_a_master_that_nothing_changes_is_backed_up_where_another_one_comes() -> None:
    given = scaled_out()
    for number, name in enumerate(("m1", "m2", "m3"), 11):
        node_name = "k8s-master1" if name == "m1" else name
        given["services"][name] = master(f"192.0.2.{number}", node_name, server=ENDPOINT, **SECURED).as_dict()
    assert backups(given) == ({}, {})
    given["services"]["m3"] = ServicesReport(services={}).as_dict()
    given["hosts"]["m3"] = host("m3")
    given["files"].pop("m3")
    reasons, records = backups(given)
    assert reasons["m1"].endswith(", and etcd from a snapshot")
    assert [name for name, record in records.items() if record["has_cluster"]] == ["m1"]


def test_without_tls_no_snapshot_is_announced() -> None:
    reasons, records = backups(arguments())
    assert not any("snapshot" in reason for reason in reasons.values())
    assert records["m1"]["has_cluster"]
