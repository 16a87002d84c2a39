# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the control plane endpoint answered while an event happened."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..._ports.endpoint_watch import Probe


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """How the endpoint answered.

    Attributes:
        sent: probes.
        failed: probes that a ready API server did not answer within a second.
        failed_before: those of them that had failed before the event.
        rto: seconds from the event to the first success after which none failed; ``None`` when there was none.
    """

    sent: int
    failed: int
    failed_before: int
    rto: float | None

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


def answers(probes: t.Sequence[Probe], at: float) -> Endpoint:
    """How the endpoint answered.

    Args:
        probes: in the order in which they began.
        at: the event, by the same clock.
    """
    failed = [probe for probe in probes if not probe.ok]
    after = [probe for probe in failed if probe.ended >= at]
    rto: float | None = 0.0
    if after:
        last = max(probe.began for probe in after)
        first = next((probe.began for probe in probes if probe.ok and probe.began > last), None)
        rto = None if first is None else round(max(0.0, first - at), 3)
    return Endpoint(len(probes), len(failed), len(failed) - len(after), rto)


def outage(probes: t.Sequence[Probe], begun: float) -> Endpoint:
    """How the endpoint answered, by one clock: without that of the event an outage begins with the last answer before it.

    Args:
        probes: in the order in which they began.
        begun: nothing had happened until then.
    """
    failed = next((probe.began for probe in probes if not probe.ok and probe.ended >= begun), None)
    if failed is None:
        return answers(probes, begun)
    return answers(probes, max((probe.began for probe in probes if probe.ok and probe.began < failed), default=begun))


__all__ = ("Endpoint", "answers", "outage")
