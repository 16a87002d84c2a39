# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: kinds of findings, who finds them, what is lost with each part, and how all of it is shown.

Private to kubeadm.ha: no stable interface.
"""
