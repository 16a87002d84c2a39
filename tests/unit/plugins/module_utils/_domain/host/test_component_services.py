# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts have components that something else than kubeadm made."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.component_services import are_there
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Service
from tests.unit.plugins.reports import host_report

KUBEADMS = {"kubeconfig": "/etc/kubernetes/kubelet.conf", "config": "/var/lib/kubelet/config.yaml"}


@pytest.mark.parametrize(
    ("services", "flags", "expected"),
    [
        pytest.param((), {}, False, id="nothing"),
        pytest.param(("haproxy", "containerd"), {}, False, id="a load balancer"),
        pytest.param(("kubelet", "containerd"), KUBEADMS, False, id="a node of kubeadm"),
        pytest.param(
            ("kubelet",), {**KUBEADMS, "config": "/opt/kubernetes/cfg/kubelet.yml"}, True, id="a kubelet alone"
        ),
        pytest.param(("kubelet",), {}, True, id="a kubelet that does not run"),
        pytest.param(("kubelet", "kube-proxy"), KUBEADMS, True, id="kube-proxy"),
        pytest.param(("kube-scheduler",), {}, True, id="a scheduler"),
    ],
)
def test_are_there(services: t.Sequence[str], flags: dict[str, str], expected: bool) -> None:
    report = host_report(
        "m1",
        "192.0.2.11",
        services={name: Service("active", "enabled") for name in services},
        kubelet_flags=flags,
    )
    assert are_there(report) is expected
