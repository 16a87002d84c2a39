# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of a host, as the kernel writes them."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import tcp_sockets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0100007F:1F90", "127.0.0.1:8080"),
        ("00000000000000000000000001000000:192B", "[::1]:6443"),
        ("0000000000000000FFFF00000B02000A:192B", "10.0.2.11:6443"),
    ],
)
def test_addresses_of_the_kernel(text: str, shown: str) -> None:
    assert tcp_sockets._address(text) == shown
