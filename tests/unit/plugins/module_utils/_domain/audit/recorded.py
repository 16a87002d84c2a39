# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of a real cluster: what the action of ``kubeadm.ha.audit_report`` was given in the lab of ``tests/scenarios/test_audit.py``.

Three control planes, a worker, two load balancers without a virtual IP address to which the endpoint's name leads, made by kubeadm, with
one backup. ``python3 -m tests.tools.audit_recording`` records again.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import balancer_configuration
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit, audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit_input import AuditInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from ansible_collections.kubeadm.ha.plugins.plugin_utils.slurped_files import configurations
from tests.tools.audit_recording import KEPT

if t.TYPE_CHECKING:
    from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments


@functools.cache
def text() -> str:
    """The recording."""
    return KEPT.read_text(encoding="utf-8")


def recorded() -> Arguments:
    """The arguments, to be changed."""
    arguments: Arguments = json.loads(text())
    return arguments


def audit_of_recorded(arguments: Arguments) -> Audit:
    """The audit of these arguments, as the action makes it, with the real readers of YAML, certificates and configurations."""
    collected = AuditInput.from_request(PlanRequest.from_options(arguments), yaml=PyYaml(), x509=CryptographyX509())
    lint, failures = balancer_configuration.judge(configurations(arguments["configurations"]), nginx_text.parse)
    return audit(dataclasses.replace(collected, lint=lint, lint_failures=failures))


__all__ = ("audit_of_recorded", "recorded", "text")
