#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: previous_state_info
short_description: Inspect what a host was before runs changed it
version_added: 1.0.0
description:
  - Reads the journal that runs leave on the host, what M(kubeadm.ha.kubeadm_certificate) and M(kubeadm.ha.kept_files) have kept there, and compares
    it with what is there now.
  - Neither keys nor the content of files leave the host.
  - Changes nothing.
options:
  records:
    description: Names of the records of M(kubeadm.ha.kept_files) that are inspected.
    type: list
    elements: str
    default: [apiserver-keepalived, apiserver-haproxy, apiserver-nginx, apiserver-dns]
  state_dir:
    description: Directory of the journal and the records.
    type: path
    default: /var/lib/kubeadm-ha
requirements:
  - cryptography >= 3.4, where a certificate was replaced
extends_documentation_fragment:
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kept_files
  - module: kubeadm.ha.kubeadm_certificate
"""

EXAMPLES = r"""
- name: Inspect what was here before
  kubeadm.ha.previous_state_info:
  register: previous
"""

RETURN = r"""
previous:
  description: What runs have changed, and what was there before.
  returned: success
  type: dict
  contains:
    made:
      description: Each change of the journal that was begun, the oldest first, with C(at), C(module), C(object), C(before) and C(after).
      type: list
      elements: dict
    certificates:
      description: Certificates that were replaced, with their SANs now and before, and whether the one before comes back.
      type: list
      elements: dict
    records:
      description: Records of roles, with the changes that put everything back, or why they would not.
      type: list
      elements: dict
  sample:
    made:
      - at: "2026-01-31T10:00:00+00:00"
        module: kubeconfig_cluster
        object: kubeconfig /etc/kubernetes/kubelet.conf
        before: https://192.0.2.11:6443
        after: https://k8s.example.org:6443
    certificates: []
    records: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.service_host import SystemdHost
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import IMPORT_ERROR as X509_IMPORT_ERROR
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import kept_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import previous_state
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_issue import KINDS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_journal import Pair
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.previous_certificate import PreviousPair
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.previous_certificate import PreviousCertificate

#: The older one first.
_JOURNALS = ("journal.jsonl.1", "journal.jsonl")


def _certificates(module: AnsibleModule, files: HostFiles) -> t.Iterator[PreviousCertificate]:
    kept = [
        (kind, pair)
        for kind in KINDS.values()
        for pair in [PreviousPair(files, kind, module.params["state_dir"])]
        if pair.exists
    ]
    if not kept:
        return
    require_library(module, "cryptography", X509_IMPORT_ERROR, changes_something=False)
    pki_dir = module.params["pki_dir"] or certificates_dir.find(manifests_dir=module.params["manifests_dir"])
    for kind, pair in kept:
        stem = f"{pki_dir}/{kind.stem}"
        found = pair.inspect(
            CryptographyX509(),
            Pair(files.read(f"{stem}.key"), files.read(f"{stem}.crt")),
            ca=files.read(f"{pki_dir}/{kind.ca}.crt") or b"",
            pki_dir=pki_dir,
            now=HostClock().now(),
        )
        if found is not None:
            yield found


def _records(module: AnsibleModule, files: HostFiles) -> t.Iterator[previous_state.KeptRecord]:
    host = SystemdHost(HostCommands())
    for name in module.params["records"]:
        record = kept_files.Record(files, host, f"{kept_files.ROOT}/{name}")
        if not record.exists:
            continue
        try:
            yield previous_state.KeptRecord(name, kept_files.restore(files, host, [record]).changes)
        except KubeadmHaError as error:
            yield previous_state.KeptRecord(name, objection=error.message)


def decide(module: AnsibleModule) -> Decision:
    """Inspect."""
    files = HostFiles()
    journals = (files.read(f"{module.params['state_dir']}/{name}") or b"" for name in _JOURNALS)
    found = previous_state.PreviousState(
        made=tuple(previous_state.parse(b"".join(journals).decode("utf-8", "replace"))),
        certificates=tuple(_certificates(module, files)),
        records=tuple(_records(module, files)),
    )
    return Decision(values={"previous": found.as_dict()})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "records": {
                "type": "list",
                "elements": "str",
                "default": ["apiserver-keepalived", "apiserver-haproxy", "apiserver-nginx", "apiserver-dns"],
            },
            "state_dir": {"type": "path", "default": kept_files.ROOT},
            **_options.MANIFESTS_DIR,
            **_options.PKI_DIR,
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
