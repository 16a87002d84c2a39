#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_drill_info
short_description: Inspect a host before and after an event of a failover drill
version_added: 1.0.0
description:
  - Reports how kube-controller-manager, kube-scheduler and etcd of this host run, by which settings they elect their leader, who
    leads, which nodes are not Ready, and whether an interrupted drill has left something.
  - A host that is no control plane is asked nothing of the API, see O(roles).
  - A component runs as a static pod or as a service of systemd. A process is taken for it only when its whole command line is that of
    the manifest, or of the unit and its environment files.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl), else the certificates or the token of the
    kubeconfig.
  - etcd as a service is asked with the certificate that the host's API server has for it, and where there is none, with its own.
options:
  roles:
    description:
      - What the host is by the inventory. A V(control_plane) is asked for kube-controller-manager, kube-scheduler and the cluster. Its
        member of etcd is reported where it has one; a host of V(etcd) must have one. A V(load_balancer) has a service of haproxy or nginx.
    type: list
    elements: str
    choices: [control_plane, etcd, load_balancer]
    default: [control_plane]
  kubeconfig:
    description:
      - Kubeconfig of a cluster administrator on this host.
      - Without it C(/etc/kubernetes/admin.conf). Where there is none and the components are services of systemd, the first of the
        kubeconfigs beside theirs, or of C(~/.kube/config), that may do everything, else those that the components have themselves.
    type: path
  server:
    description:
      - Address and port of the API server to ask, for example V(192.0.2.11:6443). Its certificate is verified with the kubeconfig's CA.
        Without it the kubeconfig decides.
    type: str
  endpoint:
    description:
      - Address and port of the control plane endpoint. With it keepalived is reported where it moves an address of the endpoint, and a load
        balancer has to listen on its port.
    type: str
  wait_timeout:
    description:
      - Seconds to inspect again until everything of it runs, each component is led and all nodes are Ready. What is not so
        after that time is reported as it is.
    type: float
    default: 0
extends_documentation_fragment:
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.failover_drill_event
  - module: kubeadm.ha.failover_drill_plan
  - module: kubeadm.ha.control_plane_leader_info
"""

EXAMPLES = r"""
- name: Inspect every control plane
  kubeadm.ha.failover_drill_info:
    wait_timeout: 60
  register: inspected
"""

RETURN = r"""
drill:
  description: What M(kubeadm.ha.failover_drill_plan) needs of this host.
  returned: success
  type: dict
  contains:
    host_name:
      description: What the host calls itself. Components put that into their identities.
      type: str
      sample: cp1
    instances:
      description: Instances of the components on this host. None where it is no control plane.
      type: list
      elements: dict
      contains:
        component:
          description: The component.
          type: str
          sample: kube-scheduler
        problem:
          description: Why it does not run as it should, as a clause. Empty when it does.
          type: str
        election:
          description: Its V(lease_duration), V(renew_deadline) and V(retry_period) in seconds, and whether it takes part (V(is_enabled)).
          type: dict
        unit:
          description: The service of systemd that runs it. Empty for a static pod.
          type: str
    left:
      description: Components that a drill has interrupted and not restored.
      type: list
      elements: str
    leaders:
      description: Who leads each component.
      type: list
      elements: dict
      contains:
        component:
          description: The component.
          type: str
        holder:
          description: Identity in the lock, empty without one.
          type: str
          sample: cp1_6b0d1f0e-5c1e-4f7e-9a55-0c5b1f6a2d11
        host_name:
          description: The host name in that identity.
          type: str
          sample: cp1
        transitions:
          description: How often the leader has changed.
          type: int
        is_held:
          description: Whether the lock is renewed.
          type: bool
    administrator:
      description: Path of a cluster administrator's kubeconfig on this host. Empty where it has only those of the components.
      type: str
    etcd:
      description:
        - Its member of etcd, with V(problem), V(voters) and V(healthy_voters) of the etcd cluster, V(is_leader), V(election_timeout) in
          seconds, the V(unit) of its service, which is empty for a static pod, and V(is_learner), whether it has no vote. V(null) when etcd runs
          elsewhere.
      type: dict
    balancer:
      description:
        - Its load balancer, with V(problem), the V(unit) of its service and V(has_endpoint), whether an address of the endpoint is the
          host's, and V(can_reload). V(null) where it is none.
      type: dict
    router:
      description:
        - Its keepalived, with V(problem), the V(unit) of its service, the virtual IP V(address), its V(interface) with the hardware address
          V(mac), V(is_holder), V(bound) and V(detection) in seconds and V(has_own_mac). V(null) where none has an address of the endpoint.
      type: dict
    cuts:
      description:
        - Whether the network of its member of etcd and of its control plane can be cut, each with V(component), V(problem), which is empty when it can, and
          V(remedy).
      type: list
      elements: dict
    is_endpoint:
      description: Whether all addresses of O(endpoint) are the host's.
      type: bool
    unready_nodes:
      description: Nodes that are not Ready, each with V(name) and V(reason).
      type: list
      elements: dict
"""

import socket
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.host_clients import HostClients
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import open_member
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import own_addresses
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.component_services import HostComponentServices
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.processes import HostProcesses
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.drill_journal import Journal
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import COMPONENTS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.inspection import (
    CONTROL_PLANE,
    Host,
    Inspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

_ETCD_SECONDS = 2.0


def decide(module: AnsibleModule) -> Decision:
    """Inspect by the module's options."""
    options: dict[str, t.Any] = module.params
    files, commands, processes, clock = HostFiles(), HostCommands(), HostProcesses(), HostClock()
    services = HostComponentServices(commands, ServiceFiles(files, commands), processes)
    packets = PacketFilter(commands, files)
    client = None
    if CONTROL_PLANE in options["roles"]:
        clients = HostClients(files, commands, services)
        client = clients.open(COMPONENTS, kubeconfig=options["kubeconfig"], server=options["server"])
    endpoint = Endpoint.parse(options["endpoint"]) if options["endpoint"] else None
    host = Host(
        name=socket.gethostname(),
        addresses=own_addresses.collect,
        manifests_dir=options["manifests_dir"],
        roles=tuple(options["roles"]),
        administrator="" if client is None else client.kubeconfig,
        open_etcd=lambda member: open_member(member, services, options["manifests_dir"], timeout=_ETCD_SECONDS),
        endpoint=(
            () if endpoint is None else own_addresses.resolve(endpoint.host),
            0 if endpoint is None else endpoint.port,
        ),
        resolve=own_addresses.resolve,
    )
    inspection = Inspection(
        host,
        clock,
        files,
        processes,
        services,
        packets,
        Journal(files, options["manifests_dir"]),
        None if client is None else client.api,
    )
    return Decision(values={"drill": inspection.report(wait_timeout=options["wait_timeout"]).as_dict()})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "roles": {
                "type": "list",
                "elements": "str",
                "choices": ["control_plane", "etcd", "load_balancer"],
                "default": ["control_plane"],
            },
            "endpoint": {"type": "str"},
            "wait_timeout": {"type": "float", "default": 0},
            "kubeconfig": {"type": "path"},
            "server": {"type": "str"},
            **_options.MANIFESTS_DIR,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
