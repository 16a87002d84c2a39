#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_restore
short_description: Restore stacked etcd from a backup, phase by phase
version_added: 1.0.0
description:
  - Makes a new etcd cluster of one member with the data of a snapshot that M(kubeadm.ha.kubernetes_host_backup) has made. Everything
    that was written after the snapshot is lost. The entry point C(restore) of the role P(kubeadm.ha.cluster_backup#role) does all of it
    in the right order on all control planes.
  - O(state=prepared), on the host that has the backup, makes the new data beside the old by C(etcdctl) (etcd 3.5) or C(etcdutl) (since
    3.6) of etcd's own image, which the kubelet runs as a static pod. Nothing is stopped. Whatever speaks against the snapshot is an
    error here.
  - O(state=stopped), on every control plane, moves the manifests of the API server, the controllers and etcd to
    C(/var/lib/kubeadm-ha/restore/STAMP/manifests), waits until none of them runs, and moves the data of etcd to C(member) beside them.
  - O(state=restored), on the host that has the backup, puts the new data and the manifests in their places and waits until etcd works.
  - O(state=finished) ends it, so that the next restore of the same backup is another one.
  - Revisions grow by a thousand million, and older ones are marked as compacted, so that every watch and every cache begins anew.
  - A phase that has been gone through changes nothing, so an interrupted restore goes on where it was.
options:
  state:
    description: The phase.
    type: str
    choices: [prepared, stopped, restored, finished]
    required: true
  directory:
    description: Where the backups of this host are.
    type: path
    default: /var/backups/kubeadm-ha
  name:
    description: Name of the backup.
    type: str
    required: true
  stamp:
    description: RV(stamp) of O(state=prepared), the same on all hosts. Required with the other states.
    type: str
  timeout:
    description: Seconds that each phase may take.
    type: float
    default: 300
requirements:
  - kubelet, running
  - an image of etcd 3.5.10 or later; those of registry.k8s.io from C(3.6.0-0) to C(3.6.4-0) cannot restore
extends_documentation_fragment:
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.etcd_restore_info
  - module: kubeadm.ha.kubernetes_host_backup
"""

EXAMPLES = r"""
- name: Make the new data beside the old
  kubeadm.ha.etcd_restore:
    state: prepared
    name: 20261121T080000Z
  register: prepared
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object by kind and name.
      type: str
      sample: static pod kube-apiserver
    before:
      description: What or where it was.
      type: raw
    after:
      description: What or where it is.
      type: raw
    reason:
      description: Why.
      type: str
stamp:
  description: Time at which the restore began, which names what it keeps.
  returned: with O(state=prepared)
  type: str
  sample: 20261122T093000Z
"""

import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.restore_inspection import (
    open_restore,
    places,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_gateway import EtcdGateway
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import STACKED_ENDPOINT
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z\Z")


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    files = HostFiles()
    known = places(files, module.params["directory"], module.params["pki_dir"])
    restore = open_restore(files, known, module.params["name"])
    state, stamp, timeout = (module.params[name] for name in ("state", "stamp", "timeout"))
    if state == "prepared":
        return restore.prepare(timeout=timeout)
    if not _STAMP.match(stamp):
        raise InvalidInput(f"The option stamp is {stamp!r}: give the one that state: prepared has returned.")
    if state == "stopped":
        return restore.stop(stamp, timeout=timeout)
    if state == "finished":
        return restore.finish(stamp)
    return restore.restore(stamp, lambda: (EtcdGateway.of_kubeadm(known.pki), STACKED_ENDPOINT), timeout=timeout)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["prepared", "stopped", "restored", "finished"], "required": True},
            "directory": {"type": "path", "default": "/var/backups/kubeadm-ha"},
            "name": {"type": "str", "required": True},
            "stamp": {"type": "str"},
            "timeout": {"type": "float", "default": 300},
            **_options.PKI_DIR,
        },
        required_if=[("state", each, ["stamp"]) for each in ("stopped", "restored", "finished")],
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
