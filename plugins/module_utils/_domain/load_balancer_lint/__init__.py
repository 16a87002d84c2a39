# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration of haproxy, nginx or keepalived lets happen when something fails, before it fails.

Private to kubeadm.ha: no stable interface.
"""
