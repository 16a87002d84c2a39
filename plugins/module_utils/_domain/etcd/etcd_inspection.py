# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports the etcd cluster, and waits for it where that is asked for."""

from __future__ import annotations

import typing as t

from ..base.change import Decision
from ..base.errors import NotProved
from .etcd import EtcdError, collect

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd
    from .etcd import EtcdCluster

_POLL_SECONDS = 0.5


def inspect(
    etcd: Etcd,
    clock: Clock,
    *,
    endpoints: t.Sequence[str],
    wait_timeout: float = 0.0,
    expected_voters: int | None = None,
) -> Decision:
    """The etcd cluster as result values.

    Args:
        etcd: reaches the servers.
        clock: bounds the waiting.
        endpoints: servers that know the members; the first that answers reports them.
        wait_timeout: seconds to wait for a healthy cluster; with 0 it is reported as it is.
        expected_voters: the etcd cluster must have this many voters, too; checked with any ``wait_timeout``.

    Raises:
        EtcdError: when no server reports the members.
        NotProved: when the etcd cluster did not become what is waited for.
    """
    deadline = clock.monotonic() + wait_timeout
    demands = wait_timeout > 0 or expected_voters is not None
    while True:
        etcd_cluster, problem = _collected(etcd, endpoints, is_last=clock.monotonic() >= deadline)
        if etcd_cluster is not None and (not demands or _is_as_wanted(etcd_cluster, expected_voters)):
            return Decision(values=etcd_cluster.as_dict())
        if clock.monotonic() >= deadline:
            raise NotProved(_failure(etcd_cluster, problem, ", ".join(endpoints), wait_timeout, expected_voters))
        clock.sleep(_POLL_SECONDS)


def _collected(etcd: Etcd, endpoints: t.Sequence[str], *, is_last: bool) -> tuple[EtcdCluster | None, str]:
    try:
        return collect(etcd, *endpoints), ""
    except EtcdError as error:
        if is_last:
            raise
        return None, error.message


def _is_as_wanted(etcd_cluster: EtcdCluster, expected_voters: int | None) -> bool:
    return etcd_cluster.is_healthy and expected_voters in (None, len(etcd_cluster.voters))


def _failure(
    etcd_cluster: EtcdCluster | None, problem: str, endpoint: str, wait_timeout: float, expected_voters: int | None
) -> str:
    problems = list(etcd_cluster.problems) if etcd_cluster is not None else [problem]
    if etcd_cluster is not None and expected_voters not in (None, len(etcd_cluster.voters)):
        problems.append(f"it has {len(etcd_cluster.voters)} voters instead of {expected_voters}")
    return (
        f"The etcd cluster that {endpoint} belongs to was not healthy within {wait_timeout:g} s: {'; '.join(problems)}. Mend "
        "it before members are added or removed."
    )


__all__ = ("inspect",)
