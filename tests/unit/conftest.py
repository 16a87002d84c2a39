# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of every unit test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on the machine, not of the code: machines are shared.
settings.register_profile("kubeadm-ha", deadline=None)
settings.load_profile("kubeadm-ha")
