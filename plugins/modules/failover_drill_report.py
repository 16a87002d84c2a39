#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_drill_report
short_description: Judge what a failover drill has measured
version_added: 1.0.0
description:
  - Compares what M(kubeadm.ha.failover_drill_event) measured with the bounds, and makes a table, JSON and JUnit's XML of it.
  - Runs on the controller, connects to nothing and changes nothing.
options:
  entries:
    description:
      - The events of RV(kubeadm.ha.failover_drill_plan#module:plan). One without a result was not measured.
    type: list
    elements: dict
    required: true
  results:
    description:
      - A mapping for each event that was measured, its entry of the plan with RV(kubeadm.ha.failover_drill_event#module:measured)
        merged in.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.failover_drill_event
"""

EXAMPLES = r"""
- name: Judge the events
  kubeadm.ha.failover_drill_report:
    entries: "{{ planned.plan.entries }}"
    results: "{{ results }}"
  register: judged

- name: Another instance led in time, every time
  ansible.builtin.assert:
    that: judged.faults | length == 0
"""

RETURN = r"""
report:
  description: The events as they are written as JSON.
  returned: success
  type: dict
  contains:
    events:
      description: The events with what was measured, and V(passed) and V(fault) for each.
      type: list
      elements: dict
    passed:
      description: Whether all have passed.
      type: bool
lines:
  description: A table for the screen.
  returned: success
  type: list
  elements: str
junit:
  description: The same as JUnit's XML.
  returned: success
  type: str
faults:
  description: A sentence for each event that failed.
  returned: success
  type: list
  elements: str
"""
