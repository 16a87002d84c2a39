# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control of a measurement: a control plane to which nothing is done, probed beside the one under test.

All nodes of a lab share one machine with its tests. What makes the control's probes fail as well is the machine's doing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration import control_plane

#: A group beside the nodes': where podman puts its containers with cgroup v1, then v2.
_GROUPS = (
    Path("/sys/fs/cgroup/cpu/libpod_parent/kubeadm-ha-control"),
    Path("/sys/fs/cgroup/libpod_parent/kubeadm-ha-control"),
)


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
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kubeadm-ha-control-")))
        # After the processes have ended.
        stack.callback(_remove_groups)
        running = control_plane.running(
            control_plane.lab_binaries(), directory, further_client_ca=theirs, with_controllers=False
        )
        plane = stack.enter_context(running)
        _make_a_node_of(plane)
        both = directory / "both.crt"
        both.write_text(theirs + (plane.pki / "ca.crt").read_text(encoding="utf-8"), encoding="utf-8")
        yield Control(f"https://127.0.0.1:{plane.api_port}/readyz", both)


def _make_a_node_of(plane: control_plane.ControlPlane) -> None:
    """Give its processes the share of the machine that a node of a lab has."""
    for group in _GROUPS:
        if group.parent.is_dir():
            group.mkdir(exist_ok=True)
            for process in plane.processes.values():
                (group / "cgroup.procs").write_text(str(process.pid), encoding="ascii")


def _remove_groups() -> None:
    for group in _GROUPS:
        with contextlib.suppress(OSError):
            group.rmdir()


__all__ = ("Control", "control")
