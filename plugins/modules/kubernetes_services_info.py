#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_services_info
short_description: Find the components of Kubernetes that systemd runs on a host, and everything that they name
version_added: 1.0.0
description:
  - Finds kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and etcd as services of systemd, whatever their units
    are called, by their processes. Where a component does not run, the service of its name counts.
  - Reads their arguments as M(kubeadm.ha.component_arguments) does, and reports every file and directory that these name, the fields
    of the kubelet's and kube-proxy's configuration, kubeconfigs without credentials, and public certificates.
  - Files that a named configuration names in turn belong to it. What a kubelet has for itself, its kubeconfig and its certificate, is
    reported, but not what these name.
  - Neither a private key nor a credential leaves the host. Of files with such content only owner, mode and hash are reported.
  - Needs nothing on the host but the standard library of Python and systemd.
options: {}
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.component_arguments
"""

EXAMPLES = r"""
- name: Find what systemd runs of Kubernetes
  kubeadm.ha.kubernetes_services_info:
  register: found

- name: Show how the API server is started
  ansible.builtin.debug:
    var: found.services.services['kube-apiserver'].arguments
"""

RETURN = r"""
services:
  description: What was found.
  returned: success
  type: dict
  contains:
    services:
      description:
        - Each component by its name, with V(unit), V(active) and V(enabled) (in systemd's words), V(user), V(program), V(build), V(arguments)
          (the values of each flag, of etcd also those of its variables C(ETCD_*)), V(files) (the unit, its drop-ins and environment files),
          V(requires) (the units without which systemd does not start it) and V(fault), which says why the arguments are not certain and is
          empty where they are.
      type: dict
    facts:
      description: Every file and directory, as RV(kubeadm.ha.control_plane_files_info#module:files) has them.
      type: list
      elements: dict
    named:
      description: The paths of these that each component has and names, directly or in turn, by the component.
      type: dict
      sample: {"kube-scheduler": ["/opt/kubernetes/cfg/kube-scheduler.conf", "/usr/lib/systemd/system/kube-scheduler.service"]}
    configurations:
      description: Fields of configuration files whose value is a text, by path and by field.
      type: dict
      sample: {"/opt/kubernetes/cfg/kube-proxy-config.yml": {"hostnameOverride": "k8s-master1"}}
    certificates:
      description: V(path) and V(pem) of public certificates among the files.
      type: list
      elements: dict
    kubeconfigs:
      description: V(path), V(text) without credentials, V(mode) and V(plain) of kubeconfigs among the files and beside them.
      type: list
      elements: dict
backup_paths:
  description:
    - What a backup of the host has to hold of these components, units, drop-ins and environment files included, for
      O(kubeadm.ha.kubernetes_host_backup#module:paths).
    - Files that are larger than 1 MiB, such as programs, are none. Directories of certificates that components get themselves (C(--cert-dir)) are.
  returned: success
  type: list
  elements: str
  sample: [/opt/kubernetes/cfg/kube-apiserver.conf, /usr/lib/systemd/system/kube-apiserver.service]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.services_of_host import collect
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServicesReport


def values(found: ServicesReport) -> Decision:
    """What was found, as the result."""
    return Decision(values={"services": found.as_dict(), "backup_paths": list(found.backup_paths)})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    run_decision(module, lambda: values(collect()))


if __name__ == "__main__":
    main()
