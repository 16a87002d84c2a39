# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller what the role of external etcd would change on an inspected host."""

from __future__ import annotations

import hashlib
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.problem import Problem
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import desired, member, places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import EtcdHost

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "expected": {"type": "list", "elements": "str", "required": True},
    "hosts": {"type": "dict", "required": True},
    "inputs": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Reads programs on the controller, and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.external_etcd_decision`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        name = arguments["name"]

        def decide() -> t.Mapping[str, t.Any]:
            if name not in arguments["hosts"]:
                raise InvalidInput(
                    f"{name} is none of the hosts of etcd that were inspected ({', '.join(arguments['hosts']) or 'none'}): put it into the "
                    "group etcd, or name its group in kubeadm_ha_etcd_group."
                )
            hosts = {each: EtcdHost.from_dict(each, found) for each, found in arguments["hosts"].items()}
            wanted, faults = desired.parse(name, arguments["inputs"], self._digests(arguments["inputs"]))
            given = member.Circumstances(hosts, CryptographyX509(), time.time())
            of_play = self._faults_of_play(name, arguments["expected"], hosts)
            return {"decision": member.decide(name, wanted, [*of_play, *faults], given).as_dict()}

        return {**result, **decision_result(f"What the etcd host {name} reported", decide)}

    def _faults_of_play(self, name: str, expected: t.Sequence[str], hosts: t.Container[str]) -> t.Iterator[Problem]:
        """Members begin together and follow each other: a play that takes them apart would do neither."""
        missing = [each for each in expected if each not in hosts]
        if missing:
            yield Problem(
                name,
                f"{', '.join(missing)} could not be inspected, or the play does not have it: run the role on all hosts of etcd in one "
                "play, without --limit and without serial.",
            )
        play = self._task.get_play()
        if play.strategy not in ("linear", "ansible.builtin.linear"):
            yield Problem(
                name,
                f"The play has the strategy {play.strategy}, by which hosts do not wait for each other: run the role external_etcd with the "
                "strategy linear.",
            )

    def _digests(self, inputs: t.Mapping[str, t.Any]) -> dict[str, str]:
        """SHA-256 of the programs, where the inputs name a directory."""
        source = str(inputs.get("binaries") or "")
        if not source or "://" in source:
            return {}
        found = {}
        for program in places.PROGRAMS:
            try:
                path = self._find_needle("files", f"{source.rstrip('/')}/{program}")
            except AnsibleError:
                continue
            found[program] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return found
