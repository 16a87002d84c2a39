# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what a host has beside the cluster's ConfigMaps, so that a join would not bring it.

By the standard library alone. Of an operator's own static pods only their paths and the IP addresses in them leave the
host, of environment variables only the names.
"""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ..._domain.base import plain_yaml
from ..._domain.base.errors import InvalidInput
from ..._domain.component import kubelet_arguments
from ..._domain.component.static_pod import is_below
from ..._domain.host.report import OtherStaticPod
from ..._domain.kubeadm import join_traces

#: Where an operator gives flags to the kubelet: by Debian's and by Red Hat's name, and in units.
_GIVEN = ("/etc/default/kubelet", "/etc/sysconfig/kubelet")
_UNITS = (
    "/etc/systemd/system/kubelet.service",
    *(f"{directory}/systemd/system/kubelet.service.d/*.conf" for directory in ("/lib", "/usr/lib", "/etc")),
)
#: What kubeadm writes at a join, and so says nothing of the host before.
_KUBEADMS = "/var/lib/kubelet/kubeadm-flags.env"
_ENVIRONMENT_FILE = re.compile(r"^EnvironmentFile=-?(/\S+)", re.MULTILINE)
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.:])")


def running_flags() -> dict[str, str]:
    """The flags with which the kubelet runs; empty while none does."""
    return kubelet_arguments.of_command(_command_line("kubelet"))


def other_static_pods(kubernetes_dir: str, *, unmanaged: t.Sequence[str] = ()) -> list[OtherStaticPod]:
    """Manifests that are none of kubeadm's.

    Args:
        kubernetes_dir: the directory above the manifests.
        unmanaged: paths that the operator brings himself.
    """
    return [
        OtherStaticPod(path, sorted(set(_IP.findall(_text(path)))))
        for path in _other_static_pods(kubernetes_dir)
        if not any(is_below(path, os.path.normpath(item)) for item in unmanaged)
    ]


def pod_environment(kubernetes_dir: str) -> dict[str, list[str]]:
    """Names of the environment variables of each of kubeadm's static pods in a directory above the manifests."""
    return {
        name: _environment(_text(os.path.join(kubernetes_dir, "manifests", f"{name}.yaml")))
        for name in join_traces.COMPONENTS
    }


def given_flags() -> dict[str, str]:
    """The flags that the operator's files give to the kubelet."""
    units = [path for pattern in _UNITS for path in sorted(glob.glob(pattern))]
    texts = [_text(path) for path in units]
    named = [path for text in texts for path in _ENVIRONMENT_FILE.findall(text) if path not in (_KUBEADMS, *_GIVEN)]
    return kubelet_arguments.of_text("\n".join([*texts, *(_text(path) for path in (*named, *_GIVEN))]))


def _other_static_pods(kubernetes_dir: str) -> list[str]:
    paths = sorted(glob.glob(os.path.join(kubernetes_dir, "manifests", "*")))
    components = {f"{name}.yaml" for name in join_traces.COMPONENTS}
    return [path for path in paths if os.path.isfile(path) and os.path.basename(path) not in components]


def _environment(text: str) -> list[str]:
    try:
        container = plain_yaml.load(text)["spec"]["containers"][0]
        return sorted(str(item["name"]) for item in container.get("env") or ())
    except (InvalidInput, AttributeError, IndexError, KeyError, TypeError):
        return []


def _command_line(program: str) -> list[str]:
    """The arguments of the first process of this name; empty without one."""
    for path in glob.glob("/proc/[0-9]*/comm"):
        if _text(path).strip() == program:
            return [item for item in _text(os.path.join(os.path.dirname(path), "cmdline")).split("\0") if item]
    return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(1 << 20)
    except OSError:
        return ""


__all__ = ("given_flags", "other_static_pods", "pod_environment", "running_flags")
