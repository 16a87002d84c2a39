# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations that tests of load balancers measure: judged, and kept for the table of ``make bench ARGS="--job detection"``."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

#: One file for each provider.
DIRECTORY = Path(__file__).resolve().parents[2] / "build" / "detection"
#: What is compared: an API server ends, listens and says nothing, answers that it is not ready; and the load balancer itself.
DEAD, FROZEN, UNREADY = "API server dead", "API server frozen", "API server unready"
BALANCER_GONE, BALANCER_FROZEN, HOST_LOST = "balancer gone", "balancer frozen", "balancer's host lost"
EVENTS = (DEAD, FROZEN, UNREADY, BALANCER_GONE, BALANCER_FROZEN, HOST_LOST)
#: The machine may be busy: a duration fails a test beyond so many times its bound.
NOISE = 3


class Figure(t.TypedDict):
    """Seconds that something took, and may take."""

    seconds: float
    bound: float


def report(what: str, seconds: float, bound: float, *, of: tuple[str, str] | None = None) -> None:
    """Print a duration, and fail beyond three times its bound.

    :param of: provider and one of :data:`EVENTS`, where it is the time until clients or answers are without what failed.
    """
    print(f"{what}: {seconds:.2f} s (bound {bound} s)")
    if of is not None:
        provider, event = of
        path = DIRECTORY / f"{provider}.json"
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**kept, event: Figure(seconds=seconds, bound=bound)}, indent=2), encoding="utf-8")
    assert seconds <= bound * NOISE, f"{what} took {seconds:.2f} s, bound {bound} s"


def kept() -> dict[str, dict[str, Figure]]:
    """What was kept, by provider and event."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DIRECTORY.glob("*.json"))}


__all__ = (
    "BALANCER_FROZEN",
    "BALANCER_GONE",
    "DEAD",
    "DIRECTORY",
    "EVENTS",
    "FROZEN",
    "HOST_LOST",
    "NOISE",
    "UNREADY",
    "Figure",
    "kept",
    "report",
)
