# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugin ``kubeadm.ha.control_plane_facts``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: control_plane_facts
short_description: Tell from looked-at hosts which of them serves the API, and where
version_added: 0.1.0
author:
  - kubeadm.ha contributors (@kubeadm-ha)
description:
  - The existing control plane is discovered, it is never the first host of a group.
positional: control_planes
options:
  _input:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) of each host, by inventory name.
    type: dict
    required: true
  control_planes:
    description: Inventory names of the control planes that exist or are wanted, in the order of their group.
    type: list
    elements: str
    required: true
seealso:
  - module: kubeadm.ha.kubernetes_host_info
"""

EXAMPLES = r"""
- name: Show where the API is served
  ansible.builtin.debug:
    msg: "{{ reports | kubeadm.ha.control_plane_facts(groups['kube_control_plane']) }}"
"""

RETURN = r"""
_value:
  description:
    - V(serving), inventory name of a host that serves the API, or V(null).
    - V(server), address and port of its API server, or V(null).
    - V(ca_certificate), the cluster CA in PEM, empty without a serving host.
    - V(files), the facts of files that each control plane yet to join needs, by inventory name.
    - V(control_planes), V(name), V(address) and V(port) of every API server that exists or is wanted.
    - V(api_servers), the same as address and port.
    - V(refuses_anonymous), whether one of them does not answer an anonymous C(GET /readyz).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain import planning


def control_plane_facts(reports: t.Mapping[str, t.Any], control_planes: t.Sequence[str]) -> dict[str, t.Any]:
    """Which host serves the API, its address and CA, and all API servers."""
    if not isinstance(reports, t.Mapping):
        raise AnsibleFilterError("kubeadm.ha.control_plane_facts needs a dictionary of looked-at hosts by name.")
    return planning.control_plane_facts(reports, control_planes, yaml=PyYaml(), x509=CryptographyX509())


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"control_plane_facts": control_plane_facts}
