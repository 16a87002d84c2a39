# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several scenarios share."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.scenarios.cluster import Lab
from tests.scenarios.convert import addresses_of
from tests.scenarios.create import Story, performed
from tests.scenarios.kubeadm_state import State, kubeadm_state
from tests.scenarios.shape import PLAIN
from tests.tools.run import NATIVE


@pytest.fixture(scope="class")
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """The story of a new cluster, for the classes of :class:`tests.scenarios.create.Checks`."""
    with performed(request.cls.cluster) as story:
        yield story


@pytest.fixture(scope="session")
def native() -> State:
    """The state of a cluster with the same names that plain kubeadm made highly available from the start.

    One run starts pytest several times: the state is kept in a file that the next run removes.
    """
    if not NATIVE.exists():
        with Lab("native", name="native") as lab:
            state = kubeadm_state(lab, PLAIN.nodes, addresses_of(lab, PLAIN.hosts))
        NATIVE.parent.mkdir(parents=True, exist_ok=True)
        NATIVE.write_text(json.dumps(state), encoding="utf-8")
    kept: State = json.loads(NATIVE.read_text(encoding="utf-8"))
    return kept
