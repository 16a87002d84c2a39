#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Inspect a host that is or shall become a node of a kubeadm cluster
version_added: 1.0.0
description:
  - Reports swap, the kernel's modules and settings, containerd and its configuration, kubeadm, kubelet and kubectl, what the
    packages' repositories offer, what identifies the host, whether its clock is kept right, and the rules of an active firewall.
  - The host needs Python 3.8 and its standard library, nothing else. M(kubeadm.ha.node_decision) parses the result on the
    controller.
  - Of files there are digests only. Changes nothing.
options:
  binaries:
    description:
      - The input of M(kubeadm.ha.node_decision) of this name. Where it is a URL, it is asked for the digest of kubeadm.
    type: raw
  firewalld_zone:
    description:
      - Zone of firewalld to inspect.
      - Not given, that of the interface with the IPv4 default route, else firewalld's default zone.
    type: str
  kubernetes_version:
    description:
      - Version of Kubernetes that the host shall have. With it the host asks the repository of packages for its index.
      - Empty, it does not ask.
    type: str
    default: ''
  package_repository:
    description:
      - The input of M(kubeadm.ha.node_decision) of this name. Its V(url) is asked, else Kubernetes' own repository of the release.
      - Not asked where the package manager has a proxy of its own.
    type: raw
  registry_mirrors:
    description:
      - The input of M(kubeadm.ha.node_decision) of this name. Each mirror is asked for C(/v2/), with its V(ca).
      - Not asked where containerd has a proxy.
    type: raw
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.node_decision
  - module: kubeadm.ha.kubernetes_host_info
"""

EXAMPLES = r"""
- name: Inspect a host
  kubeadm.ha.node_info:
  register: inspected

- name: Stop where it is a node already
  ansible.builtin.assert:
    that: not inspected.node.is_node
"""

RETURN = r"""
node:
  description: What was found. What the host does not have is empty.
  returned: success
  type: dict
  contains:
    identity:
      description:
        - V(hostname), V(machine_id), V(product_uuid), V(mac_addresses), V(boot_id), V(network_namespace), V(architecture), and V(clock), the host's
          clock in seconds since the epoch.
        - V(seen_at) is the controller's clock when it had the report.
      type: dict
    os:
      description: V(id), V(like) and V(version) of os-release.
      type: dict
    package_manager:
      description: V(apt), V(dnf), V(zypper) or empty.
      type: str
    is_container:
      description: Whether the host is itself a container.
      type: bool
    is_node:
      description: Whether kubeadm has made it a node.
      type: bool
    runs_kubelet:
      description: Whether it is a node, or its kubelet runs with a configuration.
      type: bool
    other_runtimes:
      description: Sockets of container runtimes besides containerd's.
      type: list
      elements: str
    swap:
      description: Devices in use (V(active)), whether C(/etc/fstab) has swap (V(fstab)), and V(units) that swap again at a start.
      type: dict
    modules:
      description: By the names of kernel modules, V(is_there), V(is_built_in) and V(at_boot), whether a file has it loaded.
      type: dict
    sysctls:
      description: By the names of settings, their values V(now) and V(at_boot), and the file that says that (V(path)).
      type: dict
    files:
      description: By the paths of the files that the role writes, V(sha256), and V(is_ours), whether they bear its mark.
      type: dict
    containerd:
      description:
        - V(is_installed), V(owner) of its configuration (V(absent), V(role), V(package) or V(other)), V(sha256) of it, V(is_loaded),
          whether it was started afterwards, and V(effective), some of what C(containerd config dump) prints.
      type: dict
    programs:
      description: By the names of programs, V(path) and V(version); that is empty for programs that are not Kubernetes'.
      type: dict
    has_cni:
      description: Whether C(/opt/cni/bin) has the plugin C(loopback).
      type: bool
    held:
      description: Packages that apt or zypper keeps at their versions.
      type: list
      elements: str
    offered:
      description: Versions of kubeadm that repositories of the host have.
      type: list
      elements: str
      sample: ["1.34.4", "1.34.3"]
    services:
      description: V(active) and V(enabled) of C(containerd) and C(kubelet), in systemd's words.
      type: dict
    time:
      description: V(is_synchronised), active V(services) that do it, and V(has_timesyncd).
      type: dict
    hardware:
      description: V(cpus), V(memory) in bytes, and V(has_old_cgroups), whether control groups are not of version 2 alone.
      type: dict
    origins:
      description:
        - What repository and mirrors answered, by the URL that was asked, V(status) of HTTP (V(0) without an answer), V(error), and
          V(versions) of kubeadm in an index of packages of Debian.
      type: dict
    firewall:
      description: As RV(kubeadm.ha.load_balancer_info#module:load_balancer) has it.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.node_inspection import (
    NodeInspection,
    Origins,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 60.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "firewalld_zone": {"type": "str"},
            "binaries": {"type": "raw"},
            "kubernetes_version": {"type": "str", "default": ""},
            "package_repository": {"type": "raw"},
            "registry_mirrors": {"type": "raw"},
        },
        supports_check_mode=True,
    )
    version, repository = module.params["kubernetes_version"], module.params["package_repository"]
    inspection = NodeInspection(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        zone=module.params["firewalld_zone"],
        origins=Origins(
            version,
            repository if version else None,
            module.params["registry_mirrors"],
            module.params["binaries"],
        ),
    )
    run_decision(module, lambda: Decision(values={"node": inspection.collect()}))


if __name__ == "__main__":
    main()
