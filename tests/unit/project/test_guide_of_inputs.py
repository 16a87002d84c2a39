# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide of inputs has a row for every variable that there is, exactly one, and none for another."""

from __future__ import annotations

import re

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.inputs import INPUTS, PREFIX
from tests.tools.environment import ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_inputs.rst"
#: The first cell of a row of a list-table: one variable or several of one meaning.
ROW = re.compile(r"^   \* - (.*)$", re.MULTILINE)


def test_every_input_has_one_row() -> None:
    first_cells = "\n".join(ROW.findall(GUIDE.read_text(encoding="utf-8")))
    assert sorted(re.findall(rf"``({PREFIX}\w+)``", first_cells)) == sorted(INPUTS)
