#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_certificate
short_description: Add SANs to a serving certificate that kubeadm made
version_added: 1.0.0
description:
  - Makes sure that one of the serving certificates which kubeadm manages on a control plane node covers the wanted
    subject alternative names (SANs). It keeps every SAN that it has.
  - kubeadm issues the new pair into a private directory, with the CA's key in O(pki_dir). The pair is proved there
    (validity, CA, key, SANs) before key and certificate replace the old ones atomically, owner and mode kept.
  - The change counts when the server serves the new certificate. The API server loads it without a restart, and nothing
    is restarted for it. If it is not served within O(serve_timeout) the old pair is put back and the task fails.
  - A journal in O(state_dir) and copies of both pairs beside it make an interruption harmless. The next run completes or
    undoes what it finds, and removes the copies.
  - The pair before the first replacement is kept in O(state_dir), for root only, until O(state=previous) has brought it back.
  - SANs that only the certificate has are lost when kubeadm makes the next one. Add them to the cluster's
    configuration too, see M(kubeadm.ha.kubeadm_cluster_config).
options:
  name:
    description:
      - The certificate, by the name of kubeadm's phase C(init phase certs).
    type: str
    choices: [apiserver, etcd-server, etcd-peer]
    default: apiserver
  sans:
    description:
      - IP addresses and DNS names that the certificate must cover besides those that it has.
      - A DNS name is covered by a wildcard for its leftmost label.
      - An empty list only completes or undoes an interrupted replacement.
      - Required with O(state=present).
    type: list
    elements: str
  state:
    description:
      - V(present) is a certificate that covers O(sans).
      - V(previous) brings back key and certificate as they were before this module replaced them for the first time. What somebody else has put
        there since stays, and a pair that has expired, or is not of the cluster's CA any more, never comes back.
    type: str
    choices: [present, previous]
    default: present
  cluster_configuration:
    description:
      - The cluster's ClusterConfiguration.
      - By default it is read with kubectl from the ConfigMap C(kube-system/kubeadm-config), and only if the certificate
        must be replaced.
    type: dict
  control_plane_endpoint:
    description:
      - Address and port of the control plane endpoint that kubeadm is to make a SAN of, in place of the C(controlPlaneEndpoint)
        of the cluster's configuration. Give it where the cluster will be pointed to another one after this, because clients may
        not be able to use the one that the configuration names.
    type: str
  kubeconfig:
    description:
      - The kubeconfig with which the ClusterConfiguration is read.
  node_name:
    description:
      - Name of this host's Node object. kubeadm adds it to the certificate, as it does O(advertise_address).
      - By default it is the name in the kubelet's client certificate, else the kubelet's C(--hostname-override), else the
        host's name.
    type: str
  served_endpoint:
    description:
      - Where this very host serves the certificate, as V(host:port). Never a load balancer.
      - By default it is the advertised address with the API server's port, 2379 for V(etcd-server) and 2380 for
        V(etcd-peer).
    type: str
  serve_timeout:
    description:
      - Seconds that the server may take to serve the new certificate.
      - The API server may take up to 60 seconds for a change that follows another one.
    type: float
    default: 65
  state_dir:
    description:
      - Directory for the journal and the private copies. What the module makes below it has mode 0700.
    type: path
    default: /var/lib/kubeadm-ha
requirements:
  - PyYAML
  - cryptography >= 3.4
  - kubeadm of the cluster's version
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.control_plane.api_server
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_certificate_info
  - module: kubeadm.ha.kubeadm_cluster_config
    description: Keeps the SANs for the certificates that kubeadm makes later.
"""

EXAMPLES = r"""
- name: The API server's certificate covers the load balancer
  kubeadm.ha.kubeadm_certificate:
    name: apiserver
    sans:
      - k8s.example.org
      - 192.0.2.10

- name: The certificate of the stacked etcd covers another address
  kubeadm.ha.kubeadm_certificate:
    name: etcd-server
    sans:
      - 198.51.100.11

- name: Complete or undo a replacement that was interrupted
  kubeadm.ha.kubeadm_certificate:
    sans: []
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object, V(certificate) and its name.
      type: str
      sample: certificate apiserver
    before:
      description: The SANs before, sorted. An IP address that stands as a DNS name is marked V(DNS:).
      type: list
      elements: str
      sample: [10.96.0.1, 192.0.2.11, cp1, kubernetes]
    after:
      description:
        - The SANs afterwards, sorted. The certificate may get more, as kubeadm adds what the cluster's configuration
          says.
      type: list
      elements: str
      sample: [10.96.0.1, 192.0.2.10, 192.0.2.11, cp1, k8s.example.org, kubernetes]
    reason:
      description: Why.
      type: str
      sample: it does not cover 192.0.2.10, k8s.example.org
name:
  description: The certificate.
  returned: success
  type: str
  sample: apiserver
path:
  description: Its file.
  returned: success
  type: str
  sample: /etc/kubernetes/pki/apiserver.crt
certificate:
  description: Facts of the certificate; in check mode of the one before. See M(kubeadm.ha.kubeadm_certificate_info).
  returned: success
  type: dict
  sample: {"serial_number": "5E6B1A2C3D4E5F60", "sans": {"dns": ["cp1"], "ip": ["192.0.2.10"], "misplaced": [], "other": []}}
recovery:
  description:
    - What an interrupted replacement needed. V(clean) removed the remains of a run that had changed nothing or was done,
      V(prove) saw the new certificate served, V(complete) put the new pair in place first, V(undo) put the old pair back.
  returned: success
  type: str
  choices: [none, clean, prove, complete, undo]
is_served:
  description:
    - Whether the server serves the certificate of the file. V(null) if nothing answers, and in check mode if something
      would change.
  returned: success
  type: bool
served_after:
  description: Seconds until the server served the new certificate; V(null) if there is no new one.
  returned: success
  type: float
  sample: 0.412
"""

import contextlib
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.tls import HostTls
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import IMPORT_ERROR as X509_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import local_control_plane
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_config
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki import certificate_replacement
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_issue import KINDS
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

SECONDS_FOR_A_COMMAND = 120.0
#: Another run on this host may take that long beside its waiting for the served certificate.
SECONDS_FOR_ANOTHER_RUN = 60.0


def find_pki_dir(module: AnsibleModule) -> str:
    """What the option says, else where this host has its certificates."""
    return module.params["pki_dir"] or certificates_dir.find(manifests_dir=module.params["manifests_dir"])


def make_ports(module: AnsibleModule, files: HostFiles, pki_dir: str) -> certificate_replacement.Ports:
    """The adapters of this host. etcd is read with kubeadm's own client certificate for it."""
    client = f"{pki_dir}/etcd/healthcheck-client"
    is_etcd = module.params["name"] != "apiserver"
    tls = HostTls() if not is_etcd else HostTls(client_certificate=f"{client}.crt", client_key=f"{client}.key")
    return certificate_replacement.Ports(
        files=files,
        commands=HostCommands(timeout=SECONDS_FOR_A_COMMAND),
        x509=CryptographyX509(),
        tls=tls,
        clock=HostClock(),
        yaml=PyYaml(),
    )


def make_sources(module: AnsibleModule, ports: certificate_replacement.Ports) -> certificate_replacement.Sources:
    """What the options say, else where it is read."""
    given = module.params["cluster_configuration"]
    endpoint = module.params["control_plane_endpoint"]

    def configuration() -> t.Mapping[str, t.Any]:
        if given is not None:
            document = ClusterConfiguration.parse(given).document
        else:
            api = KubectlApi(ports.commands, kubeconfig=module.params["kubeconfig"], server=module.params["server"])
            document = kubeadm_config.collect(api, ports.yaml).configuration.document
        if not endpoint:
            return document
        # kubeadm makes a SAN of it.
        return {**document, "controlPlaneEndpoint": str(Endpoint.parse(endpoint, default_port=None))}

    def control_plane() -> local_control_plane.LocalControlPlane:
        return local_control_plane.collect(
            ports.files,
            ports.yaml,
            ports.x509,
            overrides=local_control_plane.Overrides(
                node_name=module.params["node_name"],
                advertise_address=module.params["advertise_address"],
                bind_port=module.params["bind_port"],
            ),
            manifests_dir=module.params["manifests_dir"],
            host_name=platform.node(),
        )

    return certificate_replacement.Sources(configuration=configuration, control_plane=control_plane)


def decide(module: AnsibleModule, held: contextlib.ExitStack) -> Decision:
    """Decide by the module's options, alone on this host: the lock is held until ``held`` is closed."""
    files = HostFiles()
    timeout = module.params["serve_timeout"] + SECONDS_FOR_ANOTHER_RUN
    pki_dir = find_pki_dir(module)
    held.enter_context(files.locked(pki_dir, timeout=timeout))
    ports = make_ports(module, files, pki_dir)
    served = module.params["served_endpoint"]
    wanted = certificate_replacement.Wanted(
        kind=KINDS[module.params["name"]],
        sans=parse_sans(module.params["sans"] or ()),
        pki_dir=pki_dir,
        state_dir=module.params["state_dir"],
        served_endpoint=None if served is None else Endpoint.parse(served, default_port=None),
        serve_timeout=module.params["serve_timeout"],
    )
    is_previous = module.params["state"] == "previous"
    ensure = certificate_replacement.ensure_previous if is_previous else certificate_replacement.ensure
    return ensure(ports, wanted, make_sources(module, ports))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "choices": list(KINDS), "default": "apiserver"},
            "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
            "sans": {"type": "list", "elements": "str"},
            "cluster_configuration": {"type": "dict"},
            "control_plane_endpoint": {"type": "str"},
            **_options.KUBECONFIG,
            **_options.MANIFESTS_DIR,
            **_options.PKI_DIR,
            **_options.API_SERVER,
            "node_name": {"type": "str"},
            "served_endpoint": {"type": "str"},
            "serve_timeout": {"type": "float", "default": 65},
            "state_dir": {"type": "path", "default": "/var/lib/kubeadm-ha"},
        },
        required_if=[("state", "present", ("sans",))],
        supports_check_mode=True,
    )
    require_library(module, "PyYAML", YAML_IMPORT_ERROR)
    require_library(module, "cryptography", X509_IMPORT_ERROR)
    with contextlib.ExitStack() as held:
        run_decision(module, lambda: decide(module, held))


if __name__ == "__main__":
    main()
