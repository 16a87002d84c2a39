#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_arguments
short_description: Arguments of a Kubernetes component that systemd runs
version_added: 1.0.0
description:
  - Reads the command-line arguments with which systemd starts a component, and sets some of them. Without O(set) it only reads.
  - The arguments may be in C(ExecStart=) of the unit or of a drop-in, in C(Environment=), or in files of C(EnvironmentFile=), over any number
    of lines. They are read as systemd reads them, quotes, escapes, specifiers and variables included.
  - A flag is set in the file that has it. A flag that is new is added at the end of the place where most of the component's flags are.
    Everything else in all files stays as it is, byte for byte. What was written is proved before it is written, by reading it again.
  - What cannot be changed without changing more is refused with one error that says why and what to do. That is so for a variable that
    several services share, for a file that belongs to a package, for a drop-in or a template of several services, and for a program that
    is not the component, such as a shell.
  - Files are replaced atomically; owner, mode and SELinux context are kept.
  - Neither is systemd reloaded nor the component restarted, that is left to the caller.
options:
  component:
    description:
      - The component whose arguments are meant.
    type: str
    required: true
    choices:
      - kube-apiserver
      - kube-controller-manager
      - kube-scheduler
      - kubelet
      - kube-proxy
      - etcd
  unit:
    description:
      - The service that starts it. Without a suffix it is a V(.service).
      - The default is the component's name.
    type: str
  program:
    description:
      - Name of the component's program, where it is not the component's.
      - The program for all components, C(hyperkube), need not be named.
    type: str
  set:
    description:
      - What flags are to have, by their names without the dashes before them.
      - A value is the only one of its flag. A list has the values of a flag that is repeated, in order. V(null) and an empty list
        take the flag away.
      - A flag without a value has the value V(true).
      - Flags that are not named stay as they are.
    type: dict
    default: {}
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
notes:
  - Variables from which etcd takes its configuration, such as C(ETCD_NAME), are no arguments. A flag beside its variable is refused, because etcd
    would not start with both.
  - Arguments are no place for secrets, every user of a host can read them. Values of flags whose names contain V(token) or V(password) are shown
    as V(***) all the same, and users and passwords in URLs are struck out.
  - Comments among continuation lines are refused where the host's systemd is older than 240, which takes them for arguments.
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_info
    description: Reports the arguments of components that are static pods.
"""

EXAMPLES = r"""
- name: The arguments of the API server
  kubeadm.ha.component_arguments:
    component: kube-apiserver
  register: apiserver

- name: The API server of this host advertises the host's address
  kubeadm.ha.component_arguments:
    component: kube-apiserver
    set:
      advertise-address: 192.0.2.12
      bind-address: 192.0.2.12
  notify: Restart kube-apiserver

- name: Two issuers, and no insecure port any more
  kubeadm.ha.component_arguments:
    component: kube-apiserver
    unit: apiserver.service
    set:
      service-account-issuer:
        - https://kubernetes.default.svc
        - https://k8s.example.org
      insecure-port: null
  notify: Restart kube-apiserver
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode. C(before) and C(after) are the values of the flag in their order.
  returned: success
  type: list
  elements: dict
  sample:
    - object: flag --bind-address of kube-apiserver.service in /opt/kubernetes/cfg/kube-apiserver.conf
      before: ["192.0.2.11"]
      after: ["192.0.2.12"]
      reason: the component is to be started with it
arguments:
  description: The values of all flags in their order, by the names of the flags. They are as they are afterwards, in check mode too.
  returned: success
  type: dict
  sample: {"bind-address": ["192.0.2.12"], "profiling": ["true"]}
unit:
  description: The service.
  returned: success
  type: str
  sample: kube-apiserver.service
program:
  description: Path of the program.
  returned: success
  type: str
  sample: /opt/kubernetes/bin/kube-apiserver
files:
  description: The files in which the command line and its arguments are, in the order of the command line.
  returned: success
  type: list
  elements: str
  sample: ["/usr/lib/systemd/system/kube-apiserver.service", "/opt/kubernetes/cfg/kube-apiserver.conf"]
changed_files:
  description: The files that changed, or would change in check mode.
  returned: success
  type: list
  elements: str
unit_files:
  description: The unit file and its drop-ins, in the order in which systemd reads them.
  returned: success
  type: list
  elements: str
environment_files:
  description: The files of C(EnvironmentFile=), in the order in which systemd reads them. An optional one need not exist.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import component_arguments
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import SERVICES
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    component = module.params["component"]
    unit = module.params["unit"] or component
    desired = component_arguments.parse_desired(module.params["set"])
    module.no_log_values.update(component_arguments.secrets(desired))
    files = HostFiles()
    collector = ServiceFiles(files, HostCommands())
    sources = collector.sources(unit if unit.endswith(".service") else f"{unit}.service")
    return component_arguments.ensure(
        files,
        sources,
        desired,
        component=component,
        program=module.params["program"],
        others=collector.others(sources) if desired else (),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "component": {"type": "str", "required": True, "choices": list(SERVICES)},
            "unit": {"type": "str"},
            "program": {"type": "str"},
            "set": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
