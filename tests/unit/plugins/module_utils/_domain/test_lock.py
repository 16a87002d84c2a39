# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host, over files in memory."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.lock import PATH, Owner, release, take

ONE = Owner("controller a", 100, 5000)
OTHER = Owner("controller b", 200, 6000)


class MemoryFiles:
    """``Files`` in memory, as far as the lock needs them."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """The content."""
        return self.content.get(path)

    def write(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        """Replace or create."""
        assert mode == 0o600
        self.content[path] = content

    def remove(self, path: str) -> None:
        """Remove."""
        self.content.pop(path, None)


class FixedClock:
    """``Clock`` that stands still."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now


def taken(
    files: t.Any, owner: Owner, *, now: float = 1000.0, dead: t.Sequence[Owner] = (), max_age: float = 60
) -> None:
    take(files, t.cast("t.Any", FixedClock(now)), owner, dead=dead, max_age=max_age)


def test_a_free_lock_is_taken_and_given_back() -> None:
    files = MemoryFiles()
    taken(files, ONE)
    assert json.loads(files.content[PATH])["process"] == ONE.process
    release(t.cast("t.Any", files), ONE)
    assert files.content == {}


def test_the_same_run_takes_it_again() -> None:
    files = MemoryFiles()
    taken(files, ONE)
    taken(files, ONE, now=1030.0)


def test_another_run_is_refused_and_told_the_remedy() -> None:
    files = MemoryFiles()
    taken(files, ONE)
    with pytest.raises(UnsupportedState, match="kubeadm_ha_break_lock") as refused:
        taken(files, OTHER, now=1010.0)
    assert refused.value.details["holder"]["process"] == ONE.process


@pytest.mark.parametrize(
    ("now", "dead", "max_age"),
    [(1010.0, [ONE], 60), (1061.0, [], 60), (1010.0, [], 0), (900.0, [], 60)],
    ids=["dead", "too old", "broken by the user", "clock set back"],
)
def test_a_lock_without_a_live_owner_is_taken_over(now: float, dead: list[Owner], max_age: float) -> None:
    files = MemoryFiles()
    taken(files, ONE)
    taken(files, OTHER, now=now, dead=dead, max_age=max_age)
    assert json.loads(files.content[PATH])["process"] == OTHER.process


def test_only_the_owner_gives_it_back() -> None:
    files = MemoryFiles()
    taken(files, ONE)
    release(t.cast("t.Any", files), OTHER)
    assert PATH in files.content


def test_a_broken_lock_is_no_lock() -> None:
    files = MemoryFiles()
    files.content[PATH] = b"{"
    taken(files, ONE)
    assert json.loads(files.content[PATH])["controller"] == ONE.controller
