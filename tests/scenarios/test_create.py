# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster behind haproxy on two hosts that share a virtual IP address."""

from __future__ import annotations

import pytest

from tests.scenarios.create import Checks, NewCluster, Story

pytestmark = pytest.mark.full


class TestCreate(Checks):
    """Three control planes, two workers, two load balancers."""

    cluster = NewCluster(
        name="create", workers=("w1", "w2"), others=("lb1", "lb2"), holders=("lb1", "lb2"), loses_holder=True
    )

    def test_the_address_stays_where_it_went(self, story: Story) -> None:
        assert story.holders_after_return == story.holders_after_loss
