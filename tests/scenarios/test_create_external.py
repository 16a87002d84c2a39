# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster behind a load balancer that somebody else has."""

from __future__ import annotations

import pytest

from tests.scenarios.create import Checks, NewCluster

pytestmark = pytest.mark.full


class TestCreateExternal(Checks):
    """Three control planes and a worker."""

    cluster = NewCluster(name="create_external", rto_seconds=3.0, freeze_seconds=4.0)
