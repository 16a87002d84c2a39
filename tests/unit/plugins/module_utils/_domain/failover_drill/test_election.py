# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds of leader election, by a table and by properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.election import (
    Election,
    etcd_bound,
    etcd_timeout,
    longest,
    parse,
    seconds,
)

BOUNDS = [
    ({}, 24.8),
    ({"leader-elect": "true", "bind-address": "127.0.0.1"}, 24.8),
    ({"leader-elect-lease-duration": "6s", "leader-elect-retry-period": "1s"}, 11.4),
    ({"leader-elect-lease-duration": "1m30s"}, 99.8),
    ({"leader-elect-lease-duration": "137s", "leader-elect-retry-period": "26s"}, 252.4),
    ({"leader-elect-retry-period": "500ms"}, 18.2),
]
DURATIONS = [
    ("15s", 15.0),
    ("1m0s", 60.0),
    ("1h2m3.5s", 3723.5),
    ("250ms", 0.25),
    ("0", 0.0),
    (".5s", 0.5),
    ("2m", 120.0),
]


@pytest.mark.parametrize(("arguments", "bound"), BOUNDS)
def test_the_bound_follows_the_flags(arguments: dict[str, str], bound: float) -> None:
    assert parse(arguments).bound == bound


@pytest.mark.parametrize(("text", "value"), DURATIONS)
def test_a_duration(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "15", "s", "15 s", "-1s", "15s ", "1s2", "true"])
def test_no_duration(text: str) -> None:
    with pytest.raises(InvalidInput):
        seconds(text)


@pytest.mark.parametrize(
    ("value", "enabled"), [("true", True), ("false", False), ("False", False), ("0", False), ("1", True)]
)
def test_whether_it_takes_part(value: str, *, enabled: bool) -> None:
    assert parse({"leader-elect": value}).is_enabled is enabled


@given(st.integers(0, 48), st.integers(0, 59), st.integers(0, 59))
def test_what_go_writes_is_read(hours: int, minutes: int, rest: int) -> None:
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{rest}s"
    assert seconds(text) == hours * 3600 + minutes * 60 + rest


def test_the_members_of_etcd_elect_by_their_own_timeout() -> None:
    assert etcd_bound(etcd_timeout({})) == 5.0
    assert etcd_bound(etcd_timeout({"election-timeout": "2500"})) == 11.0
    with pytest.raises(InvalidInput, match="--election-timeout"):
        etcd_timeout({"election-timeout": "1s"})


ELECTIONS = st.builds(Election, st.floats(1, 300), st.floats(1, 300), st.floats(0.1, 60), st.booleans())


@given(st.lists(ELECTIONS, min_size=1))
def test_the_longest_bounds_every_instance(elections: list[Election]) -> None:
    found = longest(elections)
    assert all(item.bound <= found.bound + 0.001 for item in elections)
    assert found.is_enabled == all(item.is_enabled for item in elections)
