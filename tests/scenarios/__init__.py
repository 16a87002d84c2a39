# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-cluster scenarios on real clusters of the lab."""

import pytest

# They have assertions, which pytest explains in test files by itself.
pytest.register_assert_rewrite(
    "tests.scenarios.binary", "tests.scenarios.create", "tests.scenarios.failover_drill", "tests.scenarios.interruption"
)
