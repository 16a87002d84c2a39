# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of etcd over a table, and what leads a host to itself."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, is_loopback
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.etcd_url import (
    EtcdUrl,
    lead_to_loopback,
    urls_of,
)

URLS: list[tuple[str, EtcdUrl | None]] = [
    ("https://192.0.2.11:2379", EtcdUrl("192.0.2.11", 2379)),
    (" http://192.0.2.11:2379/ ", EtcdUrl("192.0.2.11", 2379)),
    ("https://[2001:DB8:0::5]:4001", EtcdUrl("2001:db8::5", 4001)),
    ("https://etcd1.example.org", EtcdUrl("etcd1.example.org", None)),
    ("http://:2380", EtcdUrl("", 2380)),
    ("https://e1:99999", EtcdUrl("e1", 99999)),
    # As clients of etcd take it.
    ("127.0.0.1:2379", EtcdUrl("127.0.0.1", 2379)),
    ("unix:///run/etcd.sock", None),
    ("nonsense", None),
    ("https://e1:2379/path", None),
    ("https://2001:db8::5", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), URLS)
def test_where_a_url_leads(text: str, expected: EtcdUrl | None) -> None:
    assert EtcdUrl.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://192.0.2.11:4001", Endpoint("192.0.2.11", 4001)),
        ("https://[2001:db8::5]", Endpoint("2001:db8::5", 2379)),
        ("http://E1.example.org", Endpoint("e1.example.org", 2379)),
        ("https://:2379", None),
        ("https://e1:99999", None),
        ("https://e1:0", None),
    ],
)
def test_the_endpoint_of_a_url(text: str, expected: Endpoint | None) -> None:
    parsed = EtcdUrl.parse(text)
    assert parsed is not None
    assert parsed.endpoint(default_port=2379) == expected


def test_a_flag_lists_urls() -> None:
    assert urls_of(" https://192.0.2.11:2379,, https://e1:2379,") == ["https://192.0.2.11:2379", "https://e1:2379"]
    assert urls_of("") == []


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["https://127.0.0.1:2379"], True),
        (["https://127.0.0.1:2379", "https://[::1]:2379"], True),
        (["https://127.0.0.1:2379", "https://192.0.2.11:2379"], False),
        (["https://localhost:2379"], False),
        (["unix:///run/etcd.sock"], False),
        ([], False),
    ],
)
def test_urls_of_loopback(urls: list[str], expected: bool) -> None:
    assert lead_to_loopback(urls) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("192.0.2.11", False),
        ("0.0.0.0", False),
        ("127.example.org", False),
        ("", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
