# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the Markdown of the repository lead to files and headings that there are."""

from __future__ import annotations

import functools
import re
import typing as t
import urllib.parse

import pytest

from tests.tools.environment import ROOT, source_files

if t.TYPE_CHECKING:
    from pathlib import Path

_CODE = re.compile(r"^ *(```+).*?^ *\1$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^ *(```+).*?^ *\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def documents() -> list[Path]:
    return sorted(ROOT / name for name in source_files() if name.suffix == ".md")


@functools.cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors that GitHub gives to the headings of a document, and those that it gives itself."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    found: list[str] = []
    for heading in _HEADING.findall(text):
        words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        times = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in found)
        found.append(f"{slug}-{times}" if times else slug)
    return frozenset([*found, *_ANCHOR.findall(text)])


def links(text: str) -> list[str]:
    """Targets of the links of a document, those in code left out."""
    return [inline or reference for inline, reference in _LINK.findall(_CODE.sub("", text))]


def faults(path: Path) -> t.Iterator[str]:
    """Links within the repository that lead nowhere."""
    for link in links(path.read_text(encoding="utf-8")):
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
        if not target.exists():
            yield f"{path.name}: there is no {link}"
        elif parts.fragment and urllib.parse.unquote(parts.fragment) not in anchors(target):
            yield f"{path.name}: there is no heading for {link}"


def test_every_link_leads_somewhere() -> None:
    read = documents()
    names = {path.relative_to(ROOT).as_posix() for path in read}
    assert {"README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/lab.md", "docs/tested-versions.md"} <= names
    assert len([name for name in names if name.startswith("docs/adr/")]) > 50
    assert len([name for name in names if name.startswith("roles/")]) > 20
    assert [f"{path.relative_to(ROOT)}: {fault}" for path in read for fault in faults(path)] == []


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("other.md", None),
        ("other.md#two-words-and-code", None),
        ("other.md#twice-1", None),
        ("other.md#given", None),
        ("#zwei-wörter", None),
        ("https://example.org/none.md#none", None),
        ("none.md", "there is no none.md"),
        ("other.md#none", "there is no heading for other.md#none"),
        ("other.md#in-a-block", "there is no heading for other.md#in-a-block"),
        ("#none", "there is no heading for #none"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, link: str, fault: str | None) -> None:
    (tmp_path / "other.md").write_text(
        '# Two words, and `code`\n\n## Twice\n\n## Twice\n\n<a id="given"></a>\n\n```sh\n# in a block\n```\n',
        encoding="utf-8",
    )
    page = tmp_path / "page.md"
    page.write_text(f"# Zwei Wörter\n\nSee [that]({link}), not `[this](nowhere.md)`.\n", encoding="utf-8")
    assert list(faults(page)) == ([f"page.md: {fault}"] if fault else [])
