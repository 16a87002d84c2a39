# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers of kube-controller-manager over objects in memory, as far as the collection meets them."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import typing as t

if t.TYPE_CHECKING:
    from tests.unit.plugins.memory_api import MemoryApi

NAME, NAMESPACE = "kube-proxy", "kube-system"


def node(name: str, *, ready: bool = True) -> dict[str, t.Any]:
    """A Node."""
    status = "True" if ready else "Unknown"
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": status}]},
    }


def bootstrap_token(identifier: str, secret: str) -> dict[str, t.Any]:
    """The Secret of a bootstrap token."""
    data = {"token-id": identifier, "token-secret": secret, "usage-bootstrap-signing": "true"}
    return {
        "kind": "Secret",
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": f"bootstrap-token-{identifier}", "namespace": NAMESPACE},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def signature(content: str, identifier: str, secret: str) -> str:
    """What the bootstrap signer writes for a token: RFC 7515, HS256, detached."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    header = encoded(json.dumps({"alg": "HS256", "kid": identifier}).encode())
    mac = hmac.new(secret.encode(), f"{header}.{encoded(content.encode())}".encode(), hashlib.sha256).digest()
    return f"{header}..{encoded(mac)}"


def start_event(name: str, created: str, *, reporter: str = "kube-proxy") -> dict[str, t.Any]:
    """The Event by which kube-proxy reports its start; the kubelet's differs in who reports."""
    return {
        "kind": "Event",
        "metadata": {"name": f"{name}.{reporter}.{created}", "namespace": "default", "creationTimestamp": created},
        "involvedObject": {"kind": "Node", "name": name, "uid": name},
        "reason": "Starting",
        "reportingComponent": reporter,
        "source": {"component": reporter} if reporter == "kubelet" else {},
    }


class DaemonSetController:
    """The rolling update of kube-proxy (pkg/controller/daemon/update.go): old pods that are not available go at once, the
    others only as long as no more than ``maxUnavailable`` nodes lack an available pod. Kubelets of Ready nodes start and end
    their pods at once; a pod on a node that is down never ends.
    """

    def __init__(
        self,
        api: MemoryApi,
        *,
        failing: t.Container[str] = (),
        mute: t.Container[str] = (),
        max_unavailable: int = 1,
        created: str = "",
    ) -> None:
        """``failing`` names nodes whose new pods never become ready, ``mute`` those whose new pods never reach the API;
        ``created`` is the time of new pods.
        """
        self.api = api
        self.failing = failing
        self.mute = mute
        self.max_unavailable = max_unavailable
        self.created = created or "2026-12-01T00:00:00Z"
        self.made = 0

    def run(self) -> None:
        """Sync until nothing changes any more."""
        while self.sync():
            pass

    def sync(self) -> bool:
        """One pass: end what is to end, start what lacks, replace what is old; whether anything was done."""
        done = self._end_and_start()
        old = [pod for pod in self._pods() if not self._is_new(pod) and not pod["metadata"].get("deletionTimestamp")]
        for pod in (item for item in old if not self._is_available(item)):
            pod["metadata"]["deletionTimestamp"] = self.created
            done = True
        available = {pod["spec"]["nodeName"] for pod in self._pods() if self._is_available(pod)}
        room = self.max_unavailable - len(self._nodes() - available)
        for pod in [item for item in old if self._is_available(item)][: max(0, room)]:
            pod["metadata"]["deletionTimestamp"] = self.created
            done = True
        return done

    def _end_and_start(self) -> bool:
        done = False
        for pod in self._pods():
            if pod["metadata"].get("deletionTimestamp") and pod["spec"]["nodeName"] in self._ready():
                self.api.delete("pod", pod["metadata"]["name"], namespace=NAMESPACE)
                done = True
        for name in sorted(self._nodes() - {pod["spec"]["nodeName"] for pod in self._pods()}):
            self._start(name)
            done = True
        daemonset = self._daemonset()
        daemonset["status"]["observedGeneration"] = daemonset["metadata"].get("generation", 0)
        return done

    def _start(self, name: str) -> None:
        self.made += 1
        template = self._daemonset()["spec"].get("template") or {"metadata": {}}
        is_ready = name in self._ready() and name not in self.failing
        self.api.put(
            {
                "kind": "Pod",
                "metadata": {
                    "name": f"kube-proxy-new-{self.made}",
                    "namespace": NAMESPACE,
                    "labels": {"k8s-app": NAME},
                    "creationTimestamp": self.created,
                    "ownerReferences": [{"kind": "DaemonSet", "name": NAME}],
                    "annotations": copy.deepcopy(template["metadata"].get("annotations") or {}),
                },
                "spec": {"nodeName": name},
                "status": {"conditions": [{"type": "Ready", "status": "True" if is_ready else "False"}]},
            }
        )

        if is_ready and name not in self.mute:
            self.api.put(start_event(name, self.created))

    def _daemonset(self) -> dict[str, t.Any]:
        return self.api.objects["daemonset", NAMESPACE, NAME]

    def _pods(self) -> list[dict[str, t.Any]]:
        return [found for (kind, _namespace, _name), found in self.api.objects.items() if kind == "pod"]

    def _nodes(self) -> set[str]:
        return {name for kind, _namespace, name in self.api.objects if kind == "node"}

    def _ready(self) -> set[str]:
        nodes = (found for (kind, _namespace, _name), found in self.api.objects.items() if kind == "node")
        return {item["metadata"]["name"] for item in nodes if item["status"]["conditions"][0]["status"] == "True"}

    def _is_new(self, pod: t.Mapping[str, t.Any]) -> bool:
        wanted = (self._daemonset()["spec"].get("template") or {"metadata": {}})["metadata"].get("annotations") or {}
        return bool((pod["metadata"].get("annotations") or {}) == wanted)

    def _is_available(self, pod: t.Mapping[str, t.Any]) -> bool:
        ready = pod["status"]["conditions"][0]["status"] == "True" and pod["spec"]["nodeName"] in self._ready()
        return ready and not pod["metadata"].get("deletionTimestamp")


__all__ = ("DaemonSetController", "bootstrap_token", "node", "signature", "start_event")
