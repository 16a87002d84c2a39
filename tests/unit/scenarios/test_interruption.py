# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of interrupted runs, and what counts as a secret that one left."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.interruption import FirstBoundary, Interruption, Moment, waited_for
from tests.scenarios.playbook import Run
from tests.scenarios.secret_scan import secrets_on_controller

_WARNING = """\
[WARNING]: Host 'cp2': waited 23 s for kubeadm (process 4711), perhaps left over from an
interrupted run: it has ended.
ok: [cp2]
"""


def ended(*records: Mapping[str, Any], output: str = "", status: int = -9) -> Interruption:
    return Interruption(1, "boundary", Run(status, 7.25, output, records), began=10.0, ended=17.25)


PLAY = {"event": "play", "play": "Join control planes", "hosts": ["cp2"], "is_batch": True, "occurrence": 1}
RESULT = {
    "event": "result",
    "play": "Back up",
    "task": "kubeadm.ha.cluster_backup : Backup | Files",
    "host": "w1",
    "changed": True,
    "status": "ok",
}


@pytest.mark.parametrize(
    ("records", "place"),
    [
        ([], "before its first play"),
        ([RESULT, PLAY], "begin of Join control planes (cp2)"),
        ([PLAY, RESULT], "Back up: after Backup | Files on w1"),
        ([PLAY, {"event": "stats", "hosts": {}}], "its end"),
    ],
)
def test_a_killed_run_says_where_it_was(records: list[Mapping[str, Any]], place: str) -> None:
    assert ended(*records).place == place


def test_what_a_run_waited_for_is_read_from_its_warning() -> None:
    assert waited_for(ended(output=_WARNING).run) == ["waited 23 s for kubeadm (process 4711)"]
    assert waited_for(ended(output="ok: [cp2]\n").run) == []


def test_an_entry_of_the_results() -> None:
    assert ended(PLAY, RESULT, output=_WARNING).as_dict() == {
        "number": 1,
        "cause": "boundary",
        "killed": True,
        "status": -9,
        "place": "Back up: after Backup | Files on w1",
        "seconds": 7.2,
        "changed": 1,
        "failed_probes": None,
        "waited": ["waited 23 s for kubeadm (process 4711)"],
    }


def test_a_seed_gives_the_same_moments_within_the_time_of_a_run() -> None:
    def moments(seed: int) -> list[Moment]:
        numbers = random.Random(seed)
        return [kind.at_random(numbers, 100.0) for kind in (Moment, FirstBoundary) * 50]

    assert moments(7) == moments(7) != moments(8)
    assert [type(one) for one in moments(7)[:2]] == [Moment, FirstBoundary]
    seconds = [one.seconds for one in moments(7)]
    assert all(0.0 <= one <= 100.0 for one in seconds)
    assert min(seconds) < 20.0 < 80.0 < max(seconds)


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("kubeadm join --token abcdef.0123456789abcdef", True),
        ("-----BEGIN EC PRIVATE KEY-----", True),
        ("    client-key-data: " + "QUJD" * 20, True),
        ('certificateKey: "' + "0f" * 32 + '"', True),
        ("sha256:" + "0f" * 32, False),
        ("-----BEGIN CERTIFICATE-----", False),
        ("    client-key-data: REDACTED", False),
        ("cluster.local", False),
    ],
)
def test_a_secret_is_found_by_its_form(text: str, *, is_secret: bool, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "run.log").write_text(f"first\n{text}\n")
    assert secrets_on_controller([tmp_path]) == (["below/run.log"] if is_secret else [])
