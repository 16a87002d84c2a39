# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_haproxy would change on a host, over a table of what was found."""

from __future__ import annotations

import typing as t

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.selinux import SelinuxFacts
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.load_balancer import (
    Configuration,
    Sources,
    configure,
    decide,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy, nginx
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.report import (
    CertificateFile,
    ConfigurationFile,
    LoadBalancerReport,
)
from tests.unit.plugins.certificates import NOW, make_ca, make_certificate
from tests.unit.plugins.module_utils._domain.load_balancer.providers import test_haproxy, test_nginx
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_haproxy import BACKENDS, Backend
from tests.unit.plugins.role_template import RoleTemplate

USER = "kubeadm-ha:apiserver-probe"
PATH = "/etc/haproxy/kubernetes-probe.crt"
CA = make_ca()
INPUTS = {
    **test_haproxy.INPUTS,
    "ca_certificate": CA.certificate.decode(),
    "probe_certificate": True,
    "probe_signer": "cp1",
    "probe_common_name": USER,
    "metrics_bind": "127.0.0.1:8405",
}
TEMPLATE = RoleTemplate.of("apiserver_haproxy", "haproxy.cfg.j2")
UNIT = "kubernetes-apiserver-watch.service.j2"
SOURCES = Sources(TEMPLATE, ("-- lua",))
Report = dict[str, t.Any]


def issued(ca: t.Any = CA, *, name: str | x509.Name = USER, days: int = 365) -> str:
    return make_certificate(
        ca, name=name, lifetime=(-1, days), usage=ExtendedKeyUsageOID.CLIENT_AUTH
    ).certificate.decode()


def with_group() -> x509.Name:
    names = ((NameOID.ORGANIZATION_NAME, "system:masters"), (NameOID.COMMON_NAME, USER))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in names])


PEM = issued()


def configuration(presented: str = PEM, sources: Sources = SOURCES, **inputs: t.Any) -> Configuration:
    """What the host of these inputs is to have."""
    provider = haproxy.parse("lb1", {**INPUTS, **inputs}, has_ipv6=True).provider
    return configure(provider, sources, presented)


def found(*, pem: str = PEM, has_key: bool = True, **more: t.Any) -> Report:
    """A host that is as wanted, with this client certificate."""
    wanted = configuration(pem)
    report = LoadBalancerReport(
        configuration=ConfigurationFile("/etc/haproxy/haproxy.cfg", "role", wanted.sha1),
        running=wanted.digest,
        certificate=CertificateFile(PATH, pem, has_key),
        firewall=Firewall(),
        selinux=SelinuxFacts("disabled"),
        is_installed=True,
        has_ipv6=True,
        clock=NOW.timestamp(),
    )
    return {**report.as_dict(), **more}


def answer_for(report: Report, *, issued: str = "", sources: Sources = SOURCES, **inputs: t.Any) -> dict[str, t.Any]:
    read = LoadBalancerReport.from_dict("lb1", report)
    reading = haproxy.parse("lb1", {**INPUTS, **inputs}, has_ipv6=read.has_ipv6)
    return decide("lb1", read, reading, sources, CryptographyX509(), issued=issued)


def decision(report: Report, **inputs: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", answer_for(report, **inputs)["decision"])


def objects(answer: dict[str, t.Any]) -> list[str]:
    return [change["object"] for change in answer["changes"]]


#: The port to open for the endpoint.
ENDPOINT = {"port": 6443, "protocol": "tcp", "comment": "Kubernetes API"}


def test_nothing_to_change() -> None:
    assert decision(found()) == {
        "owner": "role",
        "differs": False,
        "renew_certificate": False,
        "firewall": {"name": "", "zone": "", "ports": [], "protocols": [], "networks": []},
        "selinux": {"labels": [], "booleans": [], "modules": [], "tools": []},
        "changes": [],
        "problems": [],
        "unmet": [],
    }


@pytest.mark.parametrize(
    ("pem", "has_key", "reason"),
    [
        ("", True, "need it"),
        (issued(), False, "need it"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", True, "cannot be read"),
        (issued(make_ca()), True, "not signed by this cluster's CA"),
        (issued(name="somebody"), True, "another subject"),
        (issued(name=with_group()), True, "another subject"),
        (issued(days=30), True, ""),
        (issued(days=29), True, "less than 30 days"),
        (issued(days=0), True, "less than 30 days"),
    ],
)
def test_certificate(pem: str, has_key: bool, reason: str) -> None:
    report = found(pem=pem, has_key=has_key)
    answer = decision(report)
    assert answer["renew_certificate"] is answer["differs"] is bool(reason)
    assert objects(answer) == ([f"certificate {PATH}"] if reason else [])
    assert all(reason in change["reason"] for change in answer["changes"])
    assert objects(decision(report, probe_certificate=False)) == []
    assert objects(decision(report, check="tcp")) == []


@pytest.mark.parametrize(
    "change", [{"running": ""}, {"configuration": {"path": "/c", "owner": "package", "sha1": "bb"}}]
)
def test_configuration(change: Report) -> None:
    answer = decision(found(**change))
    assert (answer["differs"], answer["changes"], answer["problems"]) == (True, [], [])


def test_the_rest_of_the_answer() -> None:
    wanted = configuration()
    assert {name: value for name, value in answer_for(found()).items() if name != "decision"} == {
        "content": wanted.content,
        "digest": wanted.digest,
        "is_installed": True,
        "local_endpoint": "127.0.0.1:6443",
        "presents": True,
        "units": {},
    }
    assert wanted.digest in wanted.content


def test_units_are_filled_in_and_named_by_the_digest() -> None:
    provider = nginx.parse("lb1", test_nginx.INPUTS, has_ipv6=True).provider
    template, unit = (RoleTemplate.of("apiserver_nginx", name) for name in ("nginx.conf.j2", UNIT))
    found = configure(provider, Sources(template, units={"watch": unit}), "")
    assert found.digest in found.content
    assert "--server=cp1=192.0.2.11:6443\n" in found.units["watch"]
    other = configure(provider, Sources(template, units={"watch": RoleTemplate(unit.source + "#")}), "")
    assert other.digest != found.digest


@pytest.mark.parametrize(
    "other",
    [
        configuration("another certificate"),
        configuration(sources=Sources(TEMPLATE, ("-- other",))),
        configuration(sources=Sources(RoleTemplate(TEMPLATE.source + "#"), SOURCES.files)),
        configuration(ca_certificate=make_ca().certificate.decode()),
        configuration(maxconn=1),
        configuration(check="tcp"),
    ],
    ids=["certificate", "file", "template", "CA", "value", "check"],
)
def test_all_that_is_loaded_is_in_the_digest(other: Configuration) -> None:
    report = found(running=other.digest)
    assert other.digest != configuration().digest
    assert decision(report)["differs"]


def test_blanks_around_what_is_loaded_do_not_matter() -> None:
    assert configuration(f"{PEM}\n\n", ca_certificate=CA.certificate.decode().strip()) == configuration()


@given(backends=BACKENDS, data=st.data())
def test_each_backend_is_in_the_digest_and_in_the_file(backends: list[Backend], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(backends) - 1))
    key = data.draw(st.sampled_from(["name", "address", "port"]))
    change = {"name": "other-name", "address": "other.example.org", "port": backends[which]["port"] % 65535 + 1}
    other = [{**backend, key: change[key]} if which == place else backend for place, backend in enumerate(backends)]
    before, after = configuration(backends=backends), configuration(backends=other)
    assert before.digest != after.digest
    assert before.content.replace(before.digest, "") != after.content.replace(after.digest, "")


def test_a_certificate_that_nobody_presents_does_not_matter() -> None:
    assert configuration("one", probe_certificate=False) == configuration("two", probe_certificate=False)


def test_a_certificate_that_is_to_be_issued_is_predicted_and_asked_for_again() -> None:
    old, new = issued(days=10), issued()
    report = found(pem=old)
    predicted = answer_for(report)
    assert predicted["decision"]["renew_certificate"]
    # Check mode says that the file changes, which it does.
    assert predicted["content"] not in (configuration(old).content, configuration(new).content)
    known = answer_for(report, issued=f"{new}\n")
    assert known["content"] == configuration(new).content
    assert (known["decision"]["differs"], known["decision"]["renew_certificate"]) == (True, False)
    # What the run wrote is what the next inspection wants.
    assert not decision(found(pem=new))["differs"]


def test_a_certificate_that_was_issued_is_loaded_whatever_is_wrong_with_it() -> None:
    foreign = issued(make_ca())
    assert answer_for(found(), issued=foreign)["content"] == configuration(foreign).content


def test_inputs_that_cannot_be_read_leave_the_rest_reported() -> None:
    report = found(
        configuration={"path": "/etc/haproxy/haproxy.cfg", "owner": "other", "sha1": ""},
        firewall={"name": "ufw", "zone": "", "rules": ["Status: active\nDefault: deny (incoming)\n"]},
    )
    answer = answer_for(report, bind_port="", maxconn="many")
    assert (answer["content"], answer["digest"]) == ("", "")
    assert answer["decision"]["differs"]
    assert answer["decision"]["firewall"]["ports"] == []
    assert [problem["subject"] for problem in answer["decision"]["problems"]] == [
        "apiserver_haproxy_bind_port",
        "apiserver_haproxy_maxconn",
        "lb1",
    ]


def test_inputs_that_are_wrong_but_read_have_a_configuration() -> None:
    answer = answer_for(found(), probe_renew_days=365)
    assert answer["content"]
    assert len(answer["decision"]["problems"]) == 1


def test_somebody_elses_configuration_is_a_reason_to_stop() -> None:
    report = found(configuration={"path": "/etc/haproxy/haproxy.cfg", "owner": "other", "sha1": "bb"})
    (problem,) = decision(report)["problems"]
    assert problem["subject"] == "lb1"
    assert "apiserver_haproxy_replace_configuration: true for lb1" in problem["message"]
    assert decision(report, replace_configuration=True)["problems"] == []


def test_firewall_and_selinux() -> None:
    report = found(
        firewall={"name": "ufw", "zone": "", "rules": ["Status: active\nDefault: deny (incoming)\n"]},
        selinux={
            "mode": "permissive",
            "has_tools": True,
            "ports": "kubernetes_port_t tcp 6443\nunreserved_port_t tcp 1024-65535\n",
            "booleans": "haproxy_bind_kubernetes_port --> off\nhaproxy_connect_kubernetes_port --> on\n",
            "modules": "haproxy\n",
        },
    )
    answer = decision(report)
    assert objects(answer) == [
        "ufw port 6443/tcp",
        "SELinux port 8405/tcp",
        "SELinux boolean haproxy_bind_kubernetes_port",
        "SELinux module kubeadm_ha_haproxy",
    ]
    assert answer["firewall"] == {"name": "ufw", "zone": "", "ports": [ENDPOINT], "protocols": [], "networks": []}
    assert answer["selinux"] == {
        "labels": [{"port": 8405, "type": "kubernetes_port_t"}],
        "booleans": ["haproxy_bind_kubernetes_port"],
        "modules": ["kubeadm_ha_haproxy"],
        "tools": [],
    }
    assert not answer["differs"]
    assert decision(report, manage_firewall=False)["firewall"]["ports"] == []


def test_selinux_without_tools() -> None:
    report = found(selinux={"mode": "enforcing", "has_tools": False, "ports": "", "booleans": "", "modules": ""})
    answer = decision(report)
    assert answer["selinux"]["tools"] == ["policycoreutils-python-utils"]
    assert objects(answer) == ["package policycoreutils-python-utils", "SELinux of haproxy"]


def test_zone_of_firewalld() -> None:
    rules = "dmz (active)\n  target: default\n  ports:\n"
    report = found(firewall={"name": "firewalld", "zone": "dmz", "rules": [rules, rules]})
    answer = decision(report)
    assert answer["firewall"] == {
        "name": "firewalld",
        "zone": "dmz",
        "ports": [ENDPOINT],
        "protocols": [],
        "networks": [],
    }
    assert [(change["object"], change["after"]) for change in answer["changes"]] == [
        ("firewalld port 6443/tcp", "open in zone dmz")
    ]
    assert answer["problems"] == []


def test_a_zone_that_firewalld_does_not_have_is_a_reason_to_stop() -> None:
    report = found(firewall={"name": "firewalld", "zone": "nope", "rules": ["", ""]})
    (problem,) = decision(report)["problems"]
    assert problem["subject"] == "lb1"
    assert "does not have the zone nope" in problem["message"]
    assert "apiserver_haproxy_firewalld_zone for lb1" in problem["message"]
    assert decision(report, manage_firewall=False)["problems"] == []
