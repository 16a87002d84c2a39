# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose addresses are."""

from __future__ import annotations

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.address_owners import owner_of, shown_owner


def test_whose_an_address_is() -> None:
    owners = {"192.0.2.11": ["cp1"], "10.0.2.15": ["cp1", "cp2", "w1"]}
    assert [owner_of(address, owners) for address in ("192.0.2.11", "10.0.2.15", "198.51.100.9")] == ["cp1", None, None]
    reported = [shown_owner(address, owners) for address in ("192.0.2.11", "10.0.2.15", "198.51.100.9")]
    assert reported == ["cp1's address", "an address of cp1, cp2 and w1", "no host's address"]
