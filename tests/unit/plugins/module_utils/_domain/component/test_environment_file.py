# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of ``EnvironmentFile=``."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import environment_file
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text

VALUES = {
    "plain": ("A=1\nB = 2 \n", {"A": "1", "B": "2"}),
    "comments": ("# A=1\n; B=2\nC=3 # 4\n", {"C": "3 # 4"}),
    "double quotes over lines": ('A="--a \\\n--b \\\n  --c"\n', {"A": "--a --b   --c"}),
    "line ends in quotes": ("A=\"1\n2\"\nB='3\n4'", {"A": "1\n2", "B": "3\n4"}),
    "escapes in double quotes": (r'A="\"\\\$\`\n"', {"A": '"\\$`\\n'}),
    "single quotes": (r"A='\n \' B=1", {"A": r"\n \B=1"}),
    "quotes one after the other": ('A="1" \'2\'3"4"', {"A": '123"4"'}),
    "no quotes": ("A=--a='b c' \\\n --d\\ \n", {"A": "--a='b c'  --d "}),
    "quotes in a word": ('A=--a="b"', {"A": '--a="b"'}),
    "the last counts": ("A=1\nA=2\n", {"A": "2"}),
    "empty": ("A=\nB=''\nC", {"A": "", "B": ""}),
    "other names": ("export A=1\n1B=2\n=3\nÄ=4\nC=5", {"C": "5"}),
    "an equals sign as a name": ("='\nB=2\n=='\nC=3'\nD=4", {"B": "2", "D": "4"}),
    "old line ends": ("A=1\rB=2\r\nC=3", {"A": "1", "B": "2", "C": "3"}),
    "the end of the file": ('A="1', {"A": "1"}),
    "a backslash at the end": ("A=1\\", {"A": "1"}),
    "a backslash in a comment": ("# a\\b\nA=1\n# c \\\n\nB=2\n# d \\\n# e\nC=3\n", {"A": "1", "B": "2", "C": "3"}),
    "a byte order mark": ("\ufeffA=1\nB=2", {"B": "2"}),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    text, expected = VALUES[name]
    assert {each.name: each.value for each in environment_file.parse(Text("/etc/a.conf", text))} == expected


REFUSED = {
    "a NUL": ("A=1\nB=\0", "/etc/a.conf, line 2 has a NUL byte"),
    "no UTF-8": ("A=1\nB=\udcff", "/etc/a.conf, line 2 is no UTF-8"),
    "a comment that goes on or not": ("\n# a \\\nA=1\n", "/etc/a.conf, line 2 is a comment that ends with a backslash"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(UnsupportedState, match=message):
        environment_file.parse(Text("/etc/a.conf", text))


@given(st.text(alphabet="AB=#;'\" \\\n\r\t$`1-\0\udcff", max_size=40))
def test_odd_files_are_read_or_refused(content: str) -> None:
    text = Text("/etc/a.conf", content)
    with contextlib.suppress(UnsupportedState):
        for variable in environment_file.parse(text):
            assert content[variable.start : variable.stop].partition("=")[0].strip() == variable.name
            assert all(variable.start < each.start < each.stop <= variable.stop for each in variable.characters)
