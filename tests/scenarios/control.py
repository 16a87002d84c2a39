# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control of a measurement: a control plane to which nothing is done, probed beside the one under test.

All nodes of a lab share one machine with its tests. What makes the control's probes fail as well is the machine's doing.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration import control_plane


@dataclasses.dataclass(frozen=True)
class Control:
    """How it is probed.

    :param target: location for the prober.
    :param ca: CA file that verifies it and the cluster under test.
    """

    target: str
    ca: Path


@contextmanager
def control(ca: Path) -> Iterator[Control]:
    """An API server with its etcd, for the time of the context.

    :param ca: CA file of the cluster under test; client certificates of that CA are good for the control, too.
    """
    theirs = ca.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="kubeadm-ha-control-") as name:
        directory = Path(name)
        with control_plane.running(
            control_plane.lab_binaries(), directory, further_client_ca=theirs, with_controllers=False
        ) as plane:
            both = directory / "both.crt"
            both.write_text(theirs + (plane.pki / "ca.crt").read_text(encoding="utf-8"), encoding="utf-8")
            yield Control(f"https://127.0.0.1:{plane.api_port}/readyz", both)


__all__ = ("Control", "control")
