# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversion that is killed at the boundary of two steps, and again at a random moment, ends as one that was not.

The seed of what is random is printed; ``KUBEADM_HA_SEED`` repeats it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    CONVERT,
    Checks,
    FirstBoundary,
    Interrupted,
    Moment,
    Story,
    interrupted_story,
    seed,
)
from tests.scenarios.kubeadm_state import State, differences


def _interrupt(interrupted: Interrupted) -> None:
    numbers = random.Random(seed())
    whole = CONVERT.seconds
    at_boundary = interrupted.kill(FirstBoundary.at_random(numbers, 0.7 * whole))
    interrupted.kill(Moment.at_random(numbers, whole - at_boundary.run.seconds))


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with (
        new_results("interrupted") as results,
        interrupted_story(CONVERT, results, "interrupted", _interrupt) as story,
    ):
        yield story


class TestInterrupted(Checks):
    """A conversion that was killed twice."""

    def test_it_was_killed(self, story: Story) -> None:
        assert story.end.history[0].is_killed, story.end.table

    def test_the_end_is_what_kubeadm_itself_would_have_made(self, story: Story, native: State) -> None:
        assert differences(story.end.interrupted.kubeadm_state(), native) == {}
