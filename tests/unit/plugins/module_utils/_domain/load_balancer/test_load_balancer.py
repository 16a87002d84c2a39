# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_haproxy would change on a host, over a table of what was found."""

from __future__ import annotations

import typing as t

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.load_balancer import Wanted, decide
from tests.unit.plugins.certificates import NOW, make_ca, make_certificate

USER = "kubeadm-ha:apiserver-probe"
PATH = "/etc/haproxy/kubernetes-probe.crt"
CA = make_ca()
INPUTS = {
    "endpoint": "192.0.2.10:6443",
    "bind_address": "",
    "bind_port": "6443",
    "backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "ca_certificate": CA.certificate.decode(),
    "presents": True,
    "probe_signer": "cp1",
    "probe_valid_days": 365,
    "probe_renew_days": 30,
    "connect_timeout": "300ms",
    "check_timeout": "500ms",
    "check_interval": "500ms",
    "check_fast_interval": "200ms",
}
Report = dict[str, t.Any]


def issued(ca: t.Any = CA, *, name: str | x509.Name = USER, days: int = 365) -> str:
    return make_certificate(
        ca, name=name, lifetime=(-1, days), usage=ExtendedKeyUsageOID.CLIENT_AUTH
    ).certificate.decode()


def with_group() -> x509.Name:
    names = ((NameOID.ORGANIZATION_NAME, "system:masters"), (NameOID.COMMON_NAME, USER))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in names])


def found(**more: t.Any) -> Report:
    """A host that is as wanted."""
    return {
        "configuration": {"path": "/etc/haproxy/haproxy.cfg", "owner": "role", "sha1": "aa"},
        "running": "digest",
        "certificate": {"path": PATH, "pem": issued(), "has_key": True},
        "firewall": {"name": "", "zone": "", "rules": []},
        "selinux": {"mode": "disabled", "has_tools": False, "ports": "", "booleans": "", "modules": ""},
        "has_ipv6": True,
        "clock": NOW.timestamp(),
        **more,
    }


def decision(report: Report, **more: t.Any) -> dict[str, t.Any]:
    wanted: dict[str, t.Any] = {
        "digest": "digest",
        "checksum": "aa",
        "listen": [6443, 8405],
        "open": [6443],
        "connect": [6443],
        "manage_firewall": True,
        "replace_configuration": False,
        "certificate": True,
        "common_name": USER,
        "renew_before": 30,
        "inputs": INPUTS,
        "ca": CA.certificate.decode(),
        **more,
    }
    return decide("lb1", report, Wanted(**wanted), CryptographyX509())


def objects(answer: dict[str, t.Any]) -> list[str]:
    return [change["object"] for change in answer["changes"]]


def test_nothing_to_change() -> None:
    assert decision(found()) == {
        "owner": "role",
        "differs": False,
        "renew_certificate": False,
        "firewall": {"name": "", "zone": "", "ports": []},
        "selinux": {"labels": [], "booleans": [], "modules": [], "tools": []},
        "changes": [],
        "problems": [],
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
    report = found(certificate={"path": PATH, "pem": pem, "has_key": has_key})
    answer = decision(report)
    assert answer["renew_certificate"] is answer["differs"] is bool(reason)
    assert objects(answer) == ([f"certificate {PATH}"] if reason else [])
    assert all(reason in change["reason"] for change in answer["changes"])
    assert objects(decision(report, certificate=False)) == []


@pytest.mark.parametrize(
    "change", [{"running": ""}, {"configuration": {"path": "/c", "owner": "package", "sha1": "bb"}}]
)
def test_configuration(change: Report) -> None:
    answer = decision(found(**change))
    assert (answer["differs"], answer["changes"], answer["problems"]) == (True, [], [])


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
    assert answer["firewall"] == {"name": "ufw", "zone": "", "ports": [6443]}
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
    assert answer["firewall"] == {"name": "firewalld", "zone": "dmz", "ports": [6443]}
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


@pytest.mark.parametrize(
    ("inputs", "report", "told"),
    [
        ({"bind_port": ""}, {}, "apiserver_haproxy_bind_port of lb1 is '', not a port."),
        ({"bind_port": "70000"}, {}, "apiserver_haproxy_bind_port of lb1 is '70000'"),
        ({"backends": []}, {}, "it lists: nothing."),
        ({"backends": [{"name": "a b"}]}, {}, "it lists: a b."),
        ({"backends": [{"name": "a"}, {"name": "a"}]}, {}, "every control plane once"),
        ({"ca_certificate": "x"}, {}, "apiserver_haproxy_ca_certificate has to be the PEM text"),
        ({"ca_certificate": "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----"}, {}, "without any key"),
        ({"probe_signer": ""}, {}, "needs apiserver_haproxy_probe_signer"),
        ({"probe_renew_days": 365}, {}, "(365) has to be less than apiserver_haproxy_probe_valid_days (365)"),
        ({}, {"has_ipv6": False}, "The kernel of lb1 has no IPv6"),
        ({"connect_timeout": "300"}, {}, "apiserver_haproxy_connect_timeout of lb1 is '300', not a time of haproxy"),
        ({"check_timeout": "0s"}, {}, "apiserver_haproxy_check_timeout"),
        ({"check_interval": "1.5s"}, {}, "apiserver_haproxy_check_interval"),
        ({"check_fast_interval": ""}, {}, "apiserver_haproxy_check_fast_interval"),
    ],
)
def test_wrong_inputs_are_reasons_to_stop(inputs: dict[str, t.Any], report: Report, told: str) -> None:
    (problem,) = decision(found(**report), inputs={**INPUTS, **inputs})["problems"]
    assert told in problem["message"]


@pytest.mark.parametrize(
    ("inputs", "report"),
    [
        ({}, {}),
        ({"bind_address": "0.0.0.0"}, {"has_ipv6": False}),
        ({"presents": False, "probe_signer": ""}, {}),
        ({"connect_timeout": "1s", "check_timeout": "2s", "check_interval": "2s", "check_fast_interval": "1s"}, {}),
    ],
)
def test_good_inputs_are_none(inputs: dict[str, t.Any], report: Report) -> None:
    assert decision(found(**report), inputs={**INPUTS, **inputs})["problems"] == []
