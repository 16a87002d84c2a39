# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The creation of a cluster is killed at every boundary of two steps in turn: the same end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    CREATE,
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
    """A creation that nobody interrupts."""
    with new_results("uninterrupted_create") as results:
        yield uninterrupted(CREATE, results, "whole-create")


@pytest.fixture(scope="module")
def story(whole: Whole) -> Iterator[Story]:
    """Run the whole story once."""
    assert whole.boundaries
    with (
        new_results("interrupted_create") as results,
        interrupted_story(CREATE, results, "interrupted-create", Interrupted.visit_boundaries) as story,
    ):
        yield story


class TestInterruptedCreate(EveryBoundary):
    """A creation that was killed everywhere."""
