# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is called tested was run."""

from __future__ import annotations

import json
import typing as t

from tests.tools import tested_versions

if t.TYPE_CHECKING:
    from pathlib import Path


def kept(directory: Path, name: str, kubernetes: str, *, passed: bool = True) -> None:
    result = {"scenario": name, "kubernetes": kubernetes, "passed": passed}
    content = {"date": "2026-11-30", "command": "pytest a | b", "commit": "0123456789abcdef", "result": result}
    (directory / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_row_for_each_result_that_passed_the_newest_version_first(tmp_path: Path) -> None:
    kept(tmp_path, "old", "v1.9.1")
    kept(tmp_path, "new", "v1.37.1")
    kept(tmp_path, "failed", "v1.38.0", passed=False)
    (tmp_path / "full_run.json").write_text("{}", encoding="utf-8")
    rows = [line for line in tested_versions.document(tmp_path).splitlines() if line.startswith("| 1")]
    assert rows == [
        "| 1.37.1 | Debian 13 | 2.19.14 | 3.11 or newer | new | 2026-11-30 | `pytest a \\| b` | 0123456789 |",
        "| 1.9.1 | Debian 13 | 2.19.14 | 3.11 or newer | old | 2026-11-30 | `pytest a \\| b` | 0123456789 |",
    ]


def test_the_document_is_that_of_the_kept_results() -> None:
    expected = tested_versions.document()
    assert tested_versions.DOCUMENT.read_text(encoding="utf-8") == expected, "python3 -m tests.tools.tested_versions"


def test_the_readme_names_it() -> None:
    assert "docs/tested-versions.md" in (tested_versions.ROOT / "README.md").read_text(encoding="utf-8")
