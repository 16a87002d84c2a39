# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which addresses control planes may ask external etcd."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host import Host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Network
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import etcd_clients
from tests.unit.plugins.module_utils._domain.plan.test_planning import NamedCertificates
from tests.unit.plugins.reports import host_report

PODS = ("10.244.0.0/16", "fd00:10::/56", "nonsense")


def host(name: str, address: str, **changes: t.Any) -> Host:
    return Host.from_report(name, host_report(name, address, **changes), yaml=PyYaml(), x509=NamedCertificates())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("192.0.2.11",)),
        ({"default_ipv6_address": "2001:DB8::11"}, ("192.0.2.11", "2001:db8::11")),
        ({"default_address": "", "networks": (Network("192.0.2.0/24", "192.0.2.11"),)}, ("192.0.2.11",)),
        # A network that only servers have, and one that is reached through a gateway.
        (
            {"networks": (Network("198.51.100.0/24", "198.51.100.11"), Network("203.0.113.0/24", "198.51.100.11"))},
            ("192.0.2.11", "198.51.100.11"),
        ),
        # What connects pods comes with the node.
        (
            {"networks": (Network("10.244.1.0/24", "10.244.0.0"), Network("fd00:10::/64", "fd00:10::1"))},
            ("192.0.2.11",),
        ),
    ],
)
def test_the_addresses_of_a_control_plane(changes: dict[str, t.Any], expected: tuple[str, ...]) -> None:
    assert etcd_clients.find(["cp1"], {"cp1": host("cp1", "192.0.2.11", **changes)}, PODS) == expected


def test_control_planes_alone_in_the_order_of_their_group() -> None:
    hosts = {name: host(name, f"192.0.2.{number}") for name, number in (("lb1", 9), ("cp1", 11), ("cp2", 12))}
    assert etcd_clients.find(["cp2", "cp1"], hosts, PODS) == ("192.0.2.12", "192.0.2.11")


def test_nobody_is_named_where_one_control_plane_is_away() -> None:
    """It would be shut out."""
    assert etcd_clients.find(["cp1", "away"], {"cp1": host("cp1", "192.0.2.11")}, PODS) == ()
