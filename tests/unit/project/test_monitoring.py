# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/monitoring: rules and dashboard use the metrics that its page lists, and the jobs that its scrape configuration has."""

from __future__ import annotations

import json
import re
import typing as t

import yaml

from tests.tools.environment import ROOT

MONITORING = ROOT / "docs" / "monitoring"
PAGE = (MONITORING / "README.md").read_text(encoding="utf-8")
#: Of PromQL, as far as it is used here.
WORDS = {
    "absent", "and", "by", "changes", "count", "floor", "histogram_quantile", "increase", "max", "min", "on", "rate", "sum",
    "time", "unless",
}  # fmt: skip
_NO_METRIC = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)", re.DOTALL)
_NAME = re.compile(r"(?<![\w.])[A-Za-z_:][\w:]*")
_JOB = re.compile(r'\bjob="([^"]+)"')
_ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def rules() -> list[dict[str, t.Any]]:
    """All alerts."""
    groups = yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, t.Any]]:
    """All panels of the dashboard."""
    found: list[dict[str, t.Any]] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    """Whatever Prometheus is asked."""
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def metrics(expression: str) -> set[str]:
    """Names of metrics in an expression."""
    return set(_NAME.findall(_NO_METRIC.sub(" ", expression))) - WORDS


def listed() -> list[str]:
    """Metrics of the page's table."""
    return _ROW.findall(PAGE[PAGE.index("## Where metrics come from") :])


def test_names_are_found() -> None:
    text = (
        'histogram_quantile(0.99, sum by (instance, le) (rate(a_bucket{job="b",c!~"d.+"}[5m]))) > 1\n and on () up == 0'
    )
    assert metrics(text) == {"a_bucket", "up"}


def test_the_page_lists_the_metrics_in_use_and_no_others() -> None:
    assert len(listed()) == len(set(listed()))
    assert set(listed()) == set().union(*map(metrics, expressions()))


def test_every_job_is_scraped() -> None:
    scraped = yaml.safe_load((MONITORING / "scrape.yml").read_text(encoding="utf-8"))["scrape_configs"]
    jobs = {job["job_name"] for job in scraped}
    assert set(_JOB.findall("\n".join(expressions()))) <= jobs
    assert {job for job in jobs if f"`{job}`" not in PAGE} == set()


def test_each_alert_says_what_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["alert"].startswith("KubeadmHa")
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["annotations"]["description"].endswith(".")


def test_the_role_has_the_variable_of_haproxys_metrics() -> None:
    defaults = yaml.safe_load(
        (ROOT / "roles" / "apiserver_haproxy" / "defaults" / "main.yml").read_text(encoding="utf-8")
    )
    template = (ROOT / "roles" / "apiserver_haproxy" / "templates" / "haproxy.cfg.j2").read_text(encoding="utf-8")
    assert "apiserver_haproxy_metrics_bind" in defaults
    assert "backend kubernetes-apiserver\n" in template, "the rules' proxy"
    assert "server {{ server.name }}:unchecked " in template, "what the rules leave out"


def test_panels_do_not_overlap() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(places) == len(set(places)) == len({panel["id"] for panel in panels()})
