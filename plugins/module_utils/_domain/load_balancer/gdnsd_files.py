# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where gdnsd, its configuration and what keeps its answers are on a host that answers the endpoint's name.

The role apiserver_dns writes to the same places; a test holds the two together.
"""

from __future__ import annotations

PROGRAM = "/usr/sbin/gdnsd"
CONFIGURATION = "/etc/gdnsd/config"
#: Every file here is a zone, named like it.
ZONES = "/etc/gdnsd/zones"
#: Certificate of the cluster's CA, with which API servers are verified.
CA = "/etc/gdnsd/kubernetes-ca.crt"
#: Client certificate of the checks; its key is beside it, with ``.key`` appended.
PROBE_CERTIFICATE = "/etc/gdnsd/kubernetes-probe.crt"
#: What the package's unit lacks: a restart, and a copy of the configuration that was loaded.
DROP_IN = "/etc/systemd/system/gdnsd.service.d/kubeadm-ha.conf"
#: The copy.
LOADED = "/run/gdnsd-kubernetes/config"
#: The program that keeps the answers, and its unit.
WATCHER = "/usr/local/sbin/kubeadm-ha-dns-answers"
WATCHER_UNIT = "/etc/systemd/system/kubeadm-ha-dns-answers.service"
WATCHER_SERVICE = "kubeadm-ha-dns-answers"
#: What it writes, and the zone includes.
ANSWERS = "/var/lib/kubeadm-ha-dns-answers/addresses"
#: A text by which the role's own configuration is known.
MARKER = "Configuration of the Ansible role kubeadm.ha.apiserver_dns"
#: It shows what is loaded elsewhere: :data:`LOADED`.
STATUS_SOCKET = ""
PORT = 53

__all__ = (
    "ANSWERS",
    "CA",
    "CONFIGURATION",
    "DROP_IN",
    "LOADED",
    "MARKER",
    "PORT",
    "PROBE_CERTIFICATE",
    "PROGRAM",
    "STATUS_SOCKET",
    "WATCHER",
    "WATCHER_SERVICE",
    "WATCHER_UNIT",
    "ZONES",
)
