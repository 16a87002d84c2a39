#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_confirmation
short_description: Ask whether a plan is to be carried out
version_added: 1.0.0
description:
  - Asks whoever sits at the terminal of C(ansible-playbook), and fails unless the answer is C(yes).
  - Asks nobody in check mode, where there is no change to be made, and where C(ansible-playbook) has no terminal, as in a pipeline or in AWX.
  - Runs on the controller, connects to no host and changes nothing.
options:
  changes:
    description:
      - How many changes the plan has. With V(0) nobody is asked.
    type: int
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.cluster_plan
"""

EXAMPLES = r"""
- name: Ask whether the plan is to be carried out
  kubeadm.ha.plan_confirmation:
    changes: "{{ preflight_plan.plan.entries | length }}"
  run_once: true
"""

RETURN = r"""
asked:
  description: Whether somebody was asked.
  returned: success
  type: bool
"""
