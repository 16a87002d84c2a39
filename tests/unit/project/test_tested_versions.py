# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is called tested was run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools import tested_versions


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
        "| 1.37.1 | new | 2026-11-30 | `pytest a \\| b` | 0123456789 |",
        "| 1.9.1 | old | 2026-11-30 | `pytest a \\| b` | 0123456789 |",
    ]


def test_the_document_is_that_of_the_kept_results() -> None:
    expected = tested_versions.document()
    assert tested_versions.DOCUMENT.read_text(encoding="utf-8") == expected, "python3 -m tests.tools.tested_versions"


@pytest.mark.parametrize("path", tested_versions.READMES, ids=lambda path: path.name)
def test_each_readme_names_them_and_the_document(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = tested_versions.readme(text, path, tested_versions.versions())
    assert text == expected, "python3 -m tests.tools.tested_versions"
    assert "docs/tested-versions.md" in text
    for version in tested_versions.versions():
        assert version in text


@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        (["1.37.1"], "- Tested with Kubernetes 1.37.1 on Debian 13."),
        (["1.37.1", "1.34.4"], "- Tested with Kubernetes 1.37.1 and 1.34.4 on Debian 13."),
        (["1.37.1", "1.34.4", "1.28.15"], "- Tested with Kubernetes 1.37.1, 1.34.4 and 1.28.15 on Debian 13."),
    ],
)
def test_versions_are_put_into_the_sentence_that_is_there(tested: list[str], expected: str) -> None:
    path = tested_versions.ROOT / "README.md"
    before = "- Tested with Kubernetes 1.2.3 and 1.0.0 on Debian 13."
    assert tested_versions.readme(before, path, tested) == expected
    with pytest.raises(ValueError, match=r"README\.md does not say once"):
        tested_versions.readme("- Tested.", path, tested)


def test_versions_are_those_that_passed_the_newest_first(tmp_path: Path) -> None:
    kept(tmp_path, "old", "v1.9.1")
    kept(tmp_path, "new", "v1.37.1")
    kept(tmp_path, "other", "v1.37.1")
    kept(tmp_path, "failed", "v1.38.0", passed=False)
    assert tested_versions.versions(tmp_path) == ["1.37.1", "1.9.1"]
