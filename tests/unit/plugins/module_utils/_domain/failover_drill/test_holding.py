# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which hosts an address was, over a table of samples and by properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.holding import (
    Sample,
    held,
    single_since,
)


def samples(text: str) -> list[Sample]:
    """One each second: letters of the hosts that have the address, ``-`` for none, parted by spaces."""
    return [Sample(float(number), frozenset(word.strip("-"))) for number, word in enumerate(text.split())]


HOLDINGS = [
    ("it stays", "a a a a", ("a", "a", 0, 0.0)),
    ("it moves at once", "a a b b", ("a", "b", 1, 1.0)),
    ("nobody has it between", "a a - - b b", ("a", "b", 1, 3.0)),
    ("two have it between", "a a ab ab b b", ("a", "b", 1, 3.0)),
    ("it comes back", "a a - a a", ("a", "a", 0, 2.0)),
    ("it comes and goes", "a b a b b", ("a", "b", 3, 3.0)),
    ("two keep it", "a a ab ab", ("a", "a, b", 0, None)),
    ("nobody has it in the end", "a a - -", ("a", "", 0, None)),
    ("two had it before", "ab ab b", (None, "b", 0, 1.0)),
]


@pytest.mark.parametrize(("text", "wanted"), [case[1:] for case in HOLDINGS], ids=[case[0] for case in HOLDINGS])
def test_what_has_become_of_it(text: str, wanted: tuple[str | None, str, int, float | None]) -> None:
    found = held(samples(text))
    assert (found.previous_holder, found.new_holder, found.transitions, found.seconds) == wanted


WORDS = st.lists(st.sampled_from(["a", "b", "ab", "-"]), min_size=1, max_size=12)


@given(WORDS)
def test_there_are_seconds_where_one_has_it_in_the_end(words: list[str]) -> None:
    found = samples(" ".join(words))
    is_single = len(found[-1].holders) == 1
    assert (held(found).seconds is not None) == is_single == (single_since(found) is not None)
    assert 0 <= (held(found).seconds or 0) <= len(words)
