# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several scenarios share."""

from __future__ import annotations

import pytest

from tests.scenarios.cluster import Lab
from tests.scenarios.convert import addresses_of
from tests.scenarios.kubeadm_state import State, kubeadm_state
from tests.scenarios.shape import PLAIN


@pytest.fixture(scope="session")
def native() -> State:
    """The state of a cluster with the same names that plain kubeadm made highly available from the start."""
    with Lab("native", name="native") as lab:
        return kubeadm_state(lab, PLAIN.nodes, addresses_of(lab, PLAIN.hosts))
