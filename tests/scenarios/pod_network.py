# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom pods reach: each node has one for a while, and from its network namespace the others, their Service and the API are asked.

What a pod sends is forwarded by its node, what a host sends is not: a firewall may let through the one and drop the other. curl is the
node's, because the image has only its own program.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Self

from tests.lab.images import SMOKE
from tests.scenarios.cluster import ADMIN, Lab

_NAME, _FILE = "pod-network", "/run/pod-network.json"
_SECONDS = 120.0
#: So many requests to a Service lead to more than one node, but for one in a million.
_REQUESTS = 12
_OK = "ok"
#: Given the Service's address, the API's, and then those of pods: a line for each answer, or for its lack.
_ASK = f"""
service=$1 api=$2
shift 2
ask() {{
  nsenter --target "$(pgrep --exact smoke)" --net curl --silent --max-time 5 "$@" || echo "no answer"
}}
for address; do echo "pod $(ask "http://$address:8080/")"; done
for number in $(seq {_REQUESTS}); do echo "service $(ask "http://$service/")"; done
for number in $(seq {_REQUESTS}); do echo "api $(ask --cacert /etc/kubernetes/pki/ca.crt "https://$api/readyz")"; done
"""


@dataclasses.dataclass(frozen=True)
class Reached:
    """Who answered the pod of a node.

    :param pods: nodes of the pods that answered for themselves, in the order in which they were asked.
    :param service: nodes of those that answered for the Service.
    :param api: what the API server answered behind the ClusterIP of the Service ``kubernetes``.
    """

    pods: tuple[str, ...]
    service: tuple[str, ...]
    api: tuple[str, ...]

    @classmethod
    def parse(cls, printed: str) -> Self:
        """From what was printed: of a pod's answer, which is its name and its node's, the node."""
        lines = [line.partition(" ")[::2] for line in printed.splitlines()]
        return cls(
            tuple(answer.rpartition(" ")[2] for kind, answer in lines if kind == "pod"),
            tuple(answer.rpartition(" ")[2] for kind, answer in lines if kind == "service"),
            tuple(answer for kind, answer in lines if kind == "api"),
        )

    def lacks(self, node: str, nodes: Sequence[str]) -> list[str]:
        """What the pod of a node does not reach, for messages.

        :param nodes: all of them, in the order in which their pods were asked.
        """
        found = [f"pod of {other}" for other, answered in zip(nodes, self.pods, strict=True) if answered != other]
        if len(self.service) != _REQUESTS or not set(self.service) <= set(nodes) or set(self.service) <= {node}:
            found.append(f"Service: {', '.join(self.service)}")
        if self.api != (_OK,) * _REQUESTS:
            found.append(f"API: {', '.join(self.api)}")
        return found


def reached(lab: Lab, nodes: Sequence[str]) -> dict[str, Reached]:
    """Who answers the pod of each node."""
    lab.write("cp1", _FILE, json.dumps(manifest()))
    lab.kubectl("apply", f"--filename={_FILE}")
    try:
        wait = ("rollout", "status", f"daemonset/{_NAME}", f"--timeout={_SECONDS:.0f}s")
        lab.run("cp1", "kubectl", f"--kubeconfig={ADMIN}", *wait, timeout=_SECONDS + 30)
        pods = lab.objects("pods", f"--selector=app={_NAME}")["items"]
        addresses = {pod["spec"]["nodeName"]: pod["status"]["podIP"] for pod in pods}
        of_services = [lab.objects("service", name)["spec"]["clusterIP"] for name in (_NAME, "kubernetes")]
        asked = ("sh", "-c", _ASK, "ask", *of_services, *(addresses[name] for name in nodes))
        return {node: Reached.parse(lab.run(node, *asked, timeout=300)) for node in nodes}
    finally:
        lab.kubectl("delete", f"--filename={_FILE}")


def manifest() -> dict[str, Any]:
    """A pod on every node, whatever its taints, and their Service."""
    labels = {"app": _NAME}
    names = {"POD_NAME": "metadata.name", "NODE_NAME": "spec.nodeName"}
    container = {
        "name": "smoke",
        "image": SMOKE,
        "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in names.items()],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }
    pod = {"containers": [container], "tolerations": [{"operator": "Exists"}], "terminationGracePeriodSeconds": 1}
    pods = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": _NAME, "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _NAME, "namespace": "default"},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    return {"apiVersion": "v1", "kind": "List", "items": [pods, service]}


__all__ = ("Reached", "manifest", "reached")
