# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of kinds and the guide that explains each."""

from __future__ import annotations

import re

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import kinds
from tests.tools.environment import ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_audit.rst"
ROW = re.compile(r"^   \* - \.\. _(\S+):\n\n       ``(\S+)``\n     - (\w+)\n     - \*\*(.+?)\.\*\* (.+)$", re.MULTILINE)


def test_the_guide_has_a_row_for_each_kind_in_the_order_of_the_registry() -> None:
    rows = ROW.findall(GUIDE.read_text(encoding="utf-8"))
    assert rows == [
        (f"{kinds.LABEL}{kind.id}", kind.id, kind.severity.value, kind.title, kind.why) for kind in kinds.KINDS.values()
    ]


def test_links_lead_to_the_anchors_of_the_guide() -> None:
    anchors = {
        re.sub(r"[^a-z0-9]+", "-", label.lower()) for label, *_rest in ROW.findall(GUIDE.read_text(encoding="utf-8"))
    }
    for kind in kinds.KINDS.values():
        page, _hash, anchor = kinds.link(kind).partition("#")
        assert page.endswith("docs/docsite/rst/guide_audit.rst")
        assert anchor in anchors


def test_ids_have_a_subject_and_words() -> None:
    for name, kind in kinds.KINDS.items():
        assert name == kind.id
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", name), name
        assert kinds.subject_of(kind) in kinds.SUBJECTS
        assert kind.why.endswith("."), name
        assert not kind.title.endswith("."), name
    assert len({kind.title for kind in kinds.KINDS.values()}) == len(kinds.KINDS)


def test_kinds_of_a_subject_stand_together() -> None:
    order = [kinds.subject_of(kind) for kind in kinds.KINDS.values()]
    assert list(dict.fromkeys(order)) == list(kinds.SUBJECTS)
    assert order == sorted(order, key=list(kinds.SUBJECTS).index)
