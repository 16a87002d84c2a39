# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the documentation site lead somewhere, and a gate builds it."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.tools import docs_site, gates
from tests.tools.environment import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("other.html", None),
        ("other.html#there", None),
        ("other.html#named", None),
        ("#here", None),
        ("https://example.org/nowhere#at-all", None),
        ("mailto:nobody@example.org", None),
        ("a%20picture.png", None),
        ("another.html", "there is no file for another.html"),
        ("other.html#nowhere", "there is no anchor for other.html#nowhere"),
        ("#there", "there is no anchor for #there"),
        ("picture.png", "there is no file for picture.png"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, link: str, fault: str | None) -> None:
    (tmp_path / "page.html").write_text(f'<h1 id="here">a</h1><a href="{link}">b</a>', encoding="utf-8")
    (tmp_path / "other.html").write_text('<h1 id="there">a</h1><a name="named"></a>', encoding="utf-8")
    (tmp_path / "a picture.png").write_bytes(b"")
    assert docs_site.broken_links(tmp_path) == ([f"page.html: {fault}"] if fault else [])


def test_lint_builds_the_site() -> None:
    commands = [gate.command for gate in gates.gates() if gate.name == "documentation site"]
    assert [command[1:] for command in commands] == [("-m", "tests.tools.docs_site")]


@pytest.mark.parametrize(
    ("label", "is_ours"),
    [
        ("ansible_collections.kubernetes.core.k8s_module", False),
        ("ansible_collections.ansible.builtin.file_module", False),
        ("common_return_values", False),
        ("ansible_collections.kubeadm.ha.nothing_module", True),
        ("guide_nothing", True),
    ],
)
def test_a_reference_is_missed_where_the_site_should_have_it(label: str, is_ours: bool) -> None:
    warning = f"x.rst:53: WARNING: undefined label: '{label}' [ref.ref]"
    assert (docs_site.FOREIGN.search(warning) is None) is is_ours


def test_every_guide_is_in_the_table_of_contents() -> None:
    contents = (ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8")
    guides = sorted(path.stem for path in (ROOT / "docs/docsite/rst").glob("*.rst"))
    assert sorted(re.findall(r"- (guide_\w+)", contents)) == guides
