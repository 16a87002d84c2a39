# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first screen of the READMEs says what there is, shows it, and has the commands for trying and for using it."""

from __future__ import annotations

import pytest
import yaml

from tests.tools import documented
from tests.tools.environment import ROOT

NAMES = ("README.md", "README.zh-CN.md")
#: Lines before the first heading but the title.
MOST_LINES = 50
TRY = ["make demo", "make test"]
USE = ["ansible-playbook -i hosts.yml kubeadm.ha.site --check --diff", "ansible-playbook -i hosts.yml kubeadm.ha.site"]


def first_screen(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8").partition("\n## ")[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_screen_has_the_picture_the_commands_and_the_inventory(name: str) -> None:
    text = first_screen(name)
    assert len(text.splitlines()) <= MOST_LINES
    tried, inventory, used = documented.blocks(name, text)
    assert [command.partition("#")[0].strip() for command in tried.commands] == TRY
    assert used.commands == USE
    assert len(inventory.text.splitlines()) == 4
    assert set(yaml.safe_load(inventory.text)) == {"kube_control_plane", "kube_node", "kube_load_balancer", "all"}
    assert text.index("](docs/report.png)") < text.index("make demo") < text.index("kube_control_plane")


@pytest.mark.parametrize("name", [*NAMES, "docs/docsite/rst/guide_own_repository.rst"])
def test_the_execution_environment_and_the_notes_for_awx_are_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "execution-environment.yml" in text
    assert "examples/awx" in text
