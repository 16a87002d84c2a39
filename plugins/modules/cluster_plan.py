#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_plan
short_description: Build the plan of a conversion from inspected hosts
version_added: 1.0.0
description:
  - Computes every change that a run of C(kubeadm.ha.site) would make, and every reason to stop before it,
    from what M(kubeadm.ha.kubernetes_host_info), M(kubeadm.ha.kubernetes_cluster_info) and
    M(kubeadm.ha.etcd_member_info) returned.
  - Runs on the controller, connects to no host and changes nothing. A manifest that O(network) names is read there, or downloaded, where a
    cluster is to be created.
  - It is asked in phases, because what one inspection has found decides what the next one is asked. See O(phase).
  - Without O(hosts) only the inputs are checked, and with them the variables C(kubeadm_ha_*) and those of the collection's
    roles of every host, whoever reads them later, and the command line. Their types read V(raw), because all complaints are
    collected here.
options:
  phase:
    description:
      - What is asked for. V(serving) finds among O(hosts) a control plane that serves the API. It is discovered, never the first
        one of a group.
      - V(joins) determines, from O(hosts) and O(cluster), which addresses and ports hosts must reach before control planes
        join, and what the kubeadm of each joining host is to be asked. Hosts that are half joined or have no kubeadm are left out,
        because the plan reports them in its own words.
      - V(masters) determines what each host lacks to be a master of a control plane of systemd services, for the role C(binary_control_plane) in
        somebody's own play.
      - V(removals) determines for each host of such a control plane who depends on it and what it is given to go back, for the same role.
      - V(previous) determines, for a rollback, which addresses hosts would go back to and which hosts leave.
      - V(rollback) builds the plan of a rollback.
      - V(selection) checks the command line only, for a playbook that goes by no plan. It fails where C(--tags), C(--skip-tags),
        C(--start-at-task) or C(--limit) would leave out tasks or hosts of O(control_planes), O(workers), O(load_balancers) and O(etcd_hosts).
      - V(plan) builds the plan, or checks the inputs.
    type: str
    choices: [serving, joins, masters, removals, previous, rollback, selection, plan]
    default: plan
  endpoint:
    description: Address and port that the whole cluster will use, O(endpoint=k8s.example.org:6443).
    type: raw
    default: ''
  load_balancer:
    description: What stands before the API servers, V(haproxy), V(nginx), V(dns), V(external) or V(none).
    type: raw
    default: haproxy
  control_planes:
    description: Inventory names of all control planes, existing ones and those to join.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of all workers.
    type: list
    elements: str
    default: []
  load_balancers:
    description: Inventory names of the hosts that run the load balancer.
    type: list
    elements: str
    default: []
  etcd_hosts:
    description: Inventory names of the hosts of external etcd. Only a cluster that is to be created takes note of them.
    type: list
    elements: str
    default: []
  external_etcd:
    description: RV(kubeadm.ha.external_etcd_decision#module:decision) of these hosts by inventory name.
    type: dict
    default: {}
  extra_sans:
    description: Further SANs of the API servers' certificates.
    type: raw
    default: []
  admin_users:
    description: Users whose C(~/.kube/config) follows the endpoint.
    type: raw
    default: [root]
  unmanaged_nodes:
    description: Nodes of the cluster that are not in the inventory on purpose.
    type: raw
    default: []
  lost_nodes:
    description:
      - Nodes whose machines are gone for good and never start again. The plan takes their members out of etcd and deletes the Nodes, and stops
        where anything shows that such a machine still runs. A name that the cluster does not know any more is no error.
    type: raw
    default: []
  adopt_manifest_flags:
    description:
      - Take flags and volumes of the serving control plane's manifests that differ from the ClusterConfiguration into it,
        instead of stopping.
    type: raw
    default: false
  probe_certificate:
    description:
      - Let the checks of a load balancer present a client certificate, although anonymous requests seem to be answered.
    type: raw
    default: false
  allow_two_control_planes:
    description: Accept two control planes, although their etcd cluster stops with either of them. The plan then notes what is at risk.
    type: raw
    default: false
  allow_older_kubeadm:
    description:
      - Let a host join whose kubeadm is one minor version older than the cluster. A control plane with stacked etcd is
        never joined so, because an older kubeadm brings an older etcd.
    type: raw
    default: false
  reset_half_joined:
    description:
      - Reset hosts on which a join did not end, and join them, instead of stopping. Never reset is a host that serves the API,
        runs a voting member of etcd or is a Ready node, one on which kubeadm runs, one of another cluster, and one with files
        that somebody else put where a reset would delete them.
    type: raw
    default: false
  token_ttl:
    description: Life of the bootstrap tokens, at most V(15m), as a Go duration.
    type: raw
    default: 15m
  files:
    description:
      - RV(kubeadm.ha.control_plane_files_info#module:files) of hosts that are to become control planes, by inventory name.
        What was not inspected counts as absent.
    type: dict
    default: {}
  failures:
    description:
      - Messages of inspections that failed, so that each is one reason to stop beside the others. V(cluster) and V(etcd) have
        a text, V(hosts), V(files), V(balancers), V(kubeadm) and V(reachability) a map by inventory name, and V(unreachable) is a list of such names.
    type: dict
    default: {}
  group_names:
    description: Names of the groups V(control_plane), V(node) and V(load_balancer), for messages.
    type: dict
    default: {}
  hosts:
    description: RV(kubeadm.ha.kubernetes_host_info#module:host) by inventory name.
    type: dict
    default: {}
  cluster:
    description: RV(kubeadm.ha.kubernetes_cluster_info#module:cluster), not given when no host serves the API.
    type: dict
  etcd:
    description: Result of M(kubeadm.ha.etcd_member_info) on the serving control plane, for stacked and external etcd.
    type: dict
  balancers:
    description: RV(kubeadm.ha.load_balancer_decision#module:decision) of each load balancer host, by inventory name.
    type: dict
    default: {}
  kubeadm:
    description:
      - Results of M(kubeadm.ha.kubeadm_preflight_info) of hosts that are to join, by inventory name. What was not asked is no
        reason to stop.
    type: dict
    default: {}
  backup_directory:
    description: Where backups are kept on the nodes.
    type: raw
    default: /var/backups/kubeadm-ha
  certificates:
    description:
      - How joining control planes get the cluster's certificate authorities. V(upload) lets kubeadm upload them into the cluster, encrypted;
        V(copy) brings them from the serving control plane, in memory only.
    type: raw
    default: upload
  patches_dir:
    description: Directory with kubeadm's patches on the serving control plane. Empty without.
    type: raw
    default: ''
  reachability:
    description:
      - RV(kubeadm.ha.reachability_info#module:attempts) of hosts that tried to reach others, by inventory name. What was not
        tried is no reason to stop.
    type: dict
    default: {}
  worker_batch:
    description:
      - How many workers are changed at the same time, a number or a percentage of them, or a list for the batches in turn.
    type: raw
    default: 25%
  vip:
    description: A virtual IP address with its prefix, O(vip=192.0.2.10/24), which one of the hosts behind the endpoint has. Empty
      without.
    type: raw
    default: ''
  kubernetes_version:
    description: Version of a cluster that is to be created, O(kubernetes_version=1.34.4). Empty where there is one.
    type: raw
    default: ''
  pod_subnet:
    description: Its subnet of pods; one of each address family with a comma between.
    type: raw
    default: 10.244.0.0/16
  service_subnet:
    description: Its subnet of Services; one of each address family with a comma between.
    type: raw
    default: 10.96.0.0/12
  dns_domain:
    description: Its DNS domain.
    type: raw
    default: cluster.local
  image_repository:
    description: Where its images come from.
    type: raw
    default: registry.k8s.io
  network:
    description: Its pod network, V(flannel), V(none), or the path or URL of a manifest.
    type: raw
    default: flannel
  decisions:
    description:
      - What roles that inspect their hosts before the plan would change there, by the name of the role, then by inventory name.
        Each has V(changes) and V(problems).
    type: dict
    default: {}
  services:
    description:
      - RV(kubeadm.ha.kubernetes_services_info#module:services) by inventory name, where RV(services) says that the control plane runs as
        services of systemd. O(phase=serving) is asked again with it.
    type: dict
    default: {}
  announced:
    description:
      - RV(plan.entries) of the plan that the run began with. What is not among them is a reason to stop, and a plan that has nothing
        else is not shown again.
    type: list
    elements: dict
    default: []
  previous:
    description: RV(kubeadm.ha.previous_state_info#module:previous) by inventory name, for a rollback.
    type: dict
    default: {}
  previous_endpoint:
    description: For a rollback, address and port that everybody connected to before, where no journal on the hosts says it.
    type: raw
    default: ''
  remove_node:
    description: Inventory name of the only host that leaves, where O(phase=previous) and O(phase=rollback) are asked for the removal of one node.
    type: raw
    default: ''
  drains:
    description: For a rollback, results of M(kubeadm.ha.kubernetes_node) in check mode of hosts that leave, by inventory name.
    type: dict
    default: {}
  proofs:
    description: For a rollback, registered results of M(kubeadm.ha.endpoint_info) in a loop over the addresses of before, by inventory name.
    type: dict
    default: {}
  stop:
    description: Fail when there is a reason to stop.
    type: bool
    default: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubernetes_cluster_info
  - module: kubeadm.ha.etcd_member_info
  - module: kubeadm.ha.kubeadm_preflight_info
  - module: kubeadm.ha.reachability_info
"""

EXAMPLES = r"""
- name: Inspect each host
  kubeadm.ha.kubernetes_host_info:
  register: inspected

- name: Find where the API is served
  kubeadm.ha.cluster_plan:
    phase: serving
    hosts: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['inspected', 'host']))) }}"
    control_planes: "{{ groups['kube_control_plane'] }}"
  run_once: true
  register: api

- name: Check the inputs before any host is inspected
  kubeadm.ha.cluster_plan:
    endpoint: "{{ kubeadm_ha_endpoint }}"
    control_planes: "{{ groups['kube_control_plane'] }}"
    workers: "{{ groups['kube_node'] }}"
    load_balancers: "{{ groups['kube_load_balancer'] }}"
  run_once: true
"""

RETURN = r"""
leaving:
  description: Names of the Nodes of control planes that leave, by inventory name.
  returned: with O(phase=previous)
  type: dict
staying:
  description: Inventory name of the control plane that stays.
  returned: with O(phase=previous)
  type: str
serving:
  description: Inventory name of a host that serves the API, or V(null). This and the following values are empty when none does.
  returned: with O(phase=serving)
  type: str
  sample: cp1
creation:
  description:
    - How far the creation of a cluster is. V(bare) where no host has anything of a cluster, V(authorities) where an interrupted run has
      made the certificate authorities, empty where there is a cluster.
  returned: with O(phase=serving)
  type: str
services:
  description: Inventory name of a control plane whose API server is a service of systemd, empty where there is none.
  returned: with O(phase=serving)
  type: str
  sample: m1
controllers:
  description: What the roles C(kube_controller_manager) and C(kube_scheduler) are given on masters that run the component as a service, by role and host.
  returned: with O(phase=serving)
  type: dict
  sample: {"kube_scheduler": {"m1": {"unit": "kube-scheduler.service", "server": "", "is_new": false}}}
further:
  description: What is inspected of a host beyond itself, because a join or a role of its asks for it, by inventory name.
  returned: with O(phase=serving)
  type: dict
  sample: {"lb1": ["haproxy"]}
signer:
  description: Inventory name of the host that has the cluster's CA, the serving one or the first control plane of a new cluster.
  returned: with O(phase=serving)
  type: str
first_control_plane:
  description: What the role C(control_plane_init) is given on the first control plane of a new cluster, by inventory name.
  returned: with O(phase=serving)
  type: dict
nodes:
  description: What the role C(kubeadm.ha.node_prepare) is given on each node of a cluster that is to be created, by inventory name.
  returned: with O(phase=serving)
  type: dict
virtual_ips:
  description: What the role C(apiserver_keepalived) is given on each host that may have the virtual IP address, by inventory name.
  returned: with O(phase=serving)
  type: dict
etcd_clients:
  description:
    - Addresses by which the control planes may reach external etcd, whose firewall lets nobody else in but its members. Empty where one of
      them was not inspected.
  returned: with O(phase=serving)
  type: list
  elements: str
  sample: [192.0.2.11, 192.0.2.12, 192.0.2.13]
server:
  description: Address and port of its API server, or V(null).
  returned: with O(phase=serving)
  type: str
  sample: 192.0.2.11:6443
ca_certificate:
  description: The cluster CA in PEM.
  returned: with O(phase=serving)
  type: str
control_planes:
  description: V(name), V(address) and V(port) of every API server that exists or is wanted.
  returned: with O(phase=serving)
  type: list
  elements: dict
api_servers:
  description: The same as address and port.
  returned: with O(phase=serving)
  type: list
  elements: str
  sample: ["192.0.2.11:6443"]
refuses_anonymous:
  description: Whether one of them does not answer an anonymous C(GET /readyz).
  returned: with O(phase=serving)
  type: bool
can_ask_etcd:
  description:
    - Whether the etcd of the serving host takes connections that can be trusted. Not while the replacement of its certificate
      is interrupted, and not without TLS and a client certificate.
  returned: with O(phase=serving)
  type: bool
joining:
  description: Inventory names of the hosts whose kubelet has not joined a cluster, load balancers among them.
  returned: with O(phase=serving)
  type: list
  elements: str
files:
  description: The facts of files that each control plane yet to join needs, by inventory name.
  returned: with O(phase=serving)
  type: dict
targets:
  description:
    - V(address) and V(port) of what each host must reach, by inventory name, for M(kubeadm.ha.reachability_info).
    - With O(phase=joins) control planes must
      reach each other and workers, as far as one of the two hosts is yet to join, and load balancers every API server. Empty
      when no control plane is to join.
    - With O(phase=serving) the members of etcd, for masters of systemd services that do not run yet and for the one that they become like.
    - With O(phase=previous) the addresses and ports to which each host, or somebody on it, goes back.
  returned: with O(phase=joins), with O(phase=serving) and with O(phase=previous)
  type: dict
  sample: {"cp1": [{"address": "192.0.2.12", "port": 2380}]}
requests:
  description:
    - The options V(api_version), V(control_plane), V(node_name), V(cri_socket), V(certificates_dir), V(advertise_address),
      V(bind_port) and V(patches_directory) of M(kubeadm.ha.kubeadm_preflight_info) for each joining host, by inventory name. What
      kubeadm finds by itself is empty.
  returned: with O(phase=joins)
  type: dict
config_maps:
  description: The option of the same name of M(kubeadm.ha.kubeadm_preflight_info), for all hosts. Empty when no host is to be asked.
  returned: with O(phase=joins)
  type: list
  elements: dict
records:
  description:
    - With O(phase=masters) what the role C(binary_control_plane) is given on each host that lacks something, by inventory name.
    - With O(phase=removals) what its entry points C(remove) and C(restore) are given on each host, and why they may not go on there.
  returned: with O(phase=masters) and O(phase=removals)
  type: dict
problems:
  description: Reasons to change nothing.
  returned: with O(phase=masters) and O(phase=removals)
  type: list
  elements: str
plan:
  description: The plan. With reasons to stop, which fail the task, it is returned from the verbosity 1 (C(-v)) on only.
  returned: with O(phase=plan)
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
          sample: cp1
        step:
          description: Step of the run.
          type: str
          sample: certify
        object:
          description: What changes.
          type: str
          sample: certificate apiserver
        before:
          description: Its state now.
          type: raw
        after:
          description: Its state afterwards, V(known after apply) for what only a later step can know.
          type: raw
        reason:
          description: Why.
          type: str
    problems:
      description: Every reason to stop, with V(subject) and V(message).
      type: list
      elements: dict
    notes:
      description:
        - What names an old endpoint and is not changed by the run, with V(subject) and V(message). A note stays until what it
          reports is gone.
      type: list
      elements: dict
    single_points:
      description: What still dies with one host after the run, with V(host) and V(message). Empty is the promise kept.
      type: list
      elements: dict
      sample: [{"host": "lb1", "message": "it is the only load balancer, 192.0.2.10:6443 goes away with it."}]
    quorum:
      description:
        - What each change of etcd's members makes of its quorum, in the order of the run. V(now) is before it, V(after) when it is made,
          and V(worst) the next case at its worst, in which one more voter fails. Empty with external etcd.
      type: list
      elements: dict
      sample:
        - host: cp2
          action: etcd member cp2 is added and votes
          now: {voters: 1, healthy_voters: 1, needed: 1, tolerance: 0}
          after: {voters: 2, healthy_voters: 2, needed: 2, tolerance: 0}
          worst: {voters: 2, healthy_voters: 1, needed: 2, tolerance: 0}
    steps:
      description: Steps of each host that has any.
      type: dict
      sample: {"cp1": ["backup", "certify", "point"]}
    hosts:
      description:
        - What the run does on each host, where it changes something at all, in the order of the inventory's groups. V(name) is the inventory
          name, V(groups) the groups on which its plays run, V(plan) what the role of each of its steps is
          given, by the step. Empty while there is a reason to stop.
      type: list
      elements: dict
      sample:
        - name: cp1
          groups: [kubeadm_ha_changing, kubeadm_ha_certify]
          plan: {certify: {server: "192.0.2.11:6443", sans: [192.0.2.10], etcd: []}}
    serving:
      description: Inventory name of a control plane that serves the API, V(null) where none was found.
      type: str
      sample: cp1
    server:
      description: Address and port of its API server. This and the following values are empty where no plan could be built.
      type: str
      sample: 192.0.2.11:6443
    ca_certificate:
      description: The cluster's CA certificates, a PEM text.
      type: str
    control_planes:
      description: V(name), V(address) and V(port) of every API server that exists or is wanted.
      type: list
      elements: dict
      sample: [{"name": "cp1", "address": "192.0.2.11", "port": 6443}]
    endpoint_unproved:
      description: Inventory names of the nodes that no API server of the cluster has answered through the endpoint.
      type: list
      elements: str
      sample: []
"""
