#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: external_etcd_info
short_description: Inspect a host that is or shall become a member of external etcd
version_added: 1.0.0
description:
  - Reports etcd's programs and which version the packages' repositories offer, its unit and whether it runs with all that was written,
    its certificates, its data, what the role C(external_etcd) has begun, the members as the one of this host reports them, and the
    rules of an active firewall.
  - Keys are never read, but for whether they belong to their certificates.
  - The host needs Python 3.8 and its standard library, nothing else. M(kubeadm.ha.external_etcd_decision) parses the result on the
    controller.
  - Changes nothing.
options:
  address:
    description: Address at which others reach the member. Empty means that of the interface with the default route.
    type: str
    default: ""
  packages:
    description: Names of etcd's packages by the package manager, the server first.
    type: dict
    default: {}
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
  - module: kubeadm.ha.external_etcd_decision
  - module: kubeadm.ha.etcd_member_info
"""

EXAMPLES = r"""
- name: Inspect a host
  kubeadm.ha.external_etcd_info:
    packages:
      apt: [etcd-server, etcd-client]
  register: inspected

- name: Show which etcd would be installed
  ansible.builtin.debug:
    msg: "{{ inspected.external_etcd.offered }}"
"""

RETURN = r"""
external_etcd:
  description: What was found. What the host does not have is empty.
  returned: success
  type: dict
  contains:
    hostname:
      description: The host's own name.
      type: str
    address:
      description: Where others reach it.
      type: str
      sample: 192.0.2.31
    addresses:
      description: All addresses of the host.
      type: list
      elements: str
    package_manager:
      description: V(apt), V(dnf), V(zypper) or empty.
      type: str
    offered:
      description: Version of etcd's package that would be installed.
      type: str
      sample: 3.5.16-4+b3
    packaged:
      description: V(path), V(version) and V(digests) of the etcd of packages, V(null) without one.
      type: dict
    own:
      description: The same of that in C(/usr/local/bin).
      type: dict
    has_user:
      description: Whether the user C(etcd) exists.
      type: bool
    has_cryptography:
      description: Whether the Python that Ansible uses has the library cryptography.
      type: bool
    files:
      description: SHA-256 of the role's files by path.
      type: dict
    is_ours:
      description: Whether the unit is the role's.
      type: bool
    service:
      description: V(active) and V(enabled) of C(etcd), in systemd's words.
      type: dict
    is_loaded:
      description: Whether etcd runs and was started after everything that it loads was written.
      type: bool
    record:
      description:
        - What the role has begun here, V(state) (V(founding), V(joining), V(member) or empty) and V(founders), peer URLs by names.
      type: dict
    data:
      description: Directories with data of etcd.
      type: list
      elements: str
    taken:
      description: Ports of etcd on which somebody listens.
      type: list
      elements: int
    pairs:
      description: Of C(server) and C(peer) the certificate (V(pem)) and whether its key is there (V(is_whole)).
      type: dict
    ca:
      description: The CA's certificate.
      type: str
    has_ca_key:
      description: Whether the CA's key is on this host.
      type: bool
    etcd:
      description: What M(kubeadm.ha.etcd_member_info) returns, V(null) where the member of this host does not answer.
      type: dict
    failure:
      description: Why it does not.
      type: str
    objects:
      description: How many keys of Kubernetes etcd holds, V(null) where that is not known.
      type: int
    firewall:
      description: As RV(kubeadm.ha.load_balancer_info#module:load_balancer) has it.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.external_etcd_inspection import (
    ExternalEtcdInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 60.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "default": ""},
            "packages": {"type": "dict", "default": {}},
            "firewalld_zone": {"type": "str"},
        },
        supports_check_mode=True,
    )
    inspection = ExternalEtcdInspection(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        address=module.params["address"],
        packages=module.params["packages"],
        zone=module.params["firewalld_zone"],
    )
    run_decision(module, lambda: Decision(values={"external_etcd": inspection.collect()}))


if __name__ == "__main__":
    main()
