# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may cease to be a master, and who may be put back."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport, ServicesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import removals
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.binary.test_scaling_out import (
    ENDPOINT,
    NUMBERS,
    Arguments,
    Signed,
    host,
    scaled_out,
)
from tests.unit.plugins.services_reports import CFG, SSL, master, worker

Records = dict[str, dict[str, t.Any]]


def records(given: Arguments) -> Records:
    """What is known of each host."""
    found = removals(PlanRequest.from_options(copy.deepcopy(given)), yaml=PyYaml(), x509=Signed())
    assert found["problems"] == []
    return t.cast("Records", found["records"])


def three(**changes: t.Any) -> Arguments:
    """Three masters, as the role sees them: whose the balancer is does not matter."""
    given = scaled_out()
    given["services"]["lb1"] = ServicesReport(services={}).as_dict()
    return {**given, "load_balancer": "external", "balancers": {}, "files": {}, **changes}


def alone() -> Arguments:
    """The first master, when the others have gone."""
    given = three()
    for name in ("m2", "m3"):
        given["hosts"][name] = host(name)
        given["services"][name] = ServicesReport(services={}).as_dict()
    return given


def test_a_master_that_was_added_may_go() -> None:
    """What it is given names who stays, its Node, and what its kubelet has written."""
    found = records(three())["m2"]
    assert found["removal"] == ()
    assert (found["source"], found["server"]) == ("m1", "192.0.2.11:6443")
    assert (found["node_name"], found["addresses"]) == ("m2", ("192.0.2.12",))
    assert found["kubelet"] == "kubelet.service"
    assert f"{CFG}/kubelet.kubeconfig" in found["written"]
    assert f"{SSL}/kubelet-client-*.pem" in found["written"]
    assert found["records"] == (
        "component-service/kube-scheduler.service", "component-service/kube-controller-manager.service", "binary-control-plane",
    )  # fmt: skip


def test_a_member_of_etcd_stays_where_a_master_goes() -> None:
    """Nobody has brought it: it is no reason to stop, and nothing of it goes."""
    given = three()
    before = records(given)["m2"]
    given["services"]["m2"]["services"]["etcd"] = dataclasses.asdict(
        ServiceReport(
            "etcd.service", "active", "enabled", arguments={"cert-dir": (SSL,), "key-file": (f"{SSL}/etcd-key.pem",)}
        )
    )
    assert records(given)["m2"] == before


def test_the_last_master_stays() -> None:
    """Whatever else is there."""
    (reason,) = records(alone())["m1"]["removal"]
    assert reason.startswith("m1 is the last master: no other host of the inventory runs an API server")


def test_a_master_to_which_a_kubeconfig_leads_stays() -> None:
    """By address or by name."""
    given = three()
    given["services"]["w1"] = worker("k8s-node1", "https://192.0.2.12:6443").as_dict()
    found = records(given)
    (reason,) = found["m2"]["removal"]
    assert f"{CFG}/kubelet.kubeconfig of w1" in reason
    assert reason.endswith(
        "names the API server of m2 itself, so its clients would lose the API: let kubeadm.ha.site point it to 192.0.2.10:6443 first."
    )
    assert found["m3"]["removal"] == ()


def test_a_master_that_balances_stays() -> None:
    """As long as somebody uses the endpoint."""
    (reason,) = records(three(load_balancers=["m2"]))["m2"]["removal"]
    assert reason.startswith("m2 is a load balancer, too, and ")
    assert "leads to 192.0.2.10:6443: let another host balance" in reason


def test_a_worker_may_be_put_back_at_any_time() -> None:
    """The first master's certificate is still for the address that it used."""
    assert records(three())["w1"]["restoration"] == ()


def test_the_first_master_goes_back_last() -> None:
    """After the other masters, and after who uses the endpoint."""
    reasons = records(three())["m1"]["restoration"]
    assert reasons[0].startswith("API servers run on m2 and m3, too, for which m1 was changed: remove them first")
    assert "Not to the API server of m1 itself" in reasons[1]
    given = alone()
    (reason,) = records(given)["m1"]["restoration"]
    assert f"{CFG}/kubelet.kubeconfig of w1" in reason
    for name in ("w1", "w2"):
        given["services"][name] = worker(name, "https://192.0.2.11:6443").as_dict()
    assert records(given)["m1"]["restoration"] == ()


def test_what_a_killed_removal_has_left_goes_too() -> None:
    """The host runs nothing any more, but its Node may be there."""
    given = three()
    given["hosts"]["m2"] = host("m2")
    given["services"]["m2"] = ServicesReport(services={}).as_dict()
    found = records(given)["m2"]
    assert (found["removal"], found["node_name"], found["own_server"], found["kubelet"]) == ((), "m2", "", "")
    assert found["own_units"] == ()


def test_the_api_server_of_the_host_must_end() -> None:
    """Where the record of the host says that it ran before, the host was a master before."""
    assert records(three())["m2"]["own_units"] == ("kube-apiserver.service",)


def test_masters_that_run_no_pods_have_no_node() -> None:
    """Their components alone run there."""
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    given = three()
    for number, name in ((11, "m1"), (12, "m2"), (13, "m3")):
        given["services"][name] = master(f"192.0.2.{number}", name, server=ENDPOINT, components=names).as_dict()
    found = records(given)["m2"]
    assert (found["node_name"], found["written"], found["kubeconfig"]) == ("", (), "")
    assert set(records(given)) == set(NUMBERS)
