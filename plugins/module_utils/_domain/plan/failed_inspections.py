# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspections that failed, as reasons beside the others.

One that fails must not hide what the others found: its message is one reason to stop of several.
"""

from __future__ import annotations

import typing as t

from ..base.problem import Problem

if t.TYPE_CHECKING:
    from .request import Failures

#: Where cluster and etcd were asked, when that is not known.
_SERVING = "the serving control plane"


def problems(
    failures: Failures, *, serving_control_plane: str | None, explains_cluster: bool, nodes: t.Collection[str] = ()
) -> t.Iterator[Problem]:
    """One problem for each inspection that failed, apart from those of kubeadm.

    Args:
        failures: their messages.
        serving_control_plane: the host on which cluster and etcd were asked.
        explains_cluster: whether another problem names the cause of the cluster's.
        nodes: the hosts that are nodes and may be taken out, where the run can do that.
    """
    asked = serving_control_plane or _SERVING
    cluster = {} if explains_cluster else {asked: failures.cluster}
    yield from _problems(cluster, "The cluster could not be inspected on {host}")
    yield from _problems({asked: failures.etcd}, "etcd could not be inspected on {host}")
    gone = {name: message for name, message in failures.hosts.items() if name in failures.unreachable and name in nodes}
    yield from _problems(
        {name: message for name, message in failures.hosts.items() if name not in gone},
        "{host} could not be inspected",
    )
    for problem in _problems(gone, "{host} could not be inspected"):
        yield Problem(
            problem.subject,
            f"{problem.message} If the machine is gone for good, take it out of the inventory and name its node in kubeadm_ha_lost_nodes.",
        )
    yield from _problems(failures.files, "The files of {host} could not be inspected")
    yield from _problems(failures.balancers, "The load balancer on {host} could not be inspected")
    yield from _problems(failures.reachability, "Whether {host} reaches the other hosts could not be tried")


def of_missing(
    names: t.Iterable[str], hosts: t.Container[str], explained: t.Container[str] = ()
) -> t.Iterator[Problem]:
    """One problem for each host that nothing was reported of, and that no failure explains.

    Args:
        names: inventory names of the hosts of the run.
        hosts: those that were inspected.
        explained: those whose inspection failed with a message.
    """
    for name in dict.fromkeys(names):
        if name not in hosts and name not in explained:
            yield Problem(name, f"{name} could not be inspected: run without --limit, and mend its connection.")


def of_kubeadm(failures: t.Mapping[str, str]) -> t.Iterator[Problem]:
    """One problem for each host whose kubeadm could not be asked, by inventory name."""
    yield from _problems(failures, "Whether kubeadm would join {host} could not be asked")


def _problems(failures: t.Mapping[str, str], about: str) -> t.Iterator[Problem]:
    for host, message in failures.items():
        if message:
            yield Problem(host, f"{about.format(host=host)}: {_sentence(message)}")


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", ")", "!", "?")) else f"{line}."


__all__ = ("of_kubeadm", "of_missing", "problems")
