# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster shall be that does not exist yet."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..base.version import KubernetesVersion

#: What the plan says of it is kubeadm's own default where the inventory gives none
#: (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/).
SERVICE_SUBNET = "10.96.0.0/12"
DNS_DOMAIN = "cluster.local"
IMAGE_REPOSITORY = "registry.k8s.io"
#: That of flannel's manifest.
POD_SUBNET = "10.244.0.0/16"
#: The network that is installed where the inventory names none, and the word for leaving that to the operator.
FLANNEL, NO_NETWORK = "flannel", "none"


@dataclasses.dataclass(frozen=True)
class DesiredCluster:
    """The inputs that only a new cluster has.

    Attributes:
        version: Kubernetes' version; ``None`` where the inventory gives none.
        pod_subnets: of pods, one for each address family.
        service_subnets: of Services, one for each address family.
        dns_domain: the cluster's.
        image_repository: where Kubernetes' own images come from.
        network: ``flannel``, ``none``, or the path or URL of a manifest.
    """

    version: KubernetesVersion | None = None
    pod_subnets: tuple[str, ...] = (POD_SUBNET,)
    service_subnets: tuple[str, ...] = (SERVICE_SUBNET,)
    dns_domain: str = DNS_DOMAIN
    image_repository: str = IMAGE_REPOSITORY
    network: str = FLANNEL


__all__ = (
    "DNS_DOMAIN",
    "FLANNEL",
    "IMAGE_REPOSITORY",
    "NO_NETWORK",
    "POD_SUBNET",
    "SERVICE_SUBNET",
    "DesiredCluster",
)
