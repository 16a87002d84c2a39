# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of ports from what semanage prints, over the policies of both families."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.selinux import parse_ports, type_of
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_haproxy_selinux import (
    DEBIAN_PORTS,
    RHEL_PORTS,
)


@pytest.mark.parametrize(
    ("ports", "port", "kind"),
    [
        (RHEL_PORTS, 6443, "unreserved_port_t"),
        (RHEL_PORTS, 8443, "http_port_t"),
        (RHEL_PORTS, 10005, "http_cache_port_t"),
        (RHEL_PORTS, 40000, "ephemeral_port_t"),
        (RHEL_PORTS, 3130, "unreserved_port_t"),
        (RHEL_PORTS, 700, ""),
        (DEBIAN_PORTS, 6443, "kubernetes_port_t"),
        ("http_port_t                    tcp      6443\n" + DEBIAN_PORTS, 6443, "http_port_t"),
    ],
)
def test_type_of_a_port(ports: str, port: int, kind: str) -> None:
    assert type_of(port, parse_ports(ports)) == kind
