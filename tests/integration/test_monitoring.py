# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alerts of docs/monitoring by promtool: each fires by what it is for, and not by what it is not for."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.tools.environment import ROOT
from tests.tools.promtool import promtool

RULES = ROOT / "docs" / "monitoring" / "rules.yml"
SCRAPE = ROOT / "docs" / "monitoring" / "scrape.yml"
CASES: dict[str, t.Any] = yaml.safe_load(
    (Path(__file__).parent / "monitoring" / "cases.yml").read_text(encoding="utf-8")
)
BY_ALERT = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
ALERTS = list(BY_ALERT)


@pytest.fixture(scope="module")
def program() -> Path:
    """promtool."""
    return promtool()


def test_each_alert_has_a_case() -> None:
    assert list(CASES) == ALERTS


def test_the_rules_are_valid(program: Path) -> None:
    subprocess.run([program, "check", "rules", RULES], check=True)


def test_the_scrape_configuration_is_valid(program: Path) -> None:
    subprocess.run([program, "check", "config", "--syntax-only", SCRAPE], check=True)


def case(directory: Path, name: str, alert: str, series: t.Mapping[str, str], count: int) -> Path:
    """A test of promtool: with these series an alert fires that often."""
    samples = [{"labels": "{}", "value": count}] if count else []
    query = {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})', "eval_time": "2h"}
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{**query, "exp_samples": samples}],
    }
    # The one rule: with all of them a case takes that many times as long.
    rules = directory / f"{alert}.rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "one", "rules": [BY_ALERT[alert]]}]}), encoding="utf-8")
    path = directory / f"{name}.yml"
    document = {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def verdicts(program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of each case, all in one process: it needs long to start."""
    directory = tmp_path_factory.mktemp("cases")
    paths = [
        path
        for alert, item in CASES.items()
        for path in (
            case(directory, f"{alert}.fires", alert, item["fires"], item["alerts"]),
            case(directory, f"{alert}.quiet", alert, item["quiet"], 0),
        )
    ]
    first = ALERTS[0]
    paths.append(case(directory, "wrong", first, CASES[first]["quiet"], 1))
    ended = subprocess.run([program, "test", "rules", *paths], capture_output=True, text=True, check=False)
    parts = re.split(r"^Unit Testing:\s+(\S+)$", f"{ended.stdout}{ended.stderr}", flags=re.MULTILINE)[1:]
    return {Path(name).stem: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("kind", ["fires", "quiet"])
@pytest.mark.parametrize("alert", ALERTS)
def test_it_fires_by_what_it_is_for_and_by_nothing_else(verdicts: dict[str, str], alert: str, kind: str) -> None:
    assert verdicts[f"{alert}.{kind}"] == "SUCCESS"


def test_a_wrong_count_is_found(verdicts: dict[str, str]) -> None:
    assert verdicts["wrong"].startswith("FAILED")
