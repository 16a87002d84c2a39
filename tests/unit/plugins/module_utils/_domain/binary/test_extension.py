# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host another master."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import extension, needs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.extension import Extension
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.host_bound import Master
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport, ServicesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.document import Kubeconfig
from tests.unit.plugins.services_reports import BIN, CFG, SSL, UNITS, fact, master

ENDPOINT = Endpoint("192.0.2.10", 6443)
NOTHING = ServicesReport(services={})
NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")


def host(report: ServicesReport, number: int) -> Master:
    """A host as a master."""
    address = f"192.0.2.{number}"
    name = "k8s-master1" if number == 11 else f"m{number - 10}"
    return Master(f"m{number - 10}", name, address, frozenset({address, "127.0.0.1"}), report)


def decide(
    source: ServicesReport | None = None, target: ServicesReport = NOTHING, found: t.Iterable[FileFact] = ()
) -> Extension:
    """What makes m2 a master like m1."""
    report = source or master()
    kubeconfigs = {
        item.path: Kubeconfig.parse(PyYaml().load(item.text or ""))
        for item in (*report.kubeconfigs, *target.kubeconfigs)
    }
    return extension.decide(
        host(report, 11), host(target, 12), {each.path: each for each in found}, kubeconfigs, ENDPOINT
    )


def wanted(*without: str) -> list[FileFact]:
    """Everything that a second master has of what it needs."""
    return [item.fact for item in needs.find(master()) if item.fact.path not in without]


def test_an_empty_host_gets_what_the_components_name() -> None:
    """Files, programs, arguments, kubeconfigs and services, in the order in which they are started."""
    found = decide()
    assert not found.problems
    paths = [item.path for item in found.files]
    assert paths == sorted(paths)
    for path in (
        f"{SSL}/ca-key.pem",
        f"{CFG}/bootstrap.kubeconfig",
        f"{UNITS}/kube-apiserver.service",
        "/opt/kubernetes/logs",
        CFG,
    ):
        assert path in paths
    assert [item.path for item in found.programs] == [f"{BIN}/{name}" for name in NAMES]
    assert all(item.is_public for item in found.programs)
    assert {item.component: item.flags for item in found.settings} == {
        "kube-apiserver": {"bind-address": ["192.0.2.12"], "advertise-address": ["192.0.2.12"]},
        "kubelet": {"hostname-override": ["m2"]},
    }
    assert [(item.path, item.name, item.value) for item in found.fields] == [
        (f"{CFG}/kube-proxy-config.yml", "hostnameOverride", "m2")
    ]
    assert {item.path for item in found.servers} == {
        f"{CFG}/{name}.kubeconfig" for name in ("admin", "bootstrap", "kube-proxy")
    }
    assert {item.server for item in found.servers} == {"https://192.0.2.10:6443"}
    assert [item.unit for item in found.services] == [f"{name}.service" for name in NAMES]
    assert all(item.is_new for item in (*found.settings, *found.fields, *found.servers, *found.services))
    objects = [change.object for change in found.changes]
    assert f"file {SSL}/server.pem" in objects
    assert f"program {BIN}/kube-apiserver" in objects
    assert "service kube-apiserver.service" in objects
    assert not any(each.startswith("flag ") for each in objects)


def test_the_identity_of_a_kubelet_stays_where_it_is() -> None:
    """Neither its kubeconfig nor its directory's content is brought, only the directory is made."""
    paths = {item.path: item for item in decide().files}
    assert f"{CFG}/kubelet.kubeconfig" not in paths
    assert paths[SSL].use == "made"


def test_a_second_master_as_wanted_needs_nothing() -> None:
    """The second run changes nothing."""
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    found = decide(target=there, found=wanted())
    assert found == Extension()


@pytest.mark.parametrize(
    ("target", "objects"),
    [
        (
            master("192.0.2.11", "m2", server="https://192.0.2.10:6443"),
            ["flag --bind-address of kube-apiserver.service"],
        ),
        (
            master("192.0.2.12", "k8s-master1", server="https://192.0.2.10:6443"),
            [f"hostnameOverride in {CFG}/kube-proxy-config.yml"],
        ),
        (master("192.0.2.12", "m2"), [f"kubeconfig {CFG}/admin.kubeconfig"]),
    ],
)
def test_what_a_killed_run_left_is_completed(target: ServicesReport, objects: list[str]) -> None:
    """Arguments, fields and servers that are still those of the other master are changed, and who reads them is restarted."""
    found = decide(target=target, found=wanted())
    assert not found.files
    assert set(objects) <= {change.object for change in found.changes}
    assert found.services
    assert all(item.restarts for item in found.services)


def test_services_that_do_not_run_are_started() -> None:
    """Stopped ones, without a restart."""
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    services = dict(there.services)
    services["kube-scheduler"] = dataclasses.replace(services["kube-scheduler"], active="inactive", enabled="disabled")
    found = decide(target=dataclasses.replace(there, services=services), found=wanted())
    assert [(item.unit, item.restarts) for item in found.services] == [("kube-scheduler.service", False)]
    assert [(change.object, change.before) for change in found.changes] == [
        ("service kube-scheduler.service", "disabled, inactive")
    ]


def test_another_program_is_replaced() -> None:
    """By size, or by its build."""
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    services = dict(there.services)
    services["kube-scheduler"] = dataclasses.replace(services["kube-scheduler"], build="0ld")
    found = decide(target=dataclasses.replace(there, services=services), found=wanted())
    assert [item.path for item in found.programs] == [f"{BIN}/kube-scheduler"]
    assert [(item.unit, item.restarts) for item in found.services] == [("kube-scheduler.service", True)]


@pytest.mark.parametrize(("path", "mode"), [(f"{BIN}/kubelet", "0750"), (BIN, "0700"), ("/opt", "0750")])
def test_a_program_that_not_everybody_may_read(path: str, mode: str) -> None:
    """By its own mode or that of a directory above it."""
    report = master()
    facts = tuple(dataclasses.replace(each, mode=mode) if each.path == path else each for each in report.facts)
    programs = {item.path: item for item in decide(dataclasses.replace(report, facts=facts)).programs}
    assert programs[f"{BIN}/kubelet"].is_public is False


def test_a_file_with_other_content_stops() -> None:
    """What all masters have alike is never overwritten; what each has for itself is not compared."""
    path, own = f"{SSL}/ca.pem", f"{CFG}/kube-apiserver.conf"
    here = [*wanted(path, own), fact(path, content="another"), fact(own, content="its own")]
    found = decide(found=here)
    assert [problem.message.partition(" (")[0] for problem in found.problems] == [f"m2 has another {path} than m1"]
    assert own not in [item.path for item in found.files]


def test_owner_and_mode_of_the_same_content_are_mended() -> None:
    """A key that others could read."""
    path = f"{SSL}/ca-key.pem"
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    found = decide(target=there, found=[*wanted(path), fact(path, mode="0644")])
    assert [item.path for item in found.files] == [path]
    assert next((change.object, change.after) for change in found.changes) == (
        f"file {path}", {"owner": "root", "group": "root", "mode": "0600"},
    )  # fmt: skip


def test_controllers_that_are_themselves_on_one_master_only() -> None:
    """The other ones stay as they are: their own role makes them so."""
    source = master()
    pair = {
        "kubeconfig": (f"{CFG}/kube-scheduler.kubeconfig",),
        "tls-cert-file": (f"{SSL}/kube-scheduler.pem",),
        "leader-elect": ("true",),
    }
    services = dict(source.services)
    services["kube-scheduler"] = dataclasses.replace(services["kube-scheduler"], arguments={**pair, "v": ("2",)})
    facts = (*source.facts, fact(f"{CFG}/kube-scheduler.kubeconfig"), fact(f"{SSL}/kube-scheduler.pem"))
    changed = dataclasses.replace(source, services=services, facts=facts)
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    found = decide(changed, target=there, found=wanted())
    assert not found.files
    assert [change.object for change in found.changes] == [
        "flag --v of kube-scheduler.service",
        "service kube-scheduler.service",
    ]
    # A host without the service needs all of it to start it.
    assert {f"{CFG}/kube-scheduler.kubeconfig", f"{SSL}/kube-scheduler.pem"} <= {
        item.path for item in decide(changed).files
    }


def test_an_address_of_the_source_that_nobody_understands_stops() -> None:
    """It is said which flag has it."""
    found = decide(master(oidc_issuer_url="https://192.0.2.11:5556"))
    assert [problem.subject for problem in found.problems] == ["m1"]
    assert found.problems[0].message.startswith(
        "--oidc-issuer-url of kube-apiserver.service on m1 has m1's own address"
    )


def test_a_kubelet_without_bootstrap_needs_files_of_its_own() -> None:
    """They are named, and never brought."""
    source = master()
    services = dict(source.services)
    kept = {key: value for key, value in services["kubelet"].arguments.items() if key != "bootstrap-kubeconfig"}
    services["kubelet"] = dataclasses.replace(services["kubelet"], arguments=kept)
    found = decide(dataclasses.replace(source, services=services))
    assert len(found.problems) == 1
    assert f"lacks {CFG}/kubelet.kubeconfig" in found.problems[0].message
    assert "system:node:m2" in found.problems[0].message


def test_arguments_that_are_not_certain_stop() -> None:
    """With the reason of the host."""
    there = ServicesReport(
        services={
            "kube-scheduler": ServiceReport("kube-scheduler.service", "active", "enabled", fault="It is a shell.")
        }
    )
    found = decide(target=there)
    assert [problem.message for problem in found.problems] == ["m2 has kube-scheduler.service, but it is a shell."]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://127.0.0.1:6443", True),
        ("http://localhost:8080", True),
        ("https://[::1]:6443", True),
        ("https://192.0.2.11:6443", False),
        ("nonsense:", False),
    ],
)
def test_servers_that_lead_every_host_to_itself(server: str, expected: bool) -> None:
    """They stay as they are."""
    assert extension.is_local(server) is expected


ETCD = ServiceReport("etcd.service", "active", "enabled")


@pytest.mark.parametrize(
    ("source", "target", "requires", "is_refused"),
    [
        (ETCD, None, ("etcd.service",), True),
        (ETCD, None, ("network-online.target",), False),
        # A host may have a member of its own, and etcd may be another unit's name for something else.
        (ETCD, ETCD, ("etcd.service",), False),
        (ETCD, dataclasses.replace(ETCD, unit="etcd-member.service"), ("etcd.service",), True),
        (None, None, ("etcd.service",), False),
    ],
)
def test_a_unit_that_requires_etcd_stops_where_no_member_is(
    *, source: ServiceReport | None, target: ServiceReport | None, requires: tuple[str, ...], is_refused: bool
) -> None:
    """systemd would not start it, and a member is never brought."""
    first = master()
    services = dict(first.services)
    services["kube-apiserver"] = dataclasses.replace(services["kube-apiserver"], requires=requires)
    first = dataclasses.replace(first, services={**services, **({"etcd": source} if source else {})})
    found = decide(first, target=ServicesReport(services={"etcd": target} if target else {}))
    assert [problem.subject for problem in found.problems] == ["m2"] * is_refused
    if is_refused:
        assert found.problems[0].message.startswith(
            "m2 has no etcd.service, which is not brought, but kube-apiserver.service of m1 requires it"
        )


def test_a_unit_of_the_hosts_own_that_requires_nothing_may_start_there() -> None:
    """Units that are there are not brought again."""
    first = master()
    services = dict(first.services)
    services["kube-apiserver"] = dataclasses.replace(services["kube-apiserver"], requires=("etcd.service",))
    first = dataclasses.replace(first, services={**services, "etcd": ETCD})
    there = master("192.0.2.12", "m2", server="https://192.0.2.10:6443")
    assert decide(first, target=there, found=wanted()).problems == ()
