#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer_lint
short_description: Predict from the configuration of haproxy, nginx or keepalived what a failure does
version_added: 1.0.0
description:
  - Reads configurations of haproxy, nginx (C(stream)) and keepalived and predicts how long new connections go to an API server that is dead,
    frozen, not ready or whose host is gone, how long open connections hang, what a reload cuts, and whether and when a virtual IP moves. Each
    number comes with the settings that cause it and their places.
  - Runs on the controller, connects to nothing and changes nothing. Shows a table.
  - Values that may be secrets, such as C(auth_pass) and C(stats auth), are neither kept nor returned.
options:
  files:
    description:
      - Paths on the controller. What belongs to one host, such as a configuration of keepalived and the script that it runs, is given together.
    type: list
    elements: path
    default: []
  content:
    description: A configuration itself, beside O(files).
    type: str
    default: ""
  kind:
    description: What O(files) and O(content) are. Without it that is seen from each text.
    type: str
    choices: [haproxy, keepalived, nginx, script, watcher]
  hosts:
    description:
      - Files of hosts by inventory name, each a list of results of M(ansible.builtin.slurp). A result without RV(ignore:content) is passed over.
        What is no configuration is named among the findings.
    type: dict
    default: {}
  port:
    description:
      - Lint load balancers that listen on this port only. Without it those with a server on port 6443, or all where none has one.
    type: int
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
requirements:
  - crossplane (Python package, on the controller; for configurations of nginx only)
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - ref: ansible_collections.kubeadm.ha.docsite.guide_lint
    description: What is predicted, and every finding.
"""

EXAMPLES = r"""
- name: What does this configuration do when an API server fails?
  kubeadm.ha.load_balancer_lint:
    files:
      - haproxy.cfg
      - keepalived.conf
      - check_apiserver.sh
  register: linted

- name: Hold that nothing critical was found
  ansible.builtin.assert:
    that: linted.lint.findings | selectattr('severity', 'eq', 'critical') | length == 0
"""

RETURN = r"""
lint:
  description: What was predicted and found.
  returned: success
  type: dict
  contains:
    load_balancers:
      description: Each backend of haproxy and upstream of nginx to which a listener leads.
      type: list
      elements: dict
      contains:
        host:
          description: Inventory name, empty for O(files) and O(content).
          type: str
        program:
          description: V(haproxy) or V(nginx).
          type: str
        name:
          description: Name of the backend or upstream.
          type: str
        where:
          description: Path and line.
          type: str
        listeners:
          description: Addresses and ports where clients connect.
          type: list
          elements: dict
        servers:
          description: The API servers.
          type: list
          elements: dict
        outages:
          description: What clients have of each event, at the worst moment.
          type: list
          elements: dict
          contains:
            event:
              description: V(dead), V(frozen), V(unready) or V(host gone).
              type: str
            out_seconds:
              description: Until the API server is out of use; null for never.
              type: float
            clean_seconds:
              description: Until every new connection is answered within 1 s; null for never.
              type: float
            meanwhile:
              description: What a new connection suffers until then.
              type: str
            tried_again_seconds:
              description: After which a client's connection tries the API server again, over and over; null where checks do that.
              type: float
            open_seconds:
              description: Until open connections to the API server end; null for never by the load balancer.
              type: float
            open_reason:
              description: What ends them.
              type: str
            sum:
              description: How RV(lint.load_balancers[].outages[].out_seconds) is made of the settings, with their places.
              type: str
        reload:
          description: V(cuts_after_seconds) after a reload, null for never, and its V(cause).
          type: dict
    virtual_ips:
      description: Each virtual router of keepalived.
      type: list
      elements: dict
      contains:
        addresses:
          description: The virtual IPs.
          type: list
          elements: str
        router_id:
          description: The virtual router id.
          type: int
        hosts:
          description: Who may hold it, with V(name), V(where) and V(priority).
          type: list
          elements: dict
        moves:
          description: For each V(event) when it moves (V(seconds), null for never), V(from), V(to) and the V(sum).
          type: list
          elements: dict
    findings:
      description: What is wrong, the worst first.
      type: list
      elements: dict
      contains:
        id:
          description: It never changes its meaning.
          type: str
        severity:
          description: V(critical), V(warning) or V(info).
          type: str
        title:
          description: What findings of this id have in common.
          type: str
        object:
          description: What it is about.
          type: str
        summary:
          description: What is wrong with it.
          type: str
        evidence:
          description: Settings with path and line.
          type: list
          elements: str
        why:
          description: Why that matters.
          type: str
        remedy:
          description: What to do.
          type: str
lines:
  description: The same as a table for the screen.
  returned: success
  type: list
  elements: str
"""
