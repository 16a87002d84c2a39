# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the role external_etcd keeps things on a host; its variables name the same paths."""

from __future__ import annotations

USER = "etcd"
PKI = "/etc/etcd/pki"
CA, CA_KEY = f"{PKI}/ca.crt", f"{PKI}/ca.key"
ENVIRONMENT = "/etc/etcd/kubeadm-ha.env"
UNIT = "/etc/systemd/system/etcd.service"
SERVICE = "etcd"
DATA = "/var/lib/etcd/default"
#: What the role has begun on this host, and with whom.
RECORD = "/var/lib/kubeadm-ha/external-etcd.json"
#: How a member begins. Without it the unit does not start where there is no data. It is gone once the member has begun.
FIRST_START_DIRECTORY = "/run/kubeadm-ha-etcd"
FIRST_START = f"{FIRST_START_DIRECTORY}/first-start.env"
#: Where programs go that come from no package.
OWN_PROGRAMS = "/usr/local/bin"
PROGRAMS = ("etcd", "etcdctl", "etcdutl")
CLIENT_PORT, PEER_PORT = 2379, 2380
#: A text by which the role's own files are known.
MARKER = "Written by the Ansible role kubeadm.ha.external_etcd"
#: The pairs of each member.
PAIRS = ("server", "peer")
#: What kubeadm calls the API servers' client certificate for etcd, and where control planes have it.
CLIENT_CA = "/etc/kubernetes/pki/etcd/ca.crt"
CLIENT = "/etc/kubernetes/pki/apiserver-etcd-client"
CLIENT_NAME = "kube-apiserver-etcd-client"
