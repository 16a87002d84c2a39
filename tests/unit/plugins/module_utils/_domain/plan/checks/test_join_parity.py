# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What members have and joining hosts would not get: how much is lost decides between a stop and a note."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import join_parity_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import kubelet_arguments
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import OtherStaticPod
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, before, plan_of

if t.TYPE_CHECKING:
    from pathlib import Path

Arguments = dict[str, t.Any]
VIP = "192.0.2.100"
KUBE_VIP = "/etc/kubernetes/manifests/kube-vip.yaml"
#: What kubeadm and its unit give to every kubelet.
OWN = {
    "bootstrap-kubeconfig": "/etc/kubernetes/bootstrap-kubelet.conf",
    "kubeconfig": "/etc/kubernetes/kubelet.conf",
    "config": "/var/lib/kubelet/config.yaml",
    "container-runtime-endpoint": "unix:///run/containerd/containerd.sock",
    "pod-infra-container-image": "registry.k8s.io/pause:3.10",
    "hostname-override": "cp1",
}


def running(arguments: Arguments, **flags: str) -> Arguments:
    """The kubelets of all members run with these flags besides kubeadm's."""
    named = {name.replace("_", "-"): value for name, value in flags.items()}
    for report in arguments["hosts"].values():
        if report["kubeconfigs"]:
            report["kubelet_arguments"] = {**OWN, **named}
    return arguments


def stops(arguments: Arguments) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in plan_of(arguments).problems:
        found.setdefault(problem.subject, []).append(problem.message)
    return found


def notes(arguments: Arguments) -> list[str]:
    return [note.message for note in plan_of(arguments).notes]


def joining(arguments: Arguments) -> list[str]:
    return [name for name, report in arguments["hosts"].items() if not report["kubeconfigs"] and name != "lb1"]


def test_kubeadms_own_flags_are_not_lost() -> None:
    assert stops(running(before())) == {}
    assert notes(running(before())) == []


def test_a_dual_stack_node_ip_stops_until_it_is_given() -> None:
    arguments = running(before(), node_ip="192.0.2.11,2001:db8::11")
    expected = joining(arguments)
    assert set(stops(arguments)) == set(expected) == {"cp2", "cp3"}
    assert stops(arguments)["cp2"] == [
        (
            "The kubelet of cp1 runs with --node-ip=192.0.2.11,2001:db8::11, but cp2 would join without it, and its Node could "
            "get another IPv4 and IPv6 address than meant, or none: give the host kubeadm_ha_kubelet_extra_args ({node-ip: "
            "ADDRESS,ADDRESS}), or KUBELET_EXTRA_ARGS of its /etc/default/kubelet (/etc/sysconfig/kubelet on the RHEL family)."
        )
    ]
    arguments["hosts"]["cp2"]["wanted"] = {"kubelet_extra_args": {"node-ip": "192.0.2.12,2001:db8::12"}}
    arguments["hosts"]["cp3"]["given_kubelet_flags"] = {"node-ip": "192.0.2.13"}
    (reported,) = stops(arguments)["cp3"]
    assert "cp3 would join with IPv4 only, and its Node could get another IPv6 address" in reported
    assert "cp2" not in stops(arguments)
    arguments["hosts"]["cp3"]["given_kubelet_flags"] = {"node-ip": "192.0.2.13,2001:db8::13"}
    assert stops(arguments) == {}


def test_one_address_of_the_family_leaves_nothing_to_choose() -> None:
    arguments = running(before(), node_ip="192.0.2.11")
    assert stops(arguments) == {}
    arguments["hosts"]["cp2"]["addresses"] += ["10.0.2.15"]
    assert list(stops(arguments)) == ["cp2"]


def test_a_cloud_provider_stops_until_it_is_given() -> None:
    arguments = running(before(), cloud_provider="external")
    assert "({cloud-provider: external})" in stops(arguments)["cp3"][0]
    for name in joining(arguments):
        arguments["hosts"][name]["wanted"] = {"kubelet_extra_args": {"cloud-provider": "external"}}
    assert stops(arguments) == {}


def test_flags_of_older_reports_count_too() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["kubelet_flags"] = {"cloud-provider": "external"}
    assert set(stops(arguments)) == set(joining(arguments))


def test_workers_are_like_workers() -> None:
    arguments = before()
    arguments["hosts"]["w1"]["kubelet_arguments"] = {"cloud-provider": "external", "max-pods": "200"}
    arguments["hosts"]["w2"]["kubelet_arguments"] = {"cloud-provider": "external"}
    assert stops(arguments) == {}, "control planes join, and the serving one has no such flag"


def test_other_flags_are_a_note() -> None:
    arguments = running(before(), max_pods="200", v="4")
    assert stops(arguments) == {}
    assert [
        text for text in notes(arguments) if text.startswith("The kubelet of cp1 runs with --max-pods=200, which cp2")
    ]
    for name in joining(arguments):
        arguments["hosts"][name]["given_kubelet_flags"] = {"max-pods": "200"}
    assert notes(arguments) == []
    assert notes(running(after(), max_pods="200")) == notes(after()), "nobody joins"


def with_pod(arguments: Arguments, *hosts: str, addresses: t.Sequence[str] = (VIP,)) -> Arguments:
    for name in hosts:
        arguments["hosts"][name]["other_static_pods"] = [{"path": KUBE_VIP, "addresses": list(addresses)}]
    return arguments


@pytest.mark.parametrize("balancer", ["external", "none"])
def test_a_virtual_ip_on_one_host_stops(balancer: str) -> None:
    arguments = with_pod(before(), "cp1")
    arguments |= {"endpoint": f"{VIP}:6443", "load_balancer": balancer, "load_balancers": [], "balancers": {}}
    (reported,) = [text for text in stops(arguments)["cp1"] if "static pod" in text]
    assert reported == (
        "The endpoint's address 192.0.2.100 is on cp1, whose static pod kube-vip.yaml seems to carry it, but cp2, cp3 have no "
        "such file, so it would go away with cp1: copy /etc/kubernetes/manifests/kube-vip.yaml there (a host that joins "
        "keeps it), or name it in kubeadm_ha_unmanaged_files if something else moves the address."
    )
    with_pod(arguments, "cp2", "cp3")
    assert not [text for texts in stops(arguments).values() for text in texts if "static pod" in text]


def test_a_virtual_ip_that_the_pod_does_not_name_is_known_by_the_hosts_addresses() -> None:
    arguments = with_pod(before(), "cp1", addresses=())
    arguments |= {"endpoint": f"{VIP}:6443", "load_balancer": "external", "load_balancers": [], "balancers": {}}
    assert not [text for text in stops(arguments).get("cp1", []) if "static pod" in text]
    arguments["hosts"]["cp1"]["addresses"] += [VIP]
    assert [text for text in stops(arguments)["cp1"] if "static pod kube-vip.yaml seems to carry it" in text]


def test_another_static_pod_is_a_note() -> None:
    arguments = with_pod(before(), "cp1")
    assert stops(arguments) == {}
    assert notes(arguments) == [
        (
            "The static pod kube-vip.yaml of cp1 is none of kubeadm's, and cp2, cp3 have no such file: copy "
            "/etc/kubernetes/manifests/kube-vip.yaml there if each control plane needs it, such as for a virtual IP, or name it "
            "in kubeadm_ha_unmanaged_files."
        )
    ]


def with_convention(arguments: Arguments) -> Arguments:
    for node in arguments["cluster"]["nodes"]:
        if node["name"] == "cp1":
            node["labels"] = {**node["labels"], "site": "eu-1", "topology.kubernetes.io/zone": "a"}
            node["taints"] = [{"key": "dedicated", "value": "control", "effect": "NoSchedule"}]
    return arguments


def test_labels_and_taints_of_the_operator_are_notes() -> None:
    arguments = with_convention(before())
    assert stops(arguments) == {}
    reported = [text for text in notes(arguments) if "the Node of cp2" in text]
    assert reported == [
        (
            "The Node of cp1 has the label site=eu-1, which the Node of cp2 would not get: if all control planes shall have it, "
            "give it in kubeadm_ha_node_labels to the host before it joins, or afterwards kubectl label node cp2 site=eu-1."
        ),
        (
            "The Node of cp1 has the taint dedicated=control:NoSchedule, which the Node of cp2 would not get: if all control "
            "planes shall have it, give it in kubeadm_ha_node_taints (kubeadm's own included) to the host before it joins, or "
            "afterwards kubectl taint node cp2 dedicated=control:NoSchedule."
        ),
    ]
    arguments["hosts"]["cp2"]["wanted"] = {
        "node_labels": {"site": "eu-2"},
        "node_taints": [{"key": "dedicated", "effect": "NoSchedule"}],
    }
    assert not [text for text in notes(arguments) if "the Node of cp2" in text]


def test_labels_and_taints_stay_reported_after_the_join() -> None:
    reported = [text for text in notes(with_convention(after())) if "which the Node of cp3 has not" in text]
    assert [text.rpartition(", ")[2] for text in reported] == [
        "kubectl label node cp3 site=eu-1.",
        "kubectl taint node cp3 dedicated=control:NoSchedule.",
    ]


def test_the_environment_of_static_pods_is_a_note() -> None:
    arguments = after()
    arguments["hosts"]["cp1"]["pod_environment"] = {"kube-apiserver": ["HTTPS_PROXY", "NO_PROXY"], "etcd": []}
    arguments["hosts"]["cp2"]["pod_environment"] = {"kube-apiserver": ["HTTPS_PROXY", "NO_PROXY"]}
    reported = [text for text in notes(arguments) if "environment variables" in text]
    assert reported == [
        (
            "Static pods of cp1 have the environment variables HTTPS_PROXY, NO_PROXY, those of cp3 have not: if they need them, "
            "write them into the manifests of cp3."
        )
    ]
    first = before()
    first["hosts"]["cp1"]["pod_environment"] = {"kube-apiserver": ["HTTPS_PROXY"]}
    assert [text for text in notes(first) if "those of cp2 get only what is in the environment of kubeadm join" in text]


def test_flags_of_a_command_and_of_files() -> None:
    command = ["/usr/bin/kubelet", "--node-ip=192.0.2.11", "--v", "4", "--fail-swap-on"]
    assert kubelet_arguments.of_command(command) == {"node-ip": "192.0.2.11", "v": "4", "fail-swap-on": "true"}
    assert kubelet_arguments.of_command([]) == {}
    text = '# KUBELET_EXTRA_ARGS=--node-ip=192.0.2.1\nKUBELET_EXTRA_ARGS="--node-ip=192.0.2.12 --cloud-provider=external"\n'
    assert kubelet_arguments.of_text(text) == {"node-ip": "192.0.2.12", "cloud-provider": "external"}
    assert kubelet_arguments.of_text("") == {}


def test_what_is_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifests").mkdir()
    env = "    env:\n    - name: HTTPS_PROXY\n      value: http://user:s3cr3t@192.0.2.250:3128\n"
    pod = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n{env}"
    (tmp_path / "manifests" / "kube-apiserver.yaml").write_text(pod, encoding="utf-8")
    text = (
        f'    - name: address\n      value: "{VIP}"\n    - name: token\n      value: s3cr3t\n    image: vip:0.8.1.2\n'
    )
    (tmp_path / "manifests" / "kube-vip.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "manifests" / ".kubelet-keep").touch()
    unit, named = tmp_path / "kubelet.service", tmp_path / "kubelet.env"
    unit.write_text(f"[Service]\nEnvironmentFile=-{named}\nExecStart=/usr/bin/kubelet --max-pods=200 $ARGS\n")
    named.write_text('KUBELET_ARGS="--node-ip=192.0.2.12"\n', encoding="utf-8")
    monkeypatch.setattr(join_parity_inspection, "_UNITS", (str(unit),))
    monkeypatch.setattr(join_parity_inspection, "_GIVEN", ())
    pods = join_parity_inspection.other_static_pods(str(tmp_path))
    assert pods == [OtherStaticPod(str(tmp_path / "manifests" / "kube-vip.yaml"), [VIP])]
    environment = join_parity_inspection.pod_environment(str(tmp_path))
    assert environment["kube-apiserver"] == ["HTTPS_PROXY"]
    flags = join_parity_inspection.given_flags()
    assert flags == {"max-pods": "200", "node-ip": "192.0.2.12"}
    assert "s3cr3t" not in str((pods, environment, flags, join_parity_inspection.running_flags()))
    assert join_parity_inspection.other_static_pods(str(tmp_path), unmanaged=[str(tmp_path / "manifests")]) == []
