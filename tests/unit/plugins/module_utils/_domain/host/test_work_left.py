# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what a killed run left at work."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import work_left
from tests.unit.plugins.memory_api import MemoryClock

KUBEADM, MODULE = "kubeadm (process 77)", "a module of kubeadm.ha"


def waited(works: list[tuple[float, str]], *, timeout: float) -> tuple[tuple[str, ...], float]:
    """Warnings and seconds; who is at work until which second, one after the other."""
    clock = MemoryClock(0.0)
    warnings = work_left.wait(
        lambda: next((who for until, who in works if clock.time < until), ""), clock, timeout=timeout
    )
    return warnings, clock.time


def test_where_nobody_is_at_work_nothing_is_waited_for_or_said() -> None:
    assert waited([], timeout=300) == ((), 0.0)


def test_without_a_timeout_nobody_is_waited_for() -> None:
    assert waited([(9, KUBEADM)], timeout=0) == ((), 0.0)


@pytest.mark.parametrize(
    ("works", "seconds", "who"),
    [
        ([(42, KUBEADM)], 42, KUBEADM),
        ([(3, MODULE)], 3, MODULE),
        # A module ends, the kubeadm that it has started goes on.
        ([(5, MODULE), (20, KUBEADM)], 20, MODULE),
    ],
)
def test_who_ends_is_waited_for_and_named(works: list[tuple[float, str]], seconds: float, who: str) -> None:
    assert waited(works, timeout=300) == (
        (f"waited {seconds} s for {who}, perhaps left over from an interrupted run: it has ended.",),
        seconds,
    )


def test_who_does_not_end_is_given_up_and_named() -> None:
    assert waited([(5, MODULE), (9000, KUBEADM)], timeout=60) == (
        (f"waited 60 s for {MODULE}, perhaps left over from an interrupted run: {KUBEADM} is still at work.",),
        60.0,
    )
