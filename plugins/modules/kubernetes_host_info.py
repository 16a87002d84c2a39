#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_host_info
short_description: Collect what an audit of a Kubernetes control plane needs from one host
version_added: 1.0.0
description:
  - Reads versions, certificates, kubeconfigs, component flags, sockets, services and facts of a host in one call.
  - The host needs Python 3.8 and its standard library, nothing else. What it sends is parsed on the controller,
    where PyYAML and cryptography are (an action plugin of the same name).
  - Credentials never leave the host. Of a kubeconfig only fields that hold no secret are sent, of a PEM file only
    certificates.
  - Changes nothing.
options:
  backup_directory:
    description:
      - Directory in which backups of the host are to be kept. Whether it can is in RV(host.backup_target). Without it nothing is
        inspected.
    type: str
    default: ''
  audit:
    description:
      - Collect RV(host.audit), too, which only an audit needs. It costs more than the rest on hosts with many processes.
    type: bool
    default: false
  users:
    description:
      - Users whose C(~/.kube/config) is read too. Users that the host does not have are passed over.
      - Of other users' C(~/.kube/config) only the servers that it names are reported.
    type: list
    elements: str
    default: [root]
  endpoint:
    description:
      - The control plane endpoint, host and port, that the host is to use. What the host sees of it is in
        RV(host.endpoint_view). Without it nothing is inspected.
    type: str
    default: ''
  endpoint_timeout:
    description:
      - Seconds that each address of O(endpoint) may take. The resolver may take three.
    type: float
    default: 0.9
  node_name:
    description:
      - Name that the host's Node object shall have when the host joins. By default it is the host's name.
      - This, O(api_port), O(advertise_address) and O(cri_socket) are reported again in RV(host.wanted); of a member
        they change nothing. Of all that the host shall have O(cri_socket) alone is sent to it.
    type: str
  api_port:
    description:
      - TCP port of the API server that the host shall run. By default it is that of the API server that exists.
    type: int
  advertise_address:
    description:
      - IP address that this API server shall advertise. By default it is the one by which the host reaches the serving API
        server.
    type: str
  kubelet_extra_args:
    description:
      - Flags that the host's kubelet shall get when it joins, O(node_labels) and O(node_taints) of its Node likewise,
        reported again in RV(host.wanted).
    type: dict
    default: {}
  node_labels:
    description:
      - Labels that the Node shall get; see O(kubelet_extra_args).
    type: dict
    default: {}
  node_taints:
    description:
      - Taints that the Node shall get instead of kubeadm's own; see O(kubelet_extra_args).
    type: list
    elements: dict
  cri_socket:
    description:
      - Socket of the container runtime that the host shall use when it joins. By default it is the only one, or that of the
        cluster's nodes.
    type: str
  load_balancer:
    description:
      - That the host is to run a load balancer in front of the API servers. What it has of that is in RV(host.load_balancer).
        Without it nothing is inspected.
    type: dict
    suboptions:
      provider:
        description: Which one.
        type: str
        choices: [gdnsd, haproxy, nginx]
        default: haproxy
      firewalld_zone:
        description: See O(kubeadm.ha.load_balancer_info#module:firewalld_zone).
        type: str
  services:
    description:
      - Whether components that systemd runs and kubeadm did not make are inspected, too, as M(kubeadm.ha.kubernetes_services_info) does, on a host that
        has them. What they are is in RV(services).
    type: bool
    default: false
  directories:
    description:
      - Directories that a run would write to; RV(host.read_only) has those that it cannot.
    type: list
    elements: path
    default: [/etc/kubernetes, /var/lib/kubelet, /var/lib/etcd, /etc/haproxy]
  work_timeout:
    description:
      - Seconds to wait, before anything is inspected, for a kubeadm or a module of this collection that is changing the host, such as
        one that a killed run left at work. V(0) does not wait.
      - Whoever is still at work then is in RV(host.kubeadm_processes) and RV(host.is_at_work).
    type: float
    default: 0
extends_documentation_fragment:
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.control_plane.files
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_files_info
  - module: kubeadm.ha.endpoint_info
  - module: kubeadm.ha.kubernetes_cluster_info
  - module: kubeadm.ha.kubeadm_certificate_info
"""

EXAMPLES = r"""
- name: Inspect every host once
  kubeadm.ha.kubernetes_host_info:
  register: inspected

- name: Show the server that this host's kubelet connects to
  ansible.builtin.debug:
    msg: "{{ inspected.host.servers['/etc/kubernetes/kubelet.conf'] }}"
"""

RETURN = r"""
services:
  description: As of M(kubeadm.ha.kubernetes_services_info). Empty where kubeadm made the components of the host.
  returned: with O(services)
  type: dict
host:
  description: What was found. Keys whose subject the host does not have are empty.
  returned: success
  type: dict
  contains:
    node_name:
      description: Name of the host's Node object, from the kubelet's client certificate, its flags, or the host name.
      type: str
      sample: cp1
    is_control_plane:
      description: Whether a kube-apiserver runs here as a static pod.
      type: bool
    api_server:
      description:
        - Address and port at which the host's own API server is reached, V(null) without one. It is the address that the
          server advertises if that is one of the host's own.
      type: str
      sample: 192.0.2.11:6443
    servers:
      description: The server that each kubeconfig's current context names, by path.
      type: dict
      sample: {"/etc/kubernetes/kubelet.conf": "https://192.0.2.11:6443"}
    sans:
      description: SANs of the API server's certificate.
      type: list
      elements: str
      sample: [10.96.0.1, 192.0.2.11, cp1, kubernetes]
    ca_public_key_sha256:
      description: Hash of the cluster CA's public key as kubeadm's C(--discovery-token-ca-cert-hash) wants it.
      type: str
      sample: sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866
    pki_dir:
      description: kubeadm's C(certificatesDir) on this host; see O(pki_dir).
      type: str
      sample: /etc/kubernetes/pki
    directory_links:
      description: Directories in O(kubernetes_dir) and O(pki_dir) that are links, with what they lead to.
      type: dict
      sample: {"/etc/kubernetes/pki": "/etc/kubernetes/ssl"}
    certificates:
      description: Certificates of O(pki_dir) and the kubelet's, in PEM.
      type: list
      elements: dict
    kubeconfigs:
      description:
        - Kubeconfigs without credentials. C(plain) says whether one is laid out so that it is edited without a YAML library.
      type: list
      elements: dict
    references:
      description:
        - Endpoints that other files name. These are CNI configuration below C(/etc/cni/net.d), C(~/.kube/config) of users that
          are not in O(users), and that of those whose file is laid out so that it cannot be sent without credentials.
      type: list
      elements: dict
      sample: [{"path": "/home/ann/.kube/config", "user": "ann", "endpoints": ["192.0.2.11:6443"]}]
    machine:
      description:
        - What distinguishes the machine from others, beside its machine-id. These are the id of the running boot, the
          network namespace and hashes of the public SSH host keys. Empty where they cannot be read.
      type: dict
    user_id:
      description: Number of the user by whom the host was inspected, V(0) for root, without whom much cannot be seen.
      type: int
    backup_target:
      description:
        - Where O(backup_directory) would be, V(null) without it. V(existing) is the nearest directory or file that exists on the
          way to V(path), V(is_directory), V(is_writable), V(is_private) and V(free_bytes) are about that one.
      type: dict
      sample: {"path": "/var/backups/kubeadm-ha", "existing": "/var/backups", "is_directory": true, "is_writable": true,
               "is_private": true, "free_bytes": 53687091200}
    stopped_pods:
      description:
        - Last line of the log of kube-apiserver and etcd, V(text) at V(time), and how often the container was started,
          V(starts), where they have a manifest but do not run. Empty without a log below C(/var/log/pods).
      type: dict
    users:
      description: Those of O(users) that the host has.
      type: list
      elements: str
    versions:
      description: Versions of kubeadm and kubelet.
      type: dict
      sample: {"kubeadm": "v1.34.4", "kubelet": "v1.34.4"}
    manifests:
      description: Image and flags of each static pod, by name.
      type: dict
    static_pods:
      description:
        - C(arguments) (pairs of flag and value) and C(mounts) (hostPath volumes) of kube-apiserver, kube-controller-manager,
          kube-scheduler and etcd, by name. V(null) for a manifest that cannot be read. Passwords in URLs are struck out.
      type: dict
    control_plane_files:
      description:
        - Files that the static pods need besides those of kubeadm, as RV(kubeadm.ha.control_plane_files_info#module:files),
          C(missing), paths that are needed and not there, and C(refusals), sentences on what cannot be carried to other
          control planes.
      type: dict
    kubeadm_patches:
      description: Flags and host paths that the patches in O(patches_dir) set, by component. V(null) without the directory.
      type: dict
    anonymous_access:
      description:
        - The V(anonymous) part of the file that the API server's C(--authentication-config) names, in YAML; empty without
          one, V(null) when it cannot be determined.
      type: str
    bootstrap_token:
      description:
        - The public part of the token in bootstrap-kubelet.conf, which C(kubeadm join) deletes at its end. Empty without that file.
      type: str
    cri_sockets:
      description: Sockets of container runtimes that answer, of those that kubeadm knows and O(cri_socket).
      type: list
      elements: str
      sample: ["unix:///var/run/containerd/containerd.sock"]
    kubelet_cri_socket:
      description: The socket that the kubelet was given, by its flags or its configuration. Empty when by neither.
      type: str
    read_only:
      description: Those of O(directories) that cannot be written to or made.
      type: list
      elements: str
    haproxy_version:
      description: Version of the installed haproxy, empty without one.
      type: str
    kubeadm_processes:
      description: Process ids of every kubeadm that is changing something.
      type: list
      elements: int
    is_at_work:
      description: Whether a module of this collection is changing the host now.
      type: bool
    is_locked:
      description: Whether a run has the lock of the host, or has left it; see M(kubeadm.ha.host_lock).
      type: bool
    services:
      description: State of the services that matter here, by name.
      type: dict
    addresses:
      description: Addresses of the host.
      type: list
      elements: str
    networks:
      description: Networks to which the host has a route, without the default one, and the address that it takes towards each.
      type: list
      elements: dict
      sample: [{"network": "192.0.2.0/24", "address": "192.0.2.11"}]
    default_address:
      description: IPv4 address of the interface with the default route, empty without one.
      type: str
    default_ipv6_address:
      description: IPv6 address of the interface with the default route, empty without one.
      type: str
    endpoint_view:
      description:
        - What this host sees of O(endpoint), as M(kubeadm.ha.endpoint_info) returns it, with the served certificate instead of its
          verification, because the host may not have the cluster's CA yet. V(null) without that option.
      type: dict
    load_balancer:
      description: RV(kubeadm.ha.load_balancer_info#module:load_balancer), V(null) without O(load_balancer).
      type: dict
    proxies:
      description:
        - Environments with a proxy for HTTPS, of sessions, of the kubelet's unit and of static pods, with C(kind), C(name), C(path),
          C(proxy) (without a password), and C(variable) and C(exceptions) of what goes past it.
      type: list
      elements: dict
    kubelet_arguments:
      description: Flags with which the kubelet runs, by name. Empty while none runs.
      type: dict
      sample: {"node-ip": "192.0.2.11"}
    given_kubelet_flags:
      description: Flags that files of the operator give to the kubelet, such as C(/etc/default/kubelet) and drop-ins of its unit.
      type: dict
    other_static_pods:
      description: Manifests that are none of kubeadm's, without those in O(unmanaged_files), and the IP addresses that they name.
      type: list
      elements: dict
      sample: [{"path": "/etc/kubernetes/manifests/kube-vip.yaml", "addresses": ["192.0.2.10"]}]
    pod_environment:
      description: Names of the environment variables of each static pod of kubeadm.
      type: dict
      sample: {"kube-apiserver": ["HTTPS_PROXY", "NO_PROXY"]}
    wanted:
      description: The options O(node_name), O(api_port), O(advertise_address), O(cri_socket), O(kubelet_extra_args), O(node_labels) and
        O(node_taints). They are read on the controller.
      type: dict
    api_clients:
      description: Established TCP connections of the kubelet and kube-proxy.
      type: list
      elements: dict
    kubelet_server:
      description:
        - The server that C(kubelet.conf) names, and what this host sees there, with the cluster's CA and the kubelet's client
          certificate; V(null) on a host without such a file. See M(kubeadm.ha.endpoint_info) for the other keys.
      type: dict
      sample: {"server": "https://192.0.2.10:6443", "addresses": ["192.0.2.10"]}
    interrupted_certificates:
      description: Certificates whose replacement by M(kubeadm.ha.kubeadm_certificate) was interrupted on this host.
      type: list
      elements: str
    has_etcd_data:
      description: Whether C(/var/lib/etcd) has the data of a member.
      type: bool
    cni_configurations:
      description: Files of C(/etc/cni/net.d) that configure a pod network.
      type: list
      elements: str
    creation:
      description:
        - How far M(kubeadm.ha.kubeadm_init) has come with the creation of a cluster here, V(creating) or V(complete). Empty where it has
          begun none.
      type: str
    listening:
      description: Listening TCP sockets.
      type: list
      elements: dict
    os:
      description: Distribution.
      type: dict
    python:
      description: Interpreter and whether yaml, cryptography, kubernetes and apt can be imported.
      type: dict
    programs:
      description: Whether openssl is there. Without it the host needs cryptography to read certificates.
      type: dict
      sample: {"openssl": true}
    audit:
      description:
        - With O(audit), C(backups) in O(backup_directory), C(connections) of any process to ports of API servers, C(time_services) that
          keep the clock, C(etcd_mount) with etcd's data, hashes of C(public_keys) of service accounts, what is C(unreadable) for
          this user, and further C(certificates), in PEM by their paths, of probes, external etcd, kubelets and whatever components name.
      type: dict
    looked_at:
      description: The controller's clock when the result arrived, in seconds since the epoch.
      type: float
    clock:
      description: The host's clock, in seconds since the epoch.
      type: float
    seconds:
      description: How long the collection took on the host.
      type: float
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.host_inspection import (
    HostInspection,
    at_work,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import endpoint_or_none
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServicesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import component_services, work_left
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

SECONDS_FOR_A_COMMAND = 10.0


def _inspect(inspection: HostInspection, *, with_services: bool) -> dict[str, t.Any]:
    """The host, and its services where they are asked for: none where kubeadm made what runs."""
    report = inspection.collect()
    if not with_services:
        return {"host": report.as_dict()}
    if not component_services.are_there(report):
        return {"host": report.as_dict(), "services": ServicesReport({}).as_dict()}
    # Hosts of kubeadm need not compile it.
    from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.services_of_host import collect

    return {"host": report.as_dict(), "services": collect().as_dict()}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "backup_directory": {"type": "str", "default": ""},
            **_options.PKI_DIR,
            **_options.FILES,
            "audit": {"type": "bool", "default": False},
            "users": {"type": "list", "elements": "str", "default": ["root"]},
            "endpoint": {"type": "str", "default": ""},
            "endpoint_timeout": {"type": "float", "default": 0.9},
            # What is wanted of the host stays on the controller: the action takes it out, all but the socket.
            "node_name": {"type": "str"},
            "api_port": {"type": "int"},
            "advertise_address": {"type": "str"},
            "kubelet_extra_args": {"type": "dict", "default": {}},
            "node_labels": {"type": "dict", "default": {}},
            "node_taints": {"type": "list", "elements": "dict"},
            "cri_socket": {"type": "str"},
            "load_balancer": {
                "type": "dict",
                "options": {
                    "provider": {"type": "str", "choices": ["gdnsd", "haproxy", "nginx"], "default": "haproxy"},
                    "firewalld_zone": {"type": "str"},
                },
            },
            "services": {"type": "bool", "default": False},
            "directories": {
                "type": "list",
                "elements": "path",
                "default": ["/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd", "/etc/haproxy"],
            },
            "work_timeout": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    inspection = HostInspection(
        HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        kubernetes_dir=module.params["kubernetes_dir"],
        pki_dir=module.params["pki_dir"],
        users=module.params["users"],
        patches_dir=module.params["patches_dir"],
        unmanaged_files=module.params["unmanaged_files"],
        authorities=module.params["authorities"],
        backup_directory=module.params["backup_directory"],
        # One that cannot be used is reported by the plan.
        endpoint=endpoint_or_none(module.params["endpoint"], default_port=None),
        endpoint_probe=HostEndpointProbe(connect_seconds=module.params["endpoint_timeout"]),
        cri_socket=module.params["cri_socket"],
        directories=module.params["directories"],
        load_balancer=module.params["load_balancer"],
        audit=module.params["audit"],
    )

    def decide() -> Decision:
        warnings = work_left.wait(at_work, HostClock(), timeout=module.params["work_timeout"])
        values = _inspect(inspection, with_services=module.params["services"])
        return Decision(values=values, warnings=warnings)

    run_decision(module, decide)


if __name__ == "__main__":
    main()
