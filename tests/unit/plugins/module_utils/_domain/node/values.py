# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the tests of a node share: a bare Debian, what a role wants of it, and the same once it is ready."""

from __future__ import annotations

import dataclasses
import typing as t

import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import configuration_owner
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import OperatingSystem, Service
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import containerd, desired, node, node_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.decision import NodeDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.part import sha256
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import (
    Containerd,
    FoundFile,
    Hardware,
    Identity,
    Module,
    NodeReport,
    Program,
    Swap,
    Sysctl,
    Time,
)
from tests.tools.environment import ROOT

PLATFORMS = yaml.safe_load((ROOT / "roles/node_prepare/vars/main.yml").read_text())["__node_prepare_platforms"]
INPUTS: dict[str, t.Any] = {
    "api_server_port": 6443,
    "binaries": "",
    "cni": "flannel",
    "containerd_settings": {},
    "control_planes": ["192.0.2.11", "192.0.2.12"],
    "ignore_preflight_errors": [],
    "image_repository": "registry.k8s.io",
    "kubelet_configuration": {},
    "kubernetes_version": "1.34.4",
    "manage_containerd": True,
    "manage_firewall": True,
    "manage_time": True,
    "node_type": "worker",
    "package_repository": {},
    "pause_image": "",
    "platforms": PLATFORMS,
    "pod_subnet": "10.244.0.0/16",
    "registry_mirrors": {},
    "stacked_etcd": True,
}
IDENTITY = Identity("h1", "aa", "", ("52:54:00:00:00:01",), "boot1", "net:[1]", 1000.0, "x86_64", 1000.0)
BARE = NodeReport(
    identity=IDENTITY,
    os=OperatingSystem("debian", "", "13"),
    package_manager="apt",
    is_container=False,
    is_node=False,
    runs_kubelet=False,
    other_runtimes=(),
    swap=Swap((), False, ()),
    modules={name: Module(False, False, False) for name in node.MODULES},
    sysctls={name: Sysctl("0", "", "") for name in node.SYSCTLS},
    files={},
    containerd=Containerd(False, configuration_owner.ABSENT, "", False, {}),
    programs={"mount": Program("/usr/bin/mount", ""), "nsenter": Program("/usr/bin/nsenter", "")},
    has_cni=False,
    held=(),
    offered=(),
    services={},
    time=Time(False, (), False),
    firewall=Firewall(),
    hardware=Hardware(4, 8 << 30),
    origins={},
)


def decided(report: NodeReport, others: t.Mapping[str, Identity] | None = None, **inputs: t.Any) -> NodeDecision:
    """What is to be done on the host ``h1``, with these inputs."""
    wanted, faults = desired.parse("h1", {**INPUTS, **inputs})
    return node.decide("h1", report, wanted, faults, others)


def objects(decision: NodeDecision) -> list[str]:
    """What would change."""
    return [change.object for change in decision.changes]


def messages(decision: NodeDecision) -> str:
    """Every reason to stop."""
    return " ".join(problem.message for problem in decision.problems)


def afterwards(report: NodeReport, **inputs: t.Any) -> NodeReport:
    """The report of a host on which the decision was carried out: each of its values, and nothing else."""
    decision = decided(report, **inputs)
    wanted, _faults = desired.parse("h1", {**INPUTS, **inputs})
    assert wanted.version is not None
    kernel = decision.kernel
    written = [*kernel.files, *decision.kubernetes.files, *decision.containerd.registries, *decision.crictl]
    platform = wanted.platform((report.os.id, *report.os.like.split()))
    tools = {} if platform is None else {tool: Program(f"/usr/bin/{tool}", "") for tool in platform.tools}
    source = "/usr/local/bin" if decision.kubernetes.source else "/usr/bin"
    kubernetes = {name: Program(f"{source}/{name}", str(wanted.version)) for name in ("kubeadm", "kubectl", "kubelet")}
    files = {each.path: FoundFile(sha256(each.content), node_files.MARKER in each.content) for each in written}
    if decision.kubernetes.key_path:
        files.setdefault(decision.kubernetes.key_path, FoundFile("cc", False))
    has_modules, has_sysctls = node_files.MODULES in files, node_files.SYSCTLS in files
    return dataclasses.replace(
        report,
        swap=Swap((), False, report.swap.units),
        modules={
            name: Module(True, found.is_built_in, found.at_boot or has_modules)
            for name, found in report.modules.items()
        },
        sysctls={
            name: Sysctl(kernel.sysctls.get(name, found.now), "1", node_files.SYSCTLS) if has_sysctls else found
            for name, found in report.sysctls.items()
        },
        files={**report.files, **files},
        containerd=Containerd(
            True,
            configuration_owner.ROLE,
            sha256(containerd.configuration(wanted, wanted.version)),
            True,
            {"cri": "enabled"},
        ),
        programs={**report.programs, **tools, **kubernetes},
        has_cni=True,
        held=(*report.held, *decision.kubernetes.hold),
        services={"containerd": Service("active", "enabled"), "kubelet": Service("activating", "enabled")},
        time=Time(True, (decision.time.service,), report.time.has_timesyncd),
    )
