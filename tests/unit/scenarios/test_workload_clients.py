# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted of clients that use a cluster."""

from __future__ import annotations

import ast

from tests.scenarios.bystanders import _CLIENT, Seen


def test_lookups_count_from_a_moment_on_on_every_node() -> None:
    seen = Seen(lookups={"w1": [(10.0, False), (12.5, True), (13.0, False)], "w2": [(11.9, True)]})
    assert seen.lookups_since(12.5) == {"w1": [True, False], "w2": []}


def test_the_client_that_runs_on_nodes_is_a_program() -> None:
    names = {"service": "http://192.0.2.1/", "dns": "192.0.2.2", "name": "smoke.default.svc.odd.internal"}
    program = _CLIENT.format(running="/run/clients", **names)
    assert {node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)} >= {*names.values()}
