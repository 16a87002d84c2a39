# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of what an audit of a lab was given."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from tests.tools import audit_recording
from tests.unit.plugins.module_utils._domain.audit.values import healthy


def test_everything_is_kept_but_how_it_is_shown_and_what_is_of_the_machine(tmp_path: Path) -> None:
    given = {**healthy(), "plan": {"entries": []}, "show": True, "fail_on": "never"}
    for name, report in given["hosts"].items():
        report["product_uuid"] = {"lb1": "", "w1": "b"}.get(name, "a")
        report["machine"] = {"boot_id": "c", "network_namespace": name, "ssh_host_keys": []}
    made, target = tmp_path / "made.json", tmp_path / "kept.json"
    made.write_text(json.dumps(given), encoding="utf-8")
    size = audit_recording.keep(made, target)
    kept = json.loads(target.read_text(encoding="utf-8"))
    assert target.stat().st_size == size
    expected = json.loads(json.dumps(given))
    numbers = {"lb1": "", "w1": "product_uuid-2"}
    for name, report in expected["hosts"].items():
        report["product_uuid"] = numbers.get(name, "product_uuid-1")
        report["machine"]["boot_id"] = "boot_id-1"
    for option in ("plan", "show", "fail_on"):
        del expected[option]
    assert kept == expected


@pytest.mark.parametrize(
    ("text", "is_refused"), [("made on builder-7.", True), ("builder-77 of builder-7.example", False)]
)
def test_the_name_of_the_machine_is_not_kept(text: str, *, is_refused: bool) -> None:
    given = copy.deepcopy(healthy())
    given["failures"] = {"cluster": text}
    if is_refused:
        with pytest.raises(audit_recording.NotRecordedError, match="builder-7, the machine"):
            audit_recording.kept(given, machine="builder-7")
    else:
        assert audit_recording.kept(given, machine="builder-7")["failures"] == {"cluster": text}


def test_without_a_recording_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(audit_recording.NotRecordedError, match="without --keep"):
        audit_recording.keep(tmp_path / "none.json", tmp_path / "kept.json")
    assert not (tmp_path / "kept.json").exists()
