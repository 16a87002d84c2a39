# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the README is small, and can be made again."""

from __future__ import annotations

import pytest

from tests.tools import picture
from tests.tools.chromium import Picture
from tests.tools.environment import ROOT


def test_the_picture_is_one_and_small() -> None:
    content = picture.PICTURE.read_bytes()
    parsed = Picture.parse(content)
    assert (parsed.width, parsed.height) == (picture.WIDTH, picture.HEIGHT)
    assert len(content) < 200_000


def test_its_page_is_an_audit_of_addresses_for_documentation() -> None:
    page = picture.page()
    assert "is an outage." in page
    assert "192.0.2." in page


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_it_and_says_how_it_is_made(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "](docs/audit.png)" in text
    assert "`python3 -m tests.tools.picture`" in text
