#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_report
short_description: Say of a cluster which losses it survives, why not, and what to do
version_added: 1.0.0
description:
  - Makes findings of what M(kubeadm.ha.kubernetes_host_info) and M(kubeadm.ha.kubernetes_cluster_info) have collected, and says of each host,
    each member of etcd and the endpoint what becomes of the cluster without it.
  - Shows a table (O(show)), and returns the same as JSON, JUnit's XML, SARIF 2.1.0 and one page of HTML that fetches nothing.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  hosts:
    description: What M(kubeadm.ha.kubernetes_host_info) returned as RV(kubeadm.ha.kubernetes_host_info#module:host), by inventory name.
    type: dict
    default: {}
  services:
    description: What it returned as RV(kubeadm.ha.kubernetes_host_info#module:services), by inventory name.
    type: dict
    default: {}
  cluster:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:cluster). Without it the audit says that nothing is known of the cluster.
    type: dict
  etcd:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:etcd). Without it the audit says that nothing is known of etcd.
    type: dict
  configurations:
    description:
      - Configurations of load balancers and of keepalived by inventory name, each a list of results of M(ansible.builtin.slurp). What
        M(kubeadm.ha.load_balancer_lint) finds in those before the API servers is found here, too. Secrets in them are neither kept nor returned.
    type: dict
    default: {}
  reachability:
    description: RV(kubeadm.ha.reachability_info#module:attempts) of each control plane, by inventory name.
    type: dict
    default: {}
  failures:
    description:
      - Why something was not collected. C(hosts) by inventory name, C(cluster) and C(etcd) as texts.
    type: dict
    default: {}
  control_planes:
    description: Inventory names of the hosts that are control planes.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of the workers.
    type: list
    elements: str
    default: []
  load_balancers:
    description: Inventory names of the hosts with a load balancer.
    type: list
    elements: str
    default: []
  endpoint:
    description:
      - The control plane endpoint. Without it the one of kubeadm's configuration is taken, else that of C(cluster-info), else what
        most kubelets connect to, if it is no API server's own address.
    type: raw
    default: ''
  plan:
    description: RV(kubeadm.ha.cluster_plan#module:plan), which is shown with the findings.
    type: dict
  phase:
    description:
      - V(questions) returns only what is to be asked beside the reports of the hosts.
    type: str
    choices: [questions, report]
    default: report
  fail_on:
    description:
      - The mildest severity that RV(failed_findings) counts.
    type: str
    choices: [never, info, warning, critical]
    default: never
  show:
    description: Whether the table is shown, too.
    type: bool
    default: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
requirements:
  - crossplane (Python package, on the controller; for configurations of nginx only)
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubernetes_cluster_info
  - module: kubeadm.ha.cluster_plan
  - module: kubeadm.ha.load_balancer_lint
"""

EXAMPLES = r"""
- name: Make the audit
  kubeadm.ha.audit_report:
    hosts: "{{ reports }}"
    cluster: "{{ inspected.cluster }}"
    etcd: "{{ inspected.etcd }}"
    control_planes: "{{ groups.kube_control_plane }}"
  register: audited

- name: Keep the page
  ansible.builtin.copy:
    content: "{{ audited.html }}"
    dest: audit.html
    mode: "0600"
"""

RETURN = r"""
report:
  description: The audit as it is written as JSON.
  returned: success, with O(phase=report)
  type: dict
  contains:
    schema:
      description: Version of this document, raised when a key gets another meaning or goes away.
      type: int
      sample: 1
    created:
      description: When it was made (RFC 3339).
      type: str
      sample: "2026-11-30T08:00:00Z"
    endpoint:
      description: The endpoint that leads to more than one API server, V(null) without one.
      type: str
      sample: k8s.example.org:6443
    version:
      description: Of Kubernetes, V(null) when the API could not be asked.
      type: str
      sample: v1.34.4
    verdict:
      description: The worst of RV(report.parts), V(lost), V(unknown), V(felt) or V(survives). V(lost) also while there is an outage.
      type: str
      sample: survives
    sentence:
      description: The same in words.
      type: str
      sample: The cluster survives the loss of any one host.
    counts:
      description: How many findings have each severity.
      type: dict
      sample: {critical: 0, warning: 0, info: 2}
    parts:
      description: What becomes of the cluster when a part is lost.
      type: list
      elements: dict
      contains:
        name:
          description: Inventory name of a host, address of a member of etcd on none of them, or the endpoint.
          type: str
        roles:
          description: What it is.
          type: list
          elements: str
          sample: [control plane]
        verdict:
          description: V(lost) for an outage, V(felt) where something else stops, V(survives), or V(unknown).
          type: str
        reasons:
          description: Why, a sentence each.
          type: list
          elements: str
        kinds:
          description: Ids of the findings that say so.
          type: list
          elements: str
    findings:
      description: What was found, the worst first, then by id and object.
      type: list
      elements: dict
      contains:
        id:
          description: Of its kind. It never changes its meaning.
          type: str
          sample: etcd.no-tolerance
        severity:
          description: V(critical), V(warning) or V(info).
          type: str
        title:
          description: Its kind in a few words.
          type: str
        object:
          description: The host, the node or the object of the API that it is about.
          type: str
        summary:
          description: What is wrong, one sentence.
          type: str
        evidence:
          description: What was seen, as it was seen.
          type: list
          elements: str
        why:
          description: Why it matters.
          type: str
        remedy:
          description: What to do.
          type: str
        link:
          description: Where its kind is explained.
          type: str
        lost_with:
          description: Names of the parts by whose loss it is felt.
          type: list
          elements: str
    topology:
      description: Who connects to whom, as the page draws it.
      type: dict
      contains:
        boxes:
          description: Hosts and the endpoint. Several workers that connect alike are one box.
          type: list
          elements: dict
          contains:
            name:
              description: Inventory name of a host, the endpoint, or how many workers it stands for.
              type: str
              sample: 12 workers
            row:
              description: V(clients), V(endpoint), V(balancers), V(control planes) or V(etcd), from above.
              type: str
            lines:
              description: What runs there.
              type: list
              elements: str
              sample: [API server serves, "etcd member, healthy"]
            verdict:
              description: That of the part in RV(report.parts), V(null) where it stands for several hosts or for none.
              type: str
            count:
              description: How many hosts it stands for.
              type: int
        connections:
          description: The lines between the boxes.
          type: list
          elements: dict
          contains:
            source:
              description: Name of the box that connects.
              type: str
            target:
              description: Name of the box to which it connects.
              type: str
            kind:
              description: V(to endpoint), V(to balancer), V(to API server), or V(past the endpoint) to one API server.
              type: str
            by:
              description: What names the target, a component or a file.
              type: str
              sample: kubelet
    plan:
      description: What of O(plan) the page shows, V(null) without it.
      type: dict
      contains:
        entries:
          description: Every change in the order of the run.
          type: list
          elements: dict
          contains:
            host:
              description: Inventory name of the host.
              type: str
            step:
              description: Step of the run.
              type: str
            object:
              description: What changes.
              type: str
            before:
              description: Its state now.
              type: raw
            after:
              description: Its state afterwards.
              type: raw
            reason:
              description: Why.
              type: str
        problems:
          description: Every reason to stop.
          type: list
          elements: dict
          contains:
            message:
              description: The reason, with its remedy.
              type: str
    checked:
      description: Ids of all kinds of findings.
      type: list
      elements: str
lines:
  description: A table for the screen.
  returned: success, with O(phase=report)
  type: list
  elements: str
junit:
  description: JUnit's XML with a test case for each kind of findings. Kinds of severity info never fail.
  returned: success, with O(phase=report)
  type: str
sarif:
  description: SARIF 2.1.0.
  returned: success, with O(phase=report)
  type: dict
html:
  description: One page without scripts that fetches nothing.
  returned: success, with O(phase=report)
  type: str
failed_findings:
  description: How many findings are of the severity O(fail_on) or worse.
  returned: success, with O(fail_on) other than V(never)
  type: int
targets:
  description: Addresses and ports of other control planes that each control plane must reach, by inventory name.
  returned: success, with O(phase=questions)
  type: dict
api_servers:
  description: Address and port of each API server.
  returned: success, with O(phase=questions)
  type: list
  elements: str
source:
  description: Inventory name of a control plane that systemd runs; empty where kubeadm made it.
  returned: success, with O(phase=questions)
  type: str
kubeconfig:
  description: Path of a kubeconfig on RV(source) that is an administrator's by its name, else that of kube-controller-manager; empty without.
  returned: success, with O(phase=questions)
  type: str
etcd:
  description: Options of M(kubeadm.ha.etcd_member_info) by which RV(source) reaches etcd; empty without TLS, or where kubeadm made it.
  returned: success, with O(phase=questions)
  type: dict
"""
