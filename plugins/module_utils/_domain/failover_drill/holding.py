# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which hosts the virtual IP was while an event happened."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Sample:
    """Who had the address.

    Attributes:
        time: by the monotonic clock.
        holders: names or hardware addresses of hosts.
    """

    time: float
    holders: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Holding:
    """What has become of the address.

    Attributes:
        previous_holder: who had it alone in the beginning; ``None`` when that was not exactly one.
        new_holder: all who have it in the end; empty without one.
        transitions: how often another one had it alone.
        seconds: from the last moment at which it was as in the beginning until exactly one host had it for good; 0 when it
            never was otherwise, ``None`` when it did not come to that.
    """

    previous_holder: str | None
    new_holder: str
    transitions: int
    seconds: float | None

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


def held(samples: t.Sequence[Sample]) -> Holding:
    """What samples show, one at least, in their order."""
    first, last = samples[0], samples[-1]
    others = [number for number, sample in enumerate(samples) if sample.holders != first.holders]
    alone = [next(iter(sample.holders)) for sample in samples if len(sample.holders) == 1]
    return Holding(
        previous_holder=next(iter(first.holders)) if len(first.holders) == 1 else None,
        new_holder=", ".join(sorted(last.holders)),
        transitions=sum(before != after for before, after in zip(alone, alone[1:])),
        seconds=_seconds(samples, samples[others[0] - 1].time if others else first.time),
    )


def single_since(samples: t.Sequence[Sample]) -> float | None:
    """Since when exactly one host, and always the same, has had it; ``None`` when that is not so."""
    last = samples[-1]
    if len(last.holders) != 1:
        return None
    since = last.time
    for sample in reversed(samples):
        if sample.holders != last.holders:
            break
        since = sample.time
    return since


def _seconds(samples: t.Sequence[Sample], begun: float) -> float | None:
    since = single_since(samples)
    return None if since is None else round(max(0.0, since - begun), 3)


__all__ = ("Holding", "Sample", "held", "single_since")
