#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_service_info
short_description: What the roles kube_controller_manager and kube_scheduler would change on a host
version_added: 1.0.0
description:
  - Inspects a kube-controller-manager or kube-scheduler that systemd runs, or is to run, and decides what changes so that it has an identity
    of its own and is ready for several instances. M(kubeadm.ha.component_service) makes the changes, by the same decision.
  - What cannot be done is one error with every reason, each with its remedy.
  - Private keys are read to be compared with certificates, and never returned.
  - The host needs Python 3.8 and its standard library. Without the library cryptography a certificate that is there already counts as one that
    is to be issued anew.
options:
  component:
    description: The component, if it is one. Either this or O(components) is required.
    type: str
    choices:
      - kube-controller-manager
      - kube-scheduler
  inputs:
    description:
      - Values of the role's variables by their names without the component, see the README of the role C(component_service), all of them.
        C(signs_here) says whether the key of the cluster's CA is to be on this host.
    type: dict
  components:
    description:
      - Components with their O(inputs). For a plan, which has every reason to stop together. What cannot be done is no error then.
    type: dict
  host:
    description: What problems of O(components) call this host.
    type: str
    default: this host
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.component_service
  - module: kubeadm.ha.component_arguments
"""

EXAMPLES = r"""
- name: What would change
  kubeadm.ha.component_service_info:
    component: kube-scheduler
    inputs: "{{ inputs }}"
  register: inspected

- name: Show it
  ansible.builtin.debug:
    msg: "{{ inspected.service.changes }}"

- name: What would change of both
  kubeadm.ha.component_service_info:
    components:
      kube-controller-manager: "{{ kube_controller_manager_inputs }}"
      kube-scheduler: "{{ kube_scheduler_inputs }}"
    host: "{{ inventory_hostname }}"
"""

RETURN = r"""
decisions:
  description: Of each of O(components) C(changes), and C(problems) with C(subject) and C(message).
  returned: with O(components)
  type: dict
  sample:
    kube-scheduler: {"changes": [], "problems": []}
service:
  description: What was found and decided.
  returned: with O(component)
  type: dict
  contains:
    changes:
      description: What would change, each with C(object), C(before), C(after) and C(reason).
      type: list
      elements: dict
    issues:
      description: Whether a certificate is to be issued.
      type: bool
    common_name:
      description: Whom it names.
      type: str
      sample: system:kube-scheduler
    sans:
      description: What it is to be valid for, in the form of C(subject_alt_name).
      type: list
      elements: str
    valid_days:
      description: For how many days.
      type: int
    ca_certificate:
      description: The certificate of the CA that signs, in PEM.
      type: str
    ca_key:
      description: Path of the CA's key.
      type: str
    has_ca_key:
      description: Whether this host has it.
      type: bool
    has_cryptography:
      description: Whether the Python that Ansible uses has the library cryptography.
      type: bool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.component_service_inspection import planned
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import PROFILES
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

Inputs = t.Mapping[str, t.Any]


def inspect(component: str, inputs: Inputs) -> Decision:
    """Decide without changing anything."""
    profile, desired, plan, ports = planned(HostFiles(), HostCommands(), component, inputs)
    service = {
        "changes": [change.as_dict() for change in plan.changes],
        "issues": plan.issues,
        "common_name": profile.user,
        "sans": list(plan.sans),
        "valid_days": desired.valid_days,
        "ca_certificate": plan.signing_ca.decode("ascii", "replace"),
        "ca_key": "" if plan.layout is None else plan.layout.ca_key,
        "has_ca_key": plan.has_ca_key,
        "has_cryptography": ports.x509 is not None,
    }
    return Decision(values={"service": service})


def inspect_each(components: t.Mapping[str, Inputs], host: str) -> Decision:
    """Decide for several, each by itself: what cannot be done is a problem of the one that it concerns."""
    unknown = sorted(set(components) - set(PROFILES))
    if unknown:
        raise InvalidInput(f"components has {', '.join(unknown)}: known are {', '.join(PROFILES)}.")
    return Decision(values={"decisions": {name: _decision(name, inputs, host) for name, inputs in components.items()}})


def _decision(component: str, inputs: Inputs, host: str) -> dict[str, t.Any]:
    try:
        changes = inspect(component, inputs).values["service"]["changes"]
    except KubeadmHaError as error:
        return {"changes": [], "problems": [{"subject": host, "message": f"{component} of {host}: {error.message}"}]}
    return {"changes": changes, "problems": []}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "component": {"type": "str", "choices": list(PROFILES)},
            "inputs": {"type": "dict"},
            "components": {"type": "dict"},
            "host": {"type": "str", "default": "this host"},
        },
        required_one_of=[("component", "components")],
        mutually_exclusive=[("component", "components")],
        required_by={"component": "inputs"},
        supports_check_mode=True,
    )

    def decide() -> Decision:
        if module.params["components"] is not None:
            return inspect_each(module.params["components"], module.params["host"])
        return inspect(module.params["component"], module.params["inputs"])

    run_decision(module, decide)


if __name__ == "__main__":
    main()
