# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The API server that a module asks, and as whom. What needs fewer rights describes its kubeconfig itself."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Kubeconfig on the executing host, with the rights of a cluster administrator.
    type: path
    default: /etc/kubernetes/admin.conf
  server:
    description:
      - Address and port of the API server to ask, for example V(192.0.2.11:6443). Its certificate is verified with the
        kubeconfig's CA. Without it the kubeconfig decides, which another step may have pointed elsewhere.
    type: str
"""
