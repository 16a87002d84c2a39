# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicts on the controller what a load balancer's configuration lets happen."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import (
    KINDS,
    ConfigurationFile,
    lint,
)
from ansible_collections.kubeadm.ha.plugins.plugin_utils.slurped_files import configurations

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "content": {"type": "str", "default": ""},
    "files": {"type": "list", "elements": "path", "default": []},
    "hosts": {"type": "dict", "default": {}},
    "kind": {"type": "str", "choices": sorted(KINDS)},
    "port": {"type": "int"},
}


class ActionModule(ActionBase):
    """Reads files of the controller and computes; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.load_balancer_lint`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        kind = arguments["kind"] or ""

        def decide() -> t.Mapping[str, t.Any]:
            files = [ConfigurationFile("", path, kind, _text(path)) for path in arguments["files"]]
            if arguments["content"]:
                files.append(ConfigurationFile("", "content", kind, arguments["content"]))
            files += configurations(arguments["hosts"])
            found = lint(files, nginx_text.parse, port=arguments["port"])
            lines = found.lines()
            for line in lines:
                Display().display(line)
            return {"lint": found.as_dict(), "lines": lines}

        return {**result, **decision_result("What was read of the load balancers", decide)}


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput(
            f"files: {path} cannot be read on the controller ({error.strerror}): correct the path."
        ) from None
