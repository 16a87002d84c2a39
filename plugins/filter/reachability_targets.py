# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugin ``kubeadm.ha.reachability_targets``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: reachability_targets
short_description: Tell which addresses and ports the hosts must reach before control planes join
version_added: 0.1.0
author:
  - kubeadm.ha contributors (@kubeadm-ha)
description:
  - Control planes must reach each other's API server, etcd (unless it is external) and kubelet, and the kubelets of
    workers, as far as one of the two hosts is yet to join. Load balancers must reach every API server.
  - Empty when no control plane is to join.
positional: cluster, control_planes, workers, load_balancers
options:
  _input:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) of each host, by inventory name.
    type: dict
    required: true
  cluster:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:cluster).
    type: dict
    required: true
  control_planes:
    description: Inventory names of the control planes that exist or are wanted.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of the workers.
    type: list
    elements: str
    required: true
  load_balancers:
    description: Inventory names of the hosts of the load balancer.
    type: list
    elements: str
    required: true
seealso:
  - module: kubeadm.ha.reachability_info
"""

EXAMPLES = r"""
- name: Try what this host must reach
  kubeadm.ha.reachability_info:
    targets: "{{ (reports | kubeadm.ha.reachability_targets(cluster, control_planes, workers, []))[inventory_hostname] }}"
"""

RETURN = r"""
_value:
  description: The targets (V(address), V(port)) of each host that has any, by inventory name.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain import planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.errors import KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.reachability import Groups


def reachability_targets(
    reports: t.Mapping[str, t.Any],
    cluster: t.Mapping[str, t.Any],
    control_planes: t.Sequence[str],
    workers: t.Sequence[str],
    load_balancers: t.Sequence[str],
) -> dict[str, list[dict[str, t.Any]]]:
    """What each host is to dial."""
    if not isinstance(reports, t.Mapping) or not isinstance(cluster, t.Mapping):
        raise AnsibleFilterError(
            "kubeadm.ha.reachability_targets needs looked-at hosts by name and a looked-at cluster."
        )
    groups = Groups(control_planes, workers, load_balancers)
    try:
        return planning.reachability_targets(reports, cluster, groups, yaml=PyYaml(), x509=CryptographyX509())
    except KubeadmHaError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"reachability_targets": reachability_targets}
