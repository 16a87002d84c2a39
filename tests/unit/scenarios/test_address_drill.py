# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts say of a virtual IP address, read."""

from __future__ import annotations

import pytest

from tests.scenarios.address_drill import Read, holders_by_time


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1.5|0|", Read(1.5, "lb1", False, {})),
        ("1.5|1|  120 Ss,  121 S,", Read(1.5, "lb1", True, {120: "Ss", 121: "S"})),
        ("1.5|1|  120 Ts,", Read(1.5, "lb1", True, {120: "Ts"})),
    ],
)
def test_a_line_of_the_reader(line: str, wanted: Read) -> None:
    assert Read.parse("lb1", line) == wanted


def test_who_has_the_address_is_known_of_all_hosts_at_once() -> None:
    reads = [Read(1.0, "a", True, {}), Read(1.1, "b", False, {}), Read(2.0, "b", True, {}), Read(2.1, "a", False, {})]
    assert holders_by_time(reads) == [
        (1.0, frozenset("a")),
        (1.1, frozenset("a")),
        (2.0, frozenset("ab")),
        (2.1, frozenset("b")),
    ]
