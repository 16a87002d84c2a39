# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where keepalived, its configuration and what judges the local health are on a host that carries the virtual IP.

The role apiserver_keepalived writes to the same places; a test holds the two together.
"""

from __future__ import annotations

PROGRAM = "/usr/sbin/keepalived"
CONFIGURATION = "/etc/keepalived/keepalived.conf"
#: Certificate of the cluster's CA, with which the local API server is verified.
CA = "/etc/keepalived/kubernetes-ca.crt"
#: What the packages' units lack: a restart, and a copy of the configuration that was loaded.
DROP_IN = "/etc/systemd/system/keepalived.service.d/kubeadm-ha.conf"
#: The copy. The policy of RHEL knows /run/keepalived* as keepalived's own.
LOADED = "/run/keepalived-kubernetes/loaded.conf"
#: The program that judges the local health, and its unit.
WATCHER = "/usr/local/sbin/kubeadm-ha-vip-health"
WATCHER_UNIT = "/etc/systemd/system/kubeadm-ha-vip-health.service"
WATCHER_SERVICE = "kubeadm-ha-vip-health"
#: What it writes: 0 while the host may hold the virtual IP.
HEALTH = "/run/keepalived-health/state"
#: The user that keepalived runs scripts as.
SCRIPT_USER = "keepalived_script"
#: A text by which the role's own configuration is known.
MARKER = "Configuration of the Ansible role kubeadm.ha.apiserver_keepalived"

__all__ = (
    "CA",
    "CONFIGURATION",
    "DROP_IN",
    "HEALTH",
    "LOADED",
    "MARKER",
    "PROGRAM",
    "SCRIPT_USER",
    "WATCHER",
    "WATCHER_SERVICE",
    "WATCHER_UNIT",
)
