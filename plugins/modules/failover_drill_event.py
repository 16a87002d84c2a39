#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_drill_event
short_description: Let a component of this host fail, measure what follows, and restore it
version_added: 1.0.0
description:
  - Stops, kills or freezes the kube-controller-manager, the kube-scheduler or the member of etcd of this host, which runs as a static pod
    or as a service of systemd, and measures until when another instance leads, how the control plane endpoint answers meanwhile, and when
    the pods of a new Deployment are ready.
  - A component is B(stopped) by moving its manifest away or by C(systemctl stop), so that it is ended in an orderly manner; B(killed) by
    SIGKILL; B(frozen) by SIGSTOP, its connections stay open and silent. The kubelet starts a killed one again at once, systemd as
    C(Restart=) says.
  - The network of a member of etcd or of a whole control plane is B(cut) by dropping packets to and from the ports of the API server and of the member, for
    clients and for peers, in both directions, by a table of nftables or chains of iptables of its own. On a host without a member those to
    the servers of etcd are, too. Loopback, port 22, everything else of the host, and the rules of others stay as they are.
  - A process is touched only when its whole command line is that of the static pod's manifest, or of the unit and its environment files.
  - What is done is written to C(/var/lib/kubeadm-ha/failover_drill.json) before it is done. Whatever ends a measurement, the module
    restores the component. Where the module itself is killed, it is restored by O(state=restored). Rules of a cut do not outlive a restart of the host.
  - Does not ask whether the cluster bears it, that is for M(kubeadm.ha.failover_drill_plan). The role C(failover_drill) does all of it.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl), else the certificates or the token of the
    kubeconfig.
options:
  kubeconfig:
    description:
      - Kubeconfig of a cluster administrator on this host. Without O(namespace) that of the component suffices.
      - Without it C(/etc/kubernetes/admin.conf). Where there is none and the components are services of systemd, the first of the
        kubeconfigs beside theirs, or of C(~/.kube/config), that may do everything, else those that the components have themselves.
    type: path
  server:
    description:
      - Address and port of the API server to ask, for example V(192.0.2.11:6443). Its certificate is verified with the kubeconfig's CA.
        Without it the kubeconfig decides.
    type: str
  state:
    description:
      - V(measured) lets the component fail, measures what follows, and restores it. V(interrupted) lets it fail only, V(restored)
        undoes what either of them has left on this host.
    type: str
    choices: [measured, interrupted, restored]
    default: measured
  component:
    description:
      - Which component. For V(state=measured) the instance of this host must be the leader, where one leads, unless O(which) says otherwise.
      - A V(load_balancer) is the service of haproxy or nginx that listens on the port of O(endpoint), V(virtual_ip) that of keepalived.
        All processes of the service fail at once.
      - A V(control_plane) is the API server, the member of etcd where the host has one, and both controllers at once. The API is asked
        through O(endpoint) then.
    type: str
    choices: [kube-controller-manager, kube-scheduler, etcd, load_balancer, virtual_ip, control_plane]
  which:
    description:
      - Whether the instance of this host leads. A V(follower) there is for V(component=etcd), whose member of this host must be a voter that does not lead, and
        for V(component=control_plane), which need lead nothing and must not lead etcd then.
    type: str
    choices: [leader, follower]
    default: leader
  outage:
    description:
      - With V(component=etcd) whether so many members fail at the same time that no quorum is left. Nobody else is waited for then, and the member of this
        host, which leads, is restored after five seconds.
    type: bool
    default: false
  how:
    description:
      - What happens to it. V(cut) is for V(component=etcd) and V(component=control_plane).
      - V(reload) is for V(component=load_balancer), whose service is reloaded three times, a second apart. It must be one that can be reloaded.
    type: str
    choices: [stop, kill, freeze, cut, reload]
  namespace:
    description:
      - Namespace of a smoke application (M(kubeadm.ha.cluster_smoke)). A Deployment like it is created there right after the event,
        and removed in the end. Without it no pods are asked for, nor are they for V(component=etcd).
    type: str
    default: ''
  observed_elsewhere:
    description:
      - Whether another host watches the endpoint by M(kubeadm.ha.failover_drill_watch). This one asks neither it nor the API then. Hosts of etcd or of a load
        balancer alone have nothing to ask with, and the endpoint may show itself otherwise to the host on which something fails.
    type: bool
    default: false
  timeout:
    description:
      - Seconds for which is waited for what follows, and for a component that is to end.
    type: float
    default: 120
  restore_timeout:
    description:
      - Seconds until the component must run again. The kubelet waits longer before each further start of a container that has
        just ended.
    type: float
    default: 180
extends_documentation_fragment:
  - kubeadm.ha.control_plane.endpoint_watch
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Each run with V(state=measured) is another event. V(state=restored) is idempotent.
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.failover_drill_info
  - module: kubeadm.ha.failover_drill_plan
  - module: kubeadm.ha.failover_drill_report
  - module: kubeadm.ha.failover_drill_watch
"""

EXAMPLES = r"""
- name: Let the leading kube-scheduler freeze
  block:
    - name: Measure who takes over
      kubeadm.ha.failover_drill_event:
        component: kube-scheduler
        how: freeze
        endpoint: k8s.example.org:6443
      register: event
  always:
    - name: Nothing is left, also where the measurement was interrupted
      kubeadm.ha.failover_drill_event:
        state: restored
"""

RETURN = r"""
changes:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The component.
      type: str
      sample: kube-scheduler
    before:
      description: What it did.
      type: str
      sample: running
    after:
      description: What happened to it.
      type: str
      sample: frozen for the time of a measurement
    reason:
      description: Why.
      type: str
measured:
  description:
    - What was measured. V(null) in check mode and with V(state=restored). V(state=interrupted) has V(began) only.
  returned: success
  type: dict
  contains:
    began:
      description: The event, in seconds since the epoch by this host's clock.
      type: float
    previous_holder:
      description: Identity that held the lock, or name of the member of etcd that led.
      type: str
      sample: cp1_6b0d1f0e-5c1e-4f7e-9a55-0c5b1f6a2d11
    new_holder:
      description: Identity that leads since. V(null) when nobody did in time. For a follower of etcd the leader that all others know.
      type: str
      sample: cp2_0e5f8f5e-4a57-4a3a-8d0f-1d4d5c7be1c7
    transitions:
      description: By how many the lock's own count has grown, or the term of etcd.
      type: int
      sample: 1
    seconds:
      description: From the event to the new holder.
      type: float
      sample: 16.2
    endpoint:
      description:
        - How many probes of the endpoint were V(sent), how many V(failed), V(failed_before) the event of them, and V(rto), the seconds
          from the event to the first success after which none failed. V(null) with O(observed_elsewhere=true).
      type: dict
    handovers:
      description:
        - For V(component=control_plane) V(previous_holder), V(new_holder), V(transitions) and V(seconds) of each V(component) that it led.
      type: list
      elements: dict
    pods_seconds:
      description: From the event to the moment when the pods of a new Deployment were ready. V(null) when they were not asked for.
      type: float
      sample: 19.4
"""

import signal
import socket
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.host_clients import HostClients
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import own_addresses
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.controlled_services import (
    HostControlledServices,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_watch import open_watch
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.processes import HostProcesses
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import drill
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import (
    COMPONENTS,
    CONTROL_PLANE,
    ETCD,
    FOLLOWER,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import PROGRAMS, find
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.interruption import Interruptions
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import (
    HostLeadership,
    LockLeadership,
    NoLeadership,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import Instance
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import Leadership, Part
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.api import Api

_REQUEST_SECONDS = 30.0
#: A request may have gone to an API server that has just frozen; it is sent again to another one then.
_SECONDS_BESIDE_A_FROZEN_SERVER = 3.0
#: A member of etcd that is asked who leads.
_ETCD_SECONDS = 1.0


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    options: dict[str, t.Any] = module.params
    files, commands, processes, clock = HostFiles(), HostCommands(), HostProcesses(), HostClock()
    services = HostControlledServices(commands, ServiceFiles(files, commands), processes)
    endpoint = Endpoint.parse(options["endpoint"]) if options["endpoint"] else None
    interruptions = Interruptions(
        files,
        processes,
        clock,
        services,
        PacketFilter(commands, files),
        manifests_dir=options["manifests_dir"],
        port=0 if endpoint is None else endpoint.port,
    )
    if options["state"] == "restored":
        return drill.restored(interruptions, timeout=options["restore_timeout"])
    component, how = options["component"], options["how"]
    if options["state"] == "interrupted":
        return drill.interrupted(interruptions, component=component, how=how, timeout=options["timeout"])
    client = watch = None
    if endpoint is not None and not options["observed_elsewhere"]:
        clients = HostClients(files, commands, services)
        # The API server of this host may be the one that fails.
        is_plane = component == CONTROL_PLANE
        client = clients.open(
            COMPONENTS,
            kubeconfig=options["kubeconfig"],
            server=options["server"] or (str(endpoint) if is_plane else None),
            request_timeout=_SECONDS_BESIDE_A_FROZEN_SERVER if is_plane else _REQUEST_SECONDS,
        )
        watch = open_watch(
            files,
            client.context,
            endpoint,
            ca_path=options["ca_path"],
            client_certificate=options["client_certificate"],
        )
    return drill.measured(
        None if client is None else client.api,
        clock,
        watch,
        interruptions,
        _leadership(options, None if client is None else client.api, clock, files, processes, services),
        component=component,
        how=how,
        namespace=options["namespace"],
        timeout=options["timeout"],
        restore_timeout=options["restore_timeout"],
        addresses=own_addresses.collect() if component == CONTROL_PLANE else (),
    )


def _leadership(
    options: t.Mapping[str, t.Any],
    api: Api | None,
    clock: HostClock,
    files: HostFiles,
    processes: HostProcesses,
    services: HostControlledServices,
) -> Leadership:
    component, manifests_dir, host_name = options["component"], options["manifests_dir"], socket.gethostname()

    def member() -> Instance:
        return find(files, processes, services, ETCD, manifests_dir=manifests_dir)

    if component == ETCD:
        return _of_etcd(options, member(), services)
    if component in PROGRAMS or api is None:
        return NoLeadership(host_name)
    if component in COMPONENTS:
        return LockLeadership(api, clock, component)
    parts: dict[str, Part] = {each: LockLeadership(api, clock, each) for each in COMPONENTS}
    own = member()
    if own.is_there:
        parts[ETCD] = _of_etcd(options, own, services)
    return HostLeadership(clock, parts, host_name, follows=options["which"] == FOLLOWER)


def _of_etcd(options: t.Mapping[str, t.Any], member: Instance, services: HostControlledServices) -> Part:
    """How the leader of etcd is found. Hosts without a member need not compile it."""
    from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import open_member
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import etcd_leadership

    etcd, url = open_member(member, services, options["manifests_dir"], timeout=_ETCD_SECONDS)
    if options["component"] != ETCD:
        return etcd_leadership.EtcdLeadership(etcd, url, is_part=True)
    if options["which"] == FOLLOWER:
        return etcd_leadership.EtcdFollowing(etcd, url)
    return etcd_leadership.EtcdOutage(etcd, url) if options["outage"] else etcd_leadership.EtcdLeadership(etcd, url)


def _leave(_number: int, _frame: t.Any) -> t.NoReturn:
    """By an exception, so that what is interrupted is restored."""
    raise SystemExit(1)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["measured", "interrupted", "restored"],
                "default": "measured",
            },
            "component": {
                "type": "str",
                "choices": [
                    "kube-controller-manager",
                    "kube-scheduler",
                    "etcd",
                    "load_balancer",
                    "virtual_ip",
                    "control_plane",
                ],
            },
            "which": {"type": "str", "choices": ["leader", "follower"], "default": "leader"},
            "outage": {"type": "bool", "default": False},
            "how": {"type": "str", "choices": ["stop", "kill", "freeze", "cut", "reload"]},
            "namespace": {"type": "str", "default": ""},
            "observed_elsewhere": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 120},
            "restore_timeout": {"type": "float", "default": 180},
            "kubeconfig": {"type": "path"},
            "server": {"type": "str"},
            **_options.ENDPOINT_WATCH,
            **_options.MANIFESTS_DIR,
        },
        required_if=[
            ("state", "measured", ("component", "how", "endpoint")),
            ("state", "interrupted", ("component", "how")),
            ("component", "load_balancer", ("endpoint",)),
        ],
        supports_check_mode=True,
    )
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
