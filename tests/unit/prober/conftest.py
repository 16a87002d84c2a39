# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates shared by the prober's tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.unit.prober.server import Authority, Pair

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Pki:
    """A CA and certificates: two right ones, and three that must not be accepted."""

    ca: Path
    first: Pair
    second: Pair
    wrong_san: Pair
    expired: Pair
    foreign: Pair


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("pki")
    authority, stranger = Authority(directory, "kubernetes"), Authority(directory, "stranger")
    return Pki(
        ca=authority.path,
        first=authority.issue("first"),
        second=authority.issue("second"),
        wrong_san=authority.issue("wrong-san", dns="other.test", address="192.0.2.1"),
        expired=authority.issue("expired", expired=True),
        foreign=stranger.issue("foreign"),
    )
