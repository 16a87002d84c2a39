# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX asks an operator for are inputs that there are, and every answer that it offers is taken."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.inputs import INPUTS

SPECIFICATION = json.loads(
    (Path(__file__).resolve().parents[3] / "examples" / "awx" / "survey.json").read_text(encoding="utf-8")
)
QUESTIONS: list[dict[str, t.Any]] = SPECIFICATION["spec"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question["variable"]))
def test_every_answer_that_is_offered_is_taken(question: dict[str, t.Any]) -> None:
    read = INPUTS[question["variable"]].read
    for answer in {*question.get("choices", ()), *([question["default"]] if question["default"] else [])}:
        read(answer)


def test_no_input_is_asked_for_twice() -> None:
    names = [question["variable"] for question in QUESTIONS]
    assert len(names) == len(set(names))
