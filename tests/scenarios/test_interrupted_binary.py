# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scaling out of a control plane of services is killed at every boundary of two steps in turn, and on another lab at a random moment: the same end.

The seed of what is random is printed; ``KUBEADM_HA_SEED`` repeats it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    BINARY,
    EveryBoundary,
    Interrupted,
    Moment,
    SameEnd,
    Story,
    Whole,
    interrupted_story,
    seed,
    uninterrupted,
)

pytestmark = pytest.mark.full

#: Of the time that the whole run took: another one may take less.
_SHARE = 0.85


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """A scaling out that nobody interrupts."""
    with new_results("uninterrupted_binary") as results:
        yield uninterrupted(BINARY, results, "whole-binary")


class TestInterruptedBinary(EveryBoundary):
    """A scaling out that was killed everywhere."""

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, whole: Whole) -> Iterator[Story]:
        """Run the whole story once."""
        assert whole.boundaries
        with (
            new_results("interrupted_binary") as results,
            interrupted_story(BINARY, results, "interrupted-binary", Interrupted.visit_boundaries) as story,
        ):
            yield story


class TestKilledAtAnyMoment(SameEnd):
    """A scaling out that was killed once, at a random moment."""

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, whole: Whole) -> Iterator[Story]:
        """Run the whole story once."""
        moment = Moment.at_random(random.Random(seed()), _SHARE * whole.seconds)
        with (
            new_results("interrupted_binary_moment") as results,
            interrupted_story(BINARY, results, "moment-binary", lambda runs: runs.kill(moment)) as story,
        ):
            yield story

    def test_it_was_killed(self, story: Story) -> None:
        assert story.end.history[0].is_killed, story.end.table
        assert story.end.kills == 1
