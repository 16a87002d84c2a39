#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_drill_plan
short_description: Determine which hosts the events of a failover drill concern, and whether the cluster bears them
version_added: 1.0.0
description:
  - Reads what M(kubeadm.ha.failover_drill_info) found on the control planes, and fails with every reason not to begin. Each names
    the host and the remedy.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  events:
    description:
      - The events in their order, each with C(component) (V(kube-controller-manager), V(kube-scheduler), V(etcd), V(load_balancer),
        V(virtual_ip) or V(control_plane)), C(how) (V(stop), V(kill) or V(freeze), V(cut) for V(etcd) and V(control_plane),
        V(reload) for V(load_balancer)) and C(count), how many instances of the first three fail at the same time (V(1), or V(2), the leader among
        them). Of etcd they are not killed, because the first would run again before the second fails.
      - C(which) is V(leader), or V(follower) for V(etcd), a voter that does not lead, and V(control_plane), the one that leads least and does not lead etcd.
    type: list
    elements: raw
    required: true
  hosts:
    description:
      - RV(kubeadm.ha.failover_drill_info#module:drill) of each host by its inventory name.
    type: dict
    default: {}
  failures:
    description:
      - Why control planes could not be inspected, by their inventory names.
    type: dict
    default: {}
  hosts_before:
    description:
      - What O(hosts) was before the drill. What ran then and does not now is a reason to stop, too.
    type: dict
    default: {}
  show:
    description:
      - Whether the plan is shown on the screen. Reasons to stop are the message of the failed task.
    type: bool
    default: true
  application:
    description:
      - Whether an application is run whose pods are waited for. One of the hosts must have a cluster administrator's kubeconfig then.
    type: bool
    default: false
  accept_outage:
    description:
      - Whether a load balancer may fail beside which there is no other way to the endpoint, and more members of etcd than it bears.
    type: bool
    default: false
  first:
    description:
      - Number of the first event.
    type: int
    default: 1
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.failover_drill_info
  - module: kubeadm.ha.failover_drill_event
"""

EXAMPLES = r"""
- name: Does the cluster bear it
  kubeadm.ha.failover_drill_plan:
    events: [{component: kube-scheduler, how: kill}]
    hosts: "{{ reports }}"
  register: planned
"""

RETURN = r"""
plan:
  description: The events, and every reason not to begin.
  returned: success, and with reasons to stop
  type: dict
  contains:
    entries:
      description: The events in their order.
      type: list
      elements: dict
      contains:
        number:
          description: Of the event.
          type: int
        component:
          description: Whose leader, or what else.
          type: str
        which:
          description: V(leader) or V(follower).
          type: str
        how:
          description: What happens to it.
          type: str
        host:
          description: Inventory name of the leader's or the follower's host, V(known after apply) where an earlier event changes the leader.
          type: str
          sample: cp1
        others:
          description: Hosts whose instances fail with it, likewise.
          type: list
          elements: str
        object:
          description: What happens, in words.
          type: str
          sample: leader of kube-scheduler killed
        bound:
          description:
            - Seconds within which another instance must lead, by the flags of the component, or the endpoint must answer, or exactly one
              host have the virtual IP, by the configuration of keepalived. V(null) where an outage was accepted. 0 where no probe of the
              endpoint may fail.
          type: float
          sample: 24.8
        observer:
          description: Inventory name of the host that watches the endpoint meanwhile. Empty where the host of the event does.
          type: str
        witness:
          description: Inventory name of the host that sees who has the virtual IP meanwhile. Empty without one.
          type: str
        virtual_ip:
          description: That address.
          type: str
        interface:
          description: The witness's interface in the network of that address.
          type: str
        names:
          description: Inventory names by hardware addresses in that network.
          type: dict
        state:
          description: The option O(kubeadm.ha.failover_drill_event#module:state) for the host of the event.
          type: str
    administrator:
      description: Inventory name of the first host with a cluster administrator's kubeconfig. Empty without one.
      type: str
      sample: cp1
    problems:
      description: Reasons to stop, with V(subject) and V(message).
      type: list
      elements: dict
hosts:
  description: What was given as O(hosts).
  returned: success, and with reasons to stop
  type: dict
lines:
  description: The plan for the screen.
  returned: success, and with reasons to stop
  type: list
  elements: str
"""
