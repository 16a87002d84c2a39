# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting the Node of a host that is no member any more."""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip
from ..base.change import Change, Decision
from ..base.errors import UnsupportedState
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api


def removal_change(name: str, *, is_member: bool = False) -> Change:
    """The deletion of a Node as a change.

    Args:
        name: of the Node.
        is_member: whether its host was a member of the cluster until now, and leaves it.
    """
    if is_member:
        return Change(f"node {name}", "member", None, "its host leaves the cluster")
    return Change(f"node {name}", "not Ready", None, "its host is no member of the cluster")


def remove(api: Api, name: str, *, addresses: t.Sequence[str], is_reset: bool = False) -> Decision:
    """The cluster has no such Node.

    Args:
        api: the cluster, as an administrator.
        name: name of the Node.
        addresses: of the host that it must be.
        is_reset: whether the host was reset, so that what its Node reports of a kubelet is old.

    Raises:
        UnsupportedState: when the Node is Ready, or has none of the addresses.
    """
    document = api.get("node", name)
    if document is None:
        return Decision()
    node = Node.from_api(document)
    if node.is_ready and not is_reset:
        raise UnsupportedState(
            f"The node {name} was not deleted: it is Ready. Drain it and stop its kubelet first, if it is to leave the cluster."
        )
    known = {canonical_ip(item) or item for item in addresses}
    found = node.addresses
    if not any((canonical_ip(item) or item) in known for item in found):
        raise UnsupportedState(
            f"The node {name} was not deleted: it has the addresses {', '.join(found) or 'of nobody'}, and the host "
            f"{', '.join(addresses)}; so it may be another machine's."
        )

    def act() -> t.Mapping[str, t.Any]:
        api.delete("node", name)
        return {}

    return Decision(changes=(removal_change(name, is_member=is_reset),), act=act)


__all__ = ("removal_change", "remove")
