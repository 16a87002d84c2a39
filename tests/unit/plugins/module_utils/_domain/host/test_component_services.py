# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts have components that something else than kubeadm made."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.component_services import are_there
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import (
    CertificateFile,
    HostReport,
    KubeconfigFile,
    Service,
)
from tests.unit.plugins.module_utils._domain.plan.test_planning import before
from tests.unit.plugins.reports import host_report

KUBEADMS = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt")


@pytest.mark.parametrize(
    ("services", "files", "expected"),
    [
        pytest.param((), (), False, id="nothing"),
        pytest.param(("haproxy", "containerd"), (), False, id="a load balancer"),
        pytest.param(("kubelet", "containerd"), KUBEADMS, False, id="a node of kubeadm"),
        pytest.param(("kubelet",), KUBEADMS[:1], True, id="a kubelet with another CA's place"),
        pytest.param(("kubelet",), (), True, id="a kubelet alone"),
        pytest.param(("kubelet", "kube-proxy"), KUBEADMS, True, id="kube-proxy"),
        pytest.param(("kube-scheduler",), (), True, id="a scheduler"),
    ],
)
def test_are_there(services: t.Sequence[str], files: t.Sequence[str], expected: bool) -> None:
    report = host_report(
        "m1",
        "192.0.2.11",
        services={name: Service("active", "enabled") for name in services},
        versions={},
        kubeconfigs=tuple(KubeconfigFile(path, "", "0600", plain=True) for path in files if path.endswith(".conf")),
        certificates=tuple(CertificateFile(path, "") for path in files if path.endswith(".crt")),
    )
    assert are_there(report) is expected


def test_a_kubelet_that_waits_for_kubeadm_is_none() -> None:
    services = {"kubelet": Service("activating", "enabled")}
    assert are_there(host_report("w3", "192.0.2.23", services=services, versions={"kubeadm": "v1.34.4"})) is False
    assert are_there(host_report("w3", "192.0.2.23", services=services, versions={"kubeadm": ""})) is True


@pytest.mark.parametrize("report", [pytest.param(report, id=name) for name, report in before()["hosts"].items()])
def test_members_of_a_cluster_of_kubeadm_have_none(report: dict[str, t.Any]) -> None:
    host = HostReport.from_dict(
        "x", {key: value for key, value in report.items() if key not in ("wanted", "looked_at")}
    )
    assert are_there(host) is False
