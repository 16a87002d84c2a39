# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cut of the network drops on a real kernel, by nft and by iptables: two hosts, each a network namespace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

import pytest

from tests.integration.cut_network import HOST, PEER, PORTS
from tests.tools.environment import ROOT

ALL = [*PORTS]


@pytest.fixture(scope="module", params=["nft", "iptables"])
def found(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    """What each could reach."""
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ["unshare", *user, "--net", sys.executable, "-m", "tests.integration.cut_network", request.param]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path]))}
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, env=environment, cwd=ROOT)
    return t.cast("dict[str, t.Any]", json.loads(said.stdout.splitlines()[-1]))


def test_before_and_after_everything_is_reached(found: dict[str, t.Any]) -> None:
    assert found["program"] == "nft"
    for when in ("before", "mended"):
        assert {address: found[when][address] for address in (*PEER, *HOST)} == dict.fromkeys((*PEER, *HOST), ALL)
        assert {address: found[when]["from_peer"][address] for address in HOST} == dict.fromkeys(HOST, ALL)


@pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])
def test_a_cut_drops_what_belongs_to_the_control_plane(found: dict[str, t.Any], family: int) -> None:
    cut = found["cut"]
    assert cut["from_peer"][HOST[family]] == [22, 10250]
    assert cut[PEER[family]] == [22, 2379, 6443, 10250]
    # What the host says to itself is not on the network.
    assert cut[HOST[family]] == ALL


def test_connections_of_before_are_silent_and_go_on(found: dict[str, t.Any]) -> None:
    assert [found[when]["from_peer"]["kept"] for when in ("before", "cut")] == [True, False]
    assert found["kept"] is True


def test_no_rule_is_left(found: dict[str, t.Any]) -> None:
    assert "drill" not in found["rules"].lower()
