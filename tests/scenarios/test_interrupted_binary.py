# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scaling out of a control plane of services is killed at every boundary of two steps in turn: the same end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    BINARY,
    EveryBoundary,
    Interrupted,
    Story,
    Whole,
    interrupted_story,
    uninterrupted,
)

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """A scaling out that nobody interrupts."""
    with new_results("uninterrupted_binary") as results:
        yield uninterrupted(BINARY, results, "whole-binary")


@pytest.fixture(scope="module")
def story(whole: Whole) -> Iterator[Story]:
    """Run the whole story once."""
    assert whole.boundaries
    with (
        new_results("interrupted_binary") as results,
        interrupted_story(BINARY, results, "interrupted-binary", Interrupted.visit_boundaries) as story,
    ):
        yield story


class TestInterruptedBinary(EveryBoundary):
    """A scaling out that was killed everywhere."""
