# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in texts."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.addresses_in_text import (
    addresses_in,
    is_of_a_host,
    without,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("192.0.2.11", ("192.0.2.11",)),
        ("192.0.2.11:10249", ("192.0.2.11",)),
        ("http://127.0.0.1:2381,http://192.0.2.11:2381", ("127.0.0.1", "192.0.2.11")),
        ("cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380", ("192.0.2.11", "192.0.2.12")),
        ("https://192.0.2.11/readyz", ("192.0.2.11",)),
        ("/srv/192.0.2.11/audit", ("192.0.2.11",)),
        ("2001:DB8:0::11", ("2001:db8::11",)),
        ("https://[2001:db8::11]:2379", ("2001:db8::11",)),
        ("192.0.2.11,2001:db8::11", ("192.0.2.11", "2001:db8::11")),
        # Networks, names, versions and numbers are no addresses.
        ("10.96.0.0/12,192.0.2.11/32", ()),
        ("192.0.2.11.nip.io", ()),
        ("node-192.0.2.11", ()),
        ("v1.2.3.4", ()),
        ("1.2.3.4.5", ()),
        ("300.0.0.1", ()),
        ("https://kubernetes.default.svc.cluster.local", ()),
        ("10h0m0s", ()),
    ],
)
def test_addresses_in_a_text(text: str, expected: tuple[str, ...]) -> None:
    assert addresses_in(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.11", True),
        ("2001:db8::11", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("169.254.20.10", False),
        ("224.0.0.1", False),
    ],
)
def test_addresses_that_are_one_hosts(address: str, expected: bool) -> None:
    assert is_of_a_host(address) is expected


@pytest.mark.parametrize(
    ("text", "addresses", "expected"),
    [
        ("https://192.0.2.7:2379,https://192.0.2.70:2379", ["192.0.2.7"], "https://A:2379,https://192.0.2.70:2379"),
        (
            "https://192.0.2.7:2379,https://192.0.2.70:2379",
            ["192.0.2.7", "192.0.2.70"],
            "https://A:2379,https://A:2379",
        ),
        ("https://[fd00::1]:2379,https://[fd00::12]:2379", ["fd00::1"], "https://[A]:2379,https://[fd00::12]:2379"),
        ("/pki/member-192.0.2.7.pem", ["192.0.2.7"], "/pki/member-A.pem"),
        ("10.244.0.0/16,10.244.0.0", ["10.244.0.0"], "10.244.0.0/16,A"),
        ("fd00:10::/56", ["fd00:10::"], "fd00:10::/56"),
        ("192.0.2.7", [""], "192.0.2.7"),
    ],
)
def test_a_text_without_addresses(text: str, addresses: list[str], expected: str) -> None:
    assert without(text, addresses, "A") == expected
