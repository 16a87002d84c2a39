# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster behind haproxy on two hosts that share a virtual IP address."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.scenarios.create import (
    CONTROL_PLANES,
    Checks,
    NewCluster,
    Story,
    holders_of,
    measure,
    performed,
    signal_api_server,
)


class TestCreate(Checks):
    """Three control planes, two workers, two load balancers."""

    cluster = NewCluster(
        name="create", workers=("w1", "w2"), others=("lb1", "lb2"), holders=("lb1", "lb2"), loses_holder=True
    )

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story; then haproxy dies under the virtual IP address, and all API servers fall silent and one speaks again."""
        with performed(cls.cluster) as story:
            lab = story.lab
            (holder,) = holders_of(story.cluster, lab)
            kill = ("systemctl", "kill", "--signal=SIGKILL", "haproxy")
            measure(story, "kill_haproxy", lambda: lab.run(holder, *kill), bound=2.0)
            story.holders_at["before the outage"] = holders_of(story.cluster, lab)
            left = [name for name in CONTROL_PLANES if name != story.lost]
            for name in left:
                signal_api_server(lab, name, "STOP")
            time.sleep(8)
            story.holders_at["in the outage"] = holders_of(story.cluster, lab)
            measure(story, "one_back", lambda: signal_api_server(lab, left[0], "CONT"), bound=3.0)
            story.holders_at["after the outage"] = holders_of(story.cluster, lab)
            yield story

    def test_the_address_stays_while_no_api_server_answers(self, story: Story) -> None:
        before = story.holders_at["before the outage"]
        assert len(before) == 1
        assert story.holders_at == dict.fromkeys(story.holders_at, before)

    def test_the_address_stays_where_it_went(self, story: Story) -> None:
        assert story.holders_after_return == story.holders_after_loss
