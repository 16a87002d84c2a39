# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is not Ready: mended by the plan when it is only cut off, else explained."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import endpoint_view
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ENDPOINT,
    Arguments,
    after,
    before,
    inspection,
    kubeconfig,
    objects,
    plan_of,
)

DEAD = "https://nowhere.invalid:6443"
UNRESOLVED = {"addresses": [], "resolution_error": "Name or service not known", "attempts": []}
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"


def seen(server: str, address: str = "", outcome: str = endpoint_view.ANSWERED, **attempt: t.Any) -> dict[str, t.Any]:
    """What a host saw at the server of its kubelet's kubeconfig."""
    found = {"error": "", "status": 200, "certificate": "", "identity": endpoint_view.KEPT, **attempt}
    if outcome != endpoint_view.ANSWERED:
        found.update(status=None, identity="")
    attempts = [{"address": address, "outcome": outcome, **found}] if address else []
    where = server.partition("//")[2]
    shown = {"endpoint": where, "addresses": [address] if address else [], "resolution_error": "", "attempts": attempts}
    return {"server": server, **shown}


def not_ready(arguments: Arguments, name: str, *, status: str = "Unknown", reason: str = "") -> None:
    """Of a node whose kubelet runs."""
    (node,) = (item for item in arguments["cluster"]["nodes"] if item["name"] == name)
    node.update(ready=False, ready_status=status, ready_reason=reason)
    arguments["hosts"][name]["services"]["kubelet"] = {"active": "active", "enabled": "enabled"}


def names_server(arguments: Arguments, host: str, path: str, server: str) -> None:
    """A kubeconfig of a host names another server."""
    for item in arguments["hosts"][host]["kubeconfigs"]:
        if item["path"] == path:
            item["text"] = kubeconfig(server)


def half_pointed() -> Arguments:
    """What a run left that pointed the cluster to a name that nobody resolves, up to the first worker."""
    arguments = before()
    for path in ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"):
        names_server(arguments, "cp1", path, DEAD)
    for key, data in (("kube-public/cluster-info", "kubeconfig"), ("kube-system/kube-proxy", "kubeconfig.conf")):
        texts = arguments["cluster"]["configmaps"][key]["data"]
        texts[data] = texts[data].replace("https://192.0.2.11:6443", DEAD)
    texts = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    texts["ClusterConfiguration"] += "controlPlaneEndpoint: nowhere.invalid:6443\n"
    names_server(arguments, "w1", KUBELET_CONF, DEAD)
    not_ready(arguments, "w1")
    arguments["hosts"]["w1"]["kubelet_server"] = {**seen(DEAD), **UNRESOLVED}
    return arguments


def test_the_next_run_repoints_what_a_failed_one_left() -> None:
    plan = plan_of(half_pointed())
    assert plan.problems == ()
    assert [entry.change.as_dict() for entry in plan.entries if entry.host == "w1" and entry.step == "point"] == [
        {
            "object": f"kubeconfig {KUBELET_CONF}",
            "before": DEAD,
            "after": f"https://{ENDPOINT}",
            "reason": "its clients connect to the server that it names",
        },
        {
            "object": "service kubelet",
            "before": "running",
            "after": "restarted",
            "reason": (
                "it is cut off (it does not resolve nowhere.invalid (Name or service not known)); its kubeconfig changes, and "
                "it reads it only at start"
            ),
        },
    ]
    pointed = {entry.change.object: entry.change.after for entry in plan.entries if entry.host == "cp1"}
    assert pointed["ConfigMap kube-public/cluster-info"] == f"https://{ENDPOINT}"
    assert pointed["kubeconfig /etc/kubernetes/admin.conf"] == f"https://{ENDPOINT}"
    # w1's kube-proxy starts anew with it; the two that live are restarted.
    assert {"outdated_pods": 2} in [entry.change.before for entry in plan.entries]


def test_a_node_that_the_run_mends_counts_where_pods_are_to_be_spread() -> None:
    arguments = half_pointed()
    arguments.update(control_planes=["cp1"], workers=["w1"])
    for name in ("cp2", "cp3", "w2"):
        del arguments["hosts"][name]
    arguments["cluster"]["nodes"] = [item for item in arguments["cluster"]["nodes"] if item["name"] in ("cp1", "w1")]
    # The node controller's, of a node that it has not heard of for 40 s.
    taints = [{"key": "node.kubernetes.io/unreachable", "effect": effect} for effect in ("NoSchedule", "NoExecute")]
    arguments["cluster"]["nodes"][-1]["taints"] = taints
    assert arguments["cluster"]["nodes"][-1]["name"] == "w1"
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert ("spread", "Deployment kube-system/coredns") in objects(plan, "cp1")


def _inactive(arguments: Arguments) -> None:
    arguments["hosts"]["w1"]["services"]["kubelet"]["active"] = "failed"


def _no_kubelet(arguments: Arguments) -> None:
    del arguments["hosts"]["w1"]["services"]["kubelet"]


def _expired(arguments: Arguments) -> None:
    for host in arguments["hosts"].values():
        host.update(clock=1_800_000_000.0, looked_at=1_800_000_000.0)


def _reports(arguments: Arguments) -> None:
    not_ready(arguments, "w1", status="False", reason="KubeletNotReady container runtime is down")


def _flow_style(arguments: Arguments) -> None:
    arguments["hosts"]["w1"]["kubelet_server"] = None


BROKEN = [
    ("kubelet failed", _inactive, "the service kubelet of w1 is failed; 'journalctl -u kubelet' on w1 says why"),
    ("no kubelet", _no_kubelet, "the service kubelet of w1 is not there"),
    ("expired", _expired, "the client certificate of its kubelet expired on 2027-01-01T00:00:00Z"),
    ("its own report", _reports, "its kubelet runs and reports: KubeletNotReady container runtime is down"),
    ("server cannot be asked", _flow_style, "names a server that cannot be asked (https://nowhere.invalid:6443)"),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_kubelet_that_is_really_broken_is_explained(change: t.Callable[[Arguments], None], expected: str) -> None:
    arguments = half_pointed()
    change(arguments)
    found = [
        problem for problem in plan_of(arguments).problems if problem.message.startswith("The node w1 is not Ready")
    ]
    assert len(found) == 1
    assert found[0].subject == "w1"
    assert expected in found[0].message


def wanted_but_dead() -> Arguments:
    """Every object names the endpoint, which does not answer w1."""
    arguments = after()
    not_ready(arguments, "w1")
    arguments["hosts"]["w1"]["kubelet_server"] = seen(f"https://{ENDPOINT}", "192.0.2.10", endpoint_view.REFUSED)
    return arguments


def test_an_endpoint_that_is_wanted_and_does_not_answer_is_named() -> None:
    (problem,) = plan_of(wanted_but_dead()).problems
    assert problem.message == (
        "The node w1 is not Ready: its kubelet runs, but its kubelet.conf names https://192.0.2.10:6443, which it cannot use: "
        "192.0.2.10:6443 refuses the connection, so nothing listens there. Let that server answer w1, or set "
        "kubeadm_ha_endpoint to one that does: the run points the kubelet there."
    )


def test_a_load_balancer_that_the_plan_brings_up_is_no_reason_to_stop() -> None:
    arguments = wanted_but_dead()
    arguments["balancers"] = {"lb1": inspection(differs=True)}
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert objects(plan, "lb1") == [("balance", "load balancer haproxy")]


def connected(arguments: Arguments, host: str, *remotes: str) -> None:
    """The kubelet's connections."""
    arguments["hosts"][host]["api_clients"] = [{"process": "kubelet", "remote": remote} for remote in remotes]


def test_a_kubelet_that_was_not_restarted_after_the_edit_is() -> None:
    """The run was killed between the two: the server of the kubeconfig answers, and the kubelet connects to the dead one."""
    arguments = after()
    not_ready(arguments, "w1")
    arguments["hosts"]["w1"]["kubelet_server"] = seen(f"https://{ENDPOINT}", "192.0.2.10")
    plan = plan_of(arguments)
    assert plan.problems == ()
    (entry,) = (entry for entry in plan.entries if entry.host == "w1" and entry.step == "point")
    assert entry.change.object == "service kubelet"
    assert entry.change.reason == "it is not connected to the server that its kubeconfig names, which answers"
    points = {host.name: host.records["point"] for host in plan.hosts if "point" in host.records}
    assert [name for name, point in points.items() if point.restart_kubelet] == ["w1"]


def test_a_connected_kubelet_is_given_a_minute() -> None:
    arguments = after()
    not_ready(arguments, "w1")
    connected(arguments, "w1", ENDPOINT)
    arguments["hosts"]["w1"]["kubelet_server"] = seen(f"https://{ENDPOINT}", "192.0.2.10")
    (problem,) = plan_of(arguments).problems
    assert "is connected to https://192.0.2.10:6443, which answers" in problem.message
    assert "run again in a minute" in problem.message


def test_a_local_kubelet_on_a_dead_endpoint_goes_to_its_own_api_server() -> None:
    arguments = after()
    not_ready(arguments, "cp2")
    names_server(arguments, "cp2", KUBELET_CONF, f"https://{ENDPOINT}")
    arguments["hosts"]["cp2"]["kubelet_server"] = seen(f"https://{ENDPOINT}", "192.0.2.10", endpoint_view.SILENT)
    plan = plan_of(arguments)
    assert plan.problems == ()
    found = {entry.change.object: entry.change.after for entry in plan.entries if entry.host == "cp2"}
    assert found[f"kubeconfig {KUBELET_CONF}"] == "https://192.0.2.12:6443"
    # The same endpoint, when it answers, is left alone.
    arguments["hosts"]["cp2"]["kubelet_server"] = seen(f"https://{ENDPOINT}", "192.0.2.10")
    arguments["cluster"]["nodes"][1]["ready"] = True
    assert plan_of(arguments).entries == ()


@pytest.mark.parametrize(
    ("remotes", "restarted"),
    [
        (["192.0.2.11:6443"], True),
        (["192.0.2.11:6443", "198.51.100.7:6443"], False),
        (["198.51.100.7:6443"], False),
        # Neither an API server nor the endpoint, as behind a balancer that answers with its own address.
        (["198.51.100.9:6443"], False),
        ([], False),
    ],
)
def test_a_kubelet_that_still_connects_to_an_api_server_beside_an_external_endpoint(
    remotes: list[str], restarted: bool
) -> None:
    arguments = after()
    arguments.update(load_balancer="external", load_balancers=[], balancers={}, endpoint="k8s.example.org:6443")
    server = "https://k8s.example.org:6443"
    for name in ("w1", "w2"):
        names_server(arguments, name, KUBELET_CONF, server)
        arguments["hosts"][name]["kubelet_server"] = seen(server, "198.51.100.7")
    connected(arguments, "w1", *remotes)
    found = [
        entry for entry in plan_of(arguments).entries if entry.host == "w1" and entry.change.object == "service kubelet"
    ]
    assert bool(found) is restarted


def test_what_another_kubeconfig_said_is_not_believed() -> None:
    """The kubeconfig was changed after the inspection: nothing is known of its server."""
    arguments = half_pointed()
    arguments["hosts"]["w1"]["kubelet_server"] = seen("https://192.0.2.99:6443", "192.0.2.99")
    assert any("cannot be asked" in problem.message for problem in plan_of(arguments).problems)
