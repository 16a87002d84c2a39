# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network: whose it is, when it is left alone; and flannel's manifest beside upstream's."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Change
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import network, nodes_readiness
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.network import Network
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from tests.tools.environment import ROOT
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

CHANGES = (Change("Namespace kube-flannel", None, "present", "why"),)
OWN, FOREIGN = "10-flannel.conflist", "10-calico.conflist"


def node(name: str, *, ready: str = "False", reason: str = "KubeletNotReady", message: str = "") -> dict[str, t.Any]:
    """A Node as the API has it."""
    condition = {"type": "Ready", "status": ready, "reason": reason, "message": message}
    status = {"conditions": [condition], "nodeInfo": {"kubeletVersion": "v1.34.4"}}
    return {"kind": "Node", "metadata": {"name": name}, "spec": {}, "status": status}


#: found, provider, whether it is applied, words of the problem
DECISIONS: dict[str, tuple[Network, str, bool, str]] = {
    "a bare cluster": (Network(nodes_without=("cp1",), changes=CHANGES), "flannel", True, ""),
    "none is wanted": (Network(nodes_without=("cp1",), changes=CHANGES), "none", False, ""),
    "ours is as wanted": (Network((OWN,), owner=network.OURS), "flannel", False, ""),
    "ours is to change": (Network((OWN,), changes=CHANGES, owner=network.OURS), "flannel", True, ""),
    "ours, interrupted": (Network((), ("cp1",), CHANGES, network.OURS), "flannel", True, ""),
    "flannel by another way": (Network((OWN,), changes=CHANGES, owner=network.OTHERS), "flannel", False, ""),
    "another network works": (Network((FOREIGN,), changes=CHANGES), "flannel", False, ""),
    "a stale file": (Network((FOREIGN,), ("cp1",), CHANGES), "flannel", False, "reports no network"),
    "left by a former cluster": (Network((OWN,), changes=CHANGES), "flannel", False, "former cluster"),
    "two networks": (Network((FOREIGN, OWN), changes=CHANGES, owner=network.OURS), "flannel", False, "beside"),
    "a manifest of the operator": (Network(changes=CHANGES), "/srv/calico.yaml", True, ""),
    "that manifest beside a network": (Network((FOREIGN,), changes=CHANGES), "/srv/calico.yaml", False, ""),
    "that manifest is there": (Network((FOREIGN,), changes=CHANGES, owner=network.OURS), "/srv/calico.yaml", True, ""),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_network_that_is_there_is_never_touched(name: str) -> None:
    found, provider, is_applied, words = DECISIONS[name]
    decided = network.decide("cp1", found, provider=provider, directory="/etc/cni/net.d")
    assert decided.changes == (CHANGES if is_applied else ())
    assert bool(decided.problems) is bool(words)
    assert all(problem.subject == "cp1" and words in problem.message for problem in decided.problems)


def test_a_node_lacks_a_network_by_what_its_kubelet_reports() -> None:
    message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized"
    assert network.lacks_network(Node.from_api(node("a", message=message)))
    assert not network.lacks_network(Node.from_api(node("a", message="PLEG is not healthy")))
    assert not network.lacks_network(Node.from_api(node("a", ready="True", message=message)))


def test_owners_and_files() -> None:
    mine = {"kind": "DaemonSet", "metadata": {"managedFields": [{"manager": "kubeadm-ha"}]}}
    other = {"kind": "DaemonSet", "metadata": {"managedFields": [{"manager": "helm"}]}}
    namespace = {"kind": "Namespace", "metadata": {}}
    found = [
        network.owner_of(items, manager="kubeadm-ha") for items in ([namespace], [other], [namespace, mine, other])
    ]
    assert found == [network.NOBODY, network.OTHERS, network.OURS]
    assert network.configurations(["b.conflist", ".b.conf.tmp", ".a.conf", "a.conf", "x.txt", "c.json"]) == (
        "a.conf",
        "b.conflist",
        "c.json",
    )


def test_all_nodes_are_waited_for() -> None:
    api, clock = MemoryApi(node("a", ready="True"), node("b", message="cni plugin not initialized")), MemoryClock()
    with pytest.raises(NotProved, match=r"1 of 2 nodes are not Ready after 5 s \(b: KubeletNotReady cni plugin"):
        nodes_readiness.wait(api, clock, wait_timeout=5)
    clock.after_sleep = lambda: api.put(node("b", ready="True")) and None
    assert [item.name for item in nodes_readiness.wait(api, clock, wait_timeout=5)] == ["a", "b"]
    with pytest.raises(NotProved, match="0 of 0"):
        nodes_readiness.wait(MemoryApi(), MemoryClock(), wait_timeout=0)


def flannel(*, ipv4: str = "10.244.0.0/16", ipv6: str = "", backend: str = "vxlan") -> dict[str, t.Any]:
    """The role's objects by kind and name."""
    role = ROOT / "roles" / "cni"
    images = yaml.safe_load((role / "vars" / "main.yml").read_text())
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(role / "templates"),
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    text = environment.get_template("flannel.yml.j2").render(
        __cni_ipv4=[ipv4] if ipv4 else [],
        __cni_ipv6=[ipv6] if ipv6 else [],
        cni_flannel_backend=backend,
        __cni_flannel_image=images["__cni_flannel_image"],
        __cni_flannel_plugin_image=images["__cni_flannel_plugin_image"],
    )
    return by_name(yaml.safe_load_all(text))


def by_name(documents: t.Iterable[t.Any]) -> dict[str, t.Any]:
    """Objects by kind and name, the configurations in their JSON read."""
    found = {f"{item['kind']} {item['metadata']['name']}": item for item in documents if item}
    data = found["ConfigMap kube-flannel-cfg"]["data"]
    data.update({name: json.loads(text) for name, text in data.items()})
    return found


def upstream() -> Path | None:
    """flannel's own manifest, where Go's module cache has it."""
    try:
        asked = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return None
    path = Path(asked.stdout.strip()) / "github.com/flannel-io/flannel@v0.28.4" / "Documentation" / "kube-flannel.yml"
    return path if path.is_file() else None


def test_the_manifest_is_upstreams_object_by_object() -> None:
    ours = flannel()
    daemon = ours["DaemonSet kube-flannel-ds"]["spec"]["template"]["spec"]
    assert daemon["hostNetwork"] is True
    assert ours["Namespace kube-flannel"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    path = upstream()
    if path is not None:
        assert ours == by_name(yaml.safe_load_all(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "expected"),
    [
        ("10.1.0.0/16", "", {"Network": "10.1.0.0/16"}),
        ("", "fd00::/48", {"EnableIPv4": False, "EnableIPv6": True, "IPv6Network": "fd00::/48"}),
        (
            "10.1.0.0/16",
            "fd00::/48",
            {"Network": "10.1.0.0/16", "EnableIPv6": True, "IPv6Network": "fd00::/48"},
        ),
    ],
)
def test_the_clusters_networks_are_flannels(ipv4: str, ipv6: str, expected: dict[str, t.Any]) -> None:
    data = flannel(ipv4=ipv4, ipv6=ipv6, backend="host-gw")["ConfigMap kube-flannel-cfg"]["data"]
    assert data["net-conf.json"] == {**expected, "EnableNFTables": False, "Backend": {"Type": "host-gw"}}
