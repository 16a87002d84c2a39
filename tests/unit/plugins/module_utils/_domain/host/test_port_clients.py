# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port is unused when nobody was connected for a while."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import port_clients
from tests.unit.plugins.memory_api import MemoryClock


class Clients:
    """Who is connected, by the second."""

    def __init__(self, clock: MemoryClock, until: float, *names: str) -> None:
        self.clock, self.until, self.names = clock, until, frozenset(names)

    def clients(self, port: int) -> frozenset[str]:
        """Of the port of the test."""
        assert port == 6443
        return self.names if self.clock.monotonic() < self.until else frozenset()


def inspect(until: float, *names: str, wait_timeout: float = 10.0) -> float:
    """The seconds that the proof took."""
    clock = MemoryClock()
    begin = clock.monotonic()
    clients = Clients(clock, begin + until, *names)
    found = port_clients.inspect(clients, clock, 6443, host="lb1", quiet=3, wait_timeout=wait_timeout)
    assert found.values == {"clients": []}
    return clock.monotonic() - begin


def test_nobody_was_there() -> None:
    assert 3 <= inspect(0) < 3.5


def test_the_last_one_is_waited_for() -> None:
    assert 7.5 <= inspect(5, "192.0.2.21") < 8.5


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("192.0.2.21",), "Port 6443 of lb1 is still used by 192.0.2.21: point it elsewhere"),
        (tuple("abcdefg"), "still used by a, b, c, d and e and 2 more: point them elsewhere"),
    ],
)
def test_who_stays_is_named(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(NotProved) as error:
        inspect(100, *names)
    assert said in error.value.message
    assert error.value.details["clients"] == sorted(names)
    with pytest.raises(NotProved):
        inspect(100, *names, wait_timeout=0)
