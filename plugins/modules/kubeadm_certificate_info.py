#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_certificate_info
short_description: Read X.509 facts of a cluster's certificates
version_added: 1.0.0
description:
  - Reads certificates from PEM files, a directory as kubeadm lays it out, a kubeconfig, or a TLS server.
  - Reports each who it is for, how long it is valid, whether its key and its CA belong to it, and which expected SANs it
    lacks. RSA, ECDSA and Ed25519 keys are understood.
  - Private keys are only compared; nothing of them is returned.
  - At least one of O(paths), O(pki_dir), O(kubeconfig), and O(endpoint) is needed.
  - Changes nothing.
options:
  paths:
    description:
      - PEM files. A file may hold a chain, and the private key of its first certificate.
      - Otherwise the key is searched for in the file of the same name with the suffix C(.key).
      - A missing or broken file fails the task.
    type: list
    elements: path
  pki_dir:
    description:
      - A directory of certificates as kubeadm makes it, for example V(/etc/kubernetes/pki).
      - All files C(*.crt) in it and in its directory C(etcd) are read. One that cannot be read gives an entry with
        RV(certificates[].error).
    type: path
  kubeconfig:
    description:
      - A kubeconfig file. The CAs of its clusters and the client certificates of its users are read, embedded or from
        the files that it names.
    type: path
  endpoint:
    description:
      - A TLS server, as V(host:port) or V(https://host:port). The certificate that it serves is read without being
        verified.
    type: str
  server_name:
    description:
      - Name that is sent to O(endpoint) as SNI. By default it is the endpoint's host if that is a name.
    type: str
  timeout:
    description:
      - Seconds that O(endpoint) may take to answer.
    type: float
    default: 5
  ca_path:
    description:
      - PEM file of the CA that the certificates of O(paths), O(kubeconfig) and O(endpoint) are checked against.
      - Those of O(pki_dir) are checked against the CAs in it.
    type: path
  expected_sans:
    description:
      - IP addresses and DNS names that serving certificates are expected to cover.
    type: list
    elements: str
    default: []
requirements:
  - PyYAML
  - cryptography >= 3.4
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_certificate
    description: Adds SANs to a serving certificate.
"""

EXAMPLES = r"""
- name: Read all certificates of a control plane
  kubeadm.ha.kubeadm_certificate_info:
    pki_dir: /etc/kubernetes/pki
  register: pki

- name: No certificate ends within 30 days
  ansible.builtin.assert:
    that: pki.certificates | rejectattr('error') | selectattr('days_left', 'lt', 30) | length == 0

- name: The API server serves a certificate for the load balancer
  kubeadm.ha.kubeadm_certificate_info:
    endpoint: 192.0.2.11:6443
    ca_path: /etc/kubernetes/pki/ca.crt
    expected_sans: [k8s.example.org, 192.0.2.10]
  register: served
  failed_when: served.certificates[0].missing_sans | length > 0
"""

RETURN = r"""
changes:
  description: Always empty.
  returned: success
  type: list
  elements: dict
certificates:
  description:
    - One entry for each certificate; a chain gives several. In an entry with RV(certificates[].error) everything but the
      source is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: Path, kubeconfig and entry, or endpoint.
      type: str
      sample: /etc/kubernetes/pki/apiserver.crt
    error:
      description: Why the certificate could not be read; V(null) if it was.
      type: str
    index:
      description: Place in the file, from 0.
      type: int
    subject:
      description: Distinguished name by RFC 4514.
      type: str
      sample: CN=kube-apiserver
    issuer:
      description: Distinguished name by RFC 4514.
      type: str
      sample: CN=kubernetes
    serial_number:
      description: Serial number in hexadecimal as openssl prints it.
      type: str
      sample: 5E6B1A2C3D4E5F60
    not_before:
      description: Start of the validity, UTC.
      type: str
      sample: "2026-11-21T08:00:00Z"
    not_after:
      description: End of the validity, UTC.
      type: str
      sample: "2027-11-21T08:05:00Z"
    sans:
      description: Subject alternative names, sorted.
      type: dict
      contains:
        dns:
          description: DNS names.
          type: list
          elements: str
          sample: [cp1, kubernetes]
        ip:
          description: IP addresses.
          type: list
          elements: str
          sample: [10.96.0.1, 192.0.2.11]
        misplaced:
          description: IP addresses that stand as DNS names, where no client accepts them.
          type: list
          elements: str
        other:
          description: Names of other kinds, with the kind before them.
          type: list
          elements: str
    key_algorithm:
      description: Kind and size of the public key.
      type: str
      sample: RSA 2048
    is_ca:
      description: Whether it is a CA.
      type: bool
    is_server:
      description: Whether a TLS server may present it.
      type: bool
    public_key_sha256:
      description: Hash of the public key as C(kubeadm join --discovery-token-ca-cert-hash) wants it.
      type: str
      sample: sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866
    fingerprint_sha256:
      description: Hash of the certificate in hexadecimal.
      type: str
    is_expired:
      description: Whether its validity is over.
      type: bool
    is_not_yet_valid:
      description: Whether its validity has not begun.
      type: bool
    days_left:
      description: Whole days until the end of its validity, negative afterwards.
      type: int
      sample: 364
    key_matches:
      description: Whether the private key belongs to it; V(null) if there is no key.
      type: bool
    signed_by_ca:
      description: Whether the CA signed it; V(null) if the CA is not known.
      type: bool
    missing_sans:
      description: Those of O(expected_sans) that it does not cover; V(null) for CAs and client certificates.
      type: list
      elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.tls import HostTls
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import IMPORT_ERROR as YAML_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import IMPORT_ERROR as X509_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki import certificate_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Read by the module's options."""
    params = module.params
    endpoint = params["endpoint"]
    ports = certificate_inspection.Ports(
        files=HostFiles(),
        x509=CryptographyX509(),
        tls=HostTls(),
        clock=HostClock(),
        yaml=PyYaml(),
    )
    wanted = certificate_inspection.Wanted(
        paths=tuple(params["paths"] or ()),
        pki_dir=params["pki_dir"],
        kubeconfig=params["kubeconfig"],
        endpoint=None if endpoint is None else Endpoint.parse(endpoint, default_port=None),
        server_name=params["server_name"],
        timeout=params["timeout"],
        ca_path=params["ca_path"],
        expected_sans=parse_sans(params["expected_sans"]),
    )
    return certificate_inspection.inspect(ports, wanted)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path"},
            "pki_dir": {"type": "path"},
            "kubeconfig": {"type": "path"},
            "endpoint": {"type": "str"},
            "server_name": {"type": "str"},
            "timeout": {"type": "float", "default": 5},
            "ca_path": {"type": "path"},
            "expected_sans": {"type": "list", "elements": "str", "default": []},
        },
        required_one_of=[("paths", "pki_dir", "kubeconfig", "endpoint")],
        required_by={"server_name": "endpoint"},
        supports_check_mode=True,
    )
    require_library(module, "PyYAML", YAML_IMPORT_ERROR, changes_something=False)
    require_library(module, "cryptography", X509_IMPORT_ERROR, changes_something=False)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
