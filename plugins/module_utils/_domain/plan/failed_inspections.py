# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspections that failed, as reasons beside the others.

One that fails must not hide what the others found: its message is one reason to stop of several.
"""

from __future__ import annotations

import typing as t

from ..base.problem import Problem

#: Kinds of inspections and what each was about, for the message.
_ABOUT = {
    "cluster": "The cluster could not be inspected on {host}",
    "etcd": "etcd could not be inspected on {host}",
    "hosts": "{host} could not be inspected",
    "files": "The files of {host} could not be inspected",
    "balancers": "The load balancer on {host} could not be inspected",
    "kubeadm": "Whether kubeadm would join {host} could not be asked",
    "reachability": "Whether {host} reaches the other hosts could not be tried",
}


def problems(
    failures: t.Mapping[str, t.Any], *, explained: t.Container[str] = (), serving_control_plane: str | None = None
) -> t.Iterator[Problem]:
    """One problem for each inspection that failed.

    Args:
        failures: messages by kind; a text for what was asked once, else a map by host.
        explained: kinds whose cause another problem names.
        serving_control_plane: the host on which cluster and etcd were asked.
    """
    for kind, about in _ABOUT.items():
        found = failures.get(kind) or {}
        by_host = found if isinstance(found, dict) else {serving_control_plane or "the serving control plane": found}
        for host, message in by_host.items():
            if message and kind not in explained:
                yield Problem(str(host), f"{about.format(host=host)}: {_sentence(str(message))}")


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", ")", "!", "?")) else f"{line}."


__all__ = ("problems",)
