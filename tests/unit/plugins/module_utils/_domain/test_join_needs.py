# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a later step needs is asked before anything changes: runtimes, rights, files, programs, ports, directories."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join_rights
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    bare_host,
    before,
    plan_of,
    record,
    record_of,
    situation_of,
)

CONTAINERD = "unix:///var/run/containerd/containerd.sock"
CRIO = "unix:///var/run/crio/crio.sock"
PKI = "/etc/kubernetes/pki"
Change = t.Callable[[Arguments], None]


def host(name: str, **report: t.Any) -> Change:
    """A change of a host's report."""

    def change(arguments: Arguments) -> None:
        arguments["hosts"][name].update(report)

    return change


def runtime(name: str, *sockets: str, active: str = "active", enabled: str = "enabled", **report: t.Any) -> Change:
    """A host whose containerd has this state and on which these sockets answer."""
    services = {"containerd": {"active": active, "enabled": enabled}}
    return host(name, services=services, cri_sockets=list(sockets), **report)


def annotated(*sockets: str) -> Change:
    """Nodes that use these sockets, in turn."""

    def change(arguments: Arguments) -> None:
        for index, node in enumerate(arguments["cluster"]["nodes"]):
            node["cri_socket"] = sockets[index % len(sockets)]

    return change


def cluster(**report: t.Any) -> Change:
    """A change of the cluster's report."""
    return lambda arguments: arguments["cluster"].update(report)


def without_files(*names: str) -> Change:
    """Files that the serving control plane lacks."""

    def change(arguments: Arguments) -> None:
        files = arguments["hosts"]["cp1"]["kubernetes_files"]
        for name in names:
            files.remove(f"{PKI}/{name}")

    return change


def cluster_info(text: str | None) -> Change:
    """Another ConfigMap cluster-info, or none."""

    def change(arguments: Arguments) -> None:
        config_maps = arguments["cluster"]["configmaps"]
        if text is None:
            del config_maps["kube-public/cluster-info"]
        else:
            config_maps["kube-public/cluster-info"]["data"] = {"kubeconfig": text}

    return change


def kubelet_config(text: str) -> Change:
    """The kubelets' configuration."""

    def change(arguments: Arguments) -> None:
        arguments["cluster"]["configmaps"]["kube-system/kubelet-config"] = {"metadata": {}, "data": {"kubelet": text}}

    return change


def all_of(*changes: Change) -> Change:
    """Several changes."""

    def change(arguments: Arguments) -> None:
        for item in changes:
            item(arguments)

    return change


def listening(name: str, process: str, port: int = 6443, address: str = "0.0.0.0") -> Change:
    """A program that listens."""
    return lambda arguments: arguments["hosts"][name]["listening"].append(
        {"address": address, "port": port, "process": process}
    )


def kubeconfig_of(ca: str) -> str:
    """A cluster-info with this CA."""
    data = base64.b64encode(ca.encode()).decode()
    return f"clusters:\n- name: ''\n  cluster:\n    server: https://192.0.2.11:6443\n    certificate-authority-data: {data}\n"


REFUSED: dict[str, tuple[Change, str]] = {
    "containerd is stopped": (
        runtime("cp3", active="inactive"),
        "The container runtime of cp3 is not running (containerd is inactive): start it (systemctl enable --now containerd).",
    ),
    "containerd is masked": (
        runtime("cp3", active="inactive", enabled="masked"),
        (
            "The container runtime of cp3 is not running (containerd is inactive): start it (systemctl unmask containerd, then "
            "systemctl enable --now containerd)."
        ),
    ),
    "containerd runs without its CRI socket": (
        runtime("w1", kubeconfigs=[], certificates=[], kubernetes_files=[]),
        "No container runtime of w1 listens where kubeadm searches",
    ),
    "no runtime": (
        host("cp2", services={}, cri_sockets=[]),
        "cp2 has no container runtime: install containerd or CRI-O.",
    ),
    "two sockets, and nodes that use neither": (
        all_of(runtime("cp2", CONTAINERD, CRIO), annotated("unix:///run/other.sock")),
        (
            f"cp2 has several container runtimes ({CONTAINERD}, {CRIO}), and the cluster's nodes use unix:///run/other.sock: set "
            "kubeadm_ha_cri_socket for the host to one of them."
        ),
    ),
    "two sockets, and nodes that use both": (
        all_of(runtime("cp2", CONTAINERD, CRIO), annotated(CONTAINERD, CRIO)),
        "and the cluster's nodes use unix:///run/containerd/containerd.sock, unix:///run/crio/crio.sock: set",
    ),
    "two sockets, and nodes that do not say": (
        runtime("cp2", CONTAINERD, CRIO),
        "and what the cluster's nodes use is not known: set kubeadm_ha_cri_socket for the host to one of them.",
    ),
    "a given socket that nothing listens on": (
        runtime("cp2", CONTAINERD, wanted={"cri_socket": CRIO}),
        (
            f"kubeadm_ha_cri_socket of cp2 is {CRIO}, but nothing listens there: start that container runtime, or correct the "
            "variable."
        ),
    ),
    "the kubelet is masked": (
        host(
            "cp3",
            services={
                "containerd": {"active": "active", "enabled": "enabled"},
                "kubelet": {"active": "inactive", "enabled": "masked"},
            },
        ),
        "The kubelet of cp3 is masked, so its join could not start it: run systemctl unmask kubelet there.",
    ),
    "swap, and a cluster that does not say that kubelets bear it": (
        host("cp2", swap=True),
        (
            "Swap is on on cp2, and the cluster's kubelets do not start with it: switch it off on cp2 (swapoff -a, and its line "
            "in /etc/fstab), or set failSwapOn: false in the ConfigMap kube-system/kubelet-config if the nodes shall have it."
        ),
    ),
    "swap, and kubelets that must not start with it": (
        all_of(host("cp2", swap=True), kubelet_config("failSwapOn: true\n")),
        "Swap is on on cp2, and the cluster's kubelets do not start with it",
    ),
    "swap, and a kubeadm that refuses it": (
        all_of(
            host("cp2", swap=True, versions={"kubeadm": "v1.21.14", "kubelet": "v1.21.14"}),
            kubelet_config("failSwapOn: false\n"),
        ),
        "Swap is on on cp2, and kubeadm v1.21.14 refuses to join with it",
    ),
    "no cluster-info": (
        cluster_info(None),
        (
            "There is no ConfigMap kube-public/cluster-info, by which joining hosts find the cluster: let kubeadm write it "
            "(kubeadm init phase bootstrap-token --kubeconfig /etc/kubernetes/admin.conf on cp1; it also makes a bootstrap "
            "token, which kubeadm token delete takes away, and lets anonymous requests read the ConfigMap)."
        ),
    ),
    "a cluster-info without a CA": (
        cluster_info("clusters:\n- name: ''\n  cluster:\n    server: https://192.0.2.11:6443\n"),
        "ConfigMap kube-public/cluster-info holds no kubeconfig with a server and a CA",
    ),
    "a cluster-info of another CA": (
        cluster_info(kubeconfig_of("CN=other|sha256:other|")),
        (
            "ConfigMap kube-public/cluster-info names another CA than the one in ca.crt of cp1, so joining hosts would trust "
            "nobody here"
        ),
    ),
    "no key of the front proxy's CA": (
        without_files("front-proxy-ca.key"),
        (
            "front-proxy-ca.key is missing in /etc/kubernetes/pki on cp1, and kubeadm hands them to each joining control plane: "
            "put them back from a backup for the run."
        ),
    ),
    "no keys of service accounts and of etcd's CA": (
        without_files("sa.key", "sa.pub", "etcd/ca.key"),
        "sa.key, sa.pub, etcd/ca.key are missing in /etc/kubernetes/pki on cp1",
    ),
    "requests are approved by hand": (
        cluster(join_rights={"approval": False}),
        (
            "A joining node may not have that request approved by itself, and nobody would approve it in time: give bootstrap "
            "tokens that right (kubectl create clusterrolebinding kubeadm:node-autoapprove-bootstrap "
            "--clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient "
            "--group=system:bootstrappers:kubeadm:default-node-token); it can be taken away again after the run."
        ),
    ),
    "tokens may not request a certificate": (
        cluster(join_rights={"request": False}),
        (
            "A joining node may not request the certificate of its kubelet: give bootstrap tokens that right (kubectl create "
            "clusterrolebinding kubeadm:kubelet-bootstrap --clusterrole=system:node-bootstrapper"
        ),
    ),
    "tokens may not see nodes": (
        cluster(join_rights={"nodes": False}),
        "A joining node may not see whether a node of its name exists",
    ),
    "tokens may not read kubeadm-config": (
        cluster(join_rights={"kubeadm_config": False}),
        "A joining node may not read the ConfigMap kube-system/kubeadm-config",
    ),
    "tokens may not read the kubelets' configuration": (
        cluster(join_rights={"kubelet_config": False}),
        "A joining node may not read the ConfigMap kube-system/kubelet-config",
    ),
    "no kubeadm on the serving control plane": (
        host("cp1", versions={"kubelet": "v1.34.4"}),
        "cp1 has no kubeadm, which issues its certificates: install kubeadm 1.34 on it for the run.",
    ),
    "a kubeadm two minors newer there": (
        host("cp1", versions={"kubeadm": "v1.36.0", "kubelet": "v1.34.4"}),
        (
            "cp1 has kubeadm v1.36.0, which issues its certificates, but the cluster runs v1.34.4, which it does not manage: "
            "install kubeadm 1.34 on it for the run."
        ),
    ),
    "an older kubeadm there": (
        host("cp1", versions={"kubeadm": "v1.33.1", "kubelet": "v1.34.4"}),
        "cp1 has kubeadm v1.33.1, which issues its certificates, but the cluster runs v1.34.4",
    ),
    "haproxy's directory is read-only": (
        host("lb1", read_only=["/etc/haproxy"]),
        (
            "/etc/haproxy on lb1 cannot be written to (a read-only file system, an immutable directory or a file in its place), "
            "and the run has to: make it writable."
        ),
    ),
    "etcd's directory is read-only": (
        host("cp2", read_only=["/var/lib/etcd"]),
        "/var/lib/etcd on cp2 cannot be written to",
    ),
    "an old haproxy": (
        host("lb1", haproxy_version="1.8.27"),
        "lb1 has haproxy 1.8.27, which cannot load the configuration of the load balancer: install 2.4 or later on it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_reason_to_stop(case: str) -> None:
    change, message = REFUSED[case]
    arguments = before()
    change(arguments)
    found = [problem.message for problem in plan_of(arguments).problems]
    assert [text for text in found if message in text] != [], found


@pytest.mark.parametrize("case", [name for name in REFUSED if name != "containerd runs without its CRI socket"])
def test_it_is_the_only_one(case: str) -> None:
    arguments = before()
    REFUSED[case][0](arguments)
    others = ("swap, and a kubeadm that refuses it",)
    assert len(plan_of(arguments).problems) == 1 or case in others


NEEDLESS: dict[str, Change] = {
    "two sockets, of which the cluster's nodes use one": all_of(
        runtime("cp2", CONTAINERD, CRIO), annotated("unix:///run/containerd/containerd.sock")
    ),
    "two sockets, of which one is given": runtime("cp2", CONTAINERD, CRIO, wanted={"cri_socket": CRIO}),
    "a running runtime beside a stopped one": host(
        "cp2",
        cri_sockets=[CONTAINERD],
        services={
            "containerd": {"active": "active", "enabled": "enabled"},
            "crio": {"active": "inactive", "enabled": "disabled"},
        },
    ),
    "two sockets on a member": host("w1", cri_sockets=[CONTAINERD, CRIO]),
    "swap that the cluster's kubelets bear": all_of(host("cp2", swap=True), kubelet_config("failSwapOn: false\n")),
    "swap that this kubelet bears by a flag": host("cp2", swap=True, kubelet_flags={"fail-swap-on": "false"}),
    "swap on a member": host("w1", swap=True),
    "members with one product_uuid": all_of(host("w1", product_uuid="0000"), host("cp1", product_uuid="0000")),
    "a kubeadm one minor newer on the serving control plane": host(
        "cp1", versions={"kubeadm": "v1.35.0", "kubelet": "v1.34.4"}
    ),
    "no kubeadm on a worker that has joined": host("w1", versions={"kubelet": "v1.34.4"}),
    "haproxy on the endpoint's port": listening("lb1", "haproxy"),
    "another program on another port": listening("lb1", "", port=8404),
    "a bundle in cluster-info, of which one is the cluster's": cluster_info(
        kubeconfig_of(
            "-----BEGIN CERTIFICATE-----\nb3RoZXI=\n-----END CERTIFICATE-----\n"
            "-----BEGIN CERTIFICATE-----\nQ049a3ViZXJuZXRlc3xzaGEyNTY6Y2F8\n-----END CERTIFICATE-----\n"
        )
    ),
    "a haproxy of the oldest line": host("lb1", haproxy_version="2.4.22-0ubuntu0.22.04.3"),
    "rights that could not be asked": cluster(join_rights={}),
}


@pytest.mark.parametrize("case", [name for name in NEEDLESS if not name.startswith("a bundle")])
def test_no_reason_to_stop(case: str) -> None:
    arguments = before()
    NEEDLESS[case](arguments)
    assert plan_of(arguments).problems == ()


@pytest.mark.parametrize(
    "case",
    [
        name
        for name in REFUSED
        if name not in ("another program on the endpoint's port", "one that listens on the loopback address alone")
    ],
)
def test_a_cluster_without_anything_to_do_is_not_refused_for_it(case: str) -> None:
    """What only a step needs is no reason to stop where no step is."""
    arguments = after()
    joined = {name: dict(arguments["hosts"][name]) for name in ("cp2", "cp3", "w1")}
    REFUSED[case][0](arguments)
    for name, report in joined.items():
        arguments["hosts"][name].update(
            {key: report[key] for key in ("kubeconfigs", "certificates", "kubernetes_files")}
        )
    found = [problem.message for problem in plan_of(arguments).problems]
    assert [text for text in found if REFUSED[case][1][:40] in text] == []


def test_product_uuids_of_joining_hosts_must_be_their_own() -> None:
    arguments = before()
    for name in ("cp2", "cp3"):
        arguments["hosts"][name]["product_uuid"] = "0000"
    assert "cp3 and cp2 have the same product_uuid (0000)" in plan_of(arguments).problems[0].message


def sockets(arguments: Arguments) -> dict[str, str]:
    """The container runtime's socket that each host which joins is given."""
    situation = situation_of(arguments)
    joining = situation.joining(situation.desired.nodes)
    return {host.name: record_of(arguments, host.name, "join").cri_socket for host in joining}


def test_the_socket_of_the_clusters_nodes_is_given_to_the_join() -> None:
    arguments = before()
    runtime("cp2", CONTAINERD, CRIO)(arguments)
    runtime("cp3", CRIO, wanted={"cri_socket": CRIO})(arguments)
    annotated("/run/crio/crio.sock")(arguments)
    assert sockets(arguments) == {"cp2": CRIO, "cp3": CRIO}


def test_what_a_kubelet_itself_uses_comes_before_the_annotation_of_its_node() -> None:
    arguments = before()
    runtime("cp2", CONTAINERD, CRIO)(arguments)
    annotated(CRIO)(arguments)
    for name in ("cp1", "w1", "w2"):
        arguments["hosts"][name]["kubelet_cri_socket"] = CONTAINERD
    assert sockets(arguments) == {"cp2": CONTAINERD, "cp3": ""}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (cluster(join_rights={"discovery": True}), False),
        (cluster(join_rights={}), False),
        (cluster(join_rights={"discovery": False}), True),
        (host("cp1", controllers="*,bootstrapsigner,tokencleaner"), False),
        (host("cp1", controllers="*,bootstrap-signer-controller"), False),
        (host("cp1", controllers="*"), True),
        (host("cp1", controllers="*,-bootstrapsigner"), True),
    ],
)
def test_hosts_join_by_a_file_where_they_cannot_discover_as_anonymous(change: Change, expected: bool) -> None:
    """The RoleBinding is deleted as the manual says, or nobody signs cluster-info for tokens."""
    arguments = before()
    change(arguments)
    controllers = arguments["hosts"]["cp1"].pop("controllers", None)
    if controllers is not None:
        arguments["hosts"]["cp1"]["manifests"]["kube-controller-manager"] = {"flags": [["controllers", controllers]]}
    plan = plan_of(arguments)
    assert situation_of(arguments).hides_cluster_info is expected
    assert bool(record(plan, "cp2", "join").ca_certificate) is expected
    assert plan.problems == ()


class Reviews:
    """``Api`` that answers SubjectAccessReviews."""

    def __init__(self, *, allowed: bool = True, fails: bool = False) -> None:
        """One answer for all."""
        self.allowed, self.fails = allowed, fails
        self.asked: list[dict[str, t.Any]] = []

    def create(self, document: dict[str, t.Any]) -> dict[str, t.Any]:
        """The answer."""
        if self.fails:
            raise ApiError("no")
        self.asked.append(document["spec"])
        return {**document, "status": {"allowed": self.allowed}}


def test_the_api_server_is_asked_for_each_right() -> None:
    api = Reviews(allowed=False)
    found = join_rights.inspect(t.cast("t.Any", api), kubelet_config="kubelet-config-1.23")
    assert found == dict.fromkeys(
        ("discovery", "request", "approval", "nodes", "kubeadm_config", "kubelet_config"), False
    )
    assert api.asked[0]["user"] == "system:anonymous"
    assert all(join_rights.TOKEN_GROUP in asked["groups"] for asked in api.asked[1:])
    assert api.asked[-1]["resourceAttributes"]["name"] == "kubelet-config-1.23"
    messages = [item.message for item in join_rights.problems(found, kubelet_config="kubelet-config-1.23")]
    assert len(messages) == 5
    assert "--resource-name=kubelet-config-1.23" in messages[-1]


def test_a_right_that_cannot_be_asked_is_left_out() -> None:
    assert join_rights.inspect(t.cast("t.Any", Reviews(fails=True)), kubelet_config="kubelet-config") == {}


def test_a_worker_needs_no_shared_files() -> None:
    arguments = before()
    arguments["control_planes"] = ["cp1"]
    arguments["workers"] = ["w1", "w2", "w3"]
    for name in ("cp2", "cp3"):
        del arguments["hosts"][name]
    arguments["hosts"]["w3"] = bare_host("w3")
    without_files("front-proxy-ca.key", "sa.key")(arguments)
    assert plan_of(arguments).problems == ()
