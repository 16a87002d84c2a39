# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role of a load balancer leaves computing to its provider: its variables are paths, its template holds loops only."""

from __future__ import annotations

import re
import typing as t

import jinja2.meta
import jinja2.nodes
import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_haproxy import values
from tests.unit.plugins.role_template import ENVIRONMENT

#: What is in a template beside text. ``joiner`` is Jinja's own for what stands between the parts of a list.
_LOOPS = (
    jinja2.nodes.For, jinja2.nodes.Output, jinja2.nodes.TemplateData, jinja2.nodes.Name, jinja2.nodes.Getattr,
    jinja2.nodes.Assign, jinja2.nodes.Call, jinja2.nodes.Const,
)  # fmt: skip
#: Variables of the role that its tasks read and its configuration does not depend on.
_OF_TASKS = {"pki_dir", "firewalld_zone", "distributions", "seen"}


def role(name: str, *parts: str) -> str:
    return ROOT.joinpath("roles", name, *parts).read_text(encoding="utf-8")


def parsed() -> jinja2.nodes.Template:
    return ENVIRONMENT.parse(role("apiserver_haproxy", "templates", "haproxy.cfg.j2"))


def test_a_template_holds_loops_only() -> None:
    nodes = list(parsed().find_all(jinja2.nodes.Node))
    filters = [node for node in nodes if isinstance(node, jinja2.nodes.Filter)]
    assert [node.name for node in filters] == ["comment"]
    assert {type(node) for node in nodes} - set(_LOOPS) == {jinja2.nodes.Filter}
    called = {node.node.name for node in nodes if isinstance(node, jinja2.nodes.Call)}
    assert called == {"joiner", "comma"}


def test_a_template_names_the_values_of_its_provider() -> None:
    named = jinja2.meta.find_undeclared_variables(parsed())
    assert named == {*values(), "digest", "ansible_managed"}


def test_a_role_gives_every_input_by_its_name() -> None:
    (task,) = yaml.safe_load(role("apiserver_haproxy", "tasks", "decide.yml"))
    inputs = task["kubeadm.ha.load_balancer_decision"]["inputs"]
    assert inputs == {name: f"{{{{ apiserver_haproxy_{name} }}}}" for name in haproxy.VARIABLES}
    specification = yaml.safe_load(role("apiserver_haproxy", "meta", "argument_specs.yml"))["argument_specs"]
    options = {name.removeprefix("apiserver_haproxy_") for name in specification["main"]["options"]}
    assert options == {*haproxy.VARIABLES} | _OF_TASKS


@pytest.mark.parametrize("name", ["apiserver_haproxy"])
def test_variables_of_a_role_are_paths(name: str) -> None:
    variables: dict[str, t.Any] = yaml.safe_load(role(name, "vars", "main.yml"))
    marker = variables.pop(f"__{name}_marker")
    assert "{{" not in marker
    assert [key for key, value in variables.items() if not re.fullmatch(r"(\{\{ \w+ \}\})?/[\w./-]+", value)] == []
