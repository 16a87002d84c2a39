# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services in the layouts that people have, for tests."""

from __future__ import annotations

import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import Sources
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit

UNIT_FILE = "/etc/systemd/system/kube-apiserver.service"
DROP_IN = "/etc/systemd/system/kube-apiserver.service.d/10-local.conf"
CONF = "/opt/kubernetes/cfg/kube-apiserver.conf"

#: Everything under one directory, the flags in a file of its own.
UNIT_WITH_CONF = """\
[Unit]
Description=Kubernetes API Server
Documentation=https://github.com/kubernetes/kubernetes

[Service]
EnvironmentFile=-/opt/kubernetes/cfg/kube-apiserver.conf
ExecStart=/opt/kubernetes/bin/kube-apiserver $KUBE_APISERVER_OPTS
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
CONF_TEXT = """\
KUBE_APISERVER_OPTS="--logtostderr=false \\
--v=2 \\
--log-dir=/opt/kubernetes/logs \\
--etcd-servers=https://192.0.2.11:2379,https://192.0.2.12:2379,https://192.0.2.13:2379 \\
--bind-address=192.0.2.11 \\
--secure-port=6443 \\
--advertise-address=192.0.2.11 \\
--allow-privileged=true \\
--service-cluster-ip-range=10.0.0.0/24 \\
--enable-admission-plugins=NamespaceLifecycle,LimitRanger,ServiceAccount,ResourceQuota,NodeRestriction \\
--enable-bootstrap-token-auth=true \\
--token-auth-file=/opt/kubernetes/cfg/token.csv \\
--service-account-issuer=https://kubernetes.default.svc \\
--audit-log-path=/opt/kubernetes/logs/k8s-audit.log"
"""
#: Flags in the unit itself.
UNIT_WITH_FLAGS = """\
[Unit]
Description=Kubernetes API Server
After=network.target

[Service]
WorkingDirectory=/var/lib/kube-apiserver
ExecStart=/usr/local/bin/kube-apiserver \\
  --advertise-address=192.0.2.11 \\
  --default-not-ready-toleration-seconds=360 \\
  # what a user may send
  --max-mutating-requests-inflight=2000 \\
  --anonymous-auth=false \\
  --etcd-servers=https://192.0.2.11:2379,https://192.0.2.12:2379 \\
  --profiling \\
  --runtime-config='api/all=true' \\
  --v=2
Restart=on-failure
RestartSec=10
Type=notify

[Install]
WantedBy=multi-user.target
"""


def service(
    unit: str,
    *drop_ins: str,
    name: str = "kube-apiserver.service",
    environment: t.Mapping[str, str] | None = None,
    specifiers: t.Mapping[str, str] | None = None,
) -> Sources:
    """A service of these texts."""
    places = [DROP_IN.replace("10-", f"{10 + number}-") for number in range(len(drop_ins))]
    files = tuple(Text(path, text) for path, text in zip(places, drop_ins, strict=True))
    return Sources(
        Unit(name, Text(UNIT_FILE, unit), files, specifiers or {}),
        {path: Text(path, text) for path, text in (environment or {}).items()},
    )


def command(line: str, *settings: str) -> Sources:
    """A service with this command line, and other settings before it."""
    return service("\n".join(["[Service]", *settings, f"ExecStart={line}", ""]))


WITH_CONF = service(UNIT_WITH_CONF, environment={CONF: CONF_TEXT})
WITH_FLAGS = service(UNIT_WITH_FLAGS)
