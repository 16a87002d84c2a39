# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source file names its licence; no committed file names a package index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.environment import ROOT, source_files

HEADER = "SPDX-License-Identifier: GPL-3.0-or-later"
GENERATED = re.compile(
    r"^(CHANGELOG\.md|changelogs/changelog\.yaml|requirements/[^/]+\.txt|docs/results/.+\.json|(.+/)?go\.(mod|sum))$"
)
PROSE = {".md"}
FILES = [path for path in source_files() if path.name != "LICENSE" and not GENERATED.match(path.as_posix())]


def states_licence(text: str) -> bool:
    """Whether one of the first ten lines is the licence identifier."""
    return any(HEADER in line for line in text.splitlines()[:10])


def _licence_of(path: Path) -> Path:
    sidecar = ROOT / f"{path}.license"
    return sidecar if sidecar.is_file() else ROOT / path


def test_every_file_states_its_licence() -> None:
    sources = [path for path in FILES if path.suffix not in PROSE]
    assert sources
    assert [str(path) for path in sources if not states_licence(_licence_of(path).read_text(errors="replace"))] == []


def test_a_missing_licence_is_found() -> None:
    assert not states_licence("#!/bin/sh\necho\n")
    assert not states_licence("\n" * 20 + f"# {HEADER}\n")
    assert states_licence(f"#!/bin/sh\n# {HEADER}\n")


def test_the_licence_is_the_gpl() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text


@pytest.mark.parametrize("name", ["bootstrap", "collections", "development", "importer"])
def test_a_lock_has_hashes_and_no_hosts(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = re.findall(r"^[A-Za-z0-9][^\s=]*==\S+", text, re.MULTILINE)
    assert pins
    assert len(re.findall(r"^[A-Za-z0-9].*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins)
    assert "://" not in text
    assert "--index-url" not in text
