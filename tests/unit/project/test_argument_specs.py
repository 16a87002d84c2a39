# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specification of every role equals its defaults."""

from __future__ import annotations

import copy
import typing as t

import pytest

from tests.tools.argument_specs import check_roles, differences
from tests.tools.environment import ROOT

DEFAULTS: dict[str, t.Any] = {"proxy_port": 8443, "proxy_hosts": []}
TEXT = "# proxy_endpoint: required, host:port\nproxy_port: 8443\nproxy_hosts: []\n"
SPECIFICATION: dict[str, t.Any] = {
    "argument_specs": {
        "main": {
            "short_description": "A proxy",
            "options": {
                "proxy_endpoint": {"type": "str", "required": True},
                "proxy_port": {"type": "int", "default": 8443},
                "proxy_hosts": {"type": "list"},
            },
        }
    }
}


def test_every_role_of_the_collection() -> None:
    assert [path.name for path in (ROOT / "roles").iterdir()]
    assert check_roles() == []


def test_a_role_that_is_right() -> None:
    assert differences("proxy", specification=SPECIFICATION, defaults=DEFAULTS, defaults_text=TEXT) == []


def _set(entry: str, name: str, **option: t.Any) -> t.Callable[[dict[str, t.Any]], None]:
    def change(specification: dict[str, t.Any]) -> None:
        entries = specification["argument_specs"]
        entries.setdefault(entry, {"short_description": "x", "options": {}})["options"][name] = option

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_set("main", "proxy_port", default=8444), "states the default 8444"),
        (_set("main", "proxy_port", default="8443"), "states the default '8443'"),
        (_set("main", "proxy_port", default="{{ kubeadm_ha_port }}"), "which fails where that is undefined"),
        (_set("main", "proxy_other"), "option proxy_other of main is missing in defaults"),
        (_set("restore", "proxy_other"), "option proxy_other of restore is missing in defaults"),
        (_set("main", "proxy_port", required=True), "is required and has a default"),
        (_set("main", "proxy_other", required=True), "no comment of defaults/main.yml names it"),
        (lambda spec: spec["argument_specs"]["main"]["options"].pop("proxy_hosts"), "is an option of no entry point"),
        (lambda spec: spec["argument_specs"]["main"].pop("short_description"), "has no short_description"),
        (lambda spec: spec["argument_specs"].pop("main"), "no entry point main"),
    ],
)
def test_a_difference_is_found(change: t.Callable[[dict[str, t.Any]], None], fault: str) -> None:
    specification = copy.deepcopy(SPECIFICATION)
    change(specification)
    (found,) = differences("proxy", specification=specification, defaults=DEFAULTS, defaults_text=TEXT)
    assert fault in found


def test_a_variable_of_another_owner_is_found() -> None:
    defaults = {**DEFAULTS, "kubeadm_ha_port": 1}
    found = differences("proxy", specification=SPECIFICATION, defaults=defaults, defaults_text=TEXT)
    assert any("kubeadm_ha_port, which does not begin with proxy_" in sentence for sentence in found)


def test_a_missing_specification_is_found() -> None:
    (found,) = differences("proxy", specification=None, defaults=None, defaults_text="")
    assert "no entry point main" in found
