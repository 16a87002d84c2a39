# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting the Node of a host that is no member any more."""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip
from ..base.change import Change, Decision
from ..base.errors import UnsupportedState
from . import life_signs_inspection
from .life_signs import QUIET_SECONDS, LifeSigns
from .node import Node

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock


def removal_change(name: str, *, is_member: bool = False, is_lost: bool = False) -> Change:
    """The deletion of a Node as a change.

    Args:
        name: of the Node.
        is_member: whether its host was a member of the cluster until now, and leaves it.
        is_lost: whether its machine is gone for good.
    """
    if is_lost:
        return Change(f"node {name}", "not Ready", None, "its machine is gone for good")
    if is_member:
        return Change(f"node {name}", "member", None, "its host leaves the cluster")
    return Change(f"node {name}", "not Ready", None, "its host is no member of the cluster")


def remove(
    api: Api, clock: Clock, name: str, *, addresses: t.Sequence[str], is_reset: bool = False, is_lost: bool = False
) -> Decision:
    """The cluster has no such Node.

    Args:
        api: the cluster, as an administrator.
        clock: says how long ago the kubelet was at work.
        name: name of the Node.
        addresses: of the host that it must be.
        is_reset: whether the host was reset, so that what its Node reports of a kubelet is old.
        is_lost: whether its machine is said to be gone for good.

    Raises:
        UnsupportedState: when the Node is Ready, its machine is said to be gone and still runs, or it has none of the addresses.
    """
    document = api.get("node", name)
    if document is None:
        return Decision()
    node = Node.from_api(document)
    if node.is_ready and not is_reset:
        raise UnsupportedState(
            f"The node {name} was not deleted: it is Ready. Drain it and stop its kubelet first, if it is to leave the cluster."
        )
    age = life_signs_inspection.lease_age(api, clock, name) if is_lost else None
    if LifeSigns(name, age).has_renewed:
        raise UnsupportedState(
            f"The node {name} was not deleted: its kubelet renewed its Lease {age:.0f} s ago, so its machine is not gone. Stop it for good, "
            f"and run again {QUIET_SECONDS:.0f} s later."
        )
    known = {canonical_ip(item) or item for item in addresses}
    found = node.addresses
    if (found or not is_lost) and not any((canonical_ip(item) or item) in known for item in found):
        raise UnsupportedState(
            f"The node {name} was not deleted: it has the addresses {', '.join(found) or 'of nobody'}, and the host "
            f"{', '.join(addresses)}; so it may be another machine's."
        )

    def act() -> t.Mapping[str, t.Any]:
        api.delete("node", name)
        return {}

    return Decision(changes=(removal_change(name, is_member=is_reset, is_lost=is_lost),), act=act)


__all__ = ("removal_change", "remove")
