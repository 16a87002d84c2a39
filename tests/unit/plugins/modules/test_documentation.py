# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module that runs on hosts documents, itself and by fragments, is what it takes."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from tests.tools.environment import ROOT
from tests.tools.payload import modules

PLUGINS = "ansible_collections.kubeadm.ha.plugins"
KEYS = ("type", "elements", "default", "required", "choices")


class Seen(Exception):
    """The arguments were seen."""


def documented_options(name: str) -> dict[str, t.Any]:
    """Options with those of the fragments; what the module says itself of one of them comes first."""
    documentation = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION)
    options: dict[str, t.Any] = {}
    for fragment in documentation["extends_documentation_fragment"]:
        file, _dot, section = fragment.removeprefix("kubeadm.ha.").partition(".")
        source = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        options.update(yaml.safe_load(getattr(source, section.upper() or "DOCUMENTATION"))["options"])
    for option, text in documentation["options"].items():
        options[option] = {**options.get(option, {}), **text}
    return options


def argument_spec(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """What the module takes."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    specs: list[dict[str, t.Any]] = []

    def see(argument_spec: dict[str, t.Any], **_options: t.Any) -> None:
        specs.append(argument_spec)
        raise Seen

    monkeypatch.setattr(module, "AnsibleModule", see)
    with pytest.raises(Seen):
        module.main()
    return specs[0]


def essence(options: t.Mapping[str, t.Any], inner: str) -> dict[str, t.Any]:
    """What documentation and argument specification have in common."""
    return {
        name: {
            **{key: option[key] for key in KEYS if key in option},
            **({"options": essence(option[inner], inner)} if inner in option else {}),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", modules(ROOT / "plugins"))
def test_documentation_and_arguments_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert essence(documented_options(name), "suboptions") == essence(argument_spec(name, monkeypatch), "options")
