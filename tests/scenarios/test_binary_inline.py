# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in the units, masters without kubelets, a certificate for the first master alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.binary import INLINE_FLAGS, Kubectl, ScaledOut, Story, administrator, performed

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    yield from performed(INLINE_FLAGS)


@pytest.fixture(scope="module")
def kubectl(story: Story) -> Iterator[Kubectl]:
    """As the cluster's administrator."""
    yield from administrator(story)


class TestScaledOut(ScaledOut):
    """One master becomes one of three."""
