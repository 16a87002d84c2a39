# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distinguishes a machine from every other one."""

from __future__ import annotations

import glob
import hashlib
import os

from ..._domain.host.report import Machine

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_NETWORK_NAMESPACE = "/proc/self/ns/net"
_SSH_HOST_KEYS = "/etc/ssh/ssh_host_*_key.pub"


def collect() -> Machine:
    """The id of the running boot, the network namespace, and hashes of the public SSH host keys; empty where unknown."""
    return Machine(
        boot_id=_content(_BOOT_ID).decode("ascii", "replace").strip(),
        network_namespace=_link(_NETWORK_NAMESPACE),
        ssh_host_keys=sorted(filter(None, map(_key_hash, glob.glob(_SSH_HOST_KEYS)))),
    )


def _key_hash(path: str) -> str:
    """Of the key alone: the comment behind it differs from tool to tool."""
    fields = _content(path).split()
    return hashlib.sha256(fields[1]).hexdigest() if len(fields) > 1 else ""


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


__all__ = ("collect",)
