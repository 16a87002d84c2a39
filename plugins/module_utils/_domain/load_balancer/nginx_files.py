# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nginx, its configuration and what watches the API servers for it are on a load balancer host.

The role apiserver_nginx writes to the same places; a test holds the two together.
"""

from __future__ import annotations

PROGRAM = "/usr/sbin/nginx"
#: With every API server; the watcher makes of it what nginx loads. The distribution's nginx.conf is none of ours.
CONFIGURATION = "/etc/nginx/kubernetes-apiserver/nginx.conf"
#: Certificate of the cluster's CA, with which API servers are verified.
CA = "/etc/nginx/kubernetes-apiserver/kubernetes-ca.crt"
#: Client certificate of the checks; its key is beside it, with ``.key`` appended.
PROBE_CERTIFICATE = "/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt"
#: The program that checks the API servers.
WATCHER = "/usr/local/sbin/kubernetes-apiserver-watch"
#: Where nginx and the watcher, which are the same dynamic user, meet.
RUNTIME_DIRECTORY = "/run/nginx-kubernetes-apiserver"
#: Unix socket on which nginx shows what is loaded.
STATUS_SOCKET = "/run/nginx-kubernetes-apiserver/status.sock"
#: A text by which the role's own configuration is known.
MARKER = "Configuration of the Ansible role kubeadm.ha.apiserver_nginx"
#: The stream module where it is loaded on demand: that of Debian, then that of the RHEL family and SUSE.
STREAM_MODULES = ("/usr/lib/nginx/modules/ngx_stream_module.so", "/usr/lib64/nginx/modules/ngx_stream_module.so")

__all__ = (
    "CA",
    "CONFIGURATION",
    "MARKER",
    "PROBE_CERTIFICATE",
    "PROGRAM",
    "RUNTIME_DIRECTORY",
    "STATUS_SOCKET",
    "STREAM_MODULES",
    "WATCHER",
)
