#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_preflight_info
short_description: Ask kubeadm on a host that has not joined yet whether it would join
version_added: 1.0.0
description:
  - Runs C(kubeadm join phase preflight) with the configuration that M(kubeadm.ha.kubeadm_join) gives it, and returns the checks
    that fail, by the names by which they can be left out.
  - Needs no token, no certificate key and no connection to the cluster. What kubeadm asks the cluster is answered from
    O(config_maps) by a server on a port of C(127.0.0.1) inside the module, which ends with it.
  - No image is pulled, so whether images can be is not asked.
  - kubeadm stops at the first group of checks of which one fails, so it is run again without those, at most four times, until
    all have been asked.
  - The forwarding of packets, which kubeadm checks only when it finds the cluster by the address of an IP family, is not
    asked. RV(kubeadm.ha.kubernetes_host_info#module:host) has it.
  - Must run as root. The host needs kubeadm, Python 3.8 and its standard library, nothing else.
  - Changes nothing.
options:
  config_maps:
    description:
      - The ConfigMaps C(kubeadm-config), C(kubelet-config) and C(kube-proxy) as the API returns them, from
        RV(kubeadm.ha.cluster_plan#module:config_maps) or RV(kubeadm.ha.kubernetes_cluster_info#module:cluster).
      - Of a cluster that has no C(controlPlaneEndpoint) yet kubeadm lets no control plane join, so it must be in the
        ClusterConfiguration given here.
    type: list
    elements: dict
    required: true
  timeout:
    description:
      - Seconds for one run of kubeadm. The module fails when it does not end in time.
    type: int
    default: 60
requirements:
  - kubeadm
extends_documentation_fragment:
  - kubeadm.ha.joining
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join
  - module: kubeadm.ha.cluster_plan
  - name: kubeadm join phase
    description: The phase that is run.
    link: https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join-phase/
"""

EXAMPLES = r"""
- name: Inspect the cluster
  kubeadm.ha.kubernetes_cluster_info:
  delegate_to: cp1
  register: inspected

- name: Ask kubeadm whether this worker would join
  kubeadm.ha.kubeadm_preflight_info:
    config_maps: "{{ inspected.cluster.configmaps.values() | list }}"
    api_version: kubeadm.k8s.io/v1beta4
  register: asked

- name: Stop if it would not
  ansible.builtin.assert:
    that: asked.failed_checks | length == 0
    fail_msg: "{{ asked.failed_checks | map(attribute='text') | join('; ') }}"
"""

RETURN = r"""
failed_checks:
  description: The checks that fail. Empty when kubeadm would join.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check's name, for O(ignore_preflight_errors).
      type: str
      sample: NumCPU
    text:
      description: What kubeadm says.
      type: str
      sample: the number of available CPUs 1 is less than the required 2
warned_checks:
  description: What kubeadm only warns of, checks that are ignored among it.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check's name.
      type: str
      sample: Hostname
    text:
      description: What kubeadm says.
      type: str
failure:
  description:
    - Why kubeadm could not check to the end, where that was no check with a name, for example because there is no container
      runtime. Else empty.
  returned: success
  type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api_stand_in import LoopbackApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join_options, kubeadm_preflight
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_configuration import JoinRequest
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def ask(parameters: t.Mapping[str, t.Any]) -> Decision:
    """Ask by the module's options."""
    request = JoinRequest(
        endpoint=Endpoint("127.0.0.1"),
        ca_cert_hashes=(),
        timeout=parameters["timeout"],
        **join_options.parse(parameters),
    )
    values = kubeadm_preflight.inspect(
        HostCommands(timeout=float(parameters["timeout"])),
        HostFiles(),
        LoopbackApi(),
        request=request,
        config_maps=parameters["config_maps"],
    )
    return Decision(values=values)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "config_maps": {"type": "list", "elements": "dict", "required": True},
            "timeout": {"type": "int", "default": 60},
            **join_options.SPECIFICATION,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: ask(module.params))


if __name__ == "__main__":
    main()
