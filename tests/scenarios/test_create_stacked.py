# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose control planes are their own load balancers, with the certificates copied.

A control plane dies that has not the virtual IP address, and comes back; later the one that has it. Then the address has to move, too
(docs/adr/0122-what-the-loss-of-a-control-plane-may-cost.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.create import (
    CONTROL_PLANES,
    Checks,
    NewCluster,
    Story,
    holders_of,
    lose_for_a_while,
    performed,
)

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

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story, with the loss of a control plane without the address while the cluster is whole."""
        with performed(cls.cluster, while_whole=_lose_another) as story:
            yield story

    def test_the_address_stays_while_another_control_plane_is_lost(self, story: Story) -> None:
        before = story.holders_at["before the loss of another"]
        assert len(before) == 1
        assert story.holders_at == dict.fromkeys(story.holders_at, before)

    def test_what_the_loss_of_another_costs_is_measured(self, story: Story) -> None:
        assert "rto_kill_another_seconds" in {figure.name for figure in story.results.figures}


def _lose_another(story: Story) -> None:
    lab = story.lab
    holders = holders_of(story.cluster, lab)
    story.holders_at["before the loss of another"] = holders
    another = next(name for name in CONTROL_PLANES if name not in holders)
    lose_for_a_while(story, another, label="kill_another", bound=1.0)
    story.holders_at["after its return"] = holders_of(story.cluster, lab)
