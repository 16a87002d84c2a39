# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of a plan that takes out what machines which are gone have left."""

from __future__ import annotations

import typing as t

from ..base.addresses_in_text import addresses_in
from ..base.problem import Note

if t.TYPE_CHECKING:
    from .situation import Situation


def notes(situation: Situation) -> t.Iterator[Note]:
    """What goes with a Node, and what outside of the cluster's objects still names its host."""
    for loss in situation.losses:
        if loss.node is not None:
            yield Note(
                loss.name,
                f"With the node {loss.name} go its pods: kube-controller-manager deletes them about a minute later, and what owns them starts "
                "others. What they had on its disk is lost.",
            )
        server = loss.api_server
        if server is not None and not (situation.desired.has_own_balancers or situation.desired.has_own_dns):
            yield Note(
                loss.name,
                f"{server} was the API server of {loss.name}: take it out of the load balancer or the DNS that is behind "
                f"{situation.desired.endpoint}.",
            )
    gone = frozenset(address for loss in situation.losses for address in loss.addresses)
    for host in situation.joined(situation.desired.control_planes):
        servers = (host.flags_of("kube-apiserver").get("etcd-servers") or "").split(",")
        named = [url for url in servers if gone.intersection(addresses_in(url))]
        if named:
            yield Note(
                host.name,
                f"--etcd-servers of kube-apiserver on {host.name} names {', '.join(named)}, where a member of etcd was that is gone for good: "
                "take it out of the manifest, and of extraArgs in kubeadm-config. Until then the API server tries the others.",
            )


__all__ = ("notes",)
