# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed run left is mended by the next one, without any edit by hand, and beside a node that is down for good.

The run before has pointed the cluster, the administrators and the first worker to an endpoint that nobody can resolve: the
ConfigMaps, every kube-proxy, admin.conf, super-admin.conf and the worker's kubelet.conf name it, and the worker is not Ready.
Another worker is powered off and no host of the inventory.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.scenarios.audited import SINGLE_BEHIND_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, wait_until
from tests.scenarios.convert import changed_hosts, new_results
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

DEAD = "nowhere.invalid:6443"
VARIABLES = {"kubeadm_ha_unmanaged_nodes": ["w9"]}
_WORK = PROJECT / "build" / "scenarios" / "failed_runs"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    endpoint: str
    server: str
    old_pods: Mapping[str, str]
    refused: Run
    mended: Run
    again: Run
    pods: Mapping[str, str]
    ready: set[str]
    kubeconfigs: Mapping[str, str]
    configmaps: Mapping[str, Any]
    proxies_to: Mapping[str, str]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("failed_runs") as results, Lab("failed_runs", name="again") as lab:
        results.add_step("before state", lab.up_seconds)
        address = lab.shell("cp1", "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()
        server = f"https://{address}:6443"
        old_pods = _pods(lab, server)
        lab.event("stop", "w9")
        _point_half_way(lab, server)
        wait_until(lambda: _ready(lab, server) == {"cp1"}, seconds=120, what="w1 and w9 not Ready")
        refused = _site(lab, "still-dead", kubeadm_ha_load_balancer="external", kubeadm_ha_endpoint=DEAD)
        mended = _site(lab, "mended")
        again = _site(lab, "again")
        results.add_step("mended", mended.seconds)
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        yield Story(
            endpoint=lab.endpoint,
            server=server,
            old_pods=old_pods,
            refused=refused,
            mended=mended,
            again=again,
            pods=_pods(lab, server),
            ready=_ready(lab, server),
            kubeconfigs=_kubeconfigs(lab),
            configmaps=_configmaps(lab, server),
            proxies_to=_proxies_to(lab),
            findings=grave_findings([lab.inventory], _WORK, VARIABLES),
        )
        print(results.table())


def _site(lab: Lab, label: str, **variables: Any) -> Run:
    return run_playbook(
        "kubeadm.ha.site",
        inventories=[lab.inventory],
        record=_WORK / f"{label}.jsonl",
        variables={**VARIABLES, **variables},
    )


def _point_half_way(lab: Lab, server: str) -> None:
    """What a run does that believes its endpoint, with an operator's tools."""
    for name, namespace in (("cluster-info", "kube-public"), ("kube-proxy", "kube-system")):
        _replace(lab, server, name, namespace, server, f"https://{DEAD}")
    _replace(
        lab, server, "kubeadm-config", "kube-system", "clusterName:", f"controlPlaneEndpoint: {DEAD}\nclusterName:"
    )
    lab.kubectl("-n", "kube-system", "delete", "pods", "-l", "k8s-app=kube-proxy", "--wait=false", server=server)
    for node, names in (("cp1", ("admin", "super-admin")), ("w1", ("kubelet",))):
        for name in names:
            lab.run(node, "sed", "-i", f"s#server: https://.*#server: https://{DEAD}#", f"/etc/kubernetes/{name}.conf")
    lab.run("w1", "systemctl", "restart", "kubelet")


def _replace(lab: Lab, server: str, name: str, namespace: str, old: str, new: str) -> None:
    found = json.loads(lab.kubectl("-n", namespace, "get", "configmap", name, "--output=json", server=server))
    changed = {key: text.replace(old, new) for key, text in found["data"].items()}
    assert changed != found["data"]
    lab.kubectl(
        "-n",
        namespace,
        "patch",
        "configmap",
        name,
        "--type=merge",
        f"--patch={json.dumps({'data': changed})}",
        server=server,
    )


def _get(lab: Lab, server: str, *arguments: str) -> Any:
    return json.loads(lab.kubectl("get", *arguments, "--output=json", server=server))


def _ready(lab: Lab, server: str) -> set[str]:
    return {
        item["metadata"]["name"]
        for item in _get(lab, server, "nodes")["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"])
    }


def _pods(lab: Lab, server: str) -> dict[str, str]:
    """kube-proxy's pod on each node; one that ends and its successor are never on one node together."""
    items = _get(lab, server, "pods", "--namespace=kube-system", "--selector=k8s-app=kube-proxy")["items"]
    return {item["spec"]["nodeName"]: item["metadata"]["name"] for item in items}


def _kubeconfigs(lab: Lab) -> dict[str, str]:
    places = (("cp1", "admin"), ("cp1", "super-admin"), ("w1", "kubelet"))
    script = "awk '$1 == \"server:\" {{print $2}}' /etc/kubernetes/{}.conf"
    return {f"{node} {name}": lab.shell(node, script.format(name)).strip() for node, name in places}


def _configmaps(lab: Lab, server: str) -> dict[str, Any]:
    return {
        name: _get(lab, server, "configmap", name, f"--namespace={namespace}")["data"]
        for name, namespace in (
            ("kubeadm-config", "kube-system"),
            ("cluster-info", "kube-public"),
            ("kube-proxy", "kube-system"),
        )
    }


def _proxies_to(lab: Lab) -> dict[str, str]:
    """Where the kube-proxy of each living node has its connections, by ss."""
    script = "ss -Htnp state established | grep kube-proxy | awk '{print $4}' | sort -u"
    return {node: lab.shell(node, script) for node in ("cp1", "w1")}


def test_while_the_endpoint_is_dead_the_reasons_name_it_and_nothing_changes(story: Story) -> None:
    assert story.refused.status != 0
    reported = "\n".join(story.refused.failures)
    assert "nowhere.invalid" in reported
    assert "mend its kubelet" not in reported
    assert not changed_hosts(story.refused)


def test_the_next_run_mends_everything_without_an_edit_by_hand(story: Story) -> None:
    assert story.mended.status == 0, story.mended.output[-6000:]
    assert {"cp1", "w1"} <= story.ready
    endpoint = f"https://{story.endpoint}"
    assert story.kubeconfigs == {"cp1 admin": endpoint, "cp1 super-admin": endpoint, "w1 kubelet": endpoint}
    assert "nowhere.invalid" not in json.dumps(story.configmaps)
    assert f"controlPlaneEndpoint: {story.endpoint}" in story.configmaps["kubeadm-config"]["ClusterConfiguration"]
    assert endpoint in story.configmaps["cluster-info"]["kubeconfig"]


def test_what_was_planned_was_done_and_nothing_is_left(story: Story) -> None:
    assert changed_objects(story.mended) == planned_objects(story.mended)
    assert story.again.status == 0, story.again.output[-6000:]
    assert not changed_hosts(story.again)


def test_every_living_kube_proxy_is_new_and_asks_the_endpoint(story: Story) -> None:
    for node in ("cp1", "w1"):
        assert story.pods[node] != story.old_pods[node]
        assert story.endpoint in story.proxies_to[node]


def test_the_node_that_is_down_is_told_and_holds_nothing_up(story: Story) -> None:
    assert "w9" not in story.ready
    plans = [record["plan"] for record in story.mended.results if record["plan"] and "notes" in record["plan"]]
    assert any(note["subject"] == "w9" for plan in plans for note in plan["notes"])


def test_an_audit_finds_one_control_plane_and_the_node_that_is_down(story: Story) -> None:
    assert set(story.findings) == SINGLE_BEHIND_BALANCER | {"node.not-ready"}, story.findings
