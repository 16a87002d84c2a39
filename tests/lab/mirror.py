# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab's mirror gives the collection: addresses of packages and images, and settings of nodes in containers."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any

from tests.lab import kubeadm

#: Where the mirror's content is mounted, as its services have it in ``node/mirror``.
CONTENT = "/srv/mirror"

_REGISTRY_PORT = 5000
# Those that images of a cluster and its add-ons name; "localhost" is for the smoke image.
_REGISTRIES = ("registry.k8s.io", "ghcr.io", "localhost")


def variables(address: IPv4Address, *, key: str, kubernetes: str) -> dict[str, Any]:
    """Inputs of the collection for all hosts of a lab.

    :param key: the armored public key that packages are signed with.
    """
    mirror = {"url": f"http://{address}:{_REGISTRY_PORT}"}
    return {
        "kubeadm_ha_package_repository": {"url": f"http://{address}/deb/", "key": key},
        "kubeadm_ha_registry_mirrors": dict.fromkeys(_REGISTRIES, mirror),
        "kubeadm_ha_kubelet_configuration": kubeadm.kubelet(kubernetes),
        "kubeadm_ha_kube_proxy_configuration": kubeadm.KUBE_PROXY,
        # Of containerd's CRI plugin: a container may neither lower the score of its own children nor load profiles.
        "kubeadm_ha_containerd_settings": {
            "io.containerd.grpc.v1.cri": {"restrict_oom_score_adj": True, "disable_apparmor": True}
        },
    }


def render(inputs: dict[str, Any]) -> str:
    """A file of group_vars; JSON is a part of YAML."""
    return "---\n" + "".join(f"{name}: {json.dumps(value)}\n" for name, value in inputs.items())
