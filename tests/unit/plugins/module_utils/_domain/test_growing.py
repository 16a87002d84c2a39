# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters off kubeadm's defaults, mixed versions, and hosts that are neither members nor clean, by tables."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ADDRESSES,
    ENDPOINT,
    Arguments,
    after,
    bare_host,
    before,
    cluster,
    control_plane,
    facts_of,
    inspection,
    kubeconfig,
    member,
    node_report,
    objects,
    plan_of,
    record,
    situation_of,
)

Change = t.Callable[[Arguments], None]


def messages(arguments: Arguments) -> list[str]:
    """What the plan's problems say."""
    return [problem.message for problem in plan_of(arguments).problems]


def changed(*assignments: tuple[str, t.Any]) -> Change:
    """Sets values by their paths, which may be new."""

    def change(arguments: Arguments) -> None:
        for path, value in assignments:
            *parents, last = path.split("/")
            target: t.Any = arguments
            for name in parents:
                target = target.setdefault(name, {}) if isinstance(target, dict) else target[int(name)]
            target[last] = value

    return change


def grown(change: Change | None = None, *, start: t.Callable[[], Arguments] = before) -> Arguments:
    """The arguments for a cluster after a change."""
    arguments = start()
    if change is not None:
        change(arguments)
    return arguments


# --- ports, names and addresses ------------------------------------------------------------------------------------


def api_on(port: int) -> Change:
    """The existing API server listens on another port."""

    def change(arguments: Arguments) -> None:
        cp1 = arguments["hosts"]["cp1"]
        cp1["manifests"]["kube-apiserver"]["flags"] = [["advertise-address", "192.0.2.11"], ["secure-port", str(port)]]
        cp1["listening"] = [{"address": "0.0.0.0", "port": port, "process": "kube-apiserver"}]

    return change


def listening(*ports: int) -> list[dict[str, t.Any]]:
    """Sockets on these ports."""
    return [{"address": "0.0.0.0", "port": port, "process": ""} for port in ports]


def test_joining_control_planes_take_the_port_of_the_serving_one_or_their_own() -> None:
    arguments = grown(api_on(7443))
    arguments["hosts"]["cp3"]["wanted"] = {"api_port": 9443}
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [server.port for server in plan.control_planes] == [7443, 7443, 9443]
    ports = [record(plan, name, "join").bind_port for name in ("cp2", "cp3")]
    assert (*ports, str(plan.server)) == (7443, 9443, "192.0.2.11:7443")


@pytest.mark.parametrize(
    ("host", "port", "is_reported"),
    [("cp2", 7443, True), ("cp2", 6443, False), ("cp2", 10257, True), ("cp2", 2380, True), ("cp2", 10250, True)],
)
def test_the_ports_that_must_be_free_are_the_real_ones(host: str, port: int, is_reported: bool) -> None:
    arguments = grown(api_on(7443))
    arguments["hosts"][host]["listening"] = listening(port)
    assert messages(arguments) == (
        [f"Port {port} is already in use on {host}: free it before the host joins."] if is_reported else []
    )


@pytest.mark.parametrize(("port", "reported"), [(7443, "will have port 7443"), (8443, "")])
def test_a_balancer_on_a_joining_control_plane_needs_a_port_of_its_own(port: int, reported: str) -> None:
    arguments = grown(api_on(7443))
    arguments["endpoint"] = f"192.0.2.12:{port}"
    arguments["load_balancers"] = ["cp2"]
    found = messages(arguments)
    assert [reported in message for message in found] == ([True] if reported else [])


@pytest.mark.parametrize(
    ("hostname", "wanted", "expected"),
    [
        ("cp2", None, "cp2"),
        ("CP2.Example.ORG", None, "cp2.example.org"),
        ("machine-17", "Control-2.example.org", "control-2.example.org"),
    ],
)
def test_a_joining_hosts_node_name_is_kubeadms(hostname: str, wanted: str | None, expected: str) -> None:
    arguments = grown()
    arguments["hosts"]["cp2"].update(hostname=hostname, wanted={"node_name": wanted})
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert record(plan, "cp2", "join").node_name == expected
    assert ("join", f"node {expected}") in objects(plan, "cp2")
    assert plan.control_planes[1].name == expected


def test_inventory_names_need_not_be_node_names() -> None:
    arguments = after()
    names = {"cp1": "alpha", "cp2": "beta", "cp3": "gamma", "w1": "delta", "w2": "epsilon", "lb1": "zeta"}
    arguments["hosts"] = {names[name]: report for name, report in arguments["hosts"].items()}
    for group in ("control_planes", "workers", "load_balancers"):
        arguments[group] = [names[name] for name in arguments[group]]
    arguments["balancers"] = {"zeta": inspection(differs=False)}
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems, situation_of(arguments).hosts["beta"].node_name) == ((), (), "cp2")


def ipv6(text: str, *, endpoint: str) -> Arguments:
    """A converted cluster whose API servers advertise IPv6; it spells its endpoint as given."""
    arguments = after()
    arguments["endpoint"] = "[2001:DB8:0:0::10]:6443"
    arguments["hosts"]["lb1"]["addresses"] = ["2001:db8::10"]
    for number, name in enumerate(("cp1", "cp2", "cp3"), start=11):
        report = arguments["hosts"][name]
        report["addresses"] = [f"2001:db8::{number}"]
        report["manifests"]["kube-apiserver"]["flags"] = [["advertise-address", f"2001:db8::{number}"]]
        report["certificates"][2]["pem"] = f"CN=kube-apiserver|k|kubernetes {name} 2001:db8::{number} {text}"
        own = f"https://[2001:db8::{number}]:6443"
        servers = [own, f"https://{endpoint}", f"https://{endpoint}"]
        for item, server in zip(report["kubeconfigs"], servers, strict=True):
            item["text"] = kubeconfig(server)
    for name in ("w1", "w2"):
        arguments["hosts"][name]["kubeconfigs"][0]["text"] = kubeconfig(f"https://{endpoint}")
    made = cluster("cp1", "cp2", "cp3", "w1", "w2", endpoint="x:6443")
    for document in made["configmaps"].values():
        for key, value in document["data"].items():
            document["data"][key] = (
                value.replace("https://x:6443", f"https://{endpoint}")
                .replace("controlPlaneEndpoint: x:6443", f"controlPlaneEndpoint: '{endpoint}'")
                .replace("certSANs: [x]", f"certSANs: ['{text}']")
            )
    arguments["cluster"] = made
    (own_member,) = arguments["etcd"]["members"]
    arguments["etcd"]["members"] = [
        {
            **own_member,
            "id": str(number),
            "name": name,
            "peer_urls": [f"https://[2001:db8::{number}]:2380"],
            "client_urls": [f"https://[2001:db8::{number}]:2379"],
        }
        for number, name in enumerate(("cp1", "cp2", "cp3"), start=11)
    ]
    return arguments


@pytest.mark.parametrize("spelling", ["2001:db8::10", "2001:DB8::10", "2001:0db8:0:0:0:0:0:10"])
def test_ipv6_addresses_are_compared_by_value(spelling: str) -> None:
    plan = plan_of(ipv6(spelling, endpoint=f"[{spelling}]:6443"))
    assert (plan.entries, plan.problems) == ((), ())
    assert dataclasses.asdict(plan.control_planes[0]) == {"name": "cp1", "address": "2001:db8::11", "port": 6443}


def test_a_joining_host_advertises_in_the_family_of_the_others() -> None:
    arguments = ipv6("2001:db8::10", endpoint="[2001:db8::10]:6443")
    arguments["control_planes"] += ["cp4"]
    forwarding = {"net.ipv6.conf.default.forwarding": "1"}
    arguments["hosts"]["cp4"] = {**bare_host("cp4"), "default_ipv6_address": "2001:db8::14", "forwarding": forwarding}
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert record(plan, "cp4", "join").advertise_address == "2001:db8::14"
    arguments["hosts"]["cp4"]["default_ipv6_address"] = ""
    assert messages(arguments) == [
        (
            "cp4 has no IPv6 address with a default route, as the API server [2001:db8::11]:6443 has: set "
            "kubeadm_ha_advertise_address for the host."
        )
    ]


WRONG_INPUTS: dict[str, tuple[Change, str]] = {
    "an address of nobody": (
        changed(("hosts/cp2/wanted", {"advertise_address": "198.51.100.1"})),
        "kubeadm_ha_advertise_address of cp2 is 198.51.100.1, which is none of its addresses (192.0.2.12)",
    ),
    "a name that is none": (
        changed(("hosts/cp2/wanted", {"node_name": "cp_2"})),
        "'cp_2' cannot be the name of the node of cp2",
    ),
    "a name with spaces": (changed(("hosts/w1/hostname", "w1")), ""),
    "a token for a day": (
        changed(("token_ttl", "24h")),
        "kubeadm_ha_token_ttl: The option ttl is 24h: a token must live",
    ),
    "a token for a while": (changed(("token_ttl", "soon")), "kubeadm_ha_token_ttl: The option ttl is 'soon'"),
    "a short token": (changed(("token_ttl", "10m")), ""),
}


@pytest.mark.parametrize("name", WRONG_INPUTS)
def test_a_desired_state_that_cannot_be_is_reported(name: str) -> None:
    change, reported = WRONG_INPUTS[name]
    found = messages(grown(change))
    assert [reported in message for message in found] == ([True] if reported else []), found


# --- versions --------------------------------------------------------------------------------------------------------


def versions(**of: str) -> Change:
    """Sets versions: ``api``, ``stored``, ``older`` (a second API server), kubelets and kubeadms as ``HOST_PROGRAM``."""

    def change(arguments: Arguments) -> None:
        for key, version in of.items():
            name, _underscore, program = key.partition("_")
            if key == "api":
                arguments["cluster"]["version"] = version
            elif key in ("stored", "schema"):
                data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
                old = "kubernetesVersion: v1.34.4" if key == "stored" else "kubeadm.k8s.io/v1beta4"
                new = f"kubernetesVersion: {version}" if key == "stored" else f"kubeadm.k8s.io/{version}"
                data["ClusterConfiguration"] = data["ClusterConfiguration"].replace(old, new)
            elif program == "api":
                manifest = arguments["hosts"][name]["manifests"]["kube-apiserver"]
                manifest["image"] = f"registry.k8s.io/kube-apiserver:{version}"
            elif program == "node":
                next(node for node in arguments["cluster"]["nodes"] if node["name"] == name)["kubelet_version"] = (
                    version
                )
            else:
                arguments["hosts"][name]["versions"][program] = version

    return change


#: Versions of a cluster before the conversion; what is reported, nothing when it is allowed.
SKEWS: dict[str, tuple[dict[str, str], str]] = {
    "all the same": ({}, ""),
    "another patch": ({"cp2_kubeadm": "v1.34.0", "cp2_kubelet": "v1.34.9", "w1_kubelet": "v1.34.1"}, ""),
    "a worker one minor older": ({"w1_kubelet": "v1.33.13"}, ""),
    "a worker three minors older": ({"w1_kubelet": "v1.31.0"}, ""),
    "a worker four minors older": (
        {"w1_kubelet": "v1.30.0"},
        "The kubelet of w1 is v1.30.0, more than 3 minor versions older",
    ),
    "a worker that is newer": (
        {"w1_kubelet": "v1.35.0"},
        "The kubelet of w1 is v1.35.0, newer than the API server v1.34.4",
    ),
    "a newer kubelet that runs": (
        {"w1_node": "v1.35.0"},
        "The kubelet of w1 is v1.35.0, newer than the API server v1.34.4",
    ),
    "a control plane's kubelet that is newer": (
        {"cp1_kubelet": "v1.35.0"},
        "The kubelet of cp1 is v1.35.0, newer than",
    ),
    "a joining host with an older kubelet": ({"cp2_kubelet": "v1.32.1"}, ""),
    "a joining host with a very old kubelet": (
        {"cp2_kubelet": "v1.30.1"},
        "cp2 has kubelet v1.30.1, but the cluster runs v1.34.4, and a kubelet may be at most 3 minor versions older",
    ),
    "a joining host with a newer kubelet": (
        {"cp2_kubelet": "v1.35.0"},
        "cp2 has kubelet v1.35.0, but the cluster runs v1.34.4, and a kubelet must not be newer: install kubelet 1.34",
    ),
    "a joining host with a newer kubeadm": (
        {"cp2_kubeadm": "v1.35.0"},
        "cp2 has kubeadm v1.35.0, but the cluster runs v1.34.4: install kubeadm 1.34 on it.",
    ),
    "a joining host with a kubeadm two minors older": (
        {"cp2_kubeadm": "v1.32.0", "cp2_kubelet": "v1.32.0"},
        "cp2 has kubeadm v1.32.0, but the cluster runs v1.34.4: install kubeadm 1.34 on it.",
    ),
    "a control plane with an older kubeadm": (
        {"cp2_kubeadm": "v1.33.0", "cp2_kubelet": "v1.33.0"},
        "a control plane would get the etcd of the older release: install kubeadm 1.34",
    ),
    "no kubeadm": ({"cp2_kubeadm": ""}, "cp2 has no kubeadm: install kubeadm 1.34"),
    "the stored version differs": (
        {"stored": "v1.34.2"},
        "kubeadm-config says kubernetesVersion v1.34.2, but the API server is v1.34.4",
    ),
    "the stored version cannot be read": ({"stored": "stable"}, ""),
}


@pytest.mark.parametrize("name", SKEWS)
def test_versions_before_a_conversion(name: str) -> None:
    of, reported = SKEWS[name]
    found = messages(grown(versions(**of)))
    assert [reported in message for message in found] == ([True] if reported else []), found


def one_more_worker() -> Arguments:
    """The converted cluster and a worker to join."""
    arguments = after()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    return arguments


#: Versions of a joining worker in a cluster of v1.34.4, is the switch on; what is reported.
JOINING_WORKERS: dict[str, tuple[dict[str, str], bool, str]] = {
    "one minor older": (
        {"w3_kubeadm": "v1.33.5", "w3_kubelet": "v1.33.5"},
        False,
        "kubeadm_ha_allow_older_kubeadm: true lets",
    ),
    "one minor older, switch": ({"w3_kubeadm": "v1.33.5", "w3_kubelet": "v1.33.5"}, True, ""),
    "two minors older, switch": ({"w3_kubeadm": "v1.32.5", "w3_kubelet": "v1.32.5"}, True, "w3 has kubeadm v1.32.5"),
    "newer, switch": ({"w3_kubeadm": "v1.35.0"}, True, "w3 has kubeadm v1.35.0"),
    "kubelet newer than kubeadm": (
        {"w3_kubeadm": "v1.33.5"},
        True,
        "w3 has kubelet v1.34.4 and the older kubeadm v1.33.5",
    ),
    "a stored version that differs": ({"stored": "v1.34.2"}, False, ""),
    "two minor kubelets before 1.25": (
        {
            "api": "v1.26.1",
            "stored": "v1.26.1",
            "schema": "v1beta3",
            **{
                f"{name}_{program}": "v1.26.1"
                for name in ("cp1", "cp2", "cp3", "w1", "w3")
                for program in ("kubelet", "kubeadm")
            },
            "w2_kubelet": "v1.23.1",
        },
        False,
        "The kubelet of w2 is v1.23.1, more than 2 minor versions older",
    ),
    "an unreadable configuration, switch": (
        {
            "api": "v1.31.1",
            "stored": "v1.31.1",
            **{
                f"{name}_{program}": "v1.31.1"
                for name in ("cp1", "cp2", "cp3", "w1", "w2")
                for program in ("kubelet", "kubeadm")
            },
            "w3_kubeadm": "v1.30.9",
            "w3_kubelet": "v1.30.9",
        },
        True,
        "keeps its configuration in v1beta4, which it cannot read",
    ),
}


@pytest.mark.parametrize("name", JOINING_WORKERS)
def test_versions_of_a_joining_worker(name: str) -> None:
    of, allow, reported = JOINING_WORKERS[name]
    arguments = grown(versions(**of), start=one_more_worker)
    arguments["allow_older_kubeadm"] = allow
    found = messages(arguments)
    assert [reported in message for message in found] == ([True] if reported else []), found


@pytest.mark.parametrize(
    ("images", "reported"),
    [
        ({"cp2_api": "v1.33.9", "cp2_kubelet": "v1.33.9", "w1_kubelet": "v1.33.9", "w2_kubelet": "v1.33.9"}, ""),
        (
            {"cp2_api": "v1.32.9", "cp2_kubelet": "v1.32.9", "w1_kubelet": "v1.32.9", "w2_kubelet": "v1.32.9"},
            "The API servers are more than one minor version apart",
        ),
        (
            {"cp2_api": "v1.33.9", "cp2_kubelet": "v1.33.9", "w1_kubelet": "v1.33.9"},
            "The kubelet of w2 is v1.34.4, newer than",
        ),
    ],
    ids=["within the policy", "too far apart", "a worker newer than the oldest API server"],
)
def test_api_servers_of_differing_versions(images: dict[str, str], reported: str) -> None:
    found = messages(grown(versions(**images), start=after))
    assert [reported in message for message in found] == ([True] if reported else []), found


#: Versions of cp1 and of cp2's API server, the gate, kubelet.conf's server now; the server that it must name.
OWN, BALANCED = "https://192.0.2.11:6443", f"https://{ENDPOINT}"
KUBELET_SERVERS: dict[str, tuple[str, str, str, str | None, str, str | None]] = {
    "1.34": ("v1.34.4", "v1.34.4", "v1.34.4", None, OWN, OWN),
    "1.34 on the endpoint already": ("v1.34.4", "v1.34.4", "v1.34.4", None, BALANCED, None),
    "1.34 beside 1.33 on the endpoint": ("v1.34.4", "v1.34.4", "v1.33.9", None, BALANCED, OWN),
    "1.33 kubelet beside 1.33": ("v1.34.4", "v1.33.9", "v1.33.9", None, BALANCED, None),
    "1.32": ("v1.32.4", "v1.32.4", "v1.32.4", None, OWN, BALANCED),
    "1.33 beside 1.32, upgraded first": ("v1.33.4", "v1.32.4", "v1.32.4", None, OWN, OWN),
    "1.32 with the gate": ("v1.32.4", "v1.32.4", "v1.32.4", "true", OWN, OWN),
    "1.34 without the gate": ("v1.34.4", "v1.34.4", "v1.34.4", "false", OWN, BALANCED),
    "1.36 knows no gate": ("v1.36.0", "v1.36.0", "v1.36.0", "false", OWN, OWN),
}


@pytest.mark.parametrize("name", KUBELET_SERVERS)
def test_the_server_of_a_control_planes_kubelet(name: str) -> None:
    own_api, kubelet, other_api, gate, now, expected = KUBELET_SERVERS[name]
    arguments = grown(versions(api=own_api, cp1_kubelet=kubelet, cp2_api=other_api), start=after)
    arguments["hosts"]["cp1"]["kubeconfigs"][0]["text"] = kubeconfig(now)
    if gate is not None:
        data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
        data["ClusterConfiguration"] += f"featureGates:\n  ControlPlaneKubeletLocalMode: {gate}\n"
    planned = {
        entry.change.after
        for entry in plan_of(arguments).entries
        if entry.host == "cp1" and entry.change.object.endswith("kubelet.conf")
    }
    assert planned == ({expected} if expected not in (None, now) else set())


# --- membership ------------------------------------------------------------------------------------------------------


def with_ca(server: str, ca: str) -> str:
    """A kubelet.conf that holds its CA."""
    data = base64.b64encode(f"CN=kubernetes|sha256:{ca}|".encode()).decode()
    return kubeconfig(server).replace("    server:", f"    certificate-authority-data: {data}\n    server:")


def etcd_member(name: str, host: str, number: str = "a1", **found: t.Any) -> dict[str, t.Any]:
    """A member of the etcd cluster as ``etcd_member_info`` reports it: a healthy voter when it has a name."""
    peers = (f"https://{ADDRESSES.get(host, host)}:2380",)
    return {**Member(id=number, name=name, peer_urls=peers, is_healthy=bool(name)).as_dict(leader=None), **found}


#: What kubeadm adds first, and what a failed join leaves.
LEARNER = etcd_member("", "cp2", is_learner=True)


def etcd_cluster(*members: dict[str, t.Any], problems: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """A cluster with cp1 and these members."""
    reported = EtcdReport((), is_healthy=not problems, problems=tuple(problems)).as_dict()
    return {**reported, "members": [etcd_member("cp1", "cp1", "1"), *members]}


def _foreign_kubelet(arguments: Arguments) -> None:
    conf = {
        "path": "/etc/kubernetes/kubelet.conf",
        "text": with_ca("https://198.51.100.9:6443", "other"),
        "mode": "0600",
    }
    arguments["hosts"]["w2"]["kubeconfigs"] = [conf]


def _replaced_kubelet_conf_only(arguments: Arguments) -> None:
    """The CA file was copied by hand, the kubelet is another cluster's."""
    _foreign_kubelet(arguments)
    arguments["hosts"]["w2"]["certificates"][0]["pem"] = "CN=kubernetes|sha256:ca|"


def _node_deleted(arguments: Arguments) -> None:
    arguments["cluster"]["nodes"] = [node for node in arguments["cluster"]["nodes"] if node["name"] != "w2"]


def _copied_disk(arguments: Arguments) -> None:
    _node_deleted(arguments)
    arguments["hosts"]["w2"]["certificates"][1]["pem"] = "CN=system:node:w1,O=x|k|"


def _copied_disk_and_name(arguments: Arguments) -> None:
    _copied_disk(arguments)
    arguments["hosts"]["w2"]["hostname"] = "w1"


def _only_the_ca(arguments: Arguments) -> None:
    cp2 = arguments["hosts"]["cp2"]
    cp2["certificates"] = [{"path": "/etc/kubernetes/pki/ca.crt", "pem": "CN=kubernetes|sha256:ca|"}]
    cp2["kubernetes_files"] = ["/etc/kubernetes/pki/ca.crt"]


def _only_another_ca(arguments: Arguments) -> None:
    _only_the_ca(arguments)
    arguments["hosts"]["cp2"]["certificates"][0]["pem"] = "CN=kubernetes|sha256:other|"


def _manifests_without_kubelet_conf(arguments: Arguments) -> None:
    cp2 = arguments["hosts"]["cp2"]
    made = control_plane("cp2")
    cp2.update(manifests=made["manifests"], certificates=made["certificates"][:1], listening=listening(2379, 6443))
    cp2["kubernetes_files"] = ["/etc/kubernetes/manifests/etcd.yaml", "/etc/kubernetes/manifests/kube-apiserver.yaml"]


def _member_without_node(arguments: Arguments) -> None:
    _manifests_without_kubelet_conf(arguments)
    arguments["etcd"] = etcd_cluster(LEARNER, problems=["member a1 (https://192.0.2.12:2380) has not started"])


def _needed_member_of_a_clean_host(arguments: Arguments) -> None:
    arguments["etcd"] = etcd_cluster(
        etcd_member("cp2", "cp2", healthy=False), problems=["cp2 is not healthy: no answer"]
    )


def _member_of_nobody(arguments: Arguments) -> None:
    arguments["etcd"] = etcd_cluster(etcd_member("cp9", "198.51.100.9"), problems=["cp9 is not healthy: no answer"])


def _deleted_control_plane_in_the_etcd_cluster(arguments: Arguments) -> None:
    arguments["hosts"]["cp2"] = control_plane("cp2")
    arguments["etcd"] = etcd_cluster(etcd_member("cp2", "cp2"))


def _worker_as_control_plane(arguments: Arguments) -> None:
    arguments["workers"].remove("w2")
    arguments["control_planes"].append("w2")


def _control_plane_as_worker(arguments: Arguments) -> None:
    made = {**control_plane("cp2"), "hostname": "w2", "machine_id": "m", "product_uuid": "u"}
    arguments["hosts"]["w2"] = {**made, "addresses": [ADDRESSES["w2"]]}
    arguments["hosts"]["w2"]["certificates"][1]["pem"] = "CN=system:node:w2,O=x|k|"


def _control_plane_without_etcd(arguments: Arguments) -> None:
    made = control_plane("cp2")
    del made["manifests"]["etcd"]
    flags = {**ETCD_FLAGS, "etcd-servers": "https://127.0.0.1:2379"}
    made["manifests"]["kube-apiserver"]["flags"] += [list(flag) for flag in flags.items()]
    arguments["hosts"]["cp2"] = made
    arguments["cluster"]["nodes"].append(node_report("cp2", ready=True))


def _control_plane_without_manifests(arguments: Arguments) -> None:
    made = control_plane("cp2")
    made["manifests"] = {}
    arguments["hosts"]["cp2"] = made
    arguments["cluster"]["nodes"].append(node_report("cp2", ready=True))


def _old_node_of_a_new_host(arguments: Arguments) -> None:
    arguments["cluster"]["nodes"].append(node_report("cp2", ready=False))


def _renamed(arguments: Arguments) -> None:
    arguments["hosts"]["w2"]["wanted"] = {"node_name": "worker-2"}


CASES: dict[str, tuple[Change, str, str]] = {
    "kubelet.conf of another cluster": (
        _foreign_kubelet,
        "w2",
        "w2 belongs to another cluster than cp1 (its kubelet connects to https://198.51.100.9:6443 and trusts another CA)",
    ),
    "kubelet.conf of another cluster beside this CA": (
        _replaced_kubelet_conf_only,
        "w2",
        "w2 belongs to another cluster",
    ),
    "the Node was deleted": (
        _node_deleted,
        "w2",
        "has joined before, but the cluster has no node w2: restart its kubelet if the Node was deleted by mistake, else run",
    ),
    "the credentials of another host": (
        _copied_disk,
        "w2",
        "has the credentials of the node w1, which is w1: its disk is a copy",
    ),
    "the credentials and the name of another host": (_copied_disk_and_name, "w2", "has the credentials of the node w1"),
    "only pki/ca.crt": (
        _only_the_ca,
        "cp2",
        "cp2 is half joined: it has no kubelet.conf, but /etc/kubernetes/pki/ca.crt; run",
    ),
    "only another cluster's pki/ca.crt": (_only_another_ca, "cp2", "(its /etc/kubernetes/pki/ca.crt differs)"),
    "manifests without kubelet.conf": (
        _manifests_without_kubelet_conf,
        "cp2",
        "cp2 is half joined: it has no kubelet.conf",
    ),
    "a member of etcd without a Node": (
        _member_without_node,
        "cp2",
        (
            "run kubeadm reset on it. etcd still has its member without a name (a1, https://192.0.2.12:2380), which the next "
            "run takes out."
        ),
    ),
    "a member of a clean host in an etcd without quorum": (
        _needed_member_of_a_clean_host,
        "cp2",
        (
            "cp2 has nothing of a join, but etcd has its member cp2 (a1, https://192.0.2.12:2380), which cannot be taken "
            "out: etcd has lost its quorum (1 of 2 voters are healthy, 2 are needed)"
        ),
    ),
    "a member of etcd of nobody": (
        _member_of_nobody,
        "etcd",
        "The etcd cluster has the member cp9 (a1, https://198.51.100.9:2380), but the cluster has no such node",
    ),
    "a deleted control plane in the etcd cluster": (
        _deleted_control_plane_in_the_etcd_cluster,
        "cp2",
        "The cluster has no node cp2, but cp2 has joined and is in use: it serves the Kubernetes API. Restart its kubelet",
    ),
    "a worker that shall be a control plane": (
        _worker_as_control_plane,
        "w2",
        "w2 is in the control plane group but has joined as a worker: put it into the node group.",
    ),
    "a control plane that shall be a worker": (
        _control_plane_as_worker,
        "w2",
        "w2 runs a kube-apiserver but is not in the control plane group",
    ),
    "a control plane without its etcd": (_control_plane_without_etcd, "cp2", "of its control plane etcd is missing"),
    "a control plane without manifests": (
        _control_plane_without_manifests,
        "cp2",
        "of its control plane kube-apiserver is missing",
    ),
    "the Node of a host before": (
        _old_node_of_a_new_host,
        "cp2",
        "The cluster already has a node cp2, but cp2 has not joined",
    ),
    "another name in the inventory": (
        _renamed,
        "w2",
        "w2 has joined as the node w2, but its kubeadm_ha_node_name is worker-2",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_host_that_is_neither_a_member_nor_clean_is_reported_once(name: str) -> None:
    change, subject, reported = CASES[name]
    problems = plan_of(grown(change)).problems
    assert [problem.subject for problem in problems] == [subject], problems
    assert reported in problems[0].message


def test_a_whole_member_and_a_clean_host_are_no_problem() -> None:
    assert messages(after()) == []
    arguments = after()
    arguments["etcd"] = etcd_cluster(etcd_member("cp2", "cp2", "2"), etcd_member("default", "cp3", "3"))
    for name in ("cp1", "cp2", "cp3", "w1"):
        conf = arguments["hosts"][name]["kubeconfigs"][0]
        conf["text"] = with_ca(BALANCED, "ca")
    assert messages(arguments) == []


def test_the_etcd_cluster_has_its_own_problem_besides_a_stale_member() -> None:
    arguments = grown(_member_of_nobody)
    arguments["etcd"]["problems"].append("the members agree on no leader")
    assert [message.partition(":")[0] for message in messages(arguments)][-1] == "The etcd cluster is not healthy"
    assert "cp9" not in messages(arguments)[-1]


# --- external etcd ---------------------------------------------------------------------------------------------------

ETCD_FLAGS = {
    "etcd-servers": "https://192.0.2.31:2379,https://192.0.2.32:2379",
    "etcd-cafile": "/etc/etcd/ca.crt",
    "etcd-certfile": "/etc/etcd/client.crt",
    "etcd-keyfile": "/etc/etcd/client.key",
}


def external(**stored: str) -> Arguments:
    """A cluster with external etcd before its conversion."""
    arguments = before()
    cp1 = arguments["hosts"]["cp1"]
    del cp1["manifests"]["etcd"]
    cp1["manifests"]["kube-apiserver"]["flags"] += [list(flag) for flag in ETCD_FLAGS.items()]
    fields = {
        "endpoints": "['https://192.0.2.32:2379', 'https://192.0.2.31:2379/']",
        "caFile": "/etc/etcd/ca.crt",
        "certFile": "/etc/etcd/client.crt",
        "keyFile": "/etc/etcd/client.key",
        **stored,
    }
    text = "".join(f"    {name}: {value}\n" for name, value in fields.items())
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += f"etcd:\n  external:\n{text}"
    members = [etcd_member("e1", "192.0.2.31"), etcd_member("e2", "192.0.2.32")]
    arguments["etcd"] = {**etcd_cluster(), "members": members}
    return arguments


def test_a_cluster_with_external_etcd_is_converted() -> None:
    arguments = external()
    arguments["hosts"]["cp2"]["listening"] = listening(2379, 2380)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert ("join", "node cp2") in objects(plan, "cp2")
    # There is no etcd cluster of control planes, so two of them are no worse than one.
    arguments["control_planes"] = ["cp1", "cp2"]
    assert messages(arguments) == []


def test_an_older_kubeadm_brings_no_etcd_where_etcd_is_external() -> None:
    arguments = grown(versions(cp2_kubeadm="v1.33.0", cp2_kubelet="v1.33.0"), start=external)
    assert ["kubeadm_ha_allow_older_kubeadm" in message for message in messages(arguments)] == [True]
    arguments["allow_older_kubeadm"] = True
    assert messages(arguments) == []


@pytest.mark.parametrize(
    ("stored", "reported"),
    [
        (
            {"endpoints": "['https://192.0.2.31:2379']"},
            "etcd.external.endpoints of kubeadm-config is https://192.0.2.31:2379",
        ),
        (
            {"caFile": "''"},
            "etcd.external.caFile of kubeadm-config is empty, but the API server of cp1 runs with --etcd-cafile",
        ),
        ({"keyFile": "/etc/kubernetes/pki/x.key"}, "runs with --etcd-keyfile=/etc/etcd/client.key"),
    ],
)
def test_joining_control_planes_get_what_kubeadm_config_says_of_etcd(stored: dict[str, str], reported: str) -> None:
    found = messages(external(**stored))
    assert [reported in message for message in found] == [True], found


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("etcd-servers", "http://192.0.2.31:2379"),
        ("etcd-servers", "https://192.0.2.31:2379,http://192.0.2.32:2379"),
        ("etcd-cafile", ""),
        ("etcd-certfile", ""),
        ("etcd-keyfile", ""),
    ],
)
def test_etcd_without_tls_is_one_of_the_reasons_to_stop(flag: str, value: str) -> None:
    field = {
        "etcd-servers": "endpoints",
        "etcd-cafile": "caFile",
        "etcd-certfile": "certFile",
        "etcd-keyfile": "keyFile",
    }
    arguments = external(**{field[flag]: f"[{value}]" if flag == "etcd-servers" else "''"})
    flags = arguments["hosts"]["cp1"]["manifests"]["kube-apiserver"]["flags"]
    flags[flags.index([flag, ETCD_FLAGS[flag]])] = [flag, value]
    arguments["etcd"] = None
    arguments["hosts"]["cp2"]["swap"] = True
    found = messages(arguments)
    assert [message.partition(" (")[0] for message in found] == [
        "Swap is on on cp2, and the cluster's kubelets do not start with it: switch it off on cp2",
        "The API server of cp1 reaches etcd",
    ]
    assert "without TLS and a client certificate" in found[1]
    facts = facts_of(arguments, "cp1")
    assert facts["can_ask_etcd"] is False


def test_which_etcd_can_be_asked() -> None:
    def can_ask(arguments: Arguments) -> bool:
        found = facts_of(arguments, "cp1")
        return bool(found["can_ask_etcd"])

    assert can_ask(before())
    assert can_ask(external())
    for name, expected in (("etcd-server", False), ("etcd-peer", False), ("apiserver", True)):
        interrupted = before()
        interrupted["hosts"]["cp1"]["interrupted_certificates"] = [name]
        assert can_ask(interrupted) is expected
    nobody = before()
    nobody["hosts"]["cp1"]["listening"] = []
    assert not can_ask(nobody)


def test_external_etcd_must_be_healthy() -> None:
    arguments = external()
    arguments["etcd"].update(healthy=False, problems=["e2 is not healthy: no answer"])
    assert messages(arguments) == [
        "The etcd cluster is not healthy: e2 is not healthy: no answer. Mend it before control planes are added."
    ]


def test_a_worker_of_another_cluster_is_no_member() -> None:
    arguments = grown(_foreign_kubelet)
    assert ("join", "node w2") in objects(plan_of(arguments), "w2")
    assert member("w2", OWN)["kubeconfigs"]
