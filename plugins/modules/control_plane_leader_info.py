#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_leader_info
short_description: Report which kube-controller-manager and kube-scheduler lead
version_added: 1.0.0
description:
  - Reads the locks by which the instances of a control plane component elect their leader, in the namespace
    C(kube-system), and reports who holds each, since when, and whether it is still renewed.
  - The lock is the Lease of the component's name. Where there is none, or nobody renews it, the annotation
    C(control-plane.alpha.kubernetes.io/leader) of the Endpoints and of the ConfigMap of that name is read, which
    older releases of Kubernetes could use (their flag C(--leader-elect-resource-lock)). The lock that was renewed last counts.
  - The times in a lock are its holder's, ages are counted by this host's clock. They are right as far as the clocks agree.
  - A component without any lock is no error; see RV(leaders[].lock).
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
  - Changes nothing.
requirements:
  - kubectl, or the Python library kubernetes
options:
  components:
    description:
      - Names of the locks, which are those of the components.
    type: list
    elements: str
    default: [kube-controller-manager, kube-scheduler]
  kubeconfig:
    description:
      - Kubeconfig with the right to read Leases, Endpoints and ConfigMaps in C(kube-system).
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubelet_lease_info
  - module: kubeadm.ha.etcd_member_info
  - name: Leases
    description: Leader election in the Kubernetes documentation.
    link: https://kubernetes.io/docs/concepts/architecture/leases/#leader-election
"""

EXAMPLES = r"""
- name: Inspect the leaders
  kubeadm.ha.control_plane_leader_info:
  register: inspected

- name: Each component has a leader
  ansible.builtin.assert:
    that: inspected.leaders | rejectattr('is_held') | length == 0

- name: Show the node of the leading kube-controller-manager
  ansible.builtin.debug:
    msg: "{{ (inspected.leaders | selectattr('component', 'equalto', 'kube-controller-manager') | first).node }}"
"""

RETURN = r"""
leaders:
  description: The leader of each of O(components), in their order.
  returned: success
  type: list
  elements: dict
  contains:
    component:
      description: The component.
      type: str
      sample: kube-controller-manager
    lock:
      description: Kind of the lock, V(lease), V(endpoints) or V(configmap). V(null) if there is none.
      type: str
      sample: lease
    holder:
      description: Identity of the leader. V(null) if there is none, or if it has given the lock back.
      type: str
      sample: cp1_6b0d1f0e-5c1e-4f7e-9a55-0c5b1f6a2d11
    node:
      description: The host name in that identity.
      type: str
      sample: cp1
    acquire_time:
      description: When the leader took the lock, as the API reports it.
      type: str
      sample: "2026-11-21T08:00:10.123456Z"
    renew_time:
      description: When the lock was renewed last, as the API reports it.
      type: str
      sample: "2026-11-21T09:30:12.654321Z"
    age:
      description: Seconds since RV(leaders[].acquire_time).
      type: float
      sample: 5402.5
    renewed_ago:
      description: Seconds since RV(leaders[].renew_time).
      type: float
      sample: 1.3
    lease_duration:
      description: Seconds after a renewal for which the lock is held.
      type: float
      sample: 15.0
    transitions:
      description: How often the leader has changed.
      type: int
      sample: 2
    is_held:
      description: Whether the lock has a holder that has renewed it within RV(leaders[].lease_duration).
      type: bool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import leader_election
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Inspect by the module's options."""
    api = open_api(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    return leader_election.inspect(api, HostClock(), module.params["components"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "components": {"type": "list", "elements": "str", "default": ["kube-controller-manager", "kube-scheduler"]},
            **_options.KUBECONFIG,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
