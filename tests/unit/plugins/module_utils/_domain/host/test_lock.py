# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host, in memory."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.lock import Owner, ensure, release
from tests.unit.plugins.memory_api import MemoryClock

ONE = Owner("controller a", 100, 5000, "boot-1 pid:[4026531836]")
OTHER = Owner("controller b", 200, 6000)


class MemoryLock:
    """``LockFile`` in memory; every access must be alone."""

    def __init__(self) -> None:
        """Free."""
        self.content: bytes | None = None
        self.since = 1000.0
        self.busy = False
        self._alone = False

    @contextlib.contextmanager
    def alone(self) -> t.Iterator[None]:
        """Nobody else."""
        assert not self._alone
        self._alone = True
        yield
        self._alone = False

    def read(self) -> tuple[bytes | None, float]:
        """The content and the last sign of life."""
        assert self._alone
        return self.content, self.since

    def write(self, content: bytes) -> None:
        """Write anew."""
        assert self._alone
        self.content = content

    def remove(self) -> None:
        """Remove."""
        assert self._alone
        self.content = None

    def is_at_work(self) -> bool:
        """As a test says."""
        return self.busy

    @property
    def process(self) -> int | None:
        """The process of the holder."""
        return None if self.content is None else int(json.loads(self.content)["process"])


def taken(lock: MemoryLock, owner: Owner, *, now: float = 1010.0, dead: t.Sequence[Owner] = ()) -> None:
    ensure(lock, MemoryClock(now), owner, dead=dead, max_age=60)


def given_back(
    lock: MemoryLock, owner: Owner, *, now: float = 1010.0, dead: t.Sequence[Owner] = ()
) -> t.Mapping[str, t.Any]:
    decision = release(lock, MemoryClock(now), owner, dead=dead, max_age=60)
    assert decision.changes == ()
    return decision.values


def test_a_free_lock_is_taken_and_given_back() -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    assert lock.process == ONE.process
    assert given_back(lock, ONE) == {}
    assert lock.process is None
    assert given_back(lock, ONE) == {}


def test_the_same_run_takes_it_again_even_while_it_works() -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    lock.busy = True
    taken(lock, ONE, now=1030.0)


@pytest.mark.parametrize(("now", "is_silent"), [(1010.0, False), (1060.0, False), (1061.0, True), (900.0, True)])
def test_another_run_is_refused_with_the_remedy(now: float, *, is_silent: bool) -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    with pytest.raises(UnsupportedState, match="kubeadm_ha_break_lock") as refused:
        taken(lock, OTHER, now=now)
    assert refused.value.details["holder"] == {
        "controller": "controller a",
        "process": 100,
        "started": 5000,
        "space": "boot-1 pid:[4026531836]",
    }
    assert refused.value.details["is_silent"] is is_silent
    assert lock.process == ONE.process


def test_a_lock_of_the_dead_is_taken_over() -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    taken(lock, OTHER, dead=[ONE])
    assert lock.process == OTHER.process


@pytest.mark.parametrize("dead", [[], [ONE]])
@pytest.mark.parametrize("is_held", [True, False])
def test_a_module_that_outlived_its_run_is_waited_for(dead: list[Owner], *, is_held: bool) -> None:
    lock = MemoryLock()
    if is_held:
        taken(lock, ONE)
    lock.busy = True
    with pytest.raises(UnsupportedState, match="is changing this host now") as refused:
        taken(lock, OTHER, dead=dead)
    assert refused.value.details == {}
    assert lock.process == (ONE.process if is_held else None)


def test_only_the_owner_gives_it_back() -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    assert given_back(lock, OTHER)["holder"]["process"] == ONE.process
    # Another container of the same name and image, with the same process id.
    given_back(lock, Owner(ONE.controller, ONE.process, ONE.started, "boot-1 pid:[4026532000]"))
    assert lock.process == ONE.process


@pytest.mark.parametrize(("now", "is_silent"), [(1010.0, False), (1060.0, False), (1061.0, True), (900.0, True)])
def test_who_keeps_a_lock_is_named_with_its_silence(now: float, *, is_silent: bool) -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    assert given_back(lock, OTHER, now=now)["is_silent"] is is_silent
    assert lock.process == ONE.process


def test_a_lock_of_the_dead_is_given_back_when_nothing_of_it_is_at_work() -> None:
    lock = MemoryLock()
    taken(lock, ONE)
    lock.busy = True
    assert given_back(lock, OTHER, dead=[ONE])["holder"]["process"] == ONE.process
    lock.busy = False
    assert given_back(lock, OTHER, dead=[ONE]) == {}
    assert lock.process is None


def test_a_broken_lock_is_no_lock() -> None:
    lock = MemoryLock()
    lock.content = b"{"
    taken(lock, ONE)
    assert lock.process == ONE.process
