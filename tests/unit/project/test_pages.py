# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``site.yml`` is a table of contents, its pages are short, and nothing is computed on them (ADR 119)."""

from __future__ import annotations

import typing as t

import jinja2
import pytest
import yaml
from jinja2 import nodes

from tests.tools.environment import ROOT

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PLAYBOOKS = ROOT / "playbooks"
IMPORT = "ansible.builtin.import_playbook"
#: Lines of the longest page of ``site.yml``, and of the longest of the other playbooks, ``backup.yml``. Neither grows.
LONGEST_PAGE, LONGEST_PLAYBOOK = 71, 103
#: Filters of the pages: a group or an input that is not set, and the two pages that need another one.
FILTERS = {"*": {"default"}, "inspect": {"length"}, "secure": {"bool"}}
#: What holds an expression without braces.
_CONDITIONS = ("when", "that", "failed_when", "changed_when", "until")


def read(name: str) -> list[dict[str, t.Any]]:
    content: list[dict[str, t.Any]] = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def pages(name: str = "site") -> set[str]:
    """A playbook and what it imports, however far down."""
    imported = [str(play[IMPORT]).removesuffix(".yml") for play in read(name) if IMPORT in play]
    return {name}.union(*(pages(page) for page in imported))


def expressions(content: t.Any) -> Iterator[str]:
    """Every text of a playbook that Ansible may evaluate, with the braces of each."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for item in content:
            yield from expressions(item)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key in _CONDITIONS:
                conditions = value if isinstance(value, list) else [value]
                yield from ("{{" + str(condition) + "}}" for condition in conditions)
            else:
                yield from expressions(value)


def filters(content: t.Any) -> set[str]:
    parsed = [jinja2.Environment(autoescape=True).parse(text) for text in expressions(content)]
    return {found.name for tree in parsed for found in tree.find_all(nodes.Filter)}


def lines(name: str) -> int:
    return len((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8").splitlines())


def test_site_is_a_table_of_contents() -> None:
    assert [set(play) for play in read("site")] == [{"name", IMPORT}] * 11


def test_no_page_is_longer_than_the_longest() -> None:
    assert {name: lines(name) for name in pages() if lines(name) > LONGEST_PAGE} == {}
    playbooks = [path.stem for path in PLAYBOOKS.glob("*.yml")]
    assert {name: lines(name) for name in playbooks if lines(name) > LONGEST_PLAYBOOK} == {}


@pytest.mark.parametrize("name", sorted(pages()))
def test_nothing_is_computed_on_a_page(name: str) -> None:
    assert filters(read(name)) <= FILTERS["*"] | FILTERS.get(name, set())


def test_the_exceptions_are_needed() -> None:
    assert {name: filters(read(name)) - FILTERS["*"] for name in FILTERS if name != "*"} == {
        name: allowed for name, allowed in FILTERS.items() if name != "*"
    }


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([{"hosts": "{{ groups.a | default([]) }}"}], {"default"}),
        ([{"tasks": [{"vars": {"x": ["{{ a | map(attribute='b') | list }}"]}}]}], {"map", "list"}),
        ([{"tasks": [{"when": "a | length > 0"}]}], {"length"}),
        ([{"tasks": [{"when": ["b", "a | bool"]}]}], {"bool"}),
        ([{"tasks": [{"when": True, "changed_when": False}]}], set()),
    ],
)
def test_a_filter_is_found_wherever_it_is(content: t.Any, found: set[str]) -> None:
    assert filters(content) == found
