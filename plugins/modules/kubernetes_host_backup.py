#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_host_backup
short_description: Back up what Kubernetes keeps on a host, and the cluster
version_added: 1.0.0
description:
  - Makes one directory for each backup with copies of the host's certificates, keys, kubeconfigs, manifests and kubelet
    files.
  - On a control plane with O(cluster=true) also the ConfigMaps that kubeadm keeps in the cluster, and a snapshot of etcd
    whose integrity is proved by the SHA-256 that etcd appends to it. The API server may be a static pod or a service of systemd.
  - Everything in it has mode 0700 or 0600 and belongs to the user who runs the module, so root. Links stay links, and what
    they lead to is copied, too. The file C(manifest.json) names path, owner, mode and SHA-256 of every file.
  - The backup is written aside and renamed when it is complete. What a killed run left is removed by the next.
  - Needs nothing on the host but Python's standard library, and kubectl for O(cluster=true), so it can come before
    anything else.
options:
  directory:
    description:
      - Where the backups of this host are. It is made with mode 0700 if it does not exist.
    type: path
    default: /var/backups/kubeadm-ha
  name:
    description:
      - Name of the backup. By default it is the time in UTC, such as V(20261121T080000Z).
    type: str
  paths:
    description:
      - Files and directories to copy. Those that do not exist on the host are named in RV(missing).
      - With C(/etc/kubernetes) comes the directory of the cluster's certificates, wherever it is.
    type: list
    elements: path
    default:
      - /etc/kubernetes
      - /var/lib/kubelet/config.yaml
      - /var/lib/kubelet/kubeadm-flags.env
      - /var/lib/kubelet/pki
  cluster:
    description:
      - Also back up the cluster's ConfigMaps C(kubeadm-config), C(kubelet-config), C(kube-proxy), C(coredns) and
        C(cluster-info) and a snapshot of etcd. For a control plane that serves the API.
      - Where the API server is a service of systemd, only those of them count that the cluster has, for most are kubeadm's. Without a kubeconfig of
        an administrator on such a host (see O(kubeconfig)) they are all named in RV(missing) and the module warns. The snapshot needs none.
    type: bool
    default: false
  member:
    description:
      - Also a snapshot of what the host's own member of etcd has, whether or not it has a quorum, and nothing that asks for the API. For
        control planes of a cluster whose API nobody serves, and for hosts of etcd alone. The member is a static pod or a service of systemd. A host
        without one makes none; where its member does not answer, the module warns.
      - Without O(name) the host's name is a part of the backup's, because each control plane may have one.
    type: bool
    default: false
  kubeconfig:
    description:
      - Kubeconfig for O(cluster=true). On a host without C(/etc/kubernetes/admin.conf) whose API server is a service of systemd it is by default the
        first one that may do everything, of those that kube-controller-manager and kube-scheduler name, those beside them, and C(~/.kube/config).
  etcd_endpoint:
    description:
      - Client URL of the etcd server whose snapshot is made, with the certificates of O(pki_dir).
      - By default it is V(https://127.0.0.1:2379) on a host with etcd as a static pod, else the first server that answers
        of the etcd that the flags of the host's API server name, with the certificates that they name, be it a static pod or a service of systemd.
        Where there is neither, and where they reach etcd without TLS, no snapshot is made and the module warns.
    type: str
  keep:
    description:
      - How many backups stay, the new one included. Older ones made by this module are removed.
    type: int
    default: 10
requirements:
  - kubectl, for O(cluster=true) where the API server is a static pod
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - Each run makes a new backup.
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.etcd_member_info
"""

EXAMPLES = r"""
- name: Back up a worker
  kubeadm.ha.kubernetes_host_backup:

- name: Back up a control plane and the cluster
  kubeadm.ha.kubernetes_host_backup:
    cluster: true
    keep: 5
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The directory of the new backup, or an older backup that goes.
      type: str
      sample: backup /var/backups/kubeadm-ha
    before:
      description: Its state before; V(null) for a new backup.
      type: raw
    after:
      description: The path of the new backup; V(null) for an older one that goes.
      type: raw
      sample: /var/backups/kubeadm-ha/20261121T080000Z
    reason:
      description: Why.
      type: str
path:
  description: The backup.
  returned: success
  type: str
  sample: /var/backups/kubeadm-ha/20261121T080000Z
name:
  description: Its name.
  returned: success
  type: str
  sample: 20261121T080000Z
files:
  description: How many files and links it holds, the manifest and the snapshot not counted. A guess in check mode.
  returned: success
  type: int
  sample: 48
bytes:
  description: Bytes of all files, the snapshot included. A guess in check mode.
  returned: success
  type: int
  sample: 5242880
snapshot:
  description: The snapshot of etcd. V(null) if none was made, and in check mode.
  returned: success
  type: dict
  contains:
    stored:
      description: Path of the file below the backup.
      type: str
      sample: etcd/snapshot.db
    endpoint:
      description: The etcd server that made it.
      type: str
    bytes:
      description: Bytes of the file.
      type: int
    sha256:
      description: SHA-256 of the file as C(sha256sum) reports it. The hash that etcd appended is part of the file.
      type: str
    revision:
      description: The revision of the database directly before. The snapshot holds it or a later one.
      type: int
missing:
  description:
    - Paths and ConfigMaps that were not there or could not be read, sockets and devices, which are not copied, and links to directories that are
      too large to be configuration or that hold the backups.
  returned: success
  type: list
  elements: str
pruned:
  description: Names of the older backups that went.
  returned: success
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.administrator import (
    administrator_of_services,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.host_clients import KUBEADM
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubectl import KubectlApi
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.snapshot_source import (
    SnapshotSource,
    has_api_server_service,
    snapshot_source,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir, component_services
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.backup_store import DirectoryBackupStore
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup import backup
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.api import Api
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentServices

#: Seconds that etcd may take for each piece of a snapshot.
PIECE_TIMEOUT = 60.0
COMMAND_TIMEOUT = 60.0
MANIFESTS = "/etc/kubernetes/manifests"


def find_api(parameters: t.Mapping[str, t.Any], services: ComponentServices, *, is_kubeadm: bool) -> Api | None:
    """The API; on a control plane of services ``None`` where none of its kubeconfigs is an administrator's."""
    commands, kubeconfig, server = HostCommands(timeout=COMMAND_TIMEOUT), parameters["kubeconfig"], parameters["server"]
    if is_kubeadm or kubeconfig != KUBEADM or os.path.exists(KUBEADM):
        return KubectlApi(commands, kubeconfig=kubeconfig, server=server)
    return administrator_of_services(commands, services, server=server)


def wanted_paths(parameters: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """The paths, and with Kubernetes' directory the certificates, which may be elsewhere."""
    paths = tuple(parameters["paths"])
    pki_dir = parameters["pki_dir"] or certificates_dir.find()
    is_needed = certificates_dir.KUBERNETES_DIR in map(os.path.normpath, paths) and os.path.isdir(pki_dir)
    return (*paths, pki_dir) if is_needed and pki_dir not in paths else paths


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    parameters = module.params
    services = component_services.of_host()
    has_cluster, has_member = parameters["cluster"], parameters["member"]
    source = SnapshotSource()
    if has_cluster or has_member:
        source = snapshot_source(
            MANIFESTS,
            services,
            pki_dir=parameters["pki_dir"],
            endpoint=parameters["etcd_endpoint"],
            of_member=not has_cluster,
            timeout=PIECE_TIMEOUT,
        )
    is_kubeadm = not has_cluster or not has_api_server_service(MANIFESTS, services)
    return backup.ensure(
        DirectoryBackupStore(HostFiles()),
        HostClock(),
        request=backup.Request(
            directory=parameters["directory"],
            name=parameters["name"],
            paths=wanted_paths(parameters),
            has_cluster=has_cluster,
            has_member=has_member,
            etcd_endpoints=source.endpoints,
            etcd_problem=source.problem,
            is_kubeadm=is_kubeadm,
            keep=parameters["keep"],
            host_name=os.uname().nodename,
        ),
        api=find_api(parameters, services, is_kubeadm=is_kubeadm) if has_cluster else None,
        etcd=source.open,
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": "/var/backups/kubeadm-ha"},
            "name": {"type": "str"},
            "paths": {"type": "list", "elements": "path", "default": list(backup.DEFAULT_PATHS)},
            "cluster": {"type": "bool", "default": False},
            "member": {"type": "bool", "default": False},
            **_options.KUBECONFIG,
            **_options.PKI_DIR,
            "etcd_endpoint": {"type": "str"},
            "keep": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
