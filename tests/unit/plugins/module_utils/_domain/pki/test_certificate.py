# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SANs of certificates: what covers what, what is missing, what changes."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import San, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate, rfc3339
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate import (
    decide_sans,
    kept_sans,
    missing_sans,
)

START = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
END = dt.datetime(2027, 11, 21, 8, 0, tzinfo=dt.UTC)
DAY = 86400.0


def certificate(*sans: San | str, **changes: t.Any) -> Certificate:
    """A certificate with SANs; text is parsed as kubeadm parses it."""
    facts: dict[str, t.Any] = {
        "subject": "CN=kube-apiserver",
        "issuer": "CN=kubernetes",
        "serial_number": 0xABC,
        "not_before": START,
        "not_after": END,
        "sans": frozenset(San.parse(san) if isinstance(san, str) else san for san in sans),
        "key_algorithm": "RSA 2048",
        "is_ca": False,
        "public_key_sha256": "sha256:00",
        "fingerprint_sha256": "00",
    }
    return Certificate(**{**facts, **changes})


@pytest.mark.parametrize(
    ("has", "wanted", "missing"),
    [
        (["192.0.2.11"], ["192.0.2.11"], []),
        (["192.0.2.11"], ["192.0.2.12"], ["192.0.2.12"]),
        (["2001:db8::1"], ["2001:0DB8:0:0:0:0:0:1"], []),
        (["2001:db8::1"], ["[2001:db8::1]"], []),
        (["k8s.example.org"], ["K8S.Example.ORG."], []),
        (["k8s.example.org"], ["k8s.example.com"], ["k8s.example.com"]),
        (["*.example.org"], ["k8s.example.org"], []),
        (["*.example.org"], ["api.k8s.example.org"], ["api.k8s.example.org"]),
        (["*.example.org"], ["example.org"], ["example.org"]),
        (["k8s.example.org"], ["*.example.org"], ["*.example.org"]),
        (["*.example.org"], ["*.example.org"], []),
        (["*.example.org"], ["*.k8s.example.org"], ["*.k8s.example.org"]),
        (["kubernetes"], ["kubernetes", "kubernetes.default"], ["kubernetes.default"]),
        ([San("dns", "192.0.2.10")], ["192.0.2.10"], ["192.0.2.10"]),
        ([], [], []),
    ],
)
def test_missing_sans(has: list[San | str], wanted: list[str], missing: list[str]) -> None:
    assert missing_sans(certificate(*has), parse_sans(wanted)) == parse_sans(missing)


def test_change_keeps_what_there_is_and_names_what_is_missing() -> None:
    change = decide_sans("apiserver", certificate("cp1", "192.0.2.11"), parse_sans(["192.0.2.10", "k8s.example.org"]))
    assert change is not None
    assert change.as_dict() == {
        "object": "certificate apiserver",
        "before": ["192.0.2.11", "cp1"],
        "after": ["192.0.2.10", "192.0.2.11", "cp1", "k8s.example.org"],
        "reason": "it does not cover 192.0.2.10, k8s.example.org",
    }


def test_an_address_as_dns_name_is_another_thing_and_is_reported() -> None:
    misplaced = certificate(San("dns", "192.0.2.10"), "192.0.2.11", "cp1")
    assert misplaced.misplaced_sans == ("192.0.2.10",)
    assert misplaced.as_dict()["sans"] == {
        "dns": ["192.0.2.10", "cp1"],
        "ip": ["192.0.2.11"],
        "misplaced": ["192.0.2.10"],
        "other": [],
    }
    change = decide_sans("apiserver", misplaced, parse_sans(["192.0.2.10"]))
    assert change is not None
    assert change.before == ["192.0.2.11", "DNS:192.0.2.10", "cp1"]
    assert change.after == ["192.0.2.10", "192.0.2.11", "cp1"]


@pytest.mark.parametrize(
    ("at", "is_expired", "is_not_yet_valid", "days_left"),
    [
        (START.timestamp() - 1, False, True, 365),
        (START.timestamp(), False, False, 365),
        (END.timestamp() - DAY - 1, False, False, 1),
        (END.timestamp() - DAY + 1, False, False, 0),
        (END.timestamp() + 1, True, False, -1),
        (END.timestamp() + DAY + 1, True, False, -2),
    ],
)
def test_validity(at: float, is_expired: bool, is_not_yet_valid: bool, days_left: int) -> None:
    found = certificate()
    assert (found.is_expired(at), found.is_not_yet_valid(at), found.days_left(at)) == (
        is_expired,
        is_not_yet_valid,
        days_left,
    )


@pytest.mark.parametrize(("number", "text"), [(0, "00"), (0xF, "0F"), (0xABC, "0ABC"), (0x1234, "1234")])
def test_serial_number_as_openssl_prints_it(number: int, text: str) -> None:
    assert certificate(serial_number=number).as_dict()["serial_number"] == text


def test_times_are_utc() -> None:
    moment = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert rfc3339(moment) == "2026-11-21T08:00:00Z"


labels = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
texts = st.one_of(
    st.ip_addresses().map(str),
    st.lists(labels, min_size=1, max_size=4).map(".".join),
    st.lists(labels, min_size=1, max_size=3).map(lambda parts: ".".join(["*", *parts])),
)


def _parsed(values: list[str]) -> frozenset[San]:
    found = set()
    for value in values:
        try:
            found.add(San.parse(value))
        except InvalidInput:
            continue
    return frozenset(found)


sets = st.lists(texts, max_size=6).map(_parsed)


@given(has=sets, wanted=sets)
def test_after_the_change_nothing_is_missing_and_nothing_lost(has: frozenset[San], wanted: frozenset[San]) -> None:
    before = certificate(*has)
    change = decide_sans("apiserver", before, wanted)
    assert (change is None) == (not missing_sans(before, wanted))
    if change is not None:
        after = certificate(*change.after)
        assert decide_sans("apiserver", after, wanted) is None
        assert set(change.before) < set(change.after)
        assert kept_sans(before) <= after.sans


@given(values=st.lists(texts, max_size=6))
def test_spelling_makes_no_difference(values: list[str]) -> None:
    wanted = _parsed(values)
    shouted = _parsed([value.upper() for value in values])
    assert decide_sans("apiserver", certificate(*wanted), shouted) is None
