# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Chinese README has the parts, the commands, the names and the links of the English one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
#: Parts whose tables stand in the English one only, which the translation leads to.
TABLES = ("What changes on your hosts", "Measured")

_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\((?!#)([^)#\s]+)")


def blocks(text: str) -> list[str]:
    return _BLOCK.findall(text)


def parts(text: str) -> dict[str, str]:
    """Text of each part of the second level by its heading, in their order."""
    pieces = re.split(r"^## (.+)$", _BLOCK.sub("", text), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def levels(text: str) -> list[int]:
    return [len(found) for found in re.findall(r"^(#+) ", _BLOCK.sub("", text), flags=re.MULTILINE)]


def pairs() -> list[tuple[str, str, str]]:
    """Heading, English and Chinese text of each part that is translated as a whole."""
    both = zip(parts(ENGLISH).items(), parts(CHINESE).items(), strict=True)
    return [(heading, english, chinese) for (heading, english), (_other, chinese) in both if heading not in TABLES]


def test_the_headings_are_the_same() -> None:
    assert levels(CHINESE) == levels(ENGLISH)


def test_the_commands_are_the_same() -> None:
    assert blocks(CHINESE) == blocks(ENGLISH)


def test_each_part_has_the_names_of_the_other() -> None:
    different = {
        heading: set(_NAME.findall(english)) ^ set(_NAME.findall(chinese)) for heading, english, chinese in pairs()
    }
    assert {heading: sorted(names) for heading, names in different.items() if names} == {}


def test_each_part_has_the_links_and_rows_of_the_other() -> None:
    for heading, english, chinese in pairs():
        assert set(_LINK.findall(english)) == set(_LINK.findall(chinese)), heading
        assert english.count("\n|") == chinese.count("\n|"), heading


def test_each_leads_to_the_other() -> None:
    assert "](README.zh-CN.md)" in ENGLISH
    assert "README.md#what-changes-on-your-hosts" in CHINESE
