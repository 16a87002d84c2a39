#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_report
short_description: Report what a run has found, planned and done
version_added: 1.0.0
description:
  - At the end of C(kubeadm.ha.site) shows a table of every change of the plan with its seconds.
  - With O(directory) writes C(run-TIME.html), one page without scripts that fetches nothing, and C(run-TIME.json). Both say what is lost with each part
    of the cluster before the run, the plan, what became of each change and when, the same of the cluster after, and which findings are gone or new.
  - The page is there from O(phase=begin) on, and M(kubeadm.ha.run_step) writes each step to it, so a run that fails or is killed leaves what
    happened until then.
  - Times of changes are those of the journals of the hosts (M(kubeadm.ha.run_journal_info)); where a change left none, those of its whole step.
  - Runs on the controller and connects to no host. A file that cannot be written is a warning, not a failure.
options:
  phase:
    description:
      - V(begin) writes what was found and planned. Its result is to be registered as C(__kubeadm_ha_report).
      - V(end) collects what the tasks of the run have registered on the hosts of the group C(kubeadm_ha_changing).
    type: str
    choices: [begin, end]
    default: end
  directory:
    description:
      - Directory of the controller, which is made where it is missing, for its owner only. Required with O(phase=begin).
    type: str
  plan:
    description: RV(kubeadm.ha.cluster_plan#module:plan), with O(phase=begin).
    type: dict
  audit:
    description: RV(kubeadm.ha.audit_report#module:report) of the cluster before or after the run. Without it the page says that it was not inspected.
    type: dict
  journal:
    description: Name of the variable in which the result of M(kubeadm.ha.run_journal_info) is registered.
    type: str
    default: __kubeadm_ha_journal
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.audit_report
  - module: kubeadm.ha.run_journal_info
  - module: kubeadm.ha.run_step
"""

EXAMPLES = r"""
- name: Begin the page
  kubeadm.ha.run_report:
    phase: begin
    directory: reports
    plan: "{{ preflight_plan.plan }}"
    audit: "{{ audit_result.report }}"
  run_once: true
  register: __kubeadm_ha_report

- name: Report what was done
  kubeadm.ha.run_report:
  run_once: true
"""

RETURN = r"""
file:
  description: Path of the data; the page is beside it. Empty where none is written.
  returned: success
  type: str
  sample: /home/admin/reports/run-20261130T080000Z.json
lines:
  description: The table.
  returned: success, with O(phase=end)
  type: list
  elements: str
"""
