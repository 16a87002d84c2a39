# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything below one application directory, flags in environment files, a certificate that was issued with addresses in reserve."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.binary import APPLICATION_DIRECTORY, Kubectl, ScaledOut, Story, administrator, performed


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    yield from performed(APPLICATION_DIRECTORY)


@pytest.fixture(scope="module")
def kubectl(story: Story) -> Iterator[Kubectl]:
    """As the cluster's administrator."""
    yield from administrator(story)


class TestScaledOut(ScaledOut):
    """One master becomes one of three."""
