# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that are another host's on another host."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import host_bound
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.host_bound import Master
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServicesReport

NOTHING = ServicesReport(services={})
M1 = Master("m1", "k8s-master1", "192.0.2.11", frozenset({"192.0.2.11", "127.0.0.1"}), NOTHING)
M2 = Master("m2", "m2", "192.0.2.12", frozenset({"192.0.2.12", "127.0.0.1"}), NOTHING)


@pytest.mark.parametrize(
    ("flag", "before", "after", "unknown"),
    [
        ("bind-address", "192.0.2.11", "192.0.2.12", False),
        ("advertise-address", "192.0.2.11", "192.0.2.12", False),
        ("metrics-bind-address", "192.0.2.11:10249", "192.0.2.12:10249", False),
        ("bind-address", "0.0.0.0", "0.0.0.0", False),
        ("bind-address", "127.0.0.1", "127.0.0.1", False),
        ("hostname-override", "k8s-master1", "m2", False),
        (
            "etcd-servers",
            "https://192.0.2.11:2379,https://192.0.2.12:2379",
            "https://192.0.2.11:2379,https://192.0.2.12:2379",
            False,
        ),
        ("service-account-issuer", "https://192.0.2.11:6443", "https://192.0.2.11:6443", False),
        ("oidc-issuer-url", "https://192.0.2.11:5556", "https://192.0.2.11:5556", True),
        ("v", "2", "2", False),
    ],
)
def test_a_flag_on_another_master(flag: str, before: str, after: str, unknown: bool) -> None:
    """Own addresses and names change, what the cluster has alike stays, what is neither is named."""
    found, flags = host_bound.arguments_on({flag: (before,)}, M1, M2)
    assert found == {flag: (after,)}
    assert flags == ((flag,) if unknown else ())


def test_fields_on_another_master() -> None:
    """Only those that differ."""
    fields = {
        "hostnameOverride": "k8s-master1",
        "bindAddress": "192.0.2.11",
        "healthzBindAddress": "0.0.0.0:10256",
        "mode": "ipvs",
    }
    assert host_bound.fields_on(fields, M1, M2) == {"hostnameOverride": "m2", "bindAddress": "192.0.2.12"}
    assert host_bound.fields_on({"hostnameOverride": ""}, M1, M2) == {}
