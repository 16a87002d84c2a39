# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversion is killed at every boundary of two steps in turn, and while kubeadm joins: the same end.

Which boundaries there are is taken from a conversion that nobody interrupts, and what its end is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    CONVERT,
    EveryBoundary,
    Interrupted,
    Story,
    Whole,
    interrupted_story,
    uninterrupted,
    waited_for,
)
from tests.scenarios.kills import Kill

pytestmark = pytest.mark.full

#: The last task before kubeadm joins the second control plane.
_IN_A_JOIN = Kill("Join control planes", 0.0, "Make a token and upload the certificates", host="cp2")


#: Seconds for which that kubeadm stands still: longer than the next run needs to inspect its host, shorter than it waits there.
_STANDS_STILL = 60.0


def _interrupt(interrupted: Interrupted) -> None:
    interrupted.visit_boundaries(until=lambda boundary: boundary.play == _IN_A_JOIN.play)
    interrupted.kill_while(_IN_A_JOIN, lambda: _signalled(interrupted, "STOP"))
    goes_on = threading.Timer(_STANDS_STILL, lambda: _signalled(interrupted, "CONT"))
    goes_on.start()
    interrupted.visit_boundaries()
    goes_on.join()


def _signalled(interrupted: Interrupted, signal: str) -> bool:
    """Whether kubeadm was at work on cp2; it has the signal then, so that it still is when the next run comes, however fast it is."""
    sent = f"pkill --signal {signal} --exact kubeadm && echo sent || true"
    return "sent" in interrupted.lab.shell("cp2", sent)


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """A conversion that nobody interrupts."""
    with new_results("uninterrupted_convert") as results:
        yield uninterrupted(CONVERT, results, "whole-convert")


@pytest.fixture(scope="module")
def story(whole: Whole) -> Iterator[Story]:
    """Run the whole story once."""
    assert whole.boundaries
    with (
        new_results("interrupted_convert") as results,
        interrupted_story(CONVERT, results, "interrupted-convert", _interrupt) as story,
    ):
        yield story


class TestInterruptedConvert(EveryBoundary):
    """A conversion that was killed everywhere."""

    def test_a_kubeadm_at_work_was_waited_for(self, story: Story) -> None:
        number = next(entry.number for entry in story.end.history if entry.cause == _IN_A_JOIN.task)
        # Runs are numbered from 1 on.
        assert waited_for(story.end.history[number].run) != [], story.end.table
