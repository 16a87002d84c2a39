# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose control planes are their own load balancers, with the certificates copied."""

from __future__ import annotations

import pytest

from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster

pytestmark = pytest.mark.full


class TestCreateStacked(Checks):
    """Three control planes and a worker."""

    cluster = NewCluster(
        name="create_stacked",
        holders=CONTROL_PLANES,
        firewall="ufw",
        rto_seconds=2.0,
        listeners=((6443, "kube-apiserver"), (8443, "haproxy")),
    )
