# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deployment_spread against real controllers, a real kube-scheduler and kubeadm's own CoreDNS manifest."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import typing as t

import pytest

from tests.integration import control_plane

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result

SELECTOR = "--selector=k8s-app=kube-dns"
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def pods(plane: ControlPlane) -> list[dict[str, t.Any]]:
    """CoreDNS pods by kubectl."""
    answer = json.loads(plane.kubectl("-n", "kube-system", "get", "pods", SELECTOR, "--output=json"))
    return t.cast("list[dict[str, t.Any]]", answer["items"])


def is_ready(pod: dict[str, t.Any]) -> bool:
    """Whether its kubelet has called it ready."""
    return any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions") or ())


def places(plane: ControlPlane) -> list[str]:
    """Nodes of the ready pods that do not go away."""
    living = [pod for pod in pods(plane) if "deletionTimestamp" not in pod["metadata"] and is_ready(pod)]
    return sorted(pod["spec"]["nodeName"] for pod in living)


def add_node(plane: ControlPlane, name: str) -> None:
    """A Node object that the scheduler may use."""
    plane.apply(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}}
    )
    room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"conditions": [READY], "capacity": room, "allocatable": room}
    patch = ["patch", "node", name, "--type=merge"]
    plane.kubectl(*patch, "--subresource=status", f"--patch={json.dumps({'status': status})}")
    # Admission gives new nodes a taint that a controller takes away when they are Ready; it does not run here.
    plane.kubectl(*patch, '--patch={"spec":{"taints":null}}')


def act_as_kubelets(plane: ControlPlane, stop: threading.Event) -> None:
    """Make scheduled pods ready and let deleted ones go."""
    status = json.dumps({"status": {"phase": "Running", "conditions": [READY]}})
    options = ["-n", "kube-system"]
    while not stop.wait(0.3):
        for pod in pods(plane):
            name = pod["metadata"]["name"]
            with contextlib.suppress(AssertionError):  # the pod can be gone by now
                if "deletionTimestamp" in pod["metadata"]:
                    plane.kubectl(*options, "delete", "pod", name, "--force", "--grace-period=0", "--wait=false")
                elif pod["spec"].get("nodeName") and not is_ready(pod):
                    patch = ["--subresource=status", "--type=merge", f"--patch={status}"]
                    plane.kubectl(*options, "patch", "pod", name, *patch)


@pytest.fixture
def coredns(cluster: ControlPlane) -> t.Iterator[ControlPlane]:
    """kubeadm's CoreDNS with both pods on the only node cp1."""
    stop = threading.Event()
    kubelets = threading.Thread(target=act_as_kubelets, args=(cluster, stop))
    flags = [f"--kubeconfig={cluster.kubeconfig}", "--leader-elect=false", "--secure-port=0"]
    with control_plane._process(cluster, "kube-scheduler", flags):
        kubelets.start()
        try:
            add_node(cluster, "cp1")
            options = [f"--config={cluster.config}", f"--kubeconfig={cluster.kubeconfig}"]
            cluster.kubeadm("init", "phase", "addon", "coredns", *options)
            deadline = time.monotonic() + 60
            while places(cluster) != ["cp1", "cp1"]:
                assert time.monotonic() < deadline, pods(cluster)
                time.sleep(0.2)
            yield cluster
        finally:
            stop.set()
            kubelets.join()
            cluster.delete("deployment/coredns", "service/kube-dns", "configmap/coredns")
            # No garbage collector runs here.
            cluster.kubectl("-n", "kube-system", "delete", "replicasets", SELECTOR)
            cluster.kubectl("-n", "kube-system", "delete", "pods", SELECTOR, "--force", "--grace-period=0")
            cluster.kubectl("delete", "nodes", "--all")


def spread(plane: ControlPlane, modules: Modules, *, check: bool = False) -> Result:
    """The module's result."""
    options = {"kubeconfig": str(plane.kubeconfig), "timeout": 60}
    result = modules.run("deployment_spread", check=check, diff=True, **options)
    assert not result.get("failed"), result["msg"]
    return result


@pytest.mark.parametrize("others", [["w1"], ["cp2", "cp3", "w1"]], ids=["two nodes", "four nodes"])
def test_check_apply_check_apply(coredns: ControlPlane, modules_with_each_adapter: Modules, others: list[str]) -> None:
    alone = spread(coredns, modules_with_each_adapter)
    assert (alone["changed"], alone["nodes"]) == (False, {"cp1": 2})

    for name in others:
        add_node(coredns, name)
    predicted = spread(coredns, modules_with_each_adapter, check=True)
    assert predicted["changed"] is True
    assert places(coredns) == ["cp1", "cp1"]

    applied = spread(coredns, modules_with_each_adapter)
    assert applied["changes"] == predicted["changes"]
    assert len(set(places(coredns))) == 2
    assert applied["nodes"] == dict.fromkeys(places(coredns), 1)

    for check in (True, False):
        again = spread(coredns, modules_with_each_adapter, check=check)
        assert again["changed"] is False
