# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the audit on the controller of what was collected on the hosts."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import (
    balancer_configuration,
    questions,
    render_html,
    render_json,
    render_junit,
    render_sarif,
    render_text,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit_input import AuditInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownPlan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from ansible_collections.kubeadm.ha.plugins.plugin_utils.slurped_files import configurations

_NEVER = "never"
_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "cluster": {"type": "dict"},
    "configurations": {"type": "dict", "default": {}},
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "endpoint": {"type": "raw", "default": ""},
    "etcd": {"type": "dict"},
    "fail_on": {"type": "str", "choices": [_NEVER, *(item.value for item in Severity)], "default": _NEVER},
    "failures": {"type": "dict", "default": {}},
    "hosts": {"type": "dict", "default": {}},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "phase": {"type": "str", "choices": ["questions", "report"], "default": "report"},
    "plan": {"type": "dict"},
    "reachability": {"type": "dict", "default": {}},
    "services": {"type": "dict", "default": {}},
    "show": {"type": "bool", "default": True},
    "workers": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Computes, and shows the table; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.audit_report`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            collected = AuditInput.from_request(
                PlanRequest.from_options(arguments), yaml=PyYaml(), x509=CryptographyX509()
            )
            if arguments["phase"] == "questions":
                return {
                    "targets": questions.targets(collected),
                    "api_servers": questions.api_servers(collected),
                    "source": questions.source(collected),
                    "kubeconfig": questions.kubeconfig(collected),
                    "etcd": questions.etcd(collected),
                }
            lint, failures = balancer_configuration.judge(configurations(arguments["configurations"]), nginx_text.parse)
            return _report(dataclasses.replace(collected, lint=lint, lint_failures=failures), arguments)

        result.update(decision_result("What hosts and cluster reported", decide))
        return t.cast("dict[str, t.Any]", result)


def _report(collected: AuditInput, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    made = audit(collected)
    plan = ShownPlan.if_made(arguments["plan"])
    document = render_json.document(made, created=time.time(), plan=plan)
    lines = render_text.lines(made)
    for line in lines if arguments["show"] else ():
        Display().display(line)
    values: dict[str, t.Any] = {
        "report": document,
        "lines": lines,
        "junit": render_junit.junit(made, created=document["created"]),
        "sarif": render_sarif.sarif(made),
        "html": render_html.page(made, created=document["created"], plan=plan),
    }
    bound = arguments["fail_on"]
    if bound != _NEVER:
        worst = sum(item.kind.severity.rank >= Severity(bound).rank for item in made.findings)
        values["failed_findings"] = worst
    return values
