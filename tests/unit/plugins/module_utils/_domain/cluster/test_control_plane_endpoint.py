# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that name the endpoint: decisions by tables, the use case with objects in memory."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import control_plane_endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.kube_proxy_rollout import KubeProxyPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.document import Kubeconfig
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock, MemoryCommands
from tests.unit.plugins.memory_controllers import DaemonSetController, bootstrap_token, node, signature

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

YAML = PyYaml()
OLD = "https://192.0.2.11:6443"
NEW = "https://k8s.example.org:6443"
BLANKS = "  "
ENDPOINT = Endpoint("k8s.example.org", 6443)

CLUSTER_INFO = f"""\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QUJD
    server: {OLD}
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {{}}
users: null
"""

KUBE_PROXY = f"""\
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    server: {OLD}{BLANKS}
  name: default  # theirs
contexts:
- context: {{cluster: default, namespace: default, user: default}}
  name: default
current-context: default
users:
- name: default
  user:
    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
"""


def configmap(namespace: str, name: str, **data: str) -> dict[str, t.Any]:
    """A ConfigMap."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def written(time: str, manager: str = "kubeadm-ha", key: str = "kubeconfig.conf") -> dict[str, t.Any]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": {"f:data": {f"f:{key}": {}}}}


def pod(created: str, **metadata: t.Any) -> dict[str, t.Any]:
    """A pod of kube-proxy, ready on a node that has the last two figures of its creation's time."""
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"kube-proxy-{created[-3:-1]}",
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-proxy"},
            "creationTimestamp": created,
            "ownerReferences": [{"kind": "DaemonSet", "name": "kube-proxy"}],
            **metadata,
        },
        "spec": {"nodeName": f"n{created[-3:-1]}"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def daemonset(**spec: t.Any) -> dict[str, t.Any]:
    """The DaemonSet."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system", "generation": 1},
        "spec": spec,
        "status": {"observedGeneration": 1},
    }


READY = {"n00", "n01", "n02", "n03"}
TOKEN = ("abcdef", "0123456789abcdef")
SIGNATURE = f"jws-kubeconfig-{TOKEN[0]}"


def signed(document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """cluster-info as the bootstrap signer leaves it."""
    data = document["data"]
    return {**document, "data": {**data, SIGNATURE: signature(data["kubeconfig"], *TOKEN)}}


def cluster(
    *, proxy: str = KUBE_PROXY, info: str = CLUSTER_INFO, endpoint: str | None = None
) -> list[dict[str, t.Any]]:
    """The objects of a cluster that kubeadm made, two nodes, one bootstrap token."""
    document = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration"}
    if endpoint:
        document["controlPlaneEndpoint"] = endpoint
    return [
        configmap("kube-system", "kubeadm-config", ClusterConfiguration=yaml.safe_dump(document)),
        signed(configmap("kube-public", "cluster-info", kubeconfig=info)),
        configmap("kube-system", "kube-proxy", **{"kubeconfig.conf": proxy, "config.conf": "theirs"}),
        daemonset(),
        pod("2026-11-21T10:00:01Z"),
        pod("2026-11-21T10:00:02Z"),
        bootstrap_token(*TOKEN),
        node("n01"),
        node("n02"),
    ]


def controllers(api: MemoryApi) -> t.Callable[[dict[str, t.Any]], None]:
    """The bootstrap signer and the DaemonSet controller, at once."""
    rollout = DaemonSetController(api)

    def react(document: dict[str, t.Any]) -> None:
        if document["metadata"]["name"] == "cluster-info":
            api.put(signed(document))
        if document["kind"] == "DaemonSet":
            rollout.run()

    return react


def decide(api: MemoryApi, clock: MemoryClock | None = None) -> Decision:
    """The use case."""
    return control_plane_endpoint.ensure(
        api, YAML, clock or MemoryClock(), MemoryCommands(), endpoint=ENDPOINT, timeout=30
    )


def objects(decision: Decision) -> list[str]:
    """Names of the changed objects."""
    return [change.object for change in decision.changes]


def test_points_everything_to_the_endpoint() -> None:
    api = MemoryApi(*cluster())
    api.after_write = controllers(api)
    decision = decide(api)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        (
            "ConfigMap kube-system/kubeadm-config",
            {"controlPlaneEndpoint": None},
            {"controlPlaneEndpoint": "k8s.example.org:6443"},
        ),
        ("ConfigMap kube-public/cluster-info", OLD, NEW),
        ("ConfigMap kube-system/kube-proxy", OLD, NEW),
        ("DaemonSet kube-system/kube-proxy", {"outdated_pods": 2}, {"outdated_pods": 0}),
    ]
    expected = {
        "cluster_info_server": NEW,
        "control_plane_endpoint": "k8s.example.org:6443",
        "kube_proxy_server": NEW,
    }
    assert decision.values == expected
    assert api.writes == []
    assert decision.act() == expected
    assert api.writes == ["kubeadm-config", "cluster-info", "kube-proxy", "kube-proxy"]
    info = api.get("configmap", "cluster-info", namespace="kube-public")
    proxy = api.get("configmap", "kube-proxy", namespace="kube-system")
    restarted = api.get("daemonset", "kube-proxy", namespace="kube-system")
    assert info is not None
    assert proxy is not None
    assert restarted is not None
    pointed = CLUSTER_INFO.replace(OLD, NEW)
    assert info["data"] == {"kubeconfig": pointed, SIGNATURE: signature(pointed, *TOKEN)}
    assert proxy["data"] == {"kubeconfig.conf": KUBE_PROXY.replace(OLD, NEW), "config.conf": "theirs"}
    annotations = restarted["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"kubectl.kubernetes.io/restartedAt": "2026-09-21T14:13:20Z"}
    assert decide(api).changes == ()


def test_does_without_kube_proxy_and_cluster_info() -> None:
    api = MemoryApi(cluster()[0])
    decision = decide(api)
    assert objects(decision) == ["ConfigMap kube-system/kubeadm-config"]
    assert decision.warnings == (
        "There is no ConfigMap kube-public/cluster-info: nodes cannot join with a bootstrap token.",
    )
    assert decision.act() == {
        "cluster_info_server": None,
        "control_plane_endpoint": "k8s.example.org:6443",
        "kube_proxy_server": None,
    }


def test_waits_for_no_signature_without_tokens() -> None:
    found = cluster(proxy=KUBE_PROXY.replace(OLD, NEW), endpoint="k8s.example.org:6443")
    del found[1]["data"][SIGNATURE]
    api, clock = MemoryApi(*found), MemoryClock()
    decision = decide(api, clock)
    assert objects(decision) == ["ConfigMap kube-public/cluster-info"]
    started = clock.now()
    decision.act()
    assert clock.now() == started


def test_waits_for_a_slow_signature_and_says_when_it_does_not_come() -> None:
    api, clock = MemoryApi(*cluster(proxy=KUBE_PROXY.replace(OLD, NEW))), MemoryClock()
    start = clock.now()

    def sign_after_20_seconds() -> None:
        if clock.now() - start >= 20:
            found = api.get("configmap", "cluster-info", namespace="kube-public")
            assert found is not None
            api.put(signed(found))

    clock.after_sleep = sign_after_20_seconds
    decide(api, clock).act()
    assert 20 <= clock.now() - start < 21

    api, clock = MemoryApi(*cluster()), MemoryClock()
    with pytest.raises(NotProved, match="signature was not renewed within 30 s: is kube-controller-manager running"):
        decide(api, clock).act()


def test_a_token_that_ends_meanwhile_holds_nothing_up() -> None:
    api = MemoryApi(*cluster(proxy=KUBE_PROXY.replace(OLD, NEW)))

    def remove_signature(document: dict[str, t.Any]) -> None:
        if document["metadata"]["name"] == "cluster-info":
            api.put({**document, "data": {"kubeconfig": document["data"]["kubeconfig"]}})

    api.after_write = remove_signature
    decide(api).act()


def test_says_when_the_rollout_does_not_end() -> None:
    api = MemoryApi(*cluster())
    signer = controllers(api)

    def half_a_rollout(document: dict[str, t.Any]) -> None:
        if document["kind"] == "DaemonSet":
            DaemonSetController(api, failing={"n02"}).run()
        else:
            signer(document)

    api.after_write = half_a_rollout
    with pytest.raises(NotProved, match="30 s later 1 of its 2 pods are new and 1 available; waited for n02\\."):
        decide(api).act()


def test_waits_for_a_signature_that_a_killed_run_did_not_wait_for() -> None:
    found = cluster(
        proxy=KUBE_PROXY.replace(OLD, NEW), info=CLUSTER_INFO.replace(OLD, NEW), endpoint="k8s.example.org:6443"
    )
    found[1]["data"][SIGNATURE] = signature(CLUSTER_INFO, *TOKEN)
    api, clock = MemoryApi(*found), MemoryClock()
    decision = decide(api, clock)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        ("ConfigMap kube-public/cluster-info", {"outdated_signatures": 1}, {"outdated_signatures": 0})
    ]
    clock.after_sleep = lambda: api.put(signed(api.objects["configmap", "kube-public", "cluster-info"])) and None
    decision.act()
    assert api.writes == []
    assert decide(api).changes == ()


def test_waits_for_nothing_when_somebody_else_was_faster() -> None:
    """The other writer's content is signed already when our write meets the conflict."""
    api, clock = MemoryApi(*cluster(proxy=KUBE_PROXY.replace(OLD, NEW), endpoint="k8s.example.org:6443")), MemoryClock()
    decision = decide(api, clock)

    def somebody_else() -> None:
        found = api.objects["configmap", "kube-public", "cluster-info"]
        api.put(signed({**found, "data": {"kubeconfig": CLUSTER_INFO.replace(OLD, NEW)}}))

    api.before_replace = somebody_else
    started = clock.now()
    decision.act()
    assert clock.now() == started
    assert decide(api).changes == ()


def test_reports_nodes_that_are_down() -> None:
    found = [*cluster(), node("n03", ready=False)]
    old = pod("2026-11-21T10:00:03Z")
    api = MemoryApi(*found, old)
    api.after_write = controllers(api)
    decision = decide(api)
    assert decision.changes[-1].before == {"outdated_pods": 2}
    (warning,) = decision.warnings
    assert warning == (
        "kube-proxy is not waited for on n03 (not Ready, or unmanaged): it reads the new configuration when it starts "
        "anew there."
    )


def test_takes_an_interrupted_run_up() -> None:
    api = MemoryApi(
        *cluster(
            proxy=KUBE_PROXY.replace(OLD, NEW), info=CLUSTER_INFO.replace(OLD, NEW), endpoint="k8s.example.org:6443"
        )
    )
    assert decide(api).changes == ()
    proxy = api.objects["configmap", "kube-system", "kube-proxy"]
    proxy["metadata"]["managedFields"] = [written("2026-11-21T10:00:02Z")]
    decision = decide(api)
    assert [(change.object, change.before) for change in decision.changes] == [
        ("DaemonSet kube-system/kube-proxy", {"outdated_pods": 1})
    ]
    api.after_write = controllers(api)
    decision.act()
    assert api.writes == ["kube-proxy"]


def test_leaves_pods_of_others_alone() -> None:
    found = cluster()
    found[4]["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "w1"}]
    del found[5]["metadata"]["ownerReferences"]
    assert "DaemonSet kube-system/kube-proxy" not in objects(decide(MemoryApi(*found)))


def test_refuses_a_daemonset_that_does_not_roll() -> None:
    found = cluster()
    found[3]["spec"]["updateStrategy"] = {"type": "OnDelete"}
    with pytest.raises(UnsupportedState, match="make the type RollingUpdate"):
        decide(MemoryApi(*found))


def test_loses_no_concurrent_write() -> None:
    api = MemoryApi(*cluster(endpoint="k8s.example.org:6443"))
    api.after_write = controllers(api)
    decision = decide(api)
    edits = iter(["cluster-info", "kube-proxy"])

    def somebody_else() -> None:
        name = next(edits, None)
        for (kind, _namespace, its_name), document in list(api.objects.items()):
            if kind == "configmap" and its_name == name:
                api.put({**document, "data": {**document["data"], "theirs": "kept"}})

    api.before_replace = somebody_else
    decision.act()
    for name, namespace in (("cluster-info", "kube-public"), ("kube-proxy", "kube-system")):
        found = api.get("configmap", name, namespace=namespace)
        assert found is not None
        assert NEW in str(found["data"])
        assert found["data"]["theirs"] == "kept"
    assert next(edits, None) is None


@pytest.mark.parametrize(
    ("managed_fields", "pods", "outdated"),
    [
        (None, [pod("2026-11-21T10:00:00Z")], 0),
        ([written("2026-11-21T10:00:00Z")], [], 0),
        ([written("2026-11-21T10:00:00Z")], [pod("2026-11-21T10:00:01Z")], 0),
        # Times have whole seconds; a restart follows its ConfigMap within one.
        ([written("2026-11-21T10:00:00Z")], [pod("2026-11-21T10:00:00Z")], 0),
        ([written("2026-11-21T10:00:02Z")], [pod("2026-11-21T10:00:01Z"), pod("2026-11-21T10:00:03Z")], 1),
        ([written("2026-11-21T10:00:02Z", manager="kubectl-edit")], [pod("2026-11-21T10:00:01Z")], 1),
        ([written("2026-11-21T10:00:02Z", key="config.conf")], [pod("2026-11-21T10:00:01Z")], 0),
        (
            [written("2026-11-21T10:00:02Z")],
            [pod("2026-11-21T10:00:01Z", deletionTimestamp="2026-11-21T10:00:03Z")],
            0,
        ),
    ],
)
def test_counts_pods_of_an_older_configmap(managed_fields: t.Any, pods: list[t.Any], outdated: int) -> None:
    proxy = configmap("kube-system", "kube-proxy")
    if managed_fields is not None:
        proxy["metadata"]["managedFields"] = managed_fields
    read = [KubeProxyPod.from_api(item) for item in pods]
    change = control_plane_endpoint.decide_kube_proxy_restart(proxy, read, ready_nodes=READY)
    assert (change.before["outdated_pods"] if change else 0) == outdated
    change = control_plane_endpoint.decide_kube_proxy_restart(proxy, read, ready_nodes=READY, will_change=True)
    assert (change.before["outdated_pods"] if change else 0) == sum(
        "deletionTimestamp" not in p["metadata"] for p in pods
    )


@pytest.mark.parametrize(
    ("server", "changes"),
    [
        (NEW, False),
        ("https://K8S.example.org:6443/", False),
        (OLD, True),
        ("https://k8s.example.org:8443", True),
        ("https://k8s.example.org", True),
        (None, True),
    ],
)
def test_compares_servers_by_their_meaning(server: str | None, changes: bool) -> None:
    document = {"clusters": [{"name": "", "cluster": {} if server is None else {"server": server}}]}
    for decide_one in (control_plane_endpoint.decide_cluster_info, control_plane_endpoint.decide_kube_proxy):
        change = decide_one(Kubeconfig.parse(document), ENDPOINT)
        assert (change is not None) is changes
        assert change is None or (change.before, change.after) == (server, NEW)


def test_nothing_to_decide_without_a_kubeconfig() -> None:
    assert control_plane_endpoint.decide_cluster_info(None, ENDPOINT) is None
    assert control_plane_endpoint.decide_kube_proxy(None, ENDPOINT) is None


TWO = [{"name": "a", "cluster": {"server": "https://a:6443"}}, {"name": "b", "cluster": {"server": "https://b:6443"}}]


@pytest.mark.parametrize(
    ("document", "server"),
    [
        (
            {"clusters": TWO, "contexts": [{"name": "c", "context": {"cluster": "b"}}], "current-context": "c"},
            "https://b:6443",
        ),
        ({"clusters": [*TWO, {"name": "", "cluster": {"server": "https://u:6443"}}]}, "https://u:6443"),
        ({"clusters": TWO[:1], "contexts": None, "current-context": ""}, "https://a:6443"),
        ({"clusters": TWO}, None),
        ({"clusters": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_takes_the_cluster_that_a_client_takes(document: t.Any, server: str | None) -> None:
    assert Kubeconfig.parse(document).server == server
    if server is None and document is not None:
        with pytest.raises(UnsupportedState, match="names no cluster"):
            control_plane_endpoint.decide_kube_proxy(Kubeconfig.parse(document), ENDPOINT)


@pytest.mark.parametrize(
    "text",
    [
        f'clusters:\n- cluster: {{server: "{OLD}"}}\n  name: ""\n',
        f'{{"clusters": [{{"name": "", "cluster": {{"server": "{OLD}", "theirs": 1}}}}]}}',
        # The other cluster names the same server and must keep it.
        f"clusters:\n- cluster:\n    server: {OLD}\n  name: ''\n- cluster:\n    server: {OLD}\n  name: other\n",
    ],
)
def test_sets_the_server_in_any_spelling_of_the_document(text: str) -> None:
    wanted = yaml.safe_load(text)
    wanted["clusters"][0]["cluster"]["server"] = NEW
    assert yaml.safe_load(control_plane_endpoint.with_server(text, NEW, YAML)) == wanted
