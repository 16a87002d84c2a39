# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a host, of which tests change what they are about."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.carried_files import FilesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.desired_host import DesiredHost
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.inspected_host import InspectedHost
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import (
    Machine,
    OperatingSystem,
    Programs,
    Python,
    Service,
)

CONTAINERD = "unix:///var/run/containerd/containerd.sock"


def host_report(name: str, address: str, **changes: t.Any) -> InspectedHost:
    """A Debian host with kubeadm's packages that has not joined. Every field is here: a new one has to be added."""
    report = InspectedHost(
        hostname=name,
        kubelet_flags={},
        machine_id=f"machine-{name}",
        machine=Machine(),
        user_id=0,
        product_uuid=f"uuid-{name}",
        addresses=(address,),
        networks=(),
        default_address=address,
        default_ipv6_address="",
        os=OperatingSystem("debian", "", "12"),
        python=Python("/usr/bin/python3", "3.11.2", {"yaml": False, "cryptography": False}),
        programs=Programs(openssl=True),
        versions={"kubeadm": "v1.34.4", "kubelet": "v1.34.4"},
        services={"containerd": Service("active", "enabled")},
        pki_dir="/etc/kubernetes/pki",
        directory_links={},
        certificates=(),
        interrupted_certificates=(),
        has_ca_key=False,
        kubeconfigs=(),
        references=(),
        users=("root",),
        manifests={},
        static_pods={},
        control_plane_files=FilesReport(),
        kubeadm_patches=None,
        kubelet_arguments={},
        given_kubelet_flags={},
        other_static_pods=(),
        pod_environment={},
        anonymous_access="",
        kubernetes_files=(),
        has_etcd_data=False,
        cni_configurations=(),
        creation="",
        listening=(),
        api_clients=(),
        kubelet_server=None,
        bootstrap_token="",
        cri_sockets=(CONTAINERD,),
        kubelet_cri_socket="",
        read_only=(),
        haproxy_version="",
        kubeadm_processes=(),
        stopped_pods={},
        is_at_work=False,
        is_locked=False,
        selinux="disabled",
        forwarding={"net.ipv4.ip_forward": "1", "net.ipv6.conf.default.forwarding": "0"},
        swap=False,
        free_bytes=50 << 30,
        backup_target=None,
        proxies=(),
        endpoint_view=None,
        load_balancer=None,
        audit=None,
        clock=1000.0,
        seconds=0.1,
        wanted=DesiredHost(),
        looked_at=1000.5,
    )
    return dataclasses.replace(report, **changes)


__all__ = ("CONTAINERD", "host_report")
