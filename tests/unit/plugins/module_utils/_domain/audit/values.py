# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of a cluster in which nothing is wrong: three control planes, two workers, two load balancers with a virtual IP address."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit, audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit_input import AuditInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import San
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.cluster_audit import ClusterAudit, Leader
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.deployment_spread import (
    Deployment,
    Placement,
    Pod,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.control_plane_health import Health, StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host_audit import HostAudit, KeptBackup
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ADDRESSES,
    Arguments,
    NamedCertificates,
    after,
    bare_host,
)

CONTROL_PLANES = ("cp1", "cp2", "cp3")
NODES = (*CONTROL_PLANES, "w1", "w2")
#: Everything is at this time, in seconds since the epoch: 2026-03-01.
NOW = 1772323200.0
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_ETCD_FLAGS = [["client-cert-auth", "true"], ["listen-client-urls", "https://127.0.0.1:2379"]]


class Certificates(NamedCertificates):
    """As :class:`NamedCertificates`; a SAN ``name:ADDRESS`` is a DNS name that reads as an address."""

    def certificates(self, pem: bytes) -> list[Certificate]:
        """The certificates of the text."""
        misplaced = re.findall(r" name:(\S+?)(?=[| \n]|$)", pem.decode())
        found = super().certificates(re.sub(r" name:[^| \n]+", "", pem.decode()).encode())
        names = frozenset(San("dns", text) for text in misplaced)
        return [dataclasses.replace(item, sans=item.sans | names) for item in found]


def service(active: str = "active", enabled: str = "enabled") -> dict[str, str]:
    """A service of systemd."""
    return {"active": active, "enabled": enabled}


def host_audit(*, backups: tuple[KeptBackup, ...] = ()) -> dict[str, t.Any]:
    """What only an audit asks a host for."""
    found = HostAudit(
        backups=backups,
        time_services=("chronyd",),
        etcd_mount="/var/lib/etcd",
        public_keys={"/etc/kubernetes/pki/sa.pub": "5a"},
    )
    return {
        "backups": [
            {
                "name": item.name,
                "created": item.created,
                "is_complete": item.is_complete,
                "has_snapshot": item.has_snapshot,
            }
            for item in found.backups
        ],
        "connections": [],
        "time_services": list(found.time_services),
        "etcd_mount": found.etcd_mount,
        "public_keys": dict(found.public_keys),
        "unreadable": [],
    }


def deployment(name: str, *nodes: str, replicas: int = 2) -> dict[str, t.Any]:
    """A Deployment of kube-system with a ready pod on each of the nodes."""
    pods = (Pod(f"{name}-{number}", node, is_ready=True, is_terminating=False) for number, node in enumerate(nodes))
    return Placement(Deployment("kube-system", name, replicas, {}, (), ()), tuple(pods)).as_dict()


def healthy() -> Arguments:
    """The arguments of the audit."""
    arguments = after()
    hosts, cluster = arguments["hosts"], arguments["cluster"]
    arguments["load_balancers"] = ["lb1", "lb2"]
    hosts["lb2"] = {**bare_host("lb2"), "versions": {}, "addresses": ["192.0.2.14"]}
    hosts["lb1"]["addresses"] = ["192.0.2.15", "192.0.2.10"]
    for name in ("lb1", "lb2"):
        hosts[name]["services"] = {"haproxy": service(), "keepalived": service()}
    for name, report in hosts.items():
        report.update(clock=NOW, looked_at=NOW, audit=host_audit())
        if name in NODES:
            report["services"] = {"kubelet": service(), "containerd": service()}
    backup = KeptBackup("20260228T000000Z", NOW - 86400.0, is_complete=True, has_snapshot=True)
    hosts["cp1"]["audit"] = host_audit(backups=(backup,))
    for name in CONTROL_PLANES:
        manifests = hosts[name]["manifests"]
        manifests["kube-apiserver"]["image"] = "registry.k8s.io/kube-apiserver:v1.34.4"
        manifests["kube-apiserver"]["flags"] += [
            ["authorization-mode", "Node,RBAC"],
            ["encryption-provider-config", "/x"],
        ]
        manifests["etcd"] = {"flags": _ETCD_FLAGS}
        for component in ("kube-controller-manager", "kube-scheduler"):
            manifests[component] = {"flags": [["leader-elect", "true"]]}
    cluster["nodes"] = [_node(node) for node in cluster["nodes"]]
    health = Health(
        tuple(StaticPod(component, name, True, 0, 1.0, "") for component in COMPONENTS for name in CONTROL_PLANES),
        tuple(ADDRESSES[name] for name in CONTROL_PLANES),
    ).as_dict()
    cluster.update(health)
    cluster["audit"] = _cluster_audit()
    members = tuple(
        Member(
            id=str(number),
            name=name,
            peer_urls=(f"https://{ADDRESSES[name]}:2380",),
            client_urls=(f"https://{ADDRESSES[name]}:2379",),
            leader="1",
            is_healthy=True,
            db_size=20 << 20,
            version="3.6.5",
            raft_term=2,
        )
        for number, name in enumerate(CONTROL_PLANES, start=1)
    )
    arguments["etcd"] = EtcdReport(members, is_healthy=True).as_dict()
    return arguments


def _node(node: dict[str, t.Any]) -> dict[str, t.Any]:
    is_control_plane = node["name"] in CONTROL_PLANES
    label = "node-role.kubernetes.io/control-plane"
    return {
        **node,
        "kubelet_version": "v1.34.4",
        "addresses": [ADDRESSES[node["name"]]],
        "labels": {label: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
        if is_control_plane
        else {},
        "taints": [{"key": label, "effect": "NoSchedule"}] if is_control_plane else [],
    }


def _cluster_audit() -> dict[str, t.Any]:
    leaders = tuple(Leader(name, "cp1_x", is_held=True, transitions=1) for name in COMPONENTS[1:3])
    facts = ClusterAudit(leaders)
    return {
        "leaders": [
            {
                "component": item.component,
                "holder": item.holder,
                "is_held": item.is_held,
                "transitions": item.transitions,
            }
            for item in facts.leaders
        ],
        "deployments": [deployment("metrics-server", "w1", "w2")],
        "anonymous": [],
        "failures": [],
    }


def collected(arguments: Arguments) -> AuditInput:
    """What these arguments are."""
    return AuditInput.from_request(PlanRequest.from_options(arguments), yaml=PyYaml(), x509=Certificates())


def audit_of(arguments: Arguments) -> Audit:
    """The audit of these arguments."""
    return audit(collected(arguments))
