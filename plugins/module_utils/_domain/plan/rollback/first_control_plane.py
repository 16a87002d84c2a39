# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which control plane was there before, and which ones runs have added."""

from __future__ import annotations

import typing as t

from ...base.enumeration import listed
from ...base.problem import Problem
from ..serving_control_plane import ADMIN_KUBECONFIG

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ...host.previous_state import PreviousState

Hosts = t.Mapping[str, "Host"]


def find(
    control_planes: t.Sequence[str], hosts: Hosts, previous: t.Mapping[str, PreviousState]
) -> tuple[Host | None, tuple[Problem, ...]]:
    """The control plane that stays, or every reason why there is none.

    It is the one that no run has joined, so nobody has to name it.

    Args:
        control_planes: inventory names.
        hosts: those that were inspected.
        previous: what each host was before.
    """
    created = [name for name in previous if previous[name].has_begun_cluster]
    if created:
        return None, (
            Problem(
                created[0],
                f"There is nothing to go back to: a run has created this cluster on {created[0]}, so there was no control plane before. To make it "
                "smaller, take one node after the other out of it.",
            ),
        )
    known = [hosts[name] for name in control_planes if name in hosts and hosts[name].is_control_plane]
    before = [host for host in known if host.name not in previous or not previous[host.name].has_joined]
    if len(before) == 1:
        return before[0], tuple(_not_serving(before[0]))
    if not before:
        text = (
            f"None of {listed([host.name for host in known] or control_planes)} is a control plane that was there before a run: each has been joined by "
            "one. There is nothing to go back to."
        )
        return None, (Problem("kube_control_plane", text),)
    return None, (
        Problem(
            "kube_control_plane",
            f"{listed([host.name for host in before])} are control planes that no run has joined, as far as the journals on them say "
            "(/var/lib/kubeadm-ha/journal.jsonl), so it is not known which of them was there before. Take those that shall not stay out of the cluster "
            "first (kubectl drain, kubeadm reset, kubectl delete node), then run again.",
        ),
    )


def _not_serving(host: Host) -> t.Iterator[Problem]:
    if not host.is_serving or ADMIN_KUBECONFIG not in host.kubeconfigs:
        yield Problem(
            host.name,
            f"{host.name} is the control plane that was there before, but serves no API now, or has no {ADMIN_KUBECONFIG}: mend it first, because "
            "everybody goes back to it.",
        )


__all__ = ("find",)
