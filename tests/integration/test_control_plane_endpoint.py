# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""control_plane_endpoint against a real API server, bootstrap signer and DaemonSet controller."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import hmac
import json
import signal
import sys
import threading
import time
import typing as t

import pytest
import yaml

from tests.integration.control_plane import ADVERTISED_ADDRESS, ControlPlane
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "k8s.example.org:8443"
URL = f"https://{ENDPOINT}"
NODE = "cp1"


def apply(modules: Modules, plane: ControlPlane, *, check: bool = False, **options: t.Any) -> Result:
    """The module with diff."""
    options = {"endpoint": ENDPOINT, "timeout": 30, **options}
    return modules.run("control_plane_endpoint", check=check, diff=True, kubeconfig=str(plane.kubeconfig), **options)


def objects(result: Result) -> list[str]:
    """Names of the changed objects."""
    return [change["object"] for change in result["changes"]]


def data(plane: ControlPlane, name: str, namespace: str = "kube-system") -> dict[str, str]:
    """The data of a ConfigMap."""
    return t.cast("dict[str, str]", plane.get("configmap", name, namespace)["data"])


def snapshot(plane: ControlPlane) -> dict[str, t.Any]:
    """Everything that the module may change."""
    return {
        "kubeadm-config": plane.get("configmap", "kubeadm-config"),
        "cluster-info": plane.get("configmap", "cluster-info", "kube-public"),
        "kube-proxy": plane.get("configmap", "kube-proxy"),
        "daemonset": plane.get("daemonset", "kube-proxy")["spec"],
    }


def await_signature(plane: ControlPlane) -> dict[str, str]:
    """The data of cluster-info as soon as it is signed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = data(plane, "cluster-info", "kube-public")
        if any(key.startswith("jws-kubeconfig-") for key in found):
            return found
        time.sleep(0.1)
    raise AssertionError("cluster-info was not signed within 30 s")


def is_signed(plane: ControlPlane) -> bool:
    """Whether each signature of cluster-info is right: HMAC-SHA256 with the token's secret (RFC 7515, detached)."""
    found = data(plane, "cluster-info", "kube-public")
    signatures = {key: value for key, value in found.items() if key.startswith("jws-kubeconfig-")}
    for key, signature in signatures.items():
        identifier = key[len("jws-kubeconfig-") :]
        secret = plane.get("secret", f"bootstrap-token-{identifier}")["data"]["token-secret"]
        header, _payload, mac = signature.split(".")
        payload = base64.urlsafe_b64encode(found["kubeconfig"].encode()).rstrip(b"=").decode()
        right = hmac.new(base64.b64decode(secret), f"{header}.{payload}".encode(), hashlib.sha256).digest()
        if base64.urlsafe_b64encode(right).rstrip(b"=").decode() != mac:
            return False
    return bool(signatures)


def add_node(plane: ControlPlane, name: str, *, ready: str) -> None:
    """A Node object with the condition that a kubelet, or the node lifecycle controller, would write."""
    plane.apply(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}}
    )
    status = json.dumps({"status": {"conditions": [{"type": "Ready", "status": ready}]}})
    plane.kubectl("patch", "node", name, "--subresource=status", "--type=merge", f"--patch={status}")


def start_event() -> dict[str, t.Any]:
    """As kube-proxy writes it by the API group events.k8s.io."""
    now = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{NODE}.start-", "namespace": "default"},
        "eventTime": now,
        "type": "Normal",
        "reason": "Starting",
        "action": "StartKubeProxy",
        "reportingController": "kube-proxy",
        "reportingInstance": f"kube-proxy-{NODE}",
        "regarding": {"kind": "Node", "name": NODE, "uid": NODE},
    }


@contextlib.contextmanager
def node_with_kube_proxy(plane: ControlPlane, *, dead: str = "") -> t.Iterator[None]:
    """A Node object whose pods of kube-proxy become Ready: this thread writes the status that a kubelet would.

    It also writes the Event by which each kube-proxy reports its start. ``dead`` is a pod on a node without a kubelet.
    """
    stop = threading.Event()

    def write_statuses() -> None:
        written: set[str] = {dead}
        while not stop.wait(0.5):
            for name in set(pods(plane)) - written:
                written.add(name)
                plane.kubectl("create", "-f", "-", stdin=json.dumps(start_event()))
                ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
                with contextlib.suppress(AssertionError):  # the pod can be gone by now
                    plane.kubectl(
                        "-n",
                        "kube-system",
                        "patch",
                        "pod",
                        name,
                        "--subresource=status",
                        "--type=merge",
                        f"--patch={json.dumps({'status': {'phase': 'Running', 'conditions': [ready]}})}",
                    )

    add_node(plane, NODE, ready="True")
    thread = threading.Thread(target=write_statuses)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while plane.get("daemonset", "kube-proxy").get("status", {}).get("numberAvailable", 0) != 1:
            assert time.monotonic() < deadline, "no pod of kube-proxy became available within 30 s"
            time.sleep(0.1)
        # Times of objects have whole seconds.
        time.sleep(1.1)
        yield
    finally:
        stop.set()
        thread.join()
        plane.kubectl("delete", "node", NODE)


def pods(plane: ControlPlane) -> list[str]:
    """Names of kube-proxy's pods."""
    return plane.kubectl(
        "-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-proxy", "-o", "jsonpath={.items[*].metadata.name}"
    ).split()


def test_check_apply_check_apply(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    modules, old = modules_with_each_adapter, f"https://{ADVERTISED_ADDRESS}:{cluster.api_port}"
    # kubeadm takes cluster-info's server from the kubeconfig that it runs with.
    old_info = f"https://127.0.0.1:{cluster.api_port}"
    with node_with_kube_proxy(cluster):
        info = await_signature(cluster)
        before, old_pods = snapshot(cluster), pods(cluster)

        predicted = apply(modules, cluster, check=True)
        assert [(change["object"], change["before"], change["after"]) for change in predicted["changes"]] == [
            (
                "ConfigMap kube-system/kubeadm-config",
                {"controlPlaneEndpoint": None},
                {"controlPlaneEndpoint": ENDPOINT},
            ),
            ("ConfigMap kube-public/cluster-info", old_info, URL),
            ("ConfigMap kube-system/kube-proxy", old, URL),
            ("DaemonSet kube-system/kube-proxy", {"outdated_pods": 1}, {"outdated_pods": 0}),
        ]
        assert [entry["before_header"] for entry in predicted["diff"]] == objects(predicted)
        assert snapshot(cluster) == before

        applied = apply(modules, cluster)
        assert applied["changes"] == predicted["changes"]
        for result in (predicted, applied):
            assert result["control_plane_endpoint"] == ENDPOINT
            assert result["cluster_info_server"] == URL
            assert result["kube_proxy_server"] == URL
        now = snapshot(cluster)
        stored = yaml.safe_load(now["kubeadm-config"]["data"]["ClusterConfiguration"])
        was = yaml.safe_load(before["kubeadm-config"]["data"]["ClusterConfiguration"])
        assert stored == {**was, "controlPlaneEndpoint": ENDPOINT}
        assert now["cluster-info"]["data"]["kubeconfig"] == info["kubeconfig"].replace(old_info, URL)
        assert now["cluster-info"]["data"].keys() == info.keys()
        assert is_signed(cluster)
        proxy = before["kube-proxy"]["data"]
        assert now["kube-proxy"]["data"] == {
            **proxy,
            "kubeconfig.conf": proxy["kubeconfig.conf"].replace(old, URL),
        }
        annotations = now["daemonset"]["template"]["metadata"].pop("annotations")
        assert list(annotations) == ["kubectl.kubernetes.io/restartedAt"]
        assert before["daemonset"]["template"]["metadata"].pop("annotations", None) is None
        assert now["daemonset"] == before["daemonset"]
        assert len(pods(cluster)) == 1
        assert not set(pods(cluster)) & set(old_pods)

        done = snapshot(cluster)
        for check in (True, False):
            repeated = apply(modules, cluster, check=check)
            assert (repeated["changed"], repeated["changes"], repeated["diff"]) == (False, [], [])
            assert repeated.keys() == applied.keys()
        assert snapshot(cluster) == done


def test_through_ansible(cluster: ControlPlane, modules: Modules) -> None:
    await_signature(cluster)
    options: dict[str, t.Any] = {"endpoint": ENDPOINT, "kubeconfig": str(cluster.kubeconfig)}
    applied = modules.run_by_ansible("control_plane_endpoint", **options)
    assert objects(applied) == [
        "ConfigMap kube-system/kubeadm-config",
        "ConfigMap kube-public/cluster-info",
        "ConfigMap kube-system/kube-proxy",
    ]
    assert is_signed(cluster)
    assert modules.run_by_ansible("control_plane_endpoint", check=True, diff=True, **options)["changed"] is False


#: ``kubectl proxy`` with somebody before it who kills who started it instead of passing a PATCH on.
_KILLS_AT_PATCH = """
import os, signal, socket, subprocess, sys, threading

wanted = next(item for item in sys.argv if item.startswith("--unix-socket="))
path = wanted.partition("=")[2]
arguments = [f"{item}-behind" if item == wanted else item for item in sys.argv[1:]]
proxy = subprocess.Popen([KUBECTL, *arguments], stdout=subprocess.PIPE, text=True)
ready = proxy.stdout.readline()

def pass_on(source, target):
    while data := source.recv(65536):
        if data.startswith(b"PATCH "):
            proxy.kill()
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(1)
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)

listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print(ready, end="", flush=True)
while True:
    client, server = listener.accept()[0], socket.socket(socket.AF_UNIX)
    server.connect(f"{path}-behind")
    threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
    threading.Thread(target=pass_on, args=(server, client), daemon=True).start()
"""


def test_completes_a_run_that_was_killed_before_the_restart(
    cluster: ControlPlane, modules: Modules, tmp_path: Path
) -> None:
    # The kubectl that this module finds is the real one, but kills the module when it is to restart the DaemonSet.
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "kubectl"
    shim.write_text(f"#!{sys.executable}\nKUBECTL = '{cluster.binaries}/kubectl'\n{_KILLS_AT_PATCH}", encoding="utf-8")
    shim.chmod(0o755)
    environment = {**modules.environment, "PATH": f"{shims}:{modules.environment['PATH']}"}
    with node_with_kube_proxy(cluster):
        await_signature(cluster)
        with pytest.raises(AssertionError, match="gave no result"):
            apply(Modules(environment, tmp_path, ("kubernetes",)), cluster)
        assert URL in data(cluster, "kube-proxy")["kubeconfig.conf"]
        old_pods = pods(cluster)

        for check in (True, False):
            result = apply(modules, cluster, check=check)
            assert [(change["object"], change["before"]) for change in result["changes"]] == [
                ("DaemonSet kube-system/kube-proxy", {"outdated_pods": 1})
            ]
        assert not set(pods(cluster)) & set(old_pods)
        assert apply(modules, cluster)["changed"] is False


def test_restarts_after_a_manual_change(cluster: ControlPlane, modules: Modules) -> None:
    with node_with_kube_proxy(cluster):
        await_signature(cluster)
        text = data(cluster, "kube-proxy")["kubeconfig.conf"]
        edited = text.replace(f"https://{ADVERTISED_ADDRESS}:{cluster.api_port}", URL)
        cluster.kubectl(
            "-n",
            "kube-system",
            "patch",
            "configmap",
            "kube-proxy",
            "--type=merge",
            f"--patch={json.dumps({'data': {'kubeconfig.conf': edited}})}",
        )
        result = apply(modules, cluster)
        assert "ConfigMap kube-system/kube-proxy" not in objects(result)
        assert "DaemonSet kube-system/kube-proxy" in objects(result)
        assert apply(modules, cluster)["changed"] is False


def test_leaves_a_cluster_without_kube_proxy_alone(cluster: ControlPlane, modules: Modules) -> None:
    await_signature(cluster)
    cluster.delete("configmap/kube-proxy", "daemonset/kube-proxy")
    result = apply(modules, cluster)
    assert objects(result) == ["ConfigMap kube-system/kubeadm-config", "ConfigMap kube-public/cluster-info"]
    assert result["kube_proxy_server"] is None
    assert apply(modules, cluster)["changed"] is False
    assert "kube-proxy" not in cluster.kubectl("-n", "kube-system", "get", "configmap,daemonset", "-o", "name")


def test_waits_for_no_signature_without_tokens(cluster: ControlPlane, modules: Modules) -> None:
    await_signature(cluster)
    cluster.kubectl("-n", "kube-system", "delete", "secret", "--field-selector=type=bootstrap.kubernetes.io/token")
    deadline = time.monotonic() + 30
    while len(data(cluster, "cluster-info", "kube-public")) > 1:
        assert time.monotonic() < deadline, "the signature was not removed within 30 s"
        time.sleep(0.1)
    result = apply(modules, cluster)
    assert "ConfigMap kube-public/cluster-info" in objects(result)
    assert list(data(cluster, "cluster-info", "kube-public")) == ["kubeconfig"]


def test_warns_without_cluster_info(cluster: ControlPlane, modules: Modules) -> None:
    cluster.delete("configmap/cluster-info", namespace="kube-public")
    result = apply(modules, cluster, check=True)
    assert "ConfigMap kube-public/cluster-info" not in objects(result)
    assert result["cluster_info_server"] is None
    assert any("cannot join with a bootstrap token" in str(warning) for warning in result["warnings"])


def bound(plane: ControlPlane, node: str) -> str:
    """Bind the pod that the DaemonSet controller made for a node, as the scheduler would; its name."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for name in pods(plane):
            spec = plane.get("pod", name)["spec"]
            if f'"{node}"' in json.dumps(spec["affinity"]) and "nodeName" not in spec:
                target = {"apiVersion": "v1", "kind": "Node", "name": node}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
                path = f"/api/v1/namespaces/kube-system/pods/{name}/binding"
                plane.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(binding))
                return name
        time.sleep(0.1)
    raise AssertionError(f"no pod of kube-proxy was made for {node} within 30 s")


def test_a_node_that_is_down_holds_nothing_up(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    """Its pod, which ends for ever, uses up the DaemonSet's maxUnavailable."""
    add_node(cluster, "w9", ready="Unknown")
    dead = bound(cluster, "w9")
    try:
        with node_with_kube_proxy(cluster, dead=dead):
            await_signature(cluster)
            old = set(pods(cluster)) - {dead}
            assert len(old) == 1
            result = apply(modules_with_each_adapter, cluster)
            assert not result.get("failed"), result
            assert {"outdated_pods": 1} in [change["before"] for change in result["changes"]]
            assert any("kube-proxy is not waited for on w9" in str(warning) for warning in result["warnings"])
            left = set(pods(cluster))
            assert dead in left
            assert cluster.get("pod", dead)["metadata"]["deletionTimestamp"]
            assert not left & old
            assert len(left) == 2
            assert apply(modules_with_each_adapter, cluster)["changed"] is False
    finally:
        cluster.kubectl("delete", "node", "w9")
        cluster.kubectl("-n", "kube-system", "delete", "pod", dead, "--grace-period=0", "--force")


def test_waits_for_the_signature_that_a_killed_run_did_not_wait_for(cluster: ControlPlane, modules: Modules) -> None:
    """The signer is frozen between the write and the signature."""
    await_signature(cluster)
    signer = cluster.processes["kube-controller-manager"]
    signer.send_signal(signal.SIGSTOP)
    try:
        first = apply(modules, cluster, timeout=1)
        assert "its signature was not renewed within 1 s" in first["msg"]
        assert not is_signed(cluster)
        check = apply(modules, cluster, check=True)
        found = {change["object"]: (change["before"], change["after"]) for change in check["changes"]}
        assert found["ConfigMap kube-public/cluster-info"] == ({"outdated_signatures": 1}, {"outdated_signatures": 0})
    finally:
        signer.send_signal(signal.SIGCONT)
    assert not apply(modules, cluster).get("failed")
    assert is_signed(cluster)
    assert apply(modules, cluster, check=True)["changed"] is False


def test_reports_a_rollout_that_does_not_end(cluster: ControlPlane, modules: Modules) -> None:
    add_node(cluster, NODE, ready="True")
    try:
        await_signature(cluster)
        deadline = time.monotonic() + 30
        while not pods(cluster):
            assert time.monotonic() < deadline, "no pod of kube-proxy was made within 30 s"
            time.sleep(0.1)
        result = apply(modules, cluster, timeout=3)
        assert result["failed"] is True
        assert "DaemonSet kube-system/kube-proxy was restarted, but 3 s later" in result["msg"]
        assert "of its 1 pods are new and 0 available" in result["msg"]
    finally:
        cluster.kubectl("delete", "node", NODE)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("k8s.example.org", "option endpoint cannot be used: 'k8s.example.org' has no port"),
        ("k8s.example.org:0", "option endpoint cannot be used"),
        ("no host:6443", "option endpoint cannot be used"),
    ],
)
def test_explains_bad_input(plane: ControlPlane, modules: Modules, endpoint: str, message: str) -> None:
    result = apply(modules, plane, endpoint=endpoint)
    assert result["failed"] is True
    assert message in result["msg"]


def test_explains_a_cluster_that_kubeadm_did_not_make(plane: ControlPlane, modules: Modules) -> None:
    result = apply(modules, plane)
    assert result["failed"] is True
    assert "it was not made by kubeadm" in result["msg"]
