# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's address where every host would get it, by tables over plans of a small cluster."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.manifest_flags import _defaults
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    bare_host,
    before,
    objects,
    plan_of,
    record,
    record_of,
)

CONFIG = "kube-system/kubeadm-config"
SUBJECT = f"ConfigMap {CONFIG}"


def configured(section: str) -> Arguments:
    """The arguments with more in the ClusterConfiguration."""
    arguments = before()
    data = arguments["cluster"]["configmaps"][CONFIG]["data"]
    if section.startswith("apiServer:"):
        # A key stands once.
        data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("apiServer: {}\n", "")
    data["ClusterConfiguration"] += section
    return arguments


def extra_args(component: str, name: str, value: str) -> str:
    """The section of a ClusterConfiguration with one argument."""
    if component == "etcd":
        return f"etcd:\n  local:\n    extraArgs:\n    - name: {name}\n      value: {value}\n"
    return f"{component}:\n  extraArgs:\n  - name: {name}\n    value: {value}\n"


def reported(arguments: Arguments) -> list[tuple[str, str]]:
    """Subject and message of every problem."""
    return [(problem.subject, problem.message) for problem in plan_of(arguments).problems]


BOUND = [
    ("apiServer", "advertise-address", "192.0.2.11", "192.0.2.11 is cp1's address"),
    ("apiServer", "bind-address", "192.0.2.11", "192.0.2.11 is cp1's address"),
    ("apiServer", "some-new-flag", "tcp://192.0.2.11:1", "192.0.2.11 is cp1's address"),
    ("controllerManager", "bind-address", "192.0.2.11", "192.0.2.11 is cp1's address"),
    ("controllerManager", "master", "https://192.0.2.11:6443", "192.0.2.11 is cp1's address"),
    ("scheduler", "bind-address", "192.0.2.11", "192.0.2.11 is cp1's address"),
    ("scheduler", "bind-address", "198.51.100.9", "198.51.100.9 is no host's address"),
    ("etcd", "listen-metrics-urls", "http://127.0.0.1:2381,http://192.0.2.11:2381", "192.0.2.11 is cp1's address"),
    ("etcd", "listen-client-urls", "https://127.0.0.1:2379,https://192.0.2.11:2379", "192.0.2.11 is cp1's address"),
    ("etcd", "initial-advertise-peer-urls", "https://198.51.100.9:2380", "198.51.100.9 is no host's address"),
    ("apiServer", "advertise-address", "198.51.100.9", "198.51.100.9 is no host's address"),
]


@pytest.mark.parametrize(("component", "name", "value", "whose"), BOUND)
def test_an_argument_of_every_control_plane_that_one_host_alone_can_have(
    component: str, name: str, value: str, whose: str
) -> None:
    ((subject, message),) = reported(configured(extra_args(component, name, value)))
    assert subject == SUBJECT
    assert f"gives every control plane --{name}={value}, but {whose}. Remedy: take it out" in message
    assert "kubectl -n kube-system edit configmap kubeadm-config" in message
    # What kubeadm gives each host by itself needs nothing in its place.
    per_host = name == "advertise-address" or (component == "etcd" and name != "listen-metrics-urls")
    assert ("kubeadm gives each control plane its own" in message) is per_host
    assert ("0.0.0.0" in message) is not per_host


@pytest.mark.parametrize(
    ("component", "name", "value"),
    [
        ("controllerManager", "bind-address", "0.0.0.0"),
        ("scheduler", "bind-address", '"::"'),
        ("etcd", "listen-metrics-urls", "http://127.0.0.1:2381,http://0.0.0.0:2381"),
        ("etcd", "listen-client-urls", "https://0.0.0.0:2379"),
        ("apiServer", "service-cluster-ip-range", "192.0.2.0/24"),
        # Nobody's: connected to from every host alike.
        ("apiServer", "audit-webhook-config-server", "https://198.51.100.9:8443"),
        ("apiServer", "oidc-issuer-url", "https://198.51.100.9:8443"),
        # One host's, but only connected to, or the name of an issuer that must stay.
        ("apiServer", "oidc-issuer-url", "https://192.0.2.21:32000"),
        ("apiServer", "service-account-issuer", "https://192.0.2.11:6443"),
        # A list of hosts.
        ("apiServer", "egress-servers", "192.0.2.11:1,192.0.2.12:1,192.0.2.13:1"),
    ],
)
def test_arguments_that_every_control_plane_can_have(component: str, name: str, value: str) -> None:
    assert reported(configured(extra_args(component, name, value))) == []


def test_with_one_control_plane_nothing_is_copied() -> None:
    arguments = configured(extra_args("controllerManager", "bind-address", "192.0.2.11"))
    arguments["control_planes"] = ["cp1"]
    assert reported(arguments) == []


def test_the_older_form_of_arguments() -> None:
    arguments = configured("scheduler:\n  extraArgs:\n    bind-address: 192.0.2.11\n")
    data = arguments["cluster"]["configmaps"][CONFIG]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("v1beta4", "v1beta3")
    ((_subject, message),) = reported(arguments)
    assert "scheduler.extraArgs" in message


def test_a_volume_that_names_a_host() -> None:
    volume = "apiServer:\n  extraVolumes:\n  - {name: audit, hostPath: /srv/192.0.2.11/audit, mountPath: /audit}\n"
    ((subject, message),) = reported(configured(volume))
    assert (subject, "192.0.2.11 is cp1's address" in message) == (SUBJECT, True)


@pytest.mark.parametrize(
    ("config_map", "key", "field", "value", "is_reported"),
    [
        ("kubelet-config", "kubelet", "address", "192.0.2.11", True),
        ("kubelet-config", "kubelet", "healthzBindAddress", "192.0.2.11", True),
        ("kubelet-config-1.34", "kubelet", "address", "192.0.2.11", True),
        ("kubelet-config", "kubelet", "address", "0.0.0.0", False),
        ("kubelet-config", "kubelet", "healthzBindAddress", "127.0.0.1", False),
        ("kube-proxy", "config.conf", "bindAddress", "192.0.2.11", True),
        ("kube-proxy", "config.conf", "metricsBindAddress", "192.0.2.11:10249", True),
        ("kube-proxy", "config.conf", "metricsBindAddress", "0.0.0.0:10249", False),
        ("kube-proxy", "config.conf", "healthzBindAddress", "'[2001:db8::11]:10256'", True),
        ("kube-proxy", "config.conf", "healthzBindAddress", '""', False),
    ],
)
def test_what_every_node_gets(config_map: str, key: str, field: str, value: str, is_reported: bool) -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["addresses"].append("2001:db8::11")
    document = arguments["cluster"]["configmaps"].setdefault(f"kube-system/{config_map}", {"metadata": {}, "data": {}})
    document["data"][key] = f"{field}: {value}\n"
    found = reported(arguments)
    assert [subject for subject, _message in found] == ([f"ConfigMap kube-system/{config_map}"] if is_reported else [])
    assert all(
        "is cp1's address" in message and f"edit configmap {config_map}" in message for _subject, message in found
    )


# --- the manifests of the serving control plane ---------------------------------------------------------------------


def with_manifest(component: str, *, adopt: bool, **flags: str) -> Arguments:
    """A component's manifest on cp1 is kubeadm's own with other flags."""
    arguments = before()
    arguments["adopt_manifest_flags"] = adopt
    text = arguments["cluster"]["configmaps"][CONFIG]["data"]["ClusterConfiguration"]
    own = _defaults(component, ClusterConfiguration.parse(PyYaml().load(text)), {})
    made = {**own, **{name.replace("_", "-"): value for name, value in flags.items()}}
    arguments["hosts"]["cp1"]["static_pods"] = {
        component: {"arguments": [list(item) for item in made.items()], "mounts": []}
    }
    return arguments


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize(
    ("component", "flag", "value"),
    [
        ("kube-controller-manager", "bind_address", "192.0.2.11"),
        ("etcd", "listen_metrics_urls", "http://127.0.0.1:2381,http://192.0.2.11:2381"),
    ],
)
def test_a_hosts_own_value_is_never_adopted(component: str, flag: str, value: str, adopt: bool) -> None:
    arguments = with_manifest(component, adopt=adopt, **{flag: value})
    ((subject, message),) = reported(arguments)
    assert subject == "cp1"
    assert f"--{flag.replace('_', '-')}={value}" in message
    assert "write 0.0.0.0" in message
    assert "adopt_manifest_flags" not in message
    assert record_of(arguments, "cp1", "point").extra_args == {}


def test_what_others_can_have_is_adopted_beside_it() -> None:
    arguments = with_manifest("kube-controller-manager", adopt=True, bind_address="192.0.2.11", v="4")
    assert len(reported(arguments)) == 1
    assert record_of(arguments, "cp1", "point").extra_args == {"controller_manager": {"v": "4"}}
    arguments = with_manifest("kube-controller-manager", adopt=True, bind_address="0.0.0.0", v="4")
    assert reported(arguments) == []
    assert record_of(arguments, "cp1", "point").extra_args == {
        "controller_manager": {"bind-address": "0.0.0.0", "v": "4"}
    }


@pytest.mark.parametrize("is_carried", [True, False])
def test_a_patch_with_a_hosts_own_value(is_carried: bool) -> None:
    arguments = before()
    arguments["patches_dir"] = "/etc/kubeadm-patches"
    report = arguments["hosts"]["cp1"]
    patch = {"flags": [["bind-address", "192.0.2.11"]], "host_paths": [], "has_command": True}
    report["kubeadm_patches"] = {"kube-scheduler": patch}
    path = "/etc/kubeadm-patches/kube-scheduler+json.json"
    fact = {"path": path, "kind": "file", "use": "carried", "owner": "root", "group": "root", "uid": 0, "gid": 0}
    files = [{**fact, "mode": "0644", "size": 9, "sha256": "aa" * 32}] if is_carried else []
    report["control_plane_files"] = {"files": files, "refusals": [], "missing": []}
    found = reported(arguments)
    assert [subject for subject, _message in found] == (["cp1"] if is_carried else [])
    assert all(path in message and "kubeadm_ha_unmanaged_files" in message for _subject, message in found)


# --- what a host advertises -----------------------------------------------------------------------------------------


def test_an_address_in_a_manifest_is_believed_only_when_it_is_the_hosts_own() -> None:
    arguments = after()
    data = arguments["cluster"]["configmaps"][CONFIG]["data"]
    data["ClusterConfiguration"] = (
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.34.4\n"
        "controlPlaneEndpoint: 192.0.2.10:6443\napiServer:\n  certSANs: [192.0.2.10]\n  extraArgs:\n"
        "  - {name: advertise-address, value: 192.0.2.11}\n"
    )
    for name in ("cp2", "cp3"):
        arguments["hosts"][name]["manifests"]["kube-apiserver"]["flags"][0][1] = "192.0.2.11"
    plan = plan_of(arguments)
    # Nothing is led to cp1, neither balancers nor kubelets nor certificates.
    assert plan.entries == ()
    assert [item.address for item in plan.control_planes] == ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
    assert [problem.subject for problem in plan.problems] == ["cp2", "cp3", SUBJECT]
    assert plan.problems[0].message == (
        "The API server of cp2 advertises 192.0.2.11, which is cp1's address and none of cp2's own, so the Service "
        "kubernetes never leads to it: write --advertise-address=192.0.2.12 into "
        "/etc/kubernetes/manifests/kube-apiserver.yaml on cp2."
    )


@pytest.mark.parametrize(
    ("flags", "etcd", "kubelet", "expected"),
    [
        ([], [], {}, "10.0.2.15"),
        ([["advertise-address", "192.0.2.11"]], [], {}, "192.0.2.11"),
        ([["advertise-address", "198.51.100.9"]], [], {}, "10.0.2.15"),
        (
            [["advertise-address", "198.51.100.9"]],
            [["initial-advertise-peer-urls", "https://192.0.2.11:2380"]],
            {},
            "192.0.2.11",
        ),
        ([["advertise-address", "198.51.100.9"]], [], {"node-ip": "192.0.2.11"}, "192.0.2.11"),
        ([["advertise-address", "not-an-address"]], [], {}, "10.0.2.15"),
    ],
)
def test_where_an_api_server_is_reached(
    flags: list[list[str]], etcd: list[list[str]], kubelet: dict[str, str], expected: str
) -> None:
    arguments = before()
    report = arguments["hosts"]["cp1"]
    report.update(addresses=["10.0.2.15", "192.0.2.11"], default_address="10.0.2.15", kubelet_flags=kubelet)
    report["manifests"] = {"kube-apiserver": {"flags": flags}, "etcd": {"flags": etcd}}
    assert str(plan_of(arguments).server) == f"{expected}:6443"


# --- one address on all hosts ---------------------------------------------------------------------------------------

NETWORKS = [{"network": "10.0.2.0/24", "address": "10.0.2.15"}]


def behind_nat(arguments: Arguments) -> Arguments:
    """Every host has the same address on the interface with the default route, as VirtualBox gives it."""
    for report in arguments["hosts"].values():
        (own,) = report["addresses"]
        report["addresses"] = ["10.0.2.15", own]
        report["default_address"] = "10.0.2.15"
        report["networks"] = [*NETWORKS, {"network": "192.0.2.0/24", "address": own}]
    return arguments


def test_a_joining_control_plane_takes_its_address_in_the_network_of_the_serving_one() -> None:
    plan = plan_of(behind_nat(before()))
    assert plan.problems == ()
    assert [item.address for item in plan.control_planes] == ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
    assert record(plan, "cp3", "join").advertise_address == "192.0.2.13"


def test_the_smallest_network_counts() -> None:
    arguments = before()
    arguments["hosts"]["cp2"].update(
        addresses=["198.51.100.2", "192.0.2.12", "203.0.113.2"],
        default_address="203.0.113.2",
        networks=[
            {"network": "192.0.0.0/16", "address": "198.51.100.2"},
            {"network": "192.0.2.0/25", "address": "192.0.2.12"},
            {"network": "2001:db8::/64", "address": "2001:db8::2"},
        ],
    )
    assert record_of(arguments, "cp2", "join").advertise_address == "192.0.2.12"


def test_one_address_of_several_hosts_is_not_advertised() -> None:
    arguments = behind_nat(before())
    arguments["hosts"]["cp2"].update(addresses=["10.0.2.15"], networks=NETWORKS)
    ((subject, message),) = reported(arguments)
    assert subject == "cp2"
    assert message == (
        "cp2 would advertise 10.0.2.15, which lb1, cp1, cp3 and 2 more have too: set kubeadm_ha_advertise_address of cp2 to "
        "an address that only cp2 has."
    )
    # Two that the inventory gives the same one.
    arguments = before()
    arguments["hosts"]["cp3"].update(addresses=["192.0.2.13", "192.0.2.12"], wanted={"advertise_address": "192.0.2.12"})
    assert [subject for subject, _message in reported(arguments)] == ["cp2", "cp3"]


def test_an_api_server_that_runs_at_an_address_of_several_hosts() -> None:
    arguments = behind_nat(before())
    arguments["hosts"]["cp1"]["manifests"]["kube-apiserver"]["flags"][0][1] = "10.0.2.15"
    found = reported(arguments)
    assert ("cp1", True) in [(subject, "other hosts reach themselves there" in message) for subject, message in found]


def test_a_machine_under_two_names_is_not_known_by_its_addresses() -> None:
    arguments = before()
    arguments["workers"].append("cp1b")
    arguments["hosts"]["cp1b"] = {**copy.deepcopy(arguments["hosts"]["cp1"]), "hostname": "cp1b"}
    assert not [message for _subject, message in reported(arguments) if "advertise" in message]


def test_a_worker_that_joins_brings_no_address_to_the_api_servers() -> None:
    arguments = behind_nat(after())
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = {**bare_host("w3"), "addresses": ["10.0.2.15"], "default_address": "10.0.2.15"}
    assert [entry[0] for entry in objects(plan_of(arguments), "w3")][-1:] == ["revoke"]
