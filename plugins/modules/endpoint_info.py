#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_info
short_description: Prove that an endpoint leads to the cluster's API, as this host sees it
version_added: 1.0.0
description:
  - Does what this host's kubelet would do with the endpoint. It resolves the name by the host's own resolver (C(/etc/hosts)
    included), connects to every address without any proxy, sends the name by SNI, verifies the served certificate against the
    cluster's CA and for the name, and asks C(/readyz).
  - Where the host has a client certificate, it also shows that the API server sees it, which it does not behind a load balancer
    that ends TLS itself.
  - Fails when nothing at the endpoint is a ready API server of the cluster, or when anything else answers at one of its
    addresses. An address at which nobody answers is a warning while another one does.
  - Where the API server refuses anonymous requests and the host has no client certificate yet, a refusal by a server of the
    cluster's CA is enough.
  - The host needs Python 3.8 and its standard library, nothing else.
  - Changes nothing.
options:
  endpoint:
    description:
      - Host and port.
    type: str
    required: true
  ca_certificate:
    description:
      - The cluster's CA certificates (PEM text). By default those in O(ca_path).
    type: str
    default: ''
  ca_path:
    description:
      - File with the cluster's CA certificates on this host.
    type: path
    default: /etc/kubernetes/pki/ca.crt
  client_certificate:
    description:
      - File with a client certificate and its key. It is not used where the host has no such file.
    type: path
    default: /var/lib/kubelet/pki/kubelet-client-current.pem
  client_kubeconfig:
    description:
      - A kubeconfig of this host whose client certificate is presented in place of O(client_certificate). It is not used where the host has no such
        file, or its user has no certificate.
    type: path
    default: ''
  host:
    description:
      - Name of this host in messages. By default it is the one that the host has itself.
    type: str
  remedy:
    description:
      - What the message of a failure advises, for an endpoint that is no load balancer's. One sentence.
    type: str
    default: ''
  timeout:
    description:
      - Seconds that the resolver, and each address, may take in one inspection.
    type: float
    default: 3
  wait_timeout:
    description:
      - Seconds to inspect again until the endpoint is proved. With V(0) the first inspection must show it.
    type: float
    default: 0
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.control_plane_endpoint
  - module: kubeadm.ha.kubelet_lease_info
  - module: kubeadm.ha.kubernetes_host_info
"""

EXAMPLES = r"""
- name: Every node can use the load balancer before anybody is pointed to it
  kubeadm.ha.endpoint_info:
    endpoint: k8s.example.org:6443
    host: "{{ inventory_hostname }}"
    wait_timeout: 30
  any_errors_fatal: true
"""

RETURN = r"""
endpoint:
  description: Host and port.
  returned: always
  type: str
  sample: k8s.example.org:6443
addresses:
  description: What this host resolves the name to, in the resolver's order.
  returned: always
  type: list
  elements: str
  sample: [192.0.2.10]
resolution_error:
  description: The resolver's own words when it found nothing.
  returned: always
  type: str
attempts:
  description: What was seen at each address.
  returned: always
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
      sample: 192.0.2.10
    outcome:
      description:
        - V(answered) by an HTTPS server with a good certificate.
        - V(silent), V(refused), V(unreachable) and V(closed) when nobody was reached.
        - V(no_tls), V(untrusted), V(wrong_name) and V(expired) when somebody else was.
      type: str
      sample: answered
    error:
      description: The system's or the TLS library's own words.
      type: str
    status:
      description: HTTP status of C(/readyz).
      type: int
      sample: 200
    certificate:
      description: Always empty, because the certificate is verified.
      type: str
    identity:
      description:
        - V(kept) when the API server sees the client certificate, V(lost) when it does not, empty when the host has none.
      type: str
      sample: kept
ready:
  description: Whether C(/readyz) said so, V(false) where it could not be asked without a client certificate.
  returned: success
  type: bool
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.https_api import client_pair
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.yaml_reader import yaml_reader
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_input import parse_endpoint_option
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.endpoint_proof import cluster_ca, prove
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision


def decide(module: AnsibleModule) -> Decision:
    """Inspect and wait by the module's options."""
    endpoint = parse_endpoint_option("endpoint", module.params["endpoint"])
    files, kubeconfig = HostFiles(), module.params["client_kubeconfig"]
    probe = HostEndpointProbe(
        ca=cluster_ca(files, text=module.params["ca_certificate"], path=module.params["ca_path"]),
        client_certificate=module.params["client_certificate"],
        client_pair=client_pair(files, yaml_reader(), kubeconfig) if kubeconfig and files.exists(kubeconfig) else "",
        resolve_seconds=module.params["timeout"],
        connect_seconds=module.params["timeout"],
    )
    return prove(
        probe,
        HostClock(),
        endpoint=endpoint,
        host=module.params["host"] or socket.gethostname(),
        wait_timeout=module.params["wait_timeout"],
        remedy=module.params["remedy"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "endpoint": {"type": "str", "required": True},
            "ca_certificate": {"type": "str", "default": ""},
            "ca_path": {"type": "path", "default": "/etc/kubernetes/pki/ca.crt"},
            "client_certificate": {"type": "path", "default": "/var/lib/kubelet/pki/kubelet-client-current.pem"},
            "client_kubeconfig": {"type": "path", "default": ""},
            "host": {"type": "str"},
            "remedy": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 3},
            "wait_timeout": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
