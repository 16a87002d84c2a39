# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that all control planes of a kubeadm cluster have alike.

https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/high-availability/#manual-certs
"""

from __future__ import annotations

import typing as t

_ETCD = "etcd-ca"
#: Certificate, or public key, and private key of each authority below kubeadm's ``certificatesDir``, by the name of kubeadm's phase.
AUTHORITY_FILES: t.Mapping[str, tuple[str, str]] = {
    "ca": ("ca.crt", "ca.key"),
    "front-proxy-ca": ("front-proxy-ca.crt", "front-proxy-ca.key"),
    _ETCD: ("etcd/ca.crt", "etcd/ca.key"),
    "sa": ("sa.pub", "sa.key"),
}
#: What the API server is a client of external etcd with.
CLIENT_FILES = ("apiserver-etcd-client.crt", "apiserver-etcd-client.key", "etcd/ca.crt")


def authorities_of(*, has_stacked_etcd: bool) -> tuple[str, ...]:
    """Names of kubeadm's phases that make them; the CA of external etcd is its operator's."""
    return tuple(name for name in AUTHORITY_FILES if name != _ETCD or has_stacked_etcd)


def shared_files(*, has_stacked_etcd: bool) -> tuple[str, ...]:
    """Their names below the directory, sorted."""
    names = authorities_of(has_stacked_etcd=has_stacked_etcd)
    return tuple(sorted(file for name in names for file in AUTHORITY_FILES[name]))


__all__ = ("AUTHORITY_FILES", "CLIENT_FILES", "authorities_of", "shared_files")
