# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of etcd by the arguments of an API server."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.etcd_endpoints import endpoints


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"etcd-servers": ("https://192.0.2.51:2379,https://192.0.2.52:2379",)},
            ["192.0.2.51:2379", "192.0.2.52:2379"],
        ),
        (
            {"etcd-servers": ("https://192.0.2.51:2379", "http://etcd.example.org")},
            ["192.0.2.51:2379", "etcd.example.org:2379"],
        ),
        (
            {"etcd-servers": ("https://[2001:db8::5]:4001/, https://192.0.2.51",)},
            ["[2001:db8::5]:4001", "192.0.2.51:2379"],
        ),
        (
            {
                "etcd-servers": ("https://192.0.2.51:2379",),
                "etcd-servers-overrides": (
                    "/events#https://192.0.2.61:2379;https://192.0.2.62:2379,/leases#https://192.0.2.51:2379",
                ),
            },
            ["192.0.2.51:2379", "192.0.2.61:2379", "192.0.2.62:2379"],
        ),
        ({"etcd-servers": ("unix:///run/etcd.sock,https://:2379,nonsense",)}, []),
        ({}, []),
    ],
)
def test_every_member_that_a_flag_names(arguments: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    """Flags add up, a member counts once, and what is no address or name on the network is left out."""
    assert [str(item) for item in endpoints(arguments)] == expected
