# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the README is small, and is made of the page that the demo leaves."""

from __future__ import annotations

import typing as t

import pytest

from tests.tools import picture
from tests.tools.chromium import Picture
from tests.tools.environment import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path


def test_the_picture_is_one_and_small() -> None:
    content = picture.PICTURE.read_bytes()
    parsed = Picture.parse(content)
    assert (parsed.width, parsed.height) == (picture.WIDTH, picture.HEIGHT)
    assert len(content) < 200_000


def test_it_is_of_the_newest_page_of_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "PAGE", tmp_path / "demo" / "report.html")
    with pytest.raises(ValueError, match="has no page of a run"):
        picture.keep_page(tmp_path)
    for stamp in ("20261130T080000Z", "20261201T070000Z"):
        (tmp_path / f"run-{stamp}.html").write_text(stamp)
    assert picture.keep_page(tmp_path).read_text() == "20261201T070000Z"


def test_without_a_page_the_picture_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(picture, "PAGE", tmp_path / "report.html")
    monkeypatch.setattr(picture, "PICTURE", tmp_path / "report.png")
    assert picture.main() == 1
    assert not picture.PICTURE.exists()
    assert capsys.readouterr().err == f"there is no {tmp_path}/report.html: make demo writes it\n"


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_it_and_says_how_it_is_made(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "](docs/report.png)" in text
    assert "`python3 -m tests.tools.picture`" in text
