#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_cluster_info
short_description: Collect what an audit of a Kubernetes control plane needs from the API
version_added: 1.0.0
description:
  - Reads the objects of a kubeadm cluster that name its endpoint, its nodes, the pods of its DNS, and leftovers of earlier
    joins.
  - With O(endpoint) also searches for workloads, ConfigMaps and Secrets of any namespace that name an old endpoint.
    Values are compared on this host and never returned. The search ends after twenty seconds or a hundred findings.
  - Workloads are DaemonSets, Deployments, StatefulSets, CronJobs, Jobs and ReplicaSets that no other of them owns, and pods
    without such an owner. Jobs and pods that have ended are left out, static pods too. Custom resources are not
    searched, but the workloads and pods that they own are.
  - Asks the API server of this host, whatever server the kubeconfig names, so that it works while a load balancer is
    down. The server's certificate is verified.
  - Secrets are not returned. Of bootstrap tokens only name, description and expiration are.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl).
  - Etcd is reported beside the API, so that one of the two can fail without the other.
  - Changes nothing. With kubectl the host needs Python 3.8 and its standard library only.
requirements:
  - kubectl, or the Python library kubernetes
options:
  endpoint:
    description:
      - Address and port that the whole cluster will use, or uses. Without it consumers of old endpoints are not
        searched for.
    type: str
  api_servers:
    description:
      - Address and port of every API server. These, and what the ConfigMaps C(cluster-info) and C(kubeadm-config) name, are
        the old endpoints, except for O(endpoint).
    type: list
    elements: str
    default: []
  search_secrets:
    description:
      - Search Secrets for old endpoints also when the cluster names O(endpoint) already. Otherwise they are searched only
        before the cluster is pointed to it.
    type: bool
    default: true
  control_planes:
    description:
      - Every control plane that must be whole with O(wait_timeout), as RV(kubeadm.ha.cluster_plan#module:control_planes).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of its Node.
        type: str
        required: true
      address:
        description: Address that its API server advertises.
        type: str
        required: true
      port:
        description: Port of its API server. It is not used.
        type: int
  wait_timeout:
    description:
      - Seconds to wait until each static pod of O(control_planes) is ready and has not just been restarted, and the Service
        C(kubernetes) leads to the API server of each and to nothing else. The module fails when they are not in time. With
        V(0) it does not wait, and everything is returned as it is.
    type: float
    default: 0
  settle_timeout:
    description:
      - Seconds to wait for nodes whose kubelets have said for less than that time that they are not Ready, such as those of hosts that a killed
        run has just joined, whose pods of the network start. With V(0), and where there are none, it does not wait.
    type: float
    default: 0
  audit:
    description:
      - Ask for RV(cluster.audit), too, which only an audit needs, and search for workloads that name an API server also without O(endpoint).
    type: bool
    default: false
  joining:
    description:
      - A host is to join the cluster, so RV(cluster.join_rights) is asked, too, by SubjectAccessReviews, which the API server does
        not store.
    type: bool
    default: false
  lost_nodes:
    description:
      - Names of Nodes whose machines are said to be gone for good. RV(cluster.life_signs) says what shows that they are not.
    type: list
    elements: str
    default: []
  etcd:
    description:
      - Ask this control plane's etcd, stacked or external, too. Without it etcd is not asked.
    type: dict
    suboptions:
      manifests_dir:
        description: Directory of the static pods' manifests.
        type: path
        default: /etc/kubernetes/manifests
      pki_dir:
        description: Directory of the cluster's certificates. Without one it is found by the static pods' flags.
        type: path
      expected_voters:
        description:
          - The etcd cluster must have this many voters, with O(wait_timeout) after so many seconds. V(0) does not ask
            for a number, but with O(wait_timeout) the etcd cluster must be healthy.
        type: int
        default: 0
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.etcd_member_info
  - module: kubeadm.ha.kubernetes_host_info
  - module: kubeadm.ha.kubeadm_cluster_config_info
"""

EXAMPLES = r"""
- name: Inspect the cluster
  kubeadm.ha.kubernetes_cluster_info:
    server: 192.0.2.11:6443
    endpoint: k8s.example.org:6443
    api_servers: [192.0.2.11:6443]
  register: inspected
"""

RETURN = r"""
cluster:
  description: What was found.
  returned: success
  type: dict
  contains:
    configmaps:
      description: ConfigMaps by namespace and name. Those that do not exist are left out.
      type: dict
    nodes:
      description:
        - Name, labels, taints, addresses, kubelet version and readiness of each node, with status, reason and message of its
          condition Ready, and since when, in seconds since the epoch.
      type: list
      elements: dict
    kube_proxy_pods:
      description: Pods of kube-proxy with node and start time.
      type: list
      elements: dict
    has_kube_proxy:
      description: Whether the DaemonSet kube-system/kube-proxy exists.
      type: bool
    bootstrap_tokens:
      description: Bootstrap tokens without their secrets.
      type: list
      elements: dict
    has_uploaded_certificates:
      description: Whether the Secret kube-system/kubeadm-certs exists.
      type: bool
    outdated_signatures:
      description:
        - How many signatures of the ConfigMap C(kube-public/cluster-info), by bootstrap tokens that exist, are not of its
          present content.
      type: int
      sample: 0
    static_pods:
      description: Component, node, readiness, restarts, time of the last start and reason of waiting of each control plane's pods.
      type: list
      elements: dict
    api_server_addresses:
      description: Addresses to which the Service C(kubernetes) leads.
      type: list
      elements: str
    cluster_dns:
      description: The Deployment C(kube-system/coredns), V(null) if there is none, and its pods.
      type: dict
      contains:
        deployment:
          description: What decides on which nodes it may run.
          type: dict
        pods:
          description: Name, node and state of each pod.
          type: list
          elements: dict
          sample: [{"name": "coredns-66bc5c9577-4xq2p", "node": "cp1", "ready": true, "terminating": false}]
    consumers:
      description: What names an old endpoint.
      type: dict
      contains:
        found:
          description: Workloads, ConfigMaps and Secrets.
          type: list
          elements: dict
          contains:
            kind:
              description: Kind of the object.
              type: str
              sample: Secret
            namespace:
              description: Its namespace.
              type: str
            name:
              description: Its name.
              type: str
            where:
              description: Keys of a ConfigMap or Secret; containers with a variable or flag of a workload.
              type: list
              elements: str
              sample: [key kubeconfig]
            endpoints:
              description: The old endpoints that it names.
              type: list
              elements: str
              sample: ["192.0.2.11:6443"]
        complete:
          description: Whether every object was inspected.
          type: bool
        objects:
          description: How many were, if not every one.
          type: int
        failure:
          description: Why the search ended early, where the API failed. Else it is not there.
          type: str
    join_rights:
      description:
        - With O(joining), whether an anonymous request may read the ConfigMap C(kube-public/cluster-info) (V(discovery)), and
          whether a bootstrap token may do what C(kubeadm join) does with it. What could not be asked is left out.
      type: dict
      sample: {"discovery": true, "request": true, "approval": true, "nodes": true, "kubeadm_config": true, "kubelet_config": true}
    audit:
      description:
        - With O(audit), C(leaders) of the controllers, C(deployments) of kube-system with their pods, C(anonymous) bindings, and C(failures),
          which say what could not be asked.
      type: dict
    life_signs:
      description:
        - With O(lost_nodes), of each the seconds since its kubelet has renewed its Lease, where its API server announced itself, and whether one
          with a certificate of the cluster's CA answers there.
      type: list
      elements: dict
      sample: [{"name": "cp1", "lease_age": 734.2, "api_server": "192.0.2.11:6443", "is_answering": false}]
    version:
      description: Version of the API server.
      type: str
      sample: v1.34.4
etcd:
  description:
    - With O(etcd) the etcd cluster as M(kubeadm.ha.etcd_member_info) returns it; V(null) when it could not be asked. It
      is returned by a failed task, too.
  returned: always
  type: dict
  sample:
    healthy: true
    problems: []
etcd_failure:
  description: Why etcd could not be asked, or is not what was demanded. Empty without a reason.
  returned: always
  type: str
  sample: ''
"""

import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.api import open_api
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import open_etcd
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import component_services
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import cluster_audit, settling_nodes
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.cluster_inspection import inspect_cluster
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import control_plane_health
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.life_signs import LifeSigns
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.report import ClusterReport
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.api import Api
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.clock import Clock

SECONDS_FOR_A_COMMAND = 60.0
SECONDS_FOR_ETCD = 5.0
SECONDS_FOR_A_PROBE = 3.0


def inspect_etcd(options: t.Mapping[str, t.Any] | None, *, wait_timeout: float) -> dict[str, t.Any]:
    """The etcd cluster, or why it cannot be asked; neither without options.

    Args:
        options: the module's option etcd.
        wait_timeout: seconds to wait for a cluster with the expected voters.
    """
    if options is None:
        return {"etcd": None, "etcd_failure": ""}
    try:
        servers, endpoints = open_etcd(
            options["manifests_dir"],
            options["pki_dir"],
            services=component_services.of_host(),
            timeout=SECONDS_FOR_ETCD,
        )
        etcd_cluster = etcd_inspection.inspect(
            servers,
            HostClock(),
            endpoints=endpoints,
            wait_timeout=wait_timeout,
            expected_voters=options["expected_voters"] or None,
        )
    except KubeadmHaError as error:
        return {"etcd": None, "etcd_failure": error.message}
    return {"etcd": etcd_cluster.values, "etcd_failure": ""}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **_options.KUBECONFIG,
            "endpoint": {"type": "str"},
            "api_servers": {"type": "list", "elements": "str", "default": []},
            "search_secrets": {"type": "bool", "default": True},
            "control_planes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "address": {"type": "str", "required": True},
                    "port": {"type": "int"},
                },
            },
            "wait_timeout": {"type": "float", "default": 0},
            "settle_timeout": {"type": "float", "default": 0},
            "audit": {"type": "bool", "default": False},
            "joining": {"type": "bool", "default": False},
            "lost_nodes": {"type": "list", "elements": "str", "default": []},
            "etcd": {
                "type": "dict",
                "options": {
                    **_options.MANIFESTS_DIR,
                    **_options.PKI_DIR,
                    "expected_voters": {"type": "int", "default": 0},
                },
            },
        },
        supports_check_mode=True,
    )

    def decide() -> Decision:
        cluster, etcd_values = inspect()
        timeout = module.params["settle_timeout"]
        warnings = settling_nodes.wait(cluster.nodes, open_it(), HostClock(), timeout=timeout)
        if warnings:
            # With the nodes came up what else is asked for.
            cluster, etcd_values = inspect()
        return Decision(values={"cluster": cluster.as_dict(), **etcd_values}, warnings=warnings)

    def inspect() -> tuple[ClusterReport, dict[str, t.Any]]:
        asked = inspect_etcd(module.params["etcd"], wait_timeout=module.params["wait_timeout"])
        try:
            return inspect_api(open_it()), asked
        except KubeadmHaError as error:
            error.details.update(asked)
            raise

    def life_signs(api: Api, clock: Clock) -> tuple[LifeSigns, ...]:
        from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
        from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import life_signs_inspection

        def answers(server: Endpoint, ca: str) -> bool:
            seen = HostEndpointProbe(ca=ca, connect_seconds=SECONDS_FOR_A_PROBE).inspect(server)
            return any(attempt.is_of_the_cluster for attempt in seen.attempts)

        # A text is split at its commas only.
        names = [name.strip() for name in module.params["lost_nodes"]]
        return life_signs_inspection.collect(api, clock, names, answers=answers)

    @functools.lru_cache(maxsize=None)
    def open_it() -> Api:
        commands = HostCommands(timeout=SECONDS_FOR_A_COMMAND)
        return open_api(commands, kubeconfig=module.params["kubeconfig"], server=module.params["server"])

    def inspect_api(api: Api) -> ClusterReport:
        endpoint, api_servers = module.params["endpoint"], module.params["api_servers"]
        timeout = module.params["wait_timeout"]
        if timeout > 0:
            control_plane_health.ensure(api, HostClock(), module.params["control_planes"], timeout=timeout)
        return inspect_cluster(
            api,
            HostClock(),
            endpoint=endpoint or None,
            api_servers=api_servers,
            search_secrets=module.params["search_secrets"],
            joining=module.params["joining"],
            audit=cluster_audit.collect if module.params["audit"] else None,
            life_signs=life_signs if module.params["lost_nodes"] else None,
        )

    run_decision(module, decide)


if __name__ == "__main__":
    main()
