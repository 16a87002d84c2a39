# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container runtime's socket in a configuration of the kubelet, as text: a host that is only inspected has no YAML parser."""

from __future__ import annotations

import re

#: What kubeadm writes for this host alone: beside the flag since 1.32, in its place since 1.34 (``NodeLocalCRISocket`` in
#: cmd/kubeadm/app/features/features.go; ``WriteInstanceConfigToDisk`` in phases/kubelet/config.go).
INSTANCE_CONFIGURATION = "/var/lib/kubelet/instance-config.yaml"
_FIELD = re.compile(r"^containerRuntimeEndpoint:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def socket_in(configuration: str) -> str | None:
    """The socket that it names; ``None`` where it names none."""
    found = _FIELD.findall(configuration)
    return found[-1] if found else None


__all__ = ("INSTANCE_CONFIGURATION", "socket_in")
