# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a control plane whose components are services of systemd."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import kinds, questions, survival
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.survival import Verdict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport
from tests.unit.plugins.module_utils._domain.audit.certificates import day
from tests.unit.plugins.module_utils._domain.audit.faults import DAY
from tests.unit.plugins.module_utils._domain.audit.values import NOW, audit_of, collected, host_audit
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments
from tests.unit.plugins.reports import host_report
from tests.unit.plugins.services_reports import CFG, SSL, master, worker

SHARED, FIRST = "https://192.0.2.10:6443", "https://192.0.2.11:6443"


def services(server: str, **flags: t.Any) -> Arguments:
    """Two masters and a worker; components of the second one and of the worker connect to a server."""
    arguments: Arguments = {"control_planes": ["m1", "m2"], "workers": ["n1"], "hosts": {}, "services": {}}
    for number, name in enumerate(("m1", "m2"), start=1):
        address = f"192.0.2.1{number}"
        report = host_report(name, address, clock=NOW, looked_at=NOW, services={}).as_dict()
        listening = [{"address": address, "port": 6443, "process": "kube-apiserver"}]
        arguments["hosts"][name] = {**report, "audit": host_audit(), "listening": listening}
        own = f"https://{address}:6443" if number == 1 else server
        found = master(address, f"k8s-master{number}", server=own, authorization_mode="Node,RBAC", **flags)
        arguments["services"][name] = found.as_dict()
    report = host_report("n1", "192.0.2.21", clock=NOW, looked_at=NOW, services={}).as_dict()
    arguments["hosts"]["n1"] = {**report, "audit": host_audit()}
    arguments["services"]["n1"] = worker("k8s-node1", server).as_dict()
    return arguments


@pytest.mark.parametrize(
    ("server", "verdict", "ids"),
    [
        (SHARED, Verdict.UNKNOWN, set()),
        (FIRST, Verdict.LOST, {"endpoint.missing", "client.kubelet", "client.kube-proxy", "client.controller"}),
    ],
)
def test_who_depends_on_the_first_master(server: str, verdict: Verdict, ids: set[str]) -> None:
    found = audit_of(services(server))
    kinds = {item.kind.id for item in found.findings}
    assert {name for name in kinds if name.startswith(("client.", "endpoint."))} == ids
    assert {part.name: part.verdict for part in found.parts}["m1"] is verdict
    assert found.endpoint == ("192.0.2.10:6443" if server == SHARED else "")
    assert {"unseen.cluster", "unseen.etcd"} <= kinds, "nobody asked them"


def test_flags_of_services_are_compared_without_what_is_a_hosts_own() -> None:
    arguments = services(SHARED)
    assert "control-plane.flags-differ" not in {item.kind.id for item in audit_of(arguments).findings}
    arguments["services"]["m2"]["services"]["kube-apiserver"]["arguments"]["audit-log-path"] = ["/elsewhere"]
    (found,) = [item for item in audit_of(arguments).findings if item.kind.id == "control-plane.flags-differ"]
    assert found.object == "m2"
    assert found.evidence == ("--audit-log-path: /opt/kubernetes/logs/audit.log on m1, /elsewhere on m2",)


@pytest.mark.parametrize(
    ("own", "first", "second", "differ"),
    [
        # The first address of the pods' network is flannel's on the host that has the first part of it.
        ("10.244.0.0", "10.244.0.0/16", "10.244.0.0/16", False),
        ("10.244.0.1", "10.244.0.1/16", "10.244.0.1/16", False),
        ("fd00:10::", "fd00:10::/56", "fd00:10::/56", False),
        ("192.0.2.1", "https://192.0.2.101:2379", "https://192.0.2.101:2379", False),
        ("fd00::1", "https://[fd00::12]:2379", "https://[fd00::12]:2379", False),
        ("192.0.2.7", "https://192.0.2.7:2379", "https://192.0.2.12:2379", False),
        ("fd00::1", "https://[fd00::1]:2379", "https://[192.0.2.12]:2379", False),
        ("192.0.2.7", "/pki/member-192.0.2.7.pem", "/pki/member-192.0.2.12.pem", False),
        ("192.0.2.7", "/pki/member-m1.pem", "/pki/member-m2.pem", False),
        ("192.0.2.7", "/pki/m12.pem", "/pki/m22.pem", True),
        ("192.0.2.7", "https://192.0.2.70:2379", "https://192.0.2.120:2379", True),
        ("10.244.0.0", "10.244.0.0/16", "10.245.0.0/16", True),
        # Both name the first one.
        ("192.0.2.7", "https://192.0.2.7:6443", "https://192.0.2.7:6443", False),
        ("192.0.2.7", "https://m1:6443", "https://m1:6443", False),
    ],
)
def test_what_is_a_hosts_own_is_a_whole_address_or_name(own: str, first: str, second: str, differ: bool) -> None:
    arguments = services(SHARED)
    arguments["hosts"]["m1"]["addresses"] = [*arguments["hosts"]["m1"]["addresses"], own]
    for name, value in (("m1", first), ("m2", second)):
        arguments["services"][name]["services"]["kube-controller-manager"]["arguments"]["any"] = [value]
    found = {item.kind.id for item in audit_of(arguments).findings}
    assert ("control-plane.flags-differ" in found) is differ


def of_etcd(*away: str, **places: str) -> dict[str, t.Any]:
    """What etcd reports, whose members have these names and addresses; those that are away do not answer."""
    members = tuple(
        Member(
            id=address,
            name=name,
            peer_urls=(f"https://{address}:2380",),
            client_urls=(f"https://{address}:2379",),
            leader="192.0.2.11",
            is_healthy=name not in away,
        )
        for name, address in places.items()
    )
    return EtcdReport(members, is_healthy=not away).as_dict()


def etcd_unit(**arguments: str) -> dict[str, t.Any]:
    """etcd as a service."""
    given = {name.replace("_", "-"): (value,) for name, value in arguments.items()}
    return dataclasses.asdict(ServiceReport("etcd.service", "active", "enabled", arguments=given))


def test_what_is_lost_with_a_master_or_a_worker_that_has_a_member_of_etcd() -> None:
    arguments = services(SHARED)
    places = {"m1": "192.0.2.11", "m2": "192.0.2.12", "n1": "192.0.2.21"}
    arguments["etcd"] = of_etcd(**places)
    found = {part.name: part for part in audit_of(arguments).parts}
    assert found["n1"].roles == ("worker", "etcd member")
    for name in places:
        assert "2 of 3 members of etcd are left, 2 are needed." in survival._left(
            collected(arguments), name, found[name].roles
        ), name
    arguments["etcd"] = of_etcd("n1", **places)
    lost = next(item for item in audit_of(arguments).findings if item.kind is kinds.ETCD_NO_TOLERANCE)
    assert lost.lost_with == ("m1", "m2")
    assert "add members on further hosts (etcdctl member add)" in lost.remedy
    assert "kube_control_plane" not in lost.remedy


def test_a_worker_with_a_member_of_etcd_that_nobody_could_ask_is_no_mere_worker() -> None:
    arguments = services(SHARED)
    assert {part.name: part.roles for part in audit_of(arguments).parts}["n1"] == ("worker",)
    arguments["services"]["n1"]["services"]["etcd"] = etcd_unit()
    part = {part.name: part for part in audit_of(arguments).parts}["n1"]
    assert (part.roles, part.verdict) == (("worker", "etcd member"), Verdict.UNKNOWN)
    assert "etcd could not be asked." in part.reasons


@pytest.mark.parametrize(
    ("settings", "is_open"),
    [
        ({"client_cert_auth": "true", "listen_client_urls": "https://192.0.2.11:2379"}, False),
        ({"listen_client_urls": "https://192.0.2.11:2379"}, True),
        # What a file says nobody has read.
        ({"config_file": "/etc/etcd/etcd.yml"}, False),
    ],
)
def test_a_member_beside_a_master_takes_clients_with_certificates_only(
    settings: dict[str, str], *, is_open: bool
) -> None:
    files = {
        "etcd_cafile": f"{SSL}/ca.pem",
        "etcd_certfile": f"{SSL}/server.pem",
        "etcd_keyfile": f"{SSL}/server-key.pem",
    }
    arguments = services(SHARED, **files)
    arguments["services"]["m1"]["services"]["etcd"] = etcd_unit(**settings)
    objects = [item.object for item in audit_of(arguments).findings if item.kind is kinds.ETCD_WITHOUT_TLS]
    assert objects == ["m1"] * is_open


def ending(arguments: Arguments) -> dict[tuple[str, str], set[str]]:
    """Hosts and paths of findings about the end of a certificate, with their ids."""
    found: dict[tuple[str, str], set[str]] = {}
    for item in audit_of(arguments).findings:
        if item.kind.id in ("certificate.expired", "certificate.expires-soon", "certificate.spare-expired"):
            found.setdefault((item.object, item.evidence[0].partition(":")[0]), set()).add(item.kind.id)
    return found


def test_the_end_of_every_certificate_of_services_is_judged() -> None:
    """Those of masters, of workers and of members of etcd alike, each once."""
    arguments = services(SHARED)
    assert ending(arguments) == {}
    over, soon = day(NOW - DAY), day(NOW + 9 * DAY)
    for name, path, end in (
        ("m2", f"{SSL}/server.pem", over),
        ("n1", f"{SSL}/kube-proxy.pem", soon),
        ("n1", f"{SSL}/etcd-peer.pem", over),
    ):
        kept = [item for item in arguments["services"][name]["certificates"] if item["path"] != path]
        arguments["services"][name]["certificates"] = [*kept, {"path": path, "pem": f"CN=x|k|192.0.2.12|{end}"}]
    arguments["hosts"]["n1"]["audit"]["certificates"] = {
        f"{SSL}/kubelet-client-current.pem": f"CN=system:node:k8s-node1|k||{over}",
        f"{SSL}/etcd-peer.pem": f"CN=x|k||{over}",
    }
    assert ending(arguments) == {
        ("m2", f"{SSL}/server.pem"): {"certificate.expired"},
        ("n1", f"{SSL}/kube-proxy.pem"): {"certificate.expires-soon"},
        ("n1", f"{SSL}/etcd-peer.pem"): {"certificate.expired"},
        ("n1", f"{SSL}/kubelet-client-current.pem"): {"certificate.expired"},
    }
    expired = [item for item in audit_of(arguments).findings if item.kind is kinds.CERTIFICATE_EXPIRED]
    assert len(expired) == 3


def test_client_certificates_in_kubeconfigs_of_services_are_judged() -> None:
    """What a service names is needed; what is beside it is a person's."""
    arguments = services(SHARED)
    for name in ("kube-proxy", "admin"):
        path = f"{CFG}/{name}.kubeconfig"
        (item,) = (item for item in arguments["services"]["m1"]["kubeconfigs"] if item["path"] == path)
        document = json.loads(item["text"])
        pem = f"CN={name}|k||{day(NOW - DAY)}"
        document["users"][0]["user"]["client-certificate-data"] = base64.b64encode(pem.encode()).decode()
        item["text"] = json.dumps(document)
    arguments["services"]["m1"]["named"] = {"kube-proxy": [f"{CFG}/kube-proxy.kubeconfig"]}
    assert ending(arguments) == {
        ("m1", f"{CFG}/kube-proxy.kubeconfig"): {"certificate.expired"},
        ("m1", f"{CFG}/admin.kubeconfig"): {"certificate.spare-expired"},
    }


def test_a_host_is_drawn_once_whatever_it_is() -> None:
    arguments = services(SHARED)
    arguments["etcd"] = of_etcd(m1="192.0.2.11", n1="192.0.2.21", e1="192.0.2.51")
    boxes = audit_of(arguments).topology.boxes
    names = [box.name for box in boxes]
    assert len(names) == len(set(names))
    found = {box.name: box for box in boxes}
    assert (found["n1"].row, found["n1"].lines) == ("clients", ("kubelet", "member of etcd"))
    assert (found["192.0.2.51"].row, found["192.0.2.51"].lines) == ("etcd", ("member of etcd",))


def test_what_is_asked_of_them() -> None:
    plain = collected(services(SHARED))
    assert questions.source(plain) == "m1"
    assert questions.kubeconfig(plain) == f"{CFG}/admin.kubeconfig"
    assert questions.api_servers(plain) == ["192.0.2.11:6443", "192.0.2.12:6443"]
    assert questions.targets(plain)["m1"] == [{"address": "192.0.2.12", "port": 6443}]
    assert questions.etcd(plain) == {}, "without TLS nobody asks"
    files = {
        "etcd_cafile": f"{SSL}/ca.pem",
        "etcd_certfile": f"{SSL}/server.pem",
        "etcd_keyfile": f"{SSL}/server-key.pem",
    }
    asked = questions.etcd(collected(services(SHARED, **files)))
    assert (len(asked["endpoints"]), asked["client_certificate"]) == (3, f"{SSL}/server.pem")
