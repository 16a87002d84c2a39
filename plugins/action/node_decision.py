# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller what makes an inspected host ready for kubeadm."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import desired, kubernetes_programs, node
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import Identity, NodeReport
from ansible_collections.kubeadm.ha.plugins.plugin_utils.controller_files import TaskFiles

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "identities": {"type": "dict", "default": {}},
    "inputs": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
    "node": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):
    """Reads the key of a repository where it is a file of the controller, and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.node_decision`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        name = arguments["name"]

        def decide() -> t.Mapping[str, t.Any]:
            wanted, faults = desired.parse(name, self._with_key(arguments["inputs"]))
            report = NodeReport.from_dict(name, arguments["node"])
            others = {each: Identity.from_dict(each, found) for each, found in arguments["identities"].items()}
            decision = node.decide(name, report, wanted, faults, others)
            missing = tuple(kubernetes_programs.missing_at_source(decision.kubernetes, self._files.has))
            return {"decision": dataclasses.replace(decision, problems=(*decision.problems, *missing)).as_dict()}

        return {**result, **decision_result(f"What the node {name} reported", decide)}

    @property
    def _files(self) -> TaskFiles:
        return TaskFiles(self._find_needle, self._loader)

    def _with_key(self, inputs: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        """The inputs with the text of the key where they name a file."""
        given = inputs.get("package_repository")
        repository: dict[str, t.Any] = given if isinstance(given, dict) else {}
        key = str(repository.get("key") or "").strip()
        if not key or key.startswith("-----BEGIN") or "://" in key:
            return inputs
        try:
            text = self._files.text(key)
        except InvalidInput as error:
            raise InvalidInput(
                f"The key {key} of kubeadm_ha_package_repository cannot be read on the controller ({error.message}): name a file that is "
                "there, a URL, or give the text of the key."
            ) from None
        return {**inputs, "package_repository": {**repository, "key": text}}
