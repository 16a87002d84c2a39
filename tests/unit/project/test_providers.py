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

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy, nginx
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.load_balancer.providers import test_haproxy, test_nginx
from tests.unit.plugins.role_template import ENVIRONMENT

_LOOPS = (
    jinja2.nodes.For, jinja2.nodes.Output, jinja2.nodes.TemplateData, jinja2.nodes.Name, jinja2.nodes.Getattr,
    jinja2.nodes.Assign, jinja2.nodes.Call, jinja2.nodes.Const,
)  # fmt: skip
_OF_TASKS = {"pki_dir", "probe_ca", "probe_ca_key", "firewalld_zone", "seen"}
_ROLES = ("apiserver_haproxy", "apiserver_nginx")
#: The templates of a role, the values of its provider and the names of its inputs.
_PROVIDERS: dict[str, tuple[tuple[str, ...], t.Mapping[str, t.Any], tuple[str, ...]]] = {
    "apiserver_haproxy": (("haproxy.cfg.j2",), test_haproxy.values(), haproxy.VARIABLES),
    "apiserver_nginx": (
        ("nginx.conf.j2", "nginx-kubernetes-apiserver.service.j2", "kubernetes-apiserver-watch.service.j2"),
        test_nginx.values(),
        nginx.VARIABLES,
    ),
}


def role(name: str, *parts: str) -> str:
    return ROOT.joinpath("roles", name, *parts).read_text(encoding="utf-8")


def parsed(name: str) -> list[jinja2.nodes.Template]:
    return [ENVIRONMENT.parse(role(name, "templates", file)) for file in _PROVIDERS[name][0]]


@pytest.mark.parametrize("name", _ROLES)
def test_a_template_holds_loops_only(name: str) -> None:
    for template in parsed(name):
        nodes = list(template.find_all(jinja2.nodes.Node))
        filters = [node for node in nodes if isinstance(node, jinja2.nodes.Filter)]
        assert [node.name for node in filters] == ["comment"]
        assert {type(node) for node in nodes} - set(_LOOPS) == {jinja2.nodes.Filter}
        assert {node.node.name for node in nodes if isinstance(node, jinja2.nodes.Call)} <= {"joiner", "comma"}


@pytest.mark.parametrize("name", _ROLES)
def test_a_template_names_the_values_of_its_provider(name: str) -> None:
    named = {value for template in parsed(name) for value in jinja2.meta.find_undeclared_variables(template)}
    assert named == {*_PROVIDERS[name][1], "digest", "ansible_managed"}


@pytest.mark.parametrize("name", _ROLES)
def test_a_role_gives_every_input_by_its_name(name: str) -> None:
    (task,) = yaml.safe_load(role(name, "tasks", "decide.yml"))
    given = task["kubeadm.ha.load_balancer_decision"]
    variables = _PROVIDERS[name][2]
    assert f"apiserver_{given.get('provider', 'haproxy')}" == name
    assert [given["template"], *given.get("units", [])] == [*_PROVIDERS[name][0]]
    assert given["inputs"] == {variable: f"{{{{ {name}_{variable} }}}}" for variable in variables}
    specification = yaml.safe_load(role(name, "meta", "argument_specs.yml"))["argument_specs"]
    options = {option.removeprefix(f"{name}_") for option in specification["main"]["options"]}
    assert options == {*variables} | _OF_TASKS | ({"distributions"} if name == "apiserver_haproxy" else set())


@pytest.mark.parametrize("name", _ROLES)
def test_variables_of_a_role_are_paths(name: str) -> None:
    variables: dict[str, t.Any] = yaml.safe_load(role(name, "vars", "main.yml"))
    marker = variables.pop(f"__{name}_marker")
    assert variables.pop(f"__{name}_unit", "x.service").endswith(".service")
    assert "{{" not in marker
    assert [key for key, value in variables.items() if not re.fullmatch(r"(\{\{ \w+ \}\})?/[\w./-]+", value)] == []
