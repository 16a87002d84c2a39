#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_service
short_description: A kube-controller-manager or kube-scheduler that systemd runs is ready for several instances
version_added: 1.0.0
description:
  - Gives a component that systemd runs an identity of its own, a kubeconfig with it, a serving certificate, settings of leader election, a
    secure port only, and a hardened service. The roles C(kube_controller_manager) and C(kube_scheduler) use it, and
    issue the certificate before.
  - Before anything is written it is proved that the certificate belongs to its key and to the cluster's CA, that the API server knows whom it
    names, that this identity may do what the component must and is no administrator, and, for
    kube-controller-manager, that controllers have roles of their own.
  - The service is restarted where an input of it has changed. Afterwards it must run, answer C(/healthz) at its secure port, and refuse
    C(/metrics) to whoever has no certificate. If it does not, the former files are put back, it is started with them,
    and the module fails.
  - Flags are set as M(kubeadm.ha.component_arguments) sets them, in the file that has them. Where the host has no unit, one is written.
  - Files as they were before the first change are kept in C(/var/lib/kubeadm-ha/component-service/UNIT), readable by root only.
options:
  component:
    description: The component.
    type: str
    required: true
    choices:
      - kube-controller-manager
      - kube-scheduler
  inputs:
    description:
      - Values of the role's variables by their names without the component, as for M(kubeadm.ha.component_service_info).
    type: dict
    required: true
  staged:
    description:
      - Directory of the host with what was issued, C(own.crt) and C(own.key). With C(metrics.crt) and C(metrics.key), whose group is
        C(system:monitoring), it is proved that C(/metrics) answers to them.
      - Needed where RV(kubeadm.ha.component_service_info#module:service.issues) is true, but for check mode.
    type: path
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.component_service_info
  - module: kubeadm.ha.component_arguments
"""

EXAMPLES = r"""
- name: The scheduler has an identity of its own
  kubeadm.ha.component_service:
    component: kube-scheduler
    inputs: "{{ inputs }}"
    staged: /run/kubeadm-ha-kube-scheduler
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
unit:
  description: The service.
  returned: success
  type: str
  sample: kube-scheduler.service
certificate:
  description: Path of its certificate.
  returned: success
  type: str
kubeconfig:
  description: Path of its kubeconfig.
  returned: success
  type: str
server:
  description: The API server that it connects to.
  returned: success
  type: str
metrics:
  description: Where its metrics are, as seen from the host.
  returned: success
  type: str
  sample: https://127.0.0.1:10259/metrics
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.component_service_inspection import planned
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.https import HostHttps
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import PROFILES
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.transaction import Transaction
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def decide(component: str, inputs: t.Mapping[str, t.Any], staged: str) -> Decision:
    """Decide by the module's options."""
    profile, desired, plan, ports = planned(HostFiles(), HostCommands(), component, inputs)
    return Transaction(profile, desired, plan, ports, HostHttps(), staged=staged).decision()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "component": {"type": "str", "required": True, "choices": list(PROFILES)},
            "inputs": {"type": "dict", "required": True},
            "staged": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = module.params
    run_decision(module, lambda: decide(params["component"], params["inputs"], params["staged"] or ""))


if __name__ == "__main__":
    main()
