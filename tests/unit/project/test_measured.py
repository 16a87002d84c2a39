# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide and the README say what the kept results say."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from tests.tools import full_run, keep_results, measured
from tests.tools.kept_results import MadeWith
from tests.tools.pieces import Piece

if t.TYPE_CHECKING:
    from pathlib import Path

MAKE = "python3 -m tests.tools.measured"


def content(scenario: str = "convert", **others: t.Any) -> dict[str, t.Any]:
    """A kept result."""
    result = {
        "scenario": scenario,
        "kubernetes": "v1.34.4",
        "made_with": {"hosts": "Debian 13", "ansible_core": "2.20.1", "python": "3.12.3"},
        "passed": True,
        "steps": [
            {"name": "before state", "seconds": 37.2},
            {"name": "audit before", "seconds": 5.0},
            {"name": "inspect", "seconds": 12.0},
            {"name": "join control planes", "seconds": 30.6},
        ],
        "probes": {name: {"sent": 2685, "failed": 0, "longest_gap_ms": 343} for name in ("cp1", "control", "endpoint")},
        "figures": {
            "noop_seconds": {"value": 10.891, "bound": 8.0},
            "noop_changed": {"value": 0, "bound": 0},
            "percent_of_probes_at_cp1_before_the_kill": {"value": 100, "bound": 20},
            "rto_kill_seconds": {"value": 0.451, "bound": 1.0},
            "failed_probes_kill": {"value": 1, "bound": 20},
        },
        **others,
    }
    return {
        "date": "2026-11-30",
        "command": "pytest x | y",
        "commit": "0123456789abcdef",
        "factor": 1.2,
        "result": result,
    }


def parsed(**others: t.Any) -> measured.Kept:
    result = measured.Kept.parse(content(**others))
    assert result is not None
    return result


def bench() -> measured.Kept:
    names = ("site.yml", "plain script", "its twin that does nothing")
    return parsed(scenario="bench", steps=[{"name": name, "seconds": 80.25} for name in names])


def conversions() -> dict[str, measured.Kept]:
    return {**{name: parsed(scenario=name) for name in measured.CONVERSIONS}, "bench": bench()}


def test_the_guide_is_that_of_the_kept_results() -> None:
    assert measured.GUIDE.read_text(encoding="utf-8") == measured.guide(measured.kept()), MAKE


def test_the_table_of_the_readme_is_that_of_the_kept_results() -> None:
    text = measured.README.read_text(encoding="utf-8")
    assert text == measured.readme(text, measured.kept()), MAKE


def test_no_figure_of_the_readme_is_typed_by_hand() -> None:
    """Times that are no bounds of a variable or a promise stand in the part that is written."""
    parts = re.split(r"^## ", measured.README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in parts if part.startswith("Measured\n")]
    assert re.findall(r"\d+\.\d+ s|0 of \d+", measured._BLOCK.sub("", text)) == []


def test_only_what_passed_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content("a")))
    (tmp_path / "b.json").write_text(json.dumps(content("b", passed=False)))
    (tmp_path / "full_run.json").write_text("{}")
    assert list(measured.kept(tmp_path)) == ["a"]


def test_a_section_has_every_figure_with_its_bound() -> None:
    text = measured.guide({"convert": parsed()})
    assert "2026-11-30, commit 0123456789, Kubernetes 1.34.4, factor 1.2: ``pytest x | y``" in text
    assert '   "1.34.4", "Debian 13", "2.20.1", "3.12.3", "``convert``"\n' in text
    assert '   "endpoint", "2685", "0", "0.34 s"\n' in text
    figures = text[text.index('"figure"') :].splitlines()[2:]
    assert figures == [
        '   "``noop_seconds``", "10.891", "8 (9.6)", "above"',
        '   "``noop_changed``", "0", "0", ""',
        '   "``percent_of_probes_at_cp1_before_the_kill``", "100", "at least 20", ""',
        '   "``rto_kill_seconds``", "0.451", "1 (1.2)", ""',
        '   "``failed_probes_kill``", "1", "20", ""',
    ]


def test_what_never_happened_is_said() -> None:
    text = measured.guide({"x": parsed(scenario="x", figures={"rto_seconds": {"value": None, "bound": 1.0}})})
    assert '   "``rto_seconds``", "never", "1 (1.2)", "above"\n' in text


def test_a_scenario_is_described_by_its_own_words() -> None:
    about = measured._about(parsed(scenario="newest_ansible"))
    assert about.startswith("The main job with the newest ansible-core")
    assert measured._about(parsed(scenario="there_is_none")) == ""


def test_every_kept_scenario_says_what_it_is_about() -> None:
    assert [name for name, result in measured.kept().items() if not measured._about(result)] == []


def test_the_newest_version_comes_first() -> None:
    text = measured.guide(
        {name: parsed(scenario=name, kubernetes=f"v{name}") for name in ("1.9.1", "1.37.1", "1.34.4")}
    )
    assert re.findall(r'^   "([\d.]+)", "Debian', text, re.MULTILINE) == ["1.37.1", "1.34.4", "1.9.1"]


def test_the_readme_gets_the_table_and_keeps_the_rest() -> None:
    text = f"a\n{measured._BEGIN}\nold\n{measured._END}\nb\n"
    written = measured.readme(text, conversions())
    assert written.startswith(
        f"a\n{measured._BEGIN}\n\n| scenario | convert | convert_odd | convert_external |\n|---|---|---|---|\n"
    )
    assert written.endswith(f"\n{measured._END}\nb\n")
    assert "| 43 s | 43 s | 43 s |\n" in written
    assert "| 0 of 2685, longest gap 0.34 s |" in written
    assert "| 10.9 s, `changed=0` |" in written
    assert "| 0.45 s, failed probes: 1 |" in written
    assert "conversion took 80.2 s" in written
    assert measured.readme(written, conversions()) == written


@pytest.mark.parametrize("text", ["", f"{measured._BEGIN}\n{measured._END}\n" * 2])
def test_a_readme_without_one_place_for_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"README\.md does not have one pair of lines"):
        measured.readme(text, conversions())


def test_results_of_before_have_the_versions_of_their_lock() -> None:
    old = {"scenario": "convert"}
    assert MadeWith.of(old) == MadeWith("Debian 13", "2.19.14", "3.11 or newer")
    assert MadeWith.of({"scenario": "newest_ansible"}).ansible_core == "2.21.5"
    assert MadeWith.of(content()["result"]).python == "3.12.3"


def test_keeping_a_result_is_no_change_of_what_was_tested() -> None:
    unit = Piece("unit", "unit", ("tests/unit",), is_required=True)
    files = ["plugins/x.py", "README.md", *keep_results.KEPT, *measured.WRITTEN]
    assert "docs/docsite/rst/guide_measured.rst" in measured.WRITTEN
    assert "docs/docsite/rst/guide_measured.rst" not in full_run.inputs(unit, files)
