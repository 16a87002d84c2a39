# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints a text names, over tables of texts."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.named_endpoint import endpoints_in, named, pinned

OLD = frozenset({Endpoint("192.0.2.11", 6443), Endpoint("2001:db8::11", 6443), Endpoint("old.example.org", 443)})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("    server: https://192.0.2.11:6443\n", ["192.0.2.11:6443"]),
        ('"server":"https://192.0.2.11:6443/path"', ["192.0.2.11:6443"]),
        ("--master=192.0.2.11:6443", ["192.0.2.11:6443"]),
        ("192.0.2.11:6443,192.0.2.12:6443", ["192.0.2.11:6443", "192.0.2.12:6443"]),
        ("https://[2001:DB8:0::11]:6443", ["[2001:db8::11]:6443"]),
        ("[2001:db8::11]:6443", ["[2001:db8::11]:6443"]),
        ("https://Old.Example.org", ["old.example.org:443"]),
        ("k8s.example.org:6443", ["k8s.example.org:6443"]),
        ("https://ann:pass.word:9@192.0.2.11:6443", ["192.0.2.11:6443"]),
        ("http://192.0.2.11:8080 http://192.0.2.11:8080", ["192.0.2.11:8080"]),
    ],
)
def test_endpoints_are_found_in_any_spelling(text: str, found: list[str]) -> None:
    assert sorted(str(endpoint) for endpoint in endpoints_in(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.11",
        "10.244.0.0/16",
        "1192.0.2.11:6443.5",
        "192.0.2.11:64430000",
        "password:12345",
        "first.last:12345@",
        "registry.example.org:v1.2",
        "sha256:1234567890",
        "2026-01-01T00:00:00Z",
    ],
)
def test_what_is_no_endpoint_is_passed_over(text: str) -> None:
    assert endpoints_in(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("server: https://192.0.2.11:6443", 1),
        ("server: https://192.0.2.110:6443", 0),
        ("server: https://192.0.2.11:64431", 0),
        ("server: https://1192.0.2.11:6443", 0),
        ("https://old.example.org/api", 1),
        ("https://very.old.example.org/api", 0),
        ("https://[2001:db8:0:0::11]:6443", 1),
    ],
)
def test_only_wanted_endpoints_are_named(text: str, count: int) -> None:
    assert len(named(text, OLD)) == count


@pytest.mark.parametrize(
    ("host", "port", "found"),
    [
        ("192.0.2.11", "6443", ["192.0.2.11:6443"]),
        ("192.0.2.11", "", ["192.0.2.11:6443"]),
        ("192.0.2.11", "8443", []),
        ("192.0.2.12", "6443", []),
        ("2001:DB8::11", "6443", ["[2001:db8::11]:6443"]),
        ("OLD.example.org", "", ["old.example.org:443"]),
        ("$(NODE)", "", []),
    ],
)
def test_a_pinned_host_names_its_endpoints(host: str, port: str, found: list[str]) -> None:
    assert [str(endpoint) for endpoint in pinned(host, port, OLD)] == found
