# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs to see how long the control plane endpoint is away."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Probe:
    """One request.

    Attributes:
        began: when, in seconds of the monotonic clock.
        ended: when it was answered or given up.
        ok: whether a ready API server of the cluster answered.
    """

    began: float
    ended: float
    ok: bool


class EndpointWatch(t.Protocol):
    """Asks the endpoint for ``/readyz`` again and again, each time by a new connection, without waiting for earlier answers."""

    def start(self) -> None:
        """Begin."""

    def probes(self) -> t.Sequence[Probe]:
        """What has ended until now, in the order in which it began."""

    def stop(self) -> None:
        """End."""


__all__ = ("EndpointWatch", "Probe")
