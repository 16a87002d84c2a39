#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_restore_info
short_description: Inspect whether a host can restore etcd from a backup
version_added: 1.0.0
description:
  - Reports whether a control plane has a backup of M(kubeadm.ha.kubernetes_host_backup) with a snapshot of etcd, and everything that
    speaks against restoring it. The snapshot is read as a whole. Its SHA-256 must be the one in the backup's manifest, and the one that
    etcd appended must be right.
  - A snapshot of another cluster is recognised by the cluster's CA and the key of its service accounts, which the backup has, too.
  - Also reports whether the host's API server serves, and whether a restore of this backup has begun here and not ended.
  - Changes nothing.
options:
  directory:
    description: Where the backups of this host are.
    type: path
    default: /var/backups/kubeadm-ha
  name:
    description: Name of the backup, which is that of its directory.
    type: str
    required: true
requirements:
  - the program openssl, or cryptography >= 3.4
  - PyYAML, where kubelet.conf is not laid out as kubeadm does it
extends_documentation_fragment:
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.etcd_restore
  - module: kubeadm.ha.kubernetes_host_backup
"""

EXAMPLES = r"""
- name: Inspect a backup
  kubeadm.ha.etcd_restore_info:
    name: 20261121T080000Z
  register: found
"""

RETURN = r"""
restore:
  description: What the host has.
  returned: success
  type: dict
  contains:
    has_snapshot:
      description: Whether the host has the backup, and the backup a snapshot of etcd.
      type: bool
    problems:
      description: Why it cannot be restored here, as parts of a sentence.
      type: list
      elements: str
    refusal:
      description: Why nothing is restored on this host whatever the backup, because etcd or the API server is a service of systemd. Empty where nothing is.
      type: str
    revision:
      description: Revision of the snapshot; V(null) where it is not known.
      type: int
    created:
      description: When the backup was made.
      type: str
      sample: "2026-11-21T08:00:00.000000Z"
    stamp:
      description: Time of the restore of this backup that has begun on this host and not ended; empty without.
      type: str
    phase:
      description: How far it is, V(prepared) or V(restored).
      type: str
    node_name:
      description: Name of the host's member of etcd, which by kubeadm's rule is that of its Node. Empty without a manifest of etcd.
      type: str
    serves:
      description: Where the API server of the host serves; empty where it does not.
      type: str
    certificates_dir:
      description: The cluster's C(certificatesDir).
      type: str
    ca_cert_hashes:
      description: Hashes of the public keys of the cluster's CAs.
      type: list
      elements: str
    addresses:
      description: The host's own.
      type: list
      elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.reset_inspection import ResetInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.restore_inspection import (
    open_restore,
    places,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import own_addresses
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.readers import (
    identities,
    identities_missing,
    yaml_reader,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision


def decide(module: AnsibleModule) -> Decision:
    """Inspect by the module's options."""
    files = HostFiles()
    known = places(files, module.params["directory"], module.params["pki_dir"])
    found = open_restore(files, known, module.params["name"]).inspect()
    node_name = "" if found.member is None else found.member.name
    inspection = ResetInspection(
        files, yaml_reader(), identities(HostCommands()), certificates_dir=known.pki, node_name=node_name
    )
    host = inspection.collect()
    values: dict[str, t.Any] = {
        "has_snapshot": found.has_snapshot,
        "problems": list(found.problems),
        "refusal": found.refusal,
        "revision": found.revision,
        "created": found.created,
        "stamp": found.stamp,
        "phase": found.phase,
        "node_name": node_name,
        "serves": host.api_server,
        "certificates_dir": known.pki,
        "ca_cert_hashes": sorted({item for hashes in host.ca_hashes for item in hashes}),
        "addresses": own_addresses.collect(),
    }
    return Decision(values={"restore": values})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": "/var/backups/kubeadm-ha"},
            "name": {"type": "str", "required": True},
            **_options.PKI_DIR,
        },
        supports_check_mode=True,
    )
    require_library(module, "cryptography", identities_missing(HostCommands()), changes_something=False)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
