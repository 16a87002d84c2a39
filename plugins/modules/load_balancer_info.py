#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer_info
short_description: Inspect a host that runs or shall run a load balancer in front of the API servers
version_added: 1.0.0
description:
  - Reports whose configuration the host has, which one the load balancer runs, the client certificate of its checks,
    the rules of an active firewall and what SELinux's policy offers.
  - The host needs Python 3.8 and its standard library, nothing else. M(kubeadm.ha.load_balancer_decision)
    parses the result on the controller.
  - No private key is read. Changes nothing.
options:
  provider:
    description: The load balancer. The role C(apiserver_) with its name, C(apiserver_dns) for V(gdnsd), says where its files are by default.
    type: str
    choices: [gdnsd, haproxy, nginx]
    default: haproxy
  configuration:
    description: Its configuration file.
    type: path
  marker:
    description: A text by which the role's own configuration is known.
    type: str
  status_socket:
    description: Unix socket on which the role's configuration shows what is loaded.
    type: path
  certificate:
    description: Client certificate of the checks. Its key is beside it, with C(.key) appended to the name.
    type: path
  firewalld_zone:
    description:
      - Zone of firewalld to inspect.
      - Not given, that of the interface with the IPv4 default route, else firewalld's default zone.
    type: str
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.load_balancer_decision
"""

EXAMPLES = r"""
- name: Inspect a load balancer host
  kubeadm.ha.load_balancer_info:
  register: inspected

- name: Show whose configuration it has
  ansible.builtin.debug:
    msg: "{{ inspected.load_balancer.configuration.owner }}"
"""

RETURN = r"""
load_balancer:
  description: What was found. What the host does not have is empty.
  returned: success
  type: dict
  contains:
    configuration:
      description:
        - V(path) and V(sha1) of the file.
        - V(owner) is V(absent), V(role), V(package) (unchanged by C(dpkg --verify) or C(rpm --verify)) or V(other).
      type: dict
      sample: {"path": "/etc/haproxy/haproxy.cfg", "owner": "package", "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}
    running:
      description: Name of the configuration that the load balancer runs, empty when it is not the role's.
      type: str
    certificate:
      description: V(path), V(pem) and whether there is a key (V(has_key)).
      type: dict
    firewall:
      description:
        - V(name) is V(firewalld), V(ufw) or empty where neither is active.
        - V(zone) is the zone of firewalld that was inspected, empty for others.
        - V(rules) are the texts of C(firewall-cmd --list-all) of the zone, running and permanent, or of
          C(ufw status verbose). A text is empty where firewalld does not have the zone.
      type: dict
    selinux:
      description:
        - V(mode) is V(enforcing), V(permissive) or V(disabled).
        - V(has_tools) says whether C(semanage) is there, V(ports), V(booleans) and V(modules) are the texts of
          C(semanage port -l), C(getsebool -a) and C(semodule -l).
      type: dict
    is_installed:
      description: Whether the host has the load balancer, nginx with what forwards TCP.
      type: bool
    has_ipv6:
      description: Whether the kernel has IPv6.
      type: bool
    clock:
      description: The host's clock, in seconds since the epoch.
      type: float
    stream_module:
      description: File of the module with which nginx forwards TCP, empty where that is built in or not there.
      type: str
    name_service:
      description:
        - With O(provider=gdnsd) who listens on port 53 (V(listeners), each with its address, V(bound_to), and its program, V(held_by)), and the files of zones
          that are not the role's (V(foreign_zones)).
      type: dict
    python:
      description: The Python interpreter that the module runs with.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.load_balancer_inspection import (
    LoadBalancerInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 30.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "provider": {"type": "str", "choices": ["gdnsd", "haproxy", "nginx"], "default": "haproxy"},
            "configuration": {"type": "path"},
            "marker": {"type": "str"},
            "status_socket": {"type": "path"},
            "certificate": {"type": "path"},
            "firewalld_zone": {"type": "str"},
        },
        supports_check_mode=True,
    )
    inspection = LoadBalancerInspection(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        provider=module.params["provider"],
        configuration=module.params["configuration"],
        marker=module.params["marker"],
        status_socket=module.params["status_socket"],
        certificate=module.params["certificate"],
        zone=module.params["firewalld_zone"],
    )
    run_decision(module, lambda: Decision(values={"load_balancer": inspection.collect()}))


if __name__ == "__main__":
    main()
