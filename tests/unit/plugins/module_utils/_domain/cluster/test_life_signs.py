# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shows that the machine of a Node runs, and that a Node goes only without it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import endpoint_view as seen
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import life_signs_inspection, node_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.life_signs import LifeSigns
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint

#: 2026-12-01T02:00:00Z
NOW = 1796090400.0
SERVER = "192.0.2.11:6443"


def node(status: str = "Unknown", addresses: t.Sequence[str] = ("192.0.2.11",)) -> dict[str, t.Any]:
    """The Node cp1."""
    return {
        "kind": "Node",
        "metadata": {"name": "cp1"},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": status}],
            "addresses": [{"type": "InternalIP", "address": item} for item in addresses],
            "nodeInfo": {"kubeletVersion": "v1.34.4"},
        },
    }


def lease(renewed: str) -> dict[str, t.Any]:
    """The Lease of its kubelet."""
    metadata = {"name": "cp1", "namespace": "kube-node-lease"}
    return {"kind": "Lease", "metadata": metadata, "spec": {"renewTime": renewed}}


def pod(server: str = SERVER) -> dict[str, t.Any]:
    """The static pod of its API server, which is there as long as the Node is."""
    annotations = {"kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": server}
    metadata = {"name": "kube-apiserver-cp1", "namespace": "kube-system", "annotations": annotations}
    return {"kind": "Pod", "metadata": metadata}


ROOT = {
    "kind": "ConfigMap",
    "metadata": {"name": "kube-root-ca.crt", "namespace": "kube-system"},
    "data": {"ca.crt": "CA"},
}
QUIET, BUSY = "2026-12-01T01:57:59.000000Z", "2026-12-01T01:58:01.000000Z"


def signs(*documents: dict[str, t.Any], is_answering: bool = False) -> LifeSigns:
    """Those of cp1."""

    def answers(server: Endpoint, ca: str) -> bool:
        assert (str(server), ca) == (SERVER, "CA")
        return is_answering

    (found,) = life_signs_inspection.collect(MemoryApi(*documents), MemoryClock(NOW), ["cp1"], answers=answers)
    return found


def test_a_machine_of_which_nothing_is_known_has_no_sign() -> None:
    assert signs() == LifeSigns("cp1")


@pytest.mark.parametrize(
    ("renewed", "age", "has_renewed"),
    [(QUIET, 121.0, False), (BUSY, 119.0, True), ("2026-12-01T02:00:20Z", 0.0, True), ("", None, False)],
)
def test_a_lease_is_a_sign_for_two_minutes(renewed: str, age: float | None, has_renewed: bool) -> None:
    found = signs(lease(renewed))
    assert (found.lease_age, found.has_renewed) == (age, has_renewed)


@pytest.mark.parametrize("is_answering", [True, False])
def test_an_api_server_is_asked_where_it_announced_itself(*, is_answering: bool) -> None:
    found = signs(pod(), ROOT, is_answering=is_answering)
    assert (found.api_server, found.is_answering) == (SERVER, is_answering)
    # Without the CA, or without an address, it cannot be asked.
    assert not signs(pod(), is_answering=True).is_answering
    assert signs(pod(""), ROOT, is_answering=True) == LifeSigns("cp1")


@pytest.mark.parametrize(
    ("outcome", "is_of_the_cluster"),
    [
        (seen.ANSWERED, True),
        (seen.EXPIRED, True),
        (seen.WRONG_NAME, True),
        (seen.UNTRUSTED, False),
        (seen.NO_TLS, False),
        (seen.SILENT, False),
        (seen.REFUSED, False),
        (seen.UNREACHABLE, False),
    ],
)
def test_a_certificate_of_the_cluster_is_one_also_when_it_has_expired(outcome: str, *, is_of_the_cluster: bool) -> None:
    assert seen.Attempt("192.0.2.11", outcome).is_of_the_cluster is is_of_the_cluster


def removed(api: MemoryApi, *addresses: str, **options: bool) -> t.Any:
    """The decision to delete the Node."""
    return node_removal.remove(api, MemoryClock(NOW), "cp1", addresses=addresses or ("192.0.2.11",), **options)


@pytest.mark.parametrize("documents", [(node(), lease(QUIET)), (node(),)])
def test_the_node_of_a_machine_that_is_gone_goes(documents: tuple[dict[str, t.Any], ...]) -> None:
    api = MemoryApi(*documents)
    decision = removed(api, is_lost=True)
    assert [(change.object, change.reason) for change in decision.changes] == [
        ("node cp1", "its machine is gone for good")
    ]
    assert api.get("node", "cp1") is not None
    decision.act()
    assert api.get("node", "cp1") is None
    assert removed(api, is_lost=True).changes == ()


@pytest.mark.parametrize(
    ("documents", "addresses", "message"),
    [
        ((node("True"),), (), "it is Ready"),
        ((node(), lease(BUSY)), (), "its kubelet renewed its Lease 119 s ago, so its machine is not gone"),
        ((node(),), ("192.0.2.99",), "it may be another machine's"),
    ],
)
def test_the_node_of_a_machine_that_runs_stays(
    documents: tuple[dict[str, t.Any], ...], addresses: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnsupportedState, match=message):
        removed(MemoryApi(*documents), *addresses, is_lost=True)


def test_only_of_a_lost_machine_nothing_is_asked_but_the_lease() -> None:
    # A host that a run resets has renewed its Lease until then.
    assert removed(MemoryApi(node(), lease(BUSY))).changes
    assert removed(MemoryApi(node("True"), lease(BUSY)), is_reset=True).changes
    # Without an address there is nothing to know it by.
    assert removed(MemoryApi(node(addresses=())), is_lost=True).changes
    with pytest.raises(UnsupportedState, match="the addresses of nobody"):
        removed(MemoryApi(node(addresses=())))
