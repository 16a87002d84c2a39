# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role external_etcd would change on a host."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import desired, member, places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.decision import EtcdDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import (
    EtcdHost,
    Pair,
    Program,
    Record,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import UFW, Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Service
from tests.unit.plugins.module_utils._domain.external_etcd.values import INPUTS, bare, decide, made, pem, three

DIGESTS = {"etcd": "e", "etcdctl": "c", "etcdutl": "u"}


def objects(decision: EtcdDecision) -> list[str]:
    """What would change."""
    return [change.object for change in decision.changes]


def messages(decision: EtcdDecision) -> list[str]:
    """Reasons to stop."""
    return [problem.message for problem in decision.problems]


def test_a_bare_host_gets_everything() -> None:
    hosts = three(bare, has_cryptography=False)
    first, second = decide("etcd1", hosts), decide("etcd2", hosts)
    assert objects(first) == [
        "Python libraries",
        "package etcd-server",
        "package etcd-client",
        "certificate authority of etcd",
        "certificate etcd/server",
        "certificate etcd/peer",
        f"file {places.ENVIRONMENT}",
        f"file {places.UNIT}",
        "etcd member etcd1",
        "service etcd",
    ]
    assert [item for item in objects(second) if item not in objects(first)] == [
        f"file {places.CA}",
        "etcd member etcd2",
    ]
    assert messages(first) == messages(second) == []
    assert (first.signer, first.is_signer, first.makes_ca) == ("etcd1", True, True)
    assert (second.signer, second.is_signer, second.makes_ca) == ("etcd1", False, False)
    assert first.founders == ("etcd1", "etcd2", "etcd3")
    assert second.first_start.splitlines()[1:] == [
        "ETCD_INITIAL_CLUSTER=etcd1=https://192.0.2.31:2380,etcd2=https://192.0.2.32:2380,etcd3=https://192.0.2.33:2380",
        "ETCD_INITIAL_CLUSTER_STATE=new",
    ]
    assert first.access["endpoints"] == [f"https://192.0.2.3{number}:2379" for number in (1, 2, 3)]
    assert first.restarts is first.is_started is False


def test_a_decision_survives_its_way() -> None:
    decision = decide("etcd2", three(bare))
    assert EtcdDecision.from_dict("etcd2", decision.as_dict()) == decision


def test_a_report_survives_its_way() -> None:
    host = made("etcd1", own=Program("/usr/local/bin/etcd", "3.6.5", DIGESTS), record=Record("founding", {"a": "b"}))
    assert EtcdHost.from_dict("etcd1", host.as_dict()) == host


def test_a_member_that_is_as_wanted_is_left_alone() -> None:
    hosts = three(made)
    for name in hosts:
        decision = decide(name, hosts)
        assert (decision.changes, decision.problems, decision.restarts) == ((), (), False)


def test_settings_are_https_only_and_ask_for_certificates() -> None:
    decision = decide("etcd1", three(bare))
    (settings,) = (file.content for file in decision.files if file.path == places.ENVIRONMENT)
    lines = dict(line.split("=", 1) for line in settings.splitlines()[1:])
    assert lines["ETCD_LISTEN_CLIENT_URLS"] == "https://192.0.2.31:2379,https://127.0.0.1:2379"
    assert lines["ETCD_CLIENT_CERT_AUTH"] == lines["ETCD_PEER_CLIENT_CERT_AUTH"] == "true"
    assert "http://" not in settings


def test_the_unit_does_not_begin_anew_without_permission() -> None:
    decision = decide("etcd1", three(bare))
    (unit,) = (file.content for file in decision.files if file.path == places.UNIT)
    assert [line for line in unit.splitlines() if line.startswith("Assert")] == [
        f"AssertPathExists=|{places.DATA}/member",
        f"AssertPathExists=|{places.FIRST_START}",
    ]
    assert "ExecStart=/usr/bin/etcd\n" in unit
    assert (
        "ExecStart=/usr/local/bin/etcd\n"
        in decide("etcd1", three(bare), DIGESTS, binaries="/srv/etcd").files[1].content
    )


def test_ipv6_addresses_stand_in_brackets() -> None:
    host = bare("etcd1", address="2001:db8::31", addresses=("2001:db8::31",))
    decision = decide("etcd1", {"etcd1": host})
    assert decision.client_url == "https://[2001:db8::31]:2379"
    assert "IP:2001:db8::31" in decision.sans


CERTIFICATES: dict[str, tuple[Pair | None, str]] = {
    "missing": (None, "members and clients know each other by certificates"),
    "unreadable": (Pair("x", is_whole=True), "it cannot be read"),
    "without its key": (Pair(pem("etcd1"), is_whole=False), "its key is missing or another one"),
    "of another CA": (
        Pair(pem("etcd1", signer="other"), is_whole=True),
        "the CA of this etcd cluster has not signed it",
    ),
    "of another host": (Pair(pem("etcd2"), is_whole=True), "it is not for etcd1, 192.0.2.31"),
    "near its end": (Pair(pem("etcd1", days=89.5), is_whole=True), "it ends in less than 90 days"),
    "over": (Pair(pem("etcd1", days=-1), is_whole=True), "it ends in less than 90 days"),
}


@pytest.mark.parametrize("pair", places.PAIRS)
@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_certificate_is_issued_and_loaded(case: str, pair: str) -> None:
    found, reason = CERTIFICATES[case]
    pairs = {name: Pair(pem("etcd1"), is_whole=True) for name in places.PAIRS if name != pair or found is not None}
    if found is not None:
        pairs[pair] = found
    decision = decide("etcd1", {**three(made), "etcd1": made("etcd1", pairs=pairs)})
    assert decision.issues == (pair,)
    assert objects(decision) == [f"certificate etcd/{pair}", "service etcd"]
    assert decision.changes[0].reason == reason
    assert decision.restarts
    assert messages(decision) == []


@given(st.integers(-400, 400), st.integers(0, 364))
def test_a_certificate_is_renewed_exactly_when_less_is_left(days: int, renew_days: int) -> None:
    pairs = {name: Pair(pem("etcd1", days=days), is_whole=True) for name in places.PAIRS}
    decision = decide("etcd1", {**three(made), "etcd1": made("etcd1", pairs=pairs)}, certificate_renew_days=renew_days)
    assert (decision.issues == places.PAIRS) == (days < renew_days)
    assert decision.restarts == bool(decision.issues)


def test_what_was_written_and_not_loaded_is_loaded() -> None:
    decision = decide("etcd2", {**three(made), "etcd2": made("etcd2", is_loaded=False)})
    assert (objects(decision), decision.restarts) == (["service etcd"], True)


def test_a_member_that_is_down_is_started_and_not_restarted() -> None:
    down = made("etcd2", service=Service("failed", "enabled"), is_loaded=False, taken=())
    decision = decide("etcd2", {**three(made), "etcd2": down})
    assert (decision.is_started, decision.restarts) == (True, False)
    assert decision.changes[0].before == "stopped"
    others = decide("etcd1", {**three(made), "etcd2": down})
    assert others.changes == ()


def test_a_fourth_host_is_added() -> None:
    hosts = {**three(made), "etcd4": bare("etcd4")}
    decision = decide("etcd4", hosts)
    assert decision.additions == ("etcd4",)
    assert decision.first_start == ""
    assert [change.after for change in decision.changes if change.object == "etcd member etcd4"] == [
        "learner, then voter"
    ]
    assert decision.members == tuple(f"https://192.0.2.3{number}:2379" for number in (1, 2, 3))
    assert decide("etcd1", hosts).changes == ()


def test_programs_of_the_controller_are_compared() -> None:
    here = Program("/usr/local/bin/etcd", "3.6.4", {**DIGESTS, "etcd": "older"})
    hosts = three(made, own=here)
    decision = decide("etcd1", hosts, DIGESTS, binaries="/srv/etcd")
    assert decision.copies == ("etcd",)
    assert decision.restarts
    settled = three(made, own=Program("/usr/local/bin/etcd", "3.6.5", DIGESTS))
    assert decide("etcd1", settled, DIGESTS, binaries="/srv/etcd").copies == ()


def test_programs_of_a_url_are_downloaded_once() -> None:
    decision = decide("etcd1", three(bare), binaries="https://example.org/etcd/")
    assert (decision.downloads, decision.copies, decision.source) == (places.PROGRAMS, (), "https://example.org/etcd")
    assert decision.makes_user
    hosts = three(made, own=Program("/usr/local/bin/etcd", "3.6.5", DIGESTS))
    assert decide("etcd1", hosts, binaries="https://example.org/etcd/").downloads == ()


def test_ports_are_opened() -> None:
    hosts = three(bare, firewall=Firewall(UFW, "", ("Status: active\nDefault: deny (incoming)",)))
    assert [port.port for port in decide("etcd1", hosts).firewall.ports] == [2379, 2380]
    assert "ufw port 2379/tcp" in objects(decide("etcd1", hosts))
    assert decide("etcd1", hosts, manage_firewall=False).firewall.ports == ()


_MEMBERS = ("192.0.2.31", "192.0.2.32", "192.0.2.33")


@pytest.mark.parametrize(
    ("inputs", "clients"),
    [
        ({}, ("192.0.2.11", "192.0.2.12")),
        ({"clients": ["198.51.100.7/24", " 2001:DB8::5 ", "192.0.2.11"]}, None),
    ],
)
def test_members_and_clients_alone_are_let_in(inputs: dict[str, t.Any], clients: tuple[str, ...] | None) -> None:
    hosts = three(bare, firewall=Firewall(UFW, "", ("Status: active\nDefault: deny (incoming)",)))
    wanted = clients or ("192.0.2.11", "192.0.2.12", "198.51.100.0/24", "2001:db8::5")
    for name in hosts:
        decision = decide(name, hosts, **inputs)
        assert [(port.port, port.sources) for port in decision.firewall.ports] == [
            (2379, (*_MEMBERS, *wanted)),
            (2380, _MEMBERS),
        ]
        (peers,) = (change for change in decision.changes if change.object == "ufw port 2380/tcp")
        assert (peers.before, peers.after) == ("closed", "open to 192.0.2.31, 192.0.2.32, 192.0.2.33")


def test_everybody_is_let_in_to_the_clients_port_where_control_planes_are_not_known() -> None:
    hosts = three(bare, firewall=Firewall(UFW, "", ("Status: active\nDefault: deny (incoming)",)))
    ports = decide("etcd1", hosts, control_planes=[], clients=["198.51.100.7"]).firewall.ports
    assert [(port.port, port.sources) for port in ports] == [(2379, ()), (2380, _MEMBERS)]


def test_ports_that_were_open_to_everybody_are_left_to_some() -> None:
    rules = "Default: deny (incoming)\n2379/tcp  ALLOW IN  Anywhere  # etcd clients\n2380/tcp  ALLOW IN  Anywhere\n"
    decision = decide("etcd1", three(made, firewall=Firewall(UFW, "", (rules,))))
    assert [(change.object, change.before) for change in decision.changes] == [
        ("ufw port 2379/tcp", "open to everybody"),
        ("ufw port 2380/tcp", "open to everybody"),
    ]
    assert [port.open_to_all for port in decision.firewall.ports] == [True, True]
    assert EtcdDecision.from_dict("etcd1", decision.as_dict()) == decision


@pytest.mark.parametrize("name", ["clients", "control_planes"])
def test_who_asks_is_named_by_address(name: str) -> None:
    (message,) = messages(decide("etcd1", three(bare), **{name: ["cp1", "192.0.2.11"]}))
    assert message == (
        f"external_etcd_{name} of etcd1 has cp1: list IP addresses and networks, such as 192.0.2.11 or 192.0.2.0/24."
    )


def _hosts(**changes: t.Any) -> dict[str, EtcdHost]:
    return {**three(bare), "etcd1": bare("etcd1", **changes)}


PROBLEMS: dict[str, tuple[dict[str, EtcdHost], dict[str, t.Any], str]] = {
    "Debian's etcd for 1.34": (
        _hosts(offered="3.5.16-4+b3"),
        {},
        "etcd1 would get etcd 3.5.16, but the kubeadm of Kubernetes v1.34.4 takes external etcd from 3.5.24 on",
    ),
    "an old etcd of a package": (
        _hosts(packaged=Program("/usr/bin/etcd", "3.4.30", {})),
        {},
        "etcd1 has etcd 3.4.30, but the kubeadm",
    ),
    "an old etcd that stays": (
        _hosts(own=Program("/usr/local/bin/etcd", "3.5.9", DIGESTS)),
        {"binaries": "https://example.org/etcd"},
        "etcd1 has etcd 3.5.9, but the kubeadm",
    ),
    "no package": (_hosts(package_manager="dnf"), {}, "etcd1 has no etcd, and no package of one is known for it"),
    "no version": (_hosts(), {"kubernetes_version": ""}, "kubeadm_ha_kubernetes_version is not set"),
    "a broken version": (_hosts(), {"kubernetes_version": "new"}, "external_etcd_kubernetes_version of etcd1 is 'new'"),
    "no such directory": (_hosts(), {"binaries": "/srv/none"}, "external_etcd_binaries of etcd1 is /srv/none, where"),
    "renewed by each run": (
        _hosts(),
        {"certificate_renew_days": 365},
        "external_etcd_certificate_renew_days of etcd1 is 365, but certificates are valid for 365 days",
    ),
    "no days": (
        _hosts(),
        {"certificate_valid_days": "a year"},
        "external_etcd_certificate_valid_days of etcd1 is 'a year'",
    ),
    "no address": (_hosts(), {"address": "etcd1"}, "external_etcd_address of etcd1 is 'etcd1', not an IP address"),
    "the CA's key is lost": (
        {**three(made, has_ca_key=False), "etcd1": made("etcd1", has_ca_key=False, pairs={})},
        {},
        "Certificates of etcd1 have to be issued, but no host has /etc/etcd/pki/ca.key",
    ),
    "the CA ends": (
        {name: made(name, ca="ca|20", pairs={}) for name in ("etcd1", "etcd2", "etcd3")},
        {},
        "/etc/etcd/pki/ca.crt on etcd1 ends in 20 days",
    ),
    "an unreadable CA": (
        {name: made(name, ca="ca", pairs={}) for name in ("etcd1", "etcd2", "etcd3")},
        {},
        "/etc/etcd/pki/ca.crt on etcd1 is no certificate that can be read",
    ),
    "a zone that is not there": (
        _hosts(firewall=Firewall("firewalld", "dmz", ("", ""))),
        {},
        "firewalld on etcd1 does not",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_reasons_to_stop(case: str) -> None:
    hosts, inputs, message = PROBLEMS[case]
    found = messages(decide("etcd1", hosts, **inputs))
    assert [text for text in found if text.startswith(message)], found


def test_members_have_one_ca() -> None:
    hosts = {**three(made), "etcd2": made("etcd2", ca="other|3650")}
    assert messages(decide("etcd2", hosts))[0].startswith(
        "/etc/etcd/pki/ca.crt on etcd2 is another CA than that of etcd1"
    )
    assert messages(decide("etcd3", hosts)) == []


def test_an_etcd_that_is_new_enough_is_taken() -> None:
    hosts = _hosts(offered="3.5.16-4+b3")
    assert messages(decide("etcd1", hosts, kubernetes_version="1.33.5")) == []
    # What apt's lists do not say is determined when the package is there.
    assert messages(decide("etcd1", _hosts(offered=""))) == []


def test_a_reason_to_stop_has_its_host() -> None:
    hosts = {**three(made), "etcd2": made("etcd2", data=())}
    assert messages(decide("etcd1", hosts)) == []
    assert messages(decide("etcd2", hosts)) != []


def test_inputs_are_all_of_the_role() -> None:
    with pytest.raises(InvalidInput, match="lack address"):
        desired.parse("etcd1", {key: value for key, value in INPUTS.items() if key != "address"}, {})


def test_the_digest_of_a_file_is_the_one_that_is_compared() -> None:
    other = dataclasses.replace(made("etcd1"), files={places.UNIT: "0", places.ENVIRONMENT: "0"})
    decision = decide("etcd1", {**three(made), "etcd1": other})
    assert [file.path for file in decision.files] == [places.ENVIRONMENT, places.UNIT]
    assert decision.restarts
    assert member.first_start({"a": "https://b"}, "existing").endswith("ETCD_INITIAL_CLUSTER_STATE=existing\n")
