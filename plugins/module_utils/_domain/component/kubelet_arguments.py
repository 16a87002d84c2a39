# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags of a kubelet: those it runs with, and those that an operator's files give it."""

from __future__ import annotations

import re
import typing as t

from .static_pod import without_password

#: What kubeadm and the kubelet's unit give themselves to each kubelet
#: (``buildKubeletArgs`` in kubeadm's ``app/phases/kubelet/flags.go``), what names the host alone, and how much is logged.
KUBEADMS = frozenset(
    {
        *("bootstrap-kubeconfig", "cgroup-driver", "config", "config-dir", "container-runtime", "hostname-override"),
        *("container-runtime-endpoint", "kubeconfig", "network-plugin", "pod-infra-container-image", "resolv-conf"),
        *("runtime-cgroups", "v", "vmodule"),
    }
)
#: Reported separately, as the Node has them.
OF_THE_NODE = frozenset({"node-labels", "register-with-taints"})

_IN_TEXT = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)=([^\s\"'\\]*)")


def of_command(arguments: t.Sequence[str]) -> dict[str, str]:
    """The flags of a running kubelet by name; ``true`` for one without a value."""
    found = {}
    rest = list(arguments[1:])
    while rest:
        item = rest.pop(0)
        if item.startswith("--"):
            name, equals, value = item[2:].partition("=")
            if not equals:
                value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
            found[name] = without_password(value)
    return found


def of_text(text: str) -> dict[str, str]:
    """The flags in environment files and units, of several the last. Comments are passed over."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {name: without_password(value) for line in lines for name, value in _IN_TEXT.findall(line)}


__all__ = ("KUBEADMS", "OF_THE_NODE", "of_command", "of_text")
