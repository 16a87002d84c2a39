# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flags of an API server say of etcd otherwise than the ClusterConfiguration."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .etcd_access import EtcdAccess

#: Flags of the API server and the fields of kubeadm's ``etcd.external`` that become them.
FLAGS = {
    "etcd-servers": "endpoints",
    "etcd-cafile": "caFile",
    "etcd-certfile": "certFile",
    "etcd-keyfile": "keyFile",
}


def differences(access: EtcdAccess, external: t.Mapping[str, t.Any]) -> dict[str, tuple[str, str]]:
    """What an API server's flags say otherwise than ``etcd.external`` of the ClusterConfiguration.

    Returns:
        The flag's text and the text of the field, by flag. The order of the endpoints does not matter.
    """
    stored = {flag: external.get(field) or "" for flag, field in FLAGS.items()}
    stored["etcd-servers"] = _joined(stored["etcd-servers"] or ())
    used = {
        "etcd-servers": _joined(access.endpoints),
        "etcd-cafile": access.ca_certificate,
        "etcd-certfile": access.client_certificate,
        "etcd-keyfile": access.client_key,
    }
    return {flag: (used[flag], str(stored[flag])) for flag in FLAGS if used[flag] != str(stored[flag])}


def _joined(endpoints: t.Iterable[t.Any]) -> str:
    return ",".join(sorted(str(url).strip().rstrip("/") for url in endpoints))


__all__ = ("FLAGS", "differences")
