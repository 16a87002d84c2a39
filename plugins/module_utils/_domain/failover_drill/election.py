# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long leader election may take, by a component's own flags."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import InvalidInput
from ..base.go_duration import seconds

#: A candidate waits for the retry period with a jitter factor of 1.2, so 2.2 times at most (client-go, tools/leaderelection).
#: Once until it sees the last renewal, once until it sees that the lease has ended.
_RETRIES = 4.4
#: For the write itself, and for the clock of whoever measures.
_ROUNDING = 1.0
#: etcd's ``--election-timeout`` in milliseconds.
_ETCD_TIMEOUT = "1000"
#: A member stands for election after one to two election timeouts without a leader; a round with split votes costs as much again.
_ETCD_TIMEOUTS = 4.0
_FALSE = ("false", "f", "0")


@dataclasses.dataclass(frozen=True)
class Election:
    """Flags of leader election, with the defaults of Kubernetes.

    Attributes:
        lease_duration: seconds.
        renew_deadline: seconds.
        retry_period: seconds.
        is_enabled: whether the component takes part.
    """

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0
    is_enabled: bool = True

    @property
    def bound(self) -> float:
        """Seconds within which another instance holds the lease, whatever happened to the leader."""
        return round(self.lease_duration + _RETRIES * self.retry_period + _ROUNDING, 3)


def parse(arguments: t.Mapping[str, str]) -> Election:
    """The settings of an instance.

    Args:
        arguments: its flags without dashes.

    Raises:
        InvalidInput: for a duration that is none.
    """
    names = {field.name: f"leader-elect-{field.name.replace('_', '-')}" for field in dataclasses.fields(Election)}
    given = {
        name: seconds(arguments[flag]) for name, flag in names.items() if name != "is_enabled" and flag in arguments
    }
    return Election(is_enabled=arguments.get("leader-elect", "true").lower() not in _FALSE, **given)


def etcd_timeout(arguments: t.Mapping[str, str]) -> float:
    """Seconds of the election timeout of a member of etcd.

    Raises:
        InvalidInput: when its flag is no number of milliseconds.
    """
    text = arguments.get("election-timeout", _ETCD_TIMEOUT)
    if not text.isdecimal():
        raise InvalidInput(f"{text!r} is no number of milliseconds: correct the flag --election-timeout.")
    return int(text) / 1000


def etcd_bound(timeout: float) -> float:
    """Seconds within which the members have another leader.

    Args:
        timeout: the election timeout, which all members should have alike, in seconds.
    """
    return round(_ETCD_TIMEOUTS * timeout + _ROUNDING, 3)


def longest(elections: t.Iterable[Election]) -> Election:
    """What holds whichever instance takes over: the longest of each; the defaults without any."""
    found = list(elections) or [Election()]
    return Election(
        max(item.lease_duration for item in found),
        max(item.renew_deadline for item in found),
        max(item.retry_period for item in found),
        all(item.is_enabled for item in found),
    )


__all__ = ("Election", "etcd_bound", "etcd_timeout", "longest", "parse", "seconds")
