#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_step
short_description: Say which step of a run begins on a host, and keep when it began and ended
version_added: 1.0.0
description:
  - For the first and the last task of the plays of C(kubeadm.ha.site), which it knows by their names. In other plays, and in check mode, it does nothing.
  - Shows which step of how many it is for the host, how many changes of the plan it makes, what it waits for, and how long at most. The limits
    are those of the roles, as the variables of the host have them.
  - What it returns is to be registered as C(__kubeadm_ha_run), where the next task and M(kubeadm.ha.run_report) find it.
  - Where M(kubeadm.ha.run_report) has begun a page, begin and end are written there at once.
  - Runs on the controller, connects to no host and changes nothing.
options:
  state:
    description:
      - Whether the step begins or is done.
    type: str
    choices: [begun, done]
    default: begun
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.controller_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.cluster_plan
  - module: kubeadm.ha.run_report
"""

EXAMPLES = r"""
- name: Say what begins
  kubeadm.ha.run_step:
  register: __kubeadm_ha_run
"""

RETURN = r"""
msg:
  description: What was shown.
  returned: when a step begins
  type: str
  sample: "w3: step 2 of 2: join workers (2 changes); waits for the Node to be Ready at most 180 s."
entries:
  description: The entries of the plan on this host, each with its C(number) in the whole plan.
  returned: success
  type: list
  elements: dict
steps:
  description: Every step of the run on this host so far.
  returned: success
  type: list
  elements: dict
  contains:
    play:
      description: Name of the play.
      type: str
    began:
      description: When it began, in seconds since the epoch.
      type: float
    ended:
      description: When it ended, V(null) while it has not.
      type: float
"""
