# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in texts, and whose they are."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.address_owners import (
    addresses_in,
    is_of_a_host,
    owner_of,
    shown_owner,
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


def test_whose_an_address_is() -> None:
    owners = {"192.0.2.11": ["cp1"], "10.0.2.15": ["cp1", "cp2", "w1"]}
    assert [owner_of(address, owners) for address in ("192.0.2.11", "10.0.2.15", "198.51.100.9")] == ["cp1", None, None]
    reported = [shown_owner(address, owners) for address in ("192.0.2.11", "10.0.2.15", "198.51.100.9")]
    assert reported == ["cp1's address", "an address of cp1, cp2 and w1", "no host's address"]
