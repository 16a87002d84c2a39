# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's packet filter has seen is read from what nft 1.1 lists."""

from __future__ import annotations

from tests.scenarios import outside

LISTED = """\
table inet watch {
    set seen {
        type ipv4_addr . inet_service
        size 1024
        flags dynamic
        elements = { 192.0.2.4 . 80,
                 198.51.100.8 . 8443 }
    }
}
table inet watch {
    set seen6 {
        type ipv6_addr . inet_service
        size 1024
        flags dynamic
        elements = { ::ffff:192.0.2.4 . 80,
                 2001:db8::1 . 443 }
    }
}
"""


def test_addresses_of_both_families_are_read_with_their_ports() -> None:
    assert outside.elements(LISTED) == {
        ("192.0.2.4", "80"),
        ("198.51.100.8", "8443"),
        ("::ffff:192.0.2.4", "80"),
        ("2001:db8::1", "443"),
    }


def test_a_set_without_elements_has_none() -> None:
    assert outside.elements(LISTED.partition("elements")[0]) == set()


def test_an_address_of_ipv6_is_shown_in_brackets() -> None:
    assert outside.shown("2001:db8::1", "443") == "[2001:db8::1]:443"
    assert outside.shown("192.0.2.4", "80") == "192.0.2.4:80"
