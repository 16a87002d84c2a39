# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where haproxy and its configuration are on a load balancer host.

The role apiserver_haproxy writes to the same places; a test holds the two together.
"""

from __future__ import annotations

PROGRAM = "/usr/sbin/haproxy"
CONFIGURATION = "/etc/haproxy/haproxy.cfg"
STATE_DIRECTORY = "/var/lib/haproxy"
#: Certificate of the cluster's CA, with which API servers are verified.
CA = "/etc/haproxy/kubernetes-ca.crt"
#: The script that ends the sessions of a server that is down.
LUA = "/etc/haproxy/kubernetes-apiserver.lua"
#: A text by which the role's own configuration is known.
MARKER = "Configuration of the Ansible role kubeadm.ha.apiserver_haproxy"
#: Unix socket on which the role's configuration shows what is loaded.
STATUS_SOCKET = "/var/lib/haproxy/kubernetes-apiserver-status.sock"
#: Client certificate of the checks; its key is beside it, with ``.key`` appended.
PROBE_CERTIFICATE = "/etc/haproxy/kubernetes-probe.crt"

__all__ = (
    "CA",
    "CONFIGURATION",
    "LUA",
    "MARKER",
    "PROBE_CERTIFICATE",
    "PROGRAM",
    "STATE_DIRECTORY",
    "STATUS_SOCKET",
)
