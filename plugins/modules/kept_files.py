#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kept_files
short_description: Keep files and services as they are before they are changed, and put them back
version_added: 1.0.0
description:
  - With O(state=kept) files, directories that are not there yet, and the state of services are written down before a role changes them for the
    first time. What is kept already stays as it was kept.
  - With O(state=noted) the files count as what the role wanted.
  - With O(state=restored) services that did not run before are stopped and disabled, files are as they were or gone, directories that were made and
    are empty are gone, services that ran before are restarted, and the records go away. Several records are undone in their order, the latest first.
  - Three states are compared, before, noted and now. Where somebody else has changed a file since, nothing is changed and the module fails with
    its name, unless O(overwrite=true).
  - Records are below C(/var/lib/kubeadm-ha), readable by root only, because files may hold keys. They do not leave the host.
options:
  state:
    description: What is done.
    type: str
    choices: [kept, noted, restored]
    required: true
  records:
    description:
      - Names of records, such as V(binary-control-plane) or V(component-service/kube-scheduler.service). With O(state=kept) and O(state=noted) one.
      - With O(state=restored) one that there is not is left out.
    type: list
    elements: str
    required: true
  paths:
    description: Files to keep, there or not.
    type: list
    elements: path
    default: []
  directories:
    description: Directories of which those are kept that are not there.
    type: list
    elements: path
    default: []
  units:
    description:
      - Services whose state is kept, with their endings.
      - With O(state=restored) services that must not run afterwards. Where one ran before the records, or they do not know it, nothing is changed and
        the module fails with its name.
    type: list
    elements: str
    default: []
  written:
    description:
      - Files that services have written themselves, and that go away with O(state=restored) where there is a record. Patterns of a shell may stand for
        their names.
    type: list
    elements: path
    default: []
  writer:
    description:
      - The service that has written O(written). Where it ran before, or no record knows it, it goes on, and its files stay.
    type: str
    default: ''
  overwrite:
    description: Put back what somebody else has changed since, too.
    type: bool
    default: false
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Hashes, never the content.
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_backup
"""

EXAMPLES = r"""
- name: Keep a kubeconfig before it is pointed elsewhere
  kubeadm.ha.kept_files:
    state: kept
    records: [binary-control-plane]
    paths: [/opt/kubernetes/cfg/kubelet.kubeconfig]
    units: [kubelet.service]

- name: Everything is as it was
  kubeadm.ha.kept_files:
    state: restored
    records:
      - component-service/kube-scheduler.service
      - component-service/kube-controller-manager.service
      - binary-control-plane
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: A record, file, directory or service.
      type: str
      sample: file /opt/kubernetes/cfg/kubelet.kubeconfig
    before:
      description: A hash of its content, or its state.
      type: raw
    after:
      description: The same afterwards; V(null) for what goes away.
      type: raw
    reason:
      description: Why.
      type: str
units:
  description: With O(state=restored) the services that the records know.
  returned: success
  type: list
  elements: str
ended:
  description: With O(state=restored) those of them that did not run before, so that they end.
  returned: success
  type: list
  elements: str
"""

import glob
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.service_host import SystemdHost
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import kept_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

_NAME = re.compile(r"[a-z][\w.-]*(/[a-z][\w.@-]*)?\Z")


def decide(parameters: t.Mapping[str, t.Any]) -> Decision:
    """Decide by the module's options."""
    files, host = HostFiles(), SystemdHost(HostCommands())
    names = parameters["records"]
    wrong = next((name for name in names if not _NAME.match(name) or ".." in name), None)
    if wrong is not None or not names:
        raise InvalidInput(f"records is {names!r}: give names such as binary-control-plane.")
    records = [kept_files.Record(files, host, f"{kept_files.ROOT}/{name}") for name in names]
    if parameters["state"] == "restored":
        written = [path for pattern in parameters["written"] for path in sorted(glob.glob(pattern))]
        return kept_files.restore(
            files,
            host,
            records,
            written=written,
            writer=parameters["writer"],
            stops=parameters["units"],
            overwrite=parameters["overwrite"],
        )
    if len(records) > 1:
        raise InvalidInput(f"records is {names!r}: with state={parameters['state']} give one.")
    if parameters["state"] == "noted":
        return kept_files.note(records[0])
    return kept_files.keep(records[0], parameters["paths"], parameters["directories"], parameters["units"])


def main() -> None:
    """Run the module."""
    lists = {name: {"type": "list", "elements": "path", "default": []} for name in ("paths", "directories", "written")}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["kept", "noted", "restored"], "required": True},
            "records": {"type": "list", "elements": "str", "required": True},
            **lists,
            "units": {"type": "list", "elements": "str", "default": []},
            "writer": {"type": "str", "default": ""},
            "overwrite": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module.params))


if __name__ == "__main__":
    main()
