#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_failure
short_description: Fail with what a run has changed so far
version_added: 1.0.0
description:
  - For the C(rescue) of a block. Always fails, with the message of the task that failed, the objects that the run has changed
    until then on all hosts, where their backups are, and what to do.
  - Runs on the controller and connects to no host. In check mode, where nothing is changed, it fails with the message alone.
options:
  failure:
    description:
      - The result of the task that failed, C(ansible_failed_result). Empty on a host that stops because another one failed.
    type: dict
    default: {}
  purpose:
    description:
      - What the run had begun, as a clause that goes on after "The run had begun".
    type: str
    required: true
  remedy:
    description:
      - What to do, as a sentence.
    type: str
    required: true
  registered:
    description:
      - Names of the variables in which the tasks of the step have registered their results. A result reports its
        changes by the key C(changes), as those of the modules of this collection do.
    type: list
    elements: str
    required: true
  backup:
    description:
      - Name of the variable in which the result of M(kubeadm.ha.kubernetes_host_backup) is registered.
    type: str
    required: true
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - Changes nothing.
  idempotent:
    support: full
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubernetes_host_backup
"""

EXAMPLES = r"""
- name: Point this host
  block:
    - name: The kubelet's kubeconfig names the endpoint
      kubeadm.ha.kubeconfig_cluster:
        path: /etc/kubernetes/kubelet.conf
        server: https://k8s.example.org:6443
      register: pointed
  rescue:
    - name: Report what was changed
      kubeadm.ha.run_failure:
        failure: "{{ ansible_failed_result | default({}) }}"
        purpose: to point the nodes to k8s.example.org
        remedy: Mend the cause and run again.
        registered: [pointed]
        backup: cluster_backup_result
"""

RETURN = r"""
msg:
  description: The whole message.
  returned: always
  type: str
"""
