# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the reports of cluster, etcd and load balancers are written is known in one file each."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.cluster import test_report as of_cluster
from tests.unit.plugins.module_utils._domain.etcd import test_report as of_etcd
from tests.unit.plugins.module_utils._domain.load_balancer import test_report as of_load_balancer

PLUGINS = ROOT / "plugins"
#: Each with every key that it can have. They are read by ``report_fields``, never as a mapping is read.
REPORTS: t.Sequence[t.Mapping[str, t.Any]] = (
    of_cluster.FULL,
    of_etcd.ETCD_CLUSTERS["healthy"].as_dict(),
    of_load_balancer.DECISION,
    of_load_balancer.REPORT,
)
#: Keys whose values are Kubernetes objects, or were never this collection's: nothing below them is the report's.
FOREIGN = frozenset({
    "after", "configmaps", "join_rights", "labels", "metadata", "node_selector", "node_terms", "spec", "taints", "tolerations",
})  # fmt: skip
#: Keys that other documents have, too: Kubernetes objects, etcd's gateway, the reports of hosts, arguments of modules.
SHARED = frozenset({
    "addresses", "alarms", "certificate", "changes", "clock", "component", "cri_socket", "deployment", "endpoints", "failure", "id",
    "kind", "labels", "leader", "members", "message", "metadata", "modules", "name", "namespace", "node", "object",
    "path", "pem", "port", "ports", "protocols", "reason", "replicas", "running", "spec", "started", "static_pods", "taints",
    "tolerations", "tools", "type", "version",
})  # fmt: skip


def keys_of(document: t.Any) -> t.Iterator[str]:
    """Every key of a report, however deep."""
    if isinstance(document, t.Mapping):
        for key, value in document.items():
            yield key
            yield from keys_of(value) if key not in FOREIGN else ()
    elif isinstance(document, list):
        for item in document:
            yield from keys_of(item)


def read_keys(source: str) -> t.Iterator[tuple[int, str]]:
    """Line and text of each constant by which a program reads something of a mapping, or checks whether it is there."""
    for node in ast.walk(ast.parse(source)):
        found: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            found = next(iter(node.args), None)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            found = node.left
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.lineno, found.value


def controller_code() -> list[Path]:
    """The files that decide, and those that hand reports to them."""
    return [*sorted((PLUGINS / "module_utils" / "_domain").rglob("*.py")), *sorted((PLUGINS / "action").glob("*.py"))]


KEYS = frozenset(key for report in REPORTS for key in keys_of(report)) - SHARED


def test_no_key_of_a_report_is_read_like_that_of_a_mapping() -> None:
    assert {"consumers", "ready", "healthy", "peer_urls", "differs", "has_ipv6", "running_since"} <= KEYS
    found = [
        f"{path.relative_to(PLUGINS)}:{line}: {key}"
        for path in controller_code()
        for line, key in read_keys(path.read_text(encoding="utf-8"))
        if key in KEYS
    ]
    assert found == [], "use the attribute; only a report itself knows how it is written"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a['x']", ["x"]),
        ("a.get('x')", ["x"]),
        ("a.get('x', {})['y']", ["x", "y"]),
        ("'x' in a", ["x"]),
        ("'x' not in a", ["x"]),
        ("a['x'] = 1", []),
        ("{'x': a.x, **b}", []),
        ("fields.text('x')", []),
    ],
)
def test_what_counts_as_reading(source: str, expected: list[str]) -> None:
    assert sorted(key for _line, key in read_keys(source)) == expected
