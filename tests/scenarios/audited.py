# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit finds at the end of a scenario: nothing but what its topology is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.playbook import Run, run_playbook

#: What writes the report on the controller.
_REPORT = "kubeadm.ha.audit : Report | "
#: The endpoint is one load balancer.
SINGLE_BALANCER = frozenset({"endpoint.single-balancer"})
#: nginx cannot end the sessions of an API server that is frozen.
NGINX = frozenset({"load-balancer.open-connections-hang"})
#: Both of them.
SINGLE_NGINX = SINGLE_BALANCER | NGINX
#: One member of etcd on a host of its own, which every API server names.
SINGLE_ETCD = frozenset({"etcd.no-tolerance", "etcd.api-server-knows-one"})
#: One control plane behind a load balancer that is its endpoint.
SINGLE_BEHIND_BALANCER = SINGLE_BALANCER | {
    "control-plane.single",
    "etcd.no-tolerance",
    "load-balancer.one-server",
}
#: Everybody is led to one host by an address of it.
_BOUND = frozenset({"client.administrator", "client.cluster-info", "client.kube-proxy", "client.kubelet"})
#: Control planes behind an address that one of them has and that nothing gives to another one.
ADDRESS_OF_ONE = _BOUND | {"endpoint.is-a-host"}
#: What kubeadm makes by itself: one control plane, to which everybody connects by its own address.
SINGLE_CONTROL_PLANE = _BOUND | {"control-plane.single", "endpoint.missing", "etcd.no-tolerance"}
#: One master of services, to which everybody connects by its own address. Its etcd has members elsewhere, too.
SINGLE_MASTER = frozenset({"client.kube-proxy", "client.kubelet", "control-plane.single", "endpoint.missing"})
#: What guides have before API servers, one haproxy; the lab's own.
SINGLE_OF_GUIDES = SINGLE_BALANCER | {
    "load-balancer.not-passed-on",
    "load-balancer.open-connections-hang",
    "load-balancer.unready-unseen",
}
#: Somebody has given a flag to static pods, and not to kubeadm.
EDITED_MANIFESTS = frozenset({"kubeadm.configuration-differs"})
#: kubeadm starts both pods of CoreDNS where it begins.
DNS_ON_ONE_NODE = frozenset({"workload.dns-on-one-node"})


def grave_findings(
    inventories: Sequence[Path],
    work: Path,
    variables: Mapping[str, Any] | None = None,
    *,
    arguments: Sequence[str] = (),
    label: str = "audit-of-the-end",
) -> dict[str, list[str]]:
    """Summaries of findings of severity warning or worse by their id.

    :param work: directory for the report and the record of the run.
    :param label: their name.
    """
    run = run_playbook(
        "kubeadm.ha.audit",
        inventories=inventories,
        record=work / f"{label}.jsonl",
        variables={"kubeadm_ha_audit_directory": str(work / label), **(variables or {})},
        arguments=arguments,
    )
    assert run.status == 0, run.output[-6000:]
    assert changed_elsewhere(run) == []
    return grave_in(work / label)


def grave_in(directory: Path) -> dict[str, list[str]]:
    """The same of the report that an audit has written into a directory."""
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    grave: dict[str, list[str]] = {}
    for finding in report["findings"]:
        if finding["severity"] != "info":
            grave.setdefault(finding["id"], []).append(f"{finding['object']}: {finding['summary']}")
    return grave


def changed_elsewhere(run: Run) -> list[str]:
    """Tasks of an audit that changed something but its own report."""
    return [str(result["task"]) for result in run.changed if not result["task"].startswith(_REPORT)]


__all__ = (
    "ADDRESS_OF_ONE",
    "DNS_ON_ONE_NODE",
    "EDITED_MANIFESTS",
    "NGINX",
    "SINGLE_BALANCER",
    "SINGLE_BEHIND_BALANCER",
    "SINGLE_CONTROL_PLANE",
    "SINGLE_ETCD",
    "SINGLE_MASTER",
    "SINGLE_NGINX",
    "SINGLE_OF_GUIDES",
    "changed_elsewhere",
    "grave_findings",
    "grave_in",
)
