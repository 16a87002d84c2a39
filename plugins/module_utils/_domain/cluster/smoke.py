# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke application: pods on several nodes behind a Service, for as long as a proof takes.

Its image is CoreDNS', which every cluster of kubeadm has or can pull. Each pod serves a zone of its own name, so that the
metrics of CoreDNS name the pod that answers. It needs no rights, no token and no storage.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ..base.change import Change, Decision
from ..base.errors import InvalidInput, NotProved, UnsupportedState
from ..base.report_fields import as_dict
from .control_plane_node import OLD_ROLE, ROLE
from .deployment_spread import CLUSTER_DNS
from .manifest import object_of
from .smoke_name import NAME

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

Document = t.Mapping[str, t.Any]

#: Port of the Service.
PORT = 80

_METRICS_PORT = 9153
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "kubeadm.ha"}
_SELECTOR = {"app.kubernetes.io/name": NAME}
_DIGEST = "kubeadm.ha/digest"
_POLL_SECONDS = 0.5
_LONGEST_MESSAGE = 300
_COREFILE = f"""\
{{$POD_NAME}}.:1053 {{
  prometheus :{_METRICS_PORT}
}}
"""


@dataclasses.dataclass(frozen=True, order=True)
class SmokePod:
    """A pod of the application.

    Attributes:
        name: its name.
        node: the node on which it runs.
    """

    name: str
    node: str


@dataclasses.dataclass(frozen=True)
class Target:
    """Where the application must answer.

    Attributes:
        address: of the Service or of a node.
        port: of the Service or of its NodePort.
    """

    address: str
    port: int


@dataclasses.dataclass(frozen=True)
class Running:
    """The application, ready.

    Attributes:
        pods: all of its pods.
        targets: the Service's addresses, and its NodePort on every node that is Ready.
    """

    pods: tuple[SmokePod, ...] = ()
    targets: tuple[Target, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def documents(*, namespace: str, image: str, replicas: int) -> tuple[Document, ...]:
    """The application's objects, in the order in which they are created."""
    objects: list[dict[str, t.Any]] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"Corefile": _COREFILE}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": _deployment(image, replicas)},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "spec": {
                "type": "NodePort",
                "ipFamilyPolicy": "PreferDualStack",
                "selector": _SELECTOR,
                "ports": [{"name": "metrics", "port": PORT, "targetPort": _METRICS_PORT, "protocol": "TCP"}],
            },
        },
    ]
    for item in objects:
        item["metadata"] = {"name": NAME, "namespace": namespace, "labels": _LABELS}
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()
    metadata = {"name": namespace, "labels": _LABELS, "annotations": {_DIGEST: digest}}
    return ({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, *objects)


def ensure_present(api: Api, clock: Clock, *, namespace: str, image: str, replicas: int, timeout: float) -> Decision:
    """The application runs and is ready. What an earlier run has left is used again, or removed where it differs.

    Args:
        api: the cluster.
        clock: bounds the waiting.
        namespace: in which it runs alone.
        image: an image of CoreDNS; empty: that of the cluster's own.
        replicas: how many pods.
        timeout: seconds until it must be ready, and until remains of another run must be gone.

    Raises:
        InvalidInput: without an image, or for fewer than two pods.
        UnsupportedState: when the namespace is somebody else's.
        NotProved: when it is not ready in time; the message has the reasons that the cluster gives.
    """
    if replicas < 2:
        raise InvalidInput(f"The option replicas is {replicas}: answers from different pods need 2 at least.")
    image = image or _image_of_cluster_dns(api)
    wanted = documents(namespace=namespace, image=image, replicas=replicas)
    found = _own_namespace(api, namespace)
    is_left_over = found is not None and not _is_current(found, wanted[0])
    missing = [item for item in wanted if found is None or is_left_over or _find(api, item) is None]
    changes = [_creation(item) for item in missing]
    if is_left_over:
        changes.insert(0, _removal(namespace, "an earlier run was interrupted and has left it"))

    def running() -> Running:
        return _await_ready(api, clock, namespace=namespace, replicas=replicas, timeout=timeout)

    def act() -> t.Mapping[str, t.Any]:
        if is_left_over:
            _remove(api, clock, namespace=namespace, timeout=timeout)
        for item in missing:
            api.create(item)
        return running().as_dict()

    values = Running() if changes else running()
    return Decision(changes=tuple(changes), values={"image": image, **values.as_dict()}, act=act)


def ensure_absent(api: Api, clock: Clock, *, namespace: str, timeout: float) -> Decision:
    """The application and its namespace are gone.

    Raises:
        UnsupportedState: when the namespace is somebody else's.
        NotProved: when it is not gone in time.
    """
    if _own_namespace(api, namespace) is None:
        return Decision(values=Running().as_dict())

    def act() -> t.Mapping[str, t.Any]:
        _remove(api, clock, namespace=namespace, timeout=timeout)
        return {}

    change = _removal(namespace, "the proof needs it no longer")
    return Decision(changes=(change,), values=Running().as_dict(), act=act)


def _deployment(image: str, replicas: int) -> dict[str, t.Any]:
    container = {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"name": "metrics", "containerPort": _METRICS_PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/metrics", "port": "metrics"}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "10m", "memory": "20Mi"}, "limits": {"memory": "170Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            # The program's file has this capability and does not start without it.
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": _SELECTOR},
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        # Of those that kubeadm gives to control planes; with one left out no pod would run there, and too few have room elsewhere.
        "tolerations": [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in (ROLE, OLD_ROLE)],
        "topologySpreadConstraints": [spread],
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": NAME}}],
    }
    return {
        "replicas": replicas,
        "selector": {"matchLabels": _SELECTOR},
        "template": {"metadata": {"labels": _LABELS}, "spec": pod},
    }


def _image_of_cluster_dns(api: Api) -> str:
    namespace, name = CLUSTER_DNS
    deployment = api.get("deployment", name, namespace=namespace)
    containers = deployment["spec"]["template"]["spec"]["containers"] if deployment else ()
    images = [str(item["image"]) for item in containers if item["name"] == name]
    if not images:
        raise InvalidInput(
            f"The cluster has no Deployment {namespace}/{name} whose image the smoke application could use: name an image "
            "of CoreDNS that every node has or can pull (option image, variable cluster_verify_smoke_image)."
        )
    return images[0]


def _own_namespace(api: Api, namespace: str) -> Document | None:
    found = api.get("namespace", namespace)
    labels = (found["metadata"].get("labels") or {}) if found else {}
    if found and any(labels.get(key) != value for key, value in _LABELS.items()):
        raise UnsupportedState(
            f"The namespace {namespace} exists and is not of the smoke application: give it another one (option namespace, "
            "variable cluster_verify_smoke_namespace)."
        )
    return found


def _is_current(found: Document, wanted: Document) -> bool:
    """Whether an earlier run has made exactly what this one would."""
    digest = (found["metadata"].get("annotations") or {}).get(_DIGEST)
    return not found["metadata"].get("deletionTimestamp") and digest == wanted["metadata"]["annotations"][_DIGEST]


def _find(api: Api, document: Document) -> Document | None:
    metadata = document["metadata"]
    return api.get(str(document["kind"]).lower(), metadata["name"], namespace=metadata.get("namespace"))


def _creation(document: Document) -> Change:
    return Change(
        object=object_of(document),
        before=None,
        after="for the time of the proof",
        reason="an application proves that pods, Services and the network between nodes work",
    )


def _removal(namespace: str, reason: str) -> Change:
    return Change(object=f"Namespace {namespace}", before="the smoke application", after=None, reason=reason)


def _remove(api: Api, clock: Clock, *, namespace: str, timeout: float) -> None:
    deadline = clock.monotonic() + timeout
    found = api.get("namespace", namespace)
    if found and not found["metadata"].get("deletionTimestamp"):
        api.delete("namespace", namespace)
    while api.get("namespace", namespace) is not None:
        if clock.monotonic() >= deadline:
            raise NotProved(
                f"The namespace {namespace} was deleted, but is still going away {timeout:g} s later: 'kubectl get namespace "
                f"{namespace} --output=yaml' says in its status what keeps it. The option timeout sets the time."
            )
        clock.sleep(_POLL_SECONDS)


def _await_ready(api: Api, clock: Clock, *, namespace: str, replicas: int, timeout: float) -> Running:
    deadline = clock.monotonic() + timeout
    while True:
        pods = [
            pod
            for pod in api.list("pod", namespace=namespace, labels=f"app.kubernetes.io/name={NAME}")
            if not pod["metadata"].get("deletionTimestamp")
        ]
        ready = [pod for pod in pods if _is_true(pod, "Ready")]
        if len(ready) == len(pods) == replicas:
            names = sorted(SmokePod(pod["metadata"]["name"], pod["spec"]["nodeName"]) for pod in ready)
            return Running(tuple(names), tuple(_targets(api, namespace)))
        if clock.monotonic() >= deadline:
            deployment = api.get("deployment", NAME, namespace=namespace) or {}
            reasons = sorted({*_failures(deployment), *(_why(pod) for pod in pods if pod not in ready)})
            raise NotProved(
                f"The smoke application in the namespace {namespace} is not ready after {timeout:g} s: {len(ready)} of "
                f"{replicas} pods are ({'; '.join(reasons) or 'there are no pods yet: does kube-controller-manager run?'}). "
                "Mend that, or give it more time (option timeout, variable cluster_verify_smoke_timeout)."
            )
        clock.sleep(_POLL_SECONDS)


def _targets(api: Api, namespace: str) -> t.Iterator[Target]:
    service = api.get("service", NAME, namespace=namespace)
    if service is None:
        raise NotProved(f"The Service {namespace}/{NAME} was deleted during the proof: run it again, one at a time.")
    addresses = service["spec"].get("clusterIPs") or [service["spec"]["clusterIP"]]
    yield from (Target(address, PORT) for address in addresses)
    (port,) = service["spec"]["ports"]
    families = {_is_ipv6(address) for address in addresses}
    for node in sorted(api.list("node"), key=lambda item: str(item["metadata"]["name"])):
        own = [item["address"] for item in node["status"].get("addresses") or () if item["type"] == "InternalIP"]
        if _is_true(node, "Ready"):
            yield from (Target(address, port["nodePort"]) for address in own if _is_ipv6(address) in families)


def _is_ipv6(address: str) -> bool:
    return ":" in address


def _is_true(document: Document, condition: str) -> bool:
    return _condition(document, condition).get("status") == "True"


def _condition(document: Document, name: str) -> Document:
    conditions = (document.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item["type"] == name), {})


def _failures(deployment: Document) -> t.Iterator[str]:
    failure = _condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        yield _shortened(failure.get("message") or failure.get("reason") or "pods cannot be created")


def _why(pod: Document) -> str:
    """Why a pod is not ready, as the scheduler or its kubelet says."""
    node = pod["spec"].get("nodeName")
    if not node:
        message = _condition(pod, "PodScheduled").get("message") or "not scheduled yet: does kube-scheduler run?"
        return _shortened(str(message))
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (status.get("state") or {}).get("waiting")
        if waiting:
            return _shortened(f"on {node}: {waiting.get('reason', 'waiting')} {waiting.get('message', '')}")
    return f"on {node}: not ready yet"


def _shortened(message: str) -> str:
    words = " ".join(message.split())
    return words if len(words) <= _LONGEST_MESSAGE else f"{words[:_LONGEST_MESSAGE]}..."


__all__ = ("NAME", "PORT", "Running", "SmokePod", "Target", "documents", "ensure_absent", "ensure_present")
