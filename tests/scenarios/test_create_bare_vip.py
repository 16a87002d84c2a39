# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose control planes share a virtual IP address, without any load balancer."""

from __future__ import annotations

import pytest

from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster

pytestmark = pytest.mark.full


class TestCreateBareVip(Checks):
    """Three control planes and a worker."""

    cluster = NewCluster(
        name="create_bare_vip",
        holders=CONTROL_PLANES,
        firewall="firewalld",
        rto_seconds=2.0,
        freeze_seconds=3.0,
        moves_when_frozen=True,
    )
