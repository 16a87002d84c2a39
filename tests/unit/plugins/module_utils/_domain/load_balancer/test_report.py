# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a load balancer host, and what is to change there: written as it is read, wrong in one sentence."""

from __future__ import annotations

import copy
import functools
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.decision import BalancerDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.report import LoadBalancerReport

REPORT: dict[str, t.Any] = {
    "configuration": {"path": "/etc/haproxy/haproxy.cfg", "owner": "role", "sha1": "aa"},
    "running": "bb",
    "certificate": {"path": "/etc/haproxy/probe.crt", "pem": "-----BEGIN", "has_key": True},
    "firewall": {"name": "firewalld", "zone": "public", "rules": ["a", ""]},
    "selinux": {"mode": "enforcing", "has_tools": True, "ports": "a", "booleans": "b", "modules": "c"},
    "is_installed": True,
    "has_ipv6": False,
    "clock": 1000.5,
    "stream_module": "/usr/lib/nginx/modules/ngx_stream_module.so",
    "python": "/usr/bin/python3",
    "name_service": {
        "listeners": [{"bound_to": "127.0.0.53", "held_by": "systemd-resolve"}],
        "foreign_zones": ["/etc/gdnsd/zones/a"],
    },
}
DECISION: dict[str, t.Any] = {
    "owner": "other",
    "differs": True,
    "renew_certificate": True,
    "firewall": {
        "name": "ufw",
        "zone": "",
        "ports": [{"port": 6443, "protocol": "tcp", "comment": "Kubernetes API"}],
        "protocols": [{"protocol": "vrrp"}],
        "networks": [],
    },
    "selinux": {
        "labels": [{"port": 8405, "type": "kubernetes_port_t"}],
        "booleans": ["haproxy_bind_kubernetes_port"],
        "modules": ["kubeadm_ha_haproxy"],
        "tools": ["policycoreutils-python-utils"],
    },
    "changes": [{"object": "ufw port 6443/tcp", "before": None, "after": {"a": ["b"]}, "reason": "it is needed"}],
    "problems": [{"subject": "lb1", "message": "It is somebody else's."}],
    "unmet": [{"subject": "apiserver_haproxy_ca_certificate", "message": "It comes later."}],
}


def test_what_was_read_is_written_again() -> None:
    assert LoadBalancerReport.from_dict("lb1", REPORT).as_dict() == REPORT
    assert BalancerDecision.from_dict("lb1", DECISION).as_dict() == DECISION


def test_the_plan_needs_neither_firewall_nor_selinux() -> None:
    found = BalancerDecision.from_dict("lb1", {k: v for k, v in DECISION.items() if k not in ("firewall", "selinux")})
    assert (found.firewall.ports, found.selinux.labels) == ((), ())


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("configuration", "x", "configuration is a text and not a mapping"),
        ("configuration.sha1", None, "configuration.sha1 is empty and not a text"),
        ("certificate.has_key", 1, "certificate.has_key is 1 and not true or false"),
        ("firewall.rules", "x", "firewall.rules is a text and not a list"),
        ("selinux.ports", [], "selinux.ports is a list and not a text"),
        ("clock", "now", "clock is a text and not a number"),
    ],
)
def test_what_is_wrong_with_a_report_is_named_by_host_and_place(path: str, value: t.Any, expected: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        LoadBalancerReport.from_dict("lb1", changed(REPORT, path, value))
    assert caught.value.message.startswith(
        f"The report of the load balancer on lb1 cannot be understood, because {expected}: "
    )


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("differs", "yes", "differs is a text and not true or false"),
        ("owner", None, "owner is empty and not a text"),
        ("firewall.ports.0.port", "6443", "firewall.ports[0].port is a text and not a whole number"),
        ("selinux.labels.0.port", None, "selinux.labels[0].port is empty and not a whole number"),
        ("changes", {}, "changes is a mapping and not a list"),
        ("changes.0", {"object": "a", "before": None, "reason": ""}, "changes[0].after is missing"),
        ("problems.0.message", 1, "problems[0].message is 1 and not a text"),
    ],
)
def test_what_is_wrong_with_a_decision_is_named_by_host_and_place(path: str, value: t.Any, expected: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        BalancerDecision.from_dict("lb1", changed(DECISION, path, value))
    assert caught.value.message.startswith(
        f"The decision for the load balancer on lb1 cannot be understood, because {expected}: "
    )


@pytest.mark.parametrize("key", sorted(REPORT))
def test_all_of_a_report_must_be_there(key: str) -> None:
    with pytest.raises(MalformedReport, match=f"because {key} is missing"):
        LoadBalancerReport.from_dict("lb1", {name: value for name, value in REPORT.items() if name != key})


def changed(document: dict[str, t.Any], path: str, value: t.Any) -> dict[str, t.Any]:
    """The document with another value at a place."""
    made = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    functools.reduce(lambda found, part: found[part], parents, t.cast("t.Any", made))[last] = value
    return made
