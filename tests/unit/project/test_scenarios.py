# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios say of a run is true of the playbook as it is."""

from __future__ import annotations

import doctest
import json
import threading
import time
from pathlib import Path

import pytest
import yaml

from tests.prober.log import LogWriter, Probe
from tests.prober.target import parse_target
from tests.scenarios import progress, test_failover_matrix
from tests.scenarios.convert import STEPS
from tests.scenarios.create import NewCluster, inventories_of
from tests.tools.environment import ROOT
from tests.tools.playbooks import plays_of

#: Plays that no run with hosts has.
_ONLY_WITHOUT_HOSTS = {"Stop when there was no host to inspect"}


def test_every_play_has_a_name_in_results_and_progress() -> None:
    plays = [play["name"] for play in plays_of("site")]
    # One page is imported twice.
    assert list(dict.fromkeys(name for name in plays if name not in _ONLY_WITHOUT_HOSTS)) == list(STEPS)


def test_a_new_cluster_of_another_version_has_results_and_a_last_inventory_of_its_own(tmp_path: Path) -> None:
    lab = tmp_path / "hosts.yml"
    usual = NewCluster(name="create_bare_vip")
    assert usual.scenario == "create_bare_vip"
    assert f'kubeadm_ha_kubernetes_version: "{usual.kubernetes}"' in usual.example.read_text(encoding="utf-8")
    assert inventories_of(usual, lab, tmp_path) == [usual.example, lab]
    other = NewCluster(name="create_bare_vip", kubernetes="1.37.1")
    assert other.scenario == "create_bare_vip_1_37"
    found = inventories_of(other, lab, tmp_path)
    assert found[:-1] == [other.example, lab]
    written = yaml.safe_load(found[-1].read_text(encoding="utf-8"))
    assert written == {"all": {"vars": {"kubeadm_ha_kubernetes_version": "1.37.1"}}}


def test_the_example_of_a_line_of_progress() -> None:
    assert doctest.testmod(progress).failed == 0


def test_progress_reports_the_step_and_the_probes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record, log = tmp_path / "run.jsonl", tmp_path / "probes.jsonl"
    writer = LogWriter(log)
    writer.start(interval=0.05, timeout=1.0, targets=(parse_target("cp1=https://127.0.0.1:6443/readyz"),))
    writer.probe(Probe(target="cp1", scheduled=1.0, wall=1.0, late_ms=0.0, ok=True, latency_ms=9.0))
    writer.close()
    record.write_text("")

    def run() -> None:
        for play in ("Lock", "Back up"):
            with record.open("a") as stream:
                stream.write(json.dumps({"event": "result", "play": play}) + "\n")
            time.sleep(1.2)

    with progress.progress(record, log, {"Inspect": "inspect", "Lock": "lock", "Back up": "backup"}):
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("]")[0] for line in lines] == ["[ 2 of  3", "[ 3 of  3"]
    assert all("cp1: 1 probes, 0 failed" in line for line in lines)


@pytest.mark.parametrize("name", ["roles/apiserver_haproxy/README.md", "docs/docsite/rst/guide_topologies.rst"])
def test_what_is_advised_for_an_api_server_that_ends_is_what_a_scenario_measures(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"`--shutdown-delay-duration={test_failover_matrix.DELAY}s`" in text
