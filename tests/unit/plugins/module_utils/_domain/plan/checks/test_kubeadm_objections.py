# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kubeadm of joining hosts is asked, and its objections in the plan, each reported once."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ENDPOINT,
    Arguments,
    after,
    bare_host,
    before,
    plan_of,
    record_of,
    requests_of,
)

CRIO = "unix:///var/run/crio/crio.sock"
CONTAINERD = "unix:///var/run/containerd/containerd.sock"


def growing() -> Arguments:
    """The conversion, with a worker that joins."""
    arguments = before()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    return arguments


def asked(arguments: Arguments) -> dict[str, t.Any]:
    """What is asked with these hosts and this cluster."""
    return requests_of(arguments, patches_dir="/etc/kubernetes/patches")


def test_every_joining_host_is_asked() -> None:
    found = asked(growing())
    assert list(found["requests"]) == ["cp2", "cp3", "w3"]
    common = {"api_version": "kubeadm.k8s.io/v1beta4", "cri_socket": "", "certificates_dir": "/etc/kubernetes/pki"}
    assert found["requests"]["cp2"] == {
        **common,
        "control_plane": True,
        "node_name": "cp2",
        "advertise_address": "192.0.2.12",
        "bind_port": 6443,
        "patches_directory": "/etc/kubernetes/patches",
    }
    assert found["requests"]["w3"] == {
        **common,
        "control_plane": False,
        "node_name": "w3",
        "advertise_address": "",
        "bind_port": None,
        "patches_directory": "",
    }


def test_it_is_asked_what_the_join_is_given() -> None:
    """The records are what the play gives to the roles that join."""
    arguments = growing()
    for name, wanted in {
        "cp2": {"node_name": "second", "api_port": 7443, "advertise_address": "192.0.2.12"},
        "w3": {"cri_socket": CRIO},
    }.items():
        arguments["hosts"][name]["wanted"] = wanted
    arguments["hosts"]["cp3"]["cri_sockets"] = [CONTAINERD, CRIO]
    arguments["hosts"]["w3"]["cri_sockets"] = [CRIO]
    for node in arguments["cluster"]["nodes"]:
        node["cri_socket"] = CONTAINERD
    requests = asked(arguments)["requests"]
    assert requests["cp3"]["cri_socket"] == CONTAINERD
    for name, request in requests.items():
        join = record_of(arguments, name, "join")
        assert request["node_name"] == join.node_name
        assert request["cri_socket"] == join.cri_socket
        if request["control_plane"]:
            assert request["advertise_address"] == join.advertise_address
            assert request["bind_port"] == join.bind_port


def test_the_cluster_has_its_endpoint_already() -> None:
    arguments = growing()
    arguments["cluster"]["configmaps"]["kube-system/kubelet-config"] = {
        "metadata": {"annotations": {"hash": "x"}, "resourceVersion": "7"},
        "data": {"kubelet": "kind: KubeletConfiguration"},
    }
    kubeadm, kubelet, proxy = asked(arguments)["config_maps"]
    assert kubeadm["metadata"] == {"namespace": "kube-system", "name": "kubeadm-config"}
    stored = json.loads(kubeadm["data"]["ClusterConfiguration"])
    assert (stored["controlPlaneEndpoint"], stored["kubernetesVersion"]) == (ENDPOINT, "v1.34.4")
    assert kubelet == {
        "metadata": {"namespace": "kube-system", "name": "kubelet-config", "annotations": {"hash": "x"}},
        "data": {"kubelet": "kind: KubeletConfiguration"},
    }
    assert proxy["metadata"]["name"] == "kube-proxy"


def _without_kubeadm(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["versions"] = {"kubelet": "v1.34.4"}


def _half_joined(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["kubernetes_files"] = ["/etc/kubernetes/bootstrap-kubelet.conf"]


def _not_inspected(arguments: Arguments) -> None:
    del arguments["hosts"]["cp2"]


@pytest.mark.parametrize("change", [_without_kubeadm, _half_joined, _not_inspected])
def test_hosts_of_which_the_plan_knows_enough_are_not_asked(change: t.Callable[[Arguments], None]) -> None:
    arguments = growing()
    change(arguments)
    assert list(asked(arguments)["requests"]) == ["cp3", "w3"]
    plan = plan_of(arguments)
    assert any(problem.subject == "cp2" for problem in plan.problems), "named in the plan's own words"


def test_nobody_is_asked_where_nobody_joins_or_the_cluster_does_not_say() -> None:
    assert asked(after()) == {"requests": {}, "config_maps": []}
    for text in ("{", "apiVersion: kubeadm.k8s.io/v1beta1\nkind: ClusterConfiguration\n"):
        arguments = growing()
        arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]["ClusterConfiguration"] = text
        assert asked(arguments)["requests"] == {}


def objections(arguments: Arguments, host: str, *checks: str, failure: str = "") -> list[str]:
    """Messages about a host of whom kubeadm says this, in a plan that has nothing else to say of it."""
    arguments["kubeadm"] = {
        host: {"failed_checks": [{"name": name, "text": f"{name} is\n bad."} for name in checks], "failure": failure}
    }
    return [problem.message for problem in plan_of(arguments).problems if problem.subject == host]


def test_an_objection_is_a_reason_to_stop() -> None:
    assert objections(growing(), "cp2") == []
    assert objections(growing(), "w3", "NumCPU", "Mem") == [
        f"kubeadm would not join w3, by its check {name}: {name} is bad; mend it, or add {name} to "
        "kubeadm_ha_ignore_preflight_errors of the host if it shall join nevertheless."
        for name in ("NumCPU", "Mem")
    ]
    plan = plan_of(
        {**growing(), "kubeadm": {"cp2": {"failed_checks": [], "warned_checks": [{"name": "a", "text": "b"}]}}}
    )
    assert plan.problems == ()


REMEDIES = {
    "FileExisting-conntrack": "; install conntrack.",
    "DirAvailable--var-lib-etcd": "; find out whose it is, and move it elsewhere if nothing needs it.",
    "FileAvailable--etc-kubernetes-pki-ca.crt": "; find out whose it is, and move it elsewhere if nothing needs it.",
    "Port-10250": "; free the port, or add Port-10250 to",
}


@pytest.mark.parametrize(("name", "remedy"), REMEDIES.items())
def test_the_remedy_fits_the_check(name: str, remedy: str) -> None:
    (message,) = objections(growing(), "cp2", name)
    assert remedy in message
    assert ("kubeadm_ha_ignore" in message) is not remedy.endswith(".")


def test_members_have_no_objections() -> None:
    """A report that is older than the join would be one of a member."""
    assert objections(after(), "cp2", "NumCPU") == []


def _swap(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["swap"] = True


def _port(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["listening"] = [{"address": "0.0.0.0", "port": 10250, "process": "x"}]


def _forwarding(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["forwarding"]["net.ipv4.ip_forward"] = "0"


def _no_runtime(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"].update(services={}, cri_sockets=[])


def _newer_kubelet(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"]["versions"]["kubelet"] = "v1.35.0"


REPORTED = {
    "Swap": (_swap, "Swap is on on cp2"),
    "Port-10250": (_port, "Port 10250 is already in use on cp2"),
    "FileContent--proc-sys-net-ipv4-ip_forward": (_forwarding, "net.ipv4.ip_forward of cp2 is not 1"),
    "CRI": (_no_runtime, "cp2 has no container runtime"),
    "KubeletVersion": (_newer_kubelet, "v1.35.0"),
}


@pytest.mark.parametrize(
    ("name", "change", "expected"), [(name, *rest) for name, rest in REPORTED.items()], ids=REPORTED
)
def test_what_the_plan_reports_itself_is_reported_once(
    name: str, change: t.Callable[[Arguments], None], expected: str
) -> None:
    arguments = growing()
    change(arguments)
    own = objections(arguments, "cp2")
    assert any(expected in message for message in own)
    assert objections(arguments, "cp2", name) == own
    # Of a host where the plan sees nothing kubeadm's word counts, and another check's beside.
    assert len(objections(growing(), "cp2", name)) == 1
    assert len(objections(arguments, "cp2", name, "NumCPU")) == len(own) + 1


def test_another_port_than_the_one_that_is_reported_is_an_objection() -> None:
    arguments = growing()
    _port(arguments)
    assert len(objections(arguments, "cp2", "Port-10250", "Port-10259")) == 2


def test_an_end_without_a_name_is_a_reason_but_for_what_is_reported() -> None:
    (message,) = objections(growing(), "cp2", failure="x" * 400)
    assert message == f"kubeadm would not join cp2: {'x' * 300} ...; mend that, then run again."
    arguments = growing()
    _no_runtime(arguments)
    assert objections(arguments, "cp2", failure="no runtime") == objections(arguments, "cp2")


def test_a_kubeadm_that_could_not_be_asked_is_one_reason_of_several() -> None:
    failed = {"kubeadm": {"cp2": "kubeadm join phase preflight did not end within 60 s."}}
    plan = plan_of({**growing(), "failures": failed})
    assert [(problem.subject, problem.message) for problem in plan.problems] == [
        (
            "cp2",
            "Whether kubeadm would join cp2 could not be asked: kubeadm join phase preflight did not end within 60 s.",
        )
    ]
    assert plan.entries, "the rest of the plan stands"
    arguments = {**growing(), "failures": failed}
    _no_runtime(arguments)
    assert not any("could not be asked" in problem.message for problem in plan_of(arguments).problems)
