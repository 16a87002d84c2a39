# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects of the cluster name an old endpoint.

Secrets are searched where they are read: namespace, name and key of a match are reported, a value never.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import re
import typing as t

from ..base.address import Endpoint
from ..base.errors import InvalidInput
from ..base.named_endpoint import endpoints_in, named, pinned
from ..base.report_fields import absent, as_dict, at, present
from . import workload

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

#: Seconds for the whole search, so that a big cluster does not cost much time.
SECONDS = 20.0
#: Objects of one answer, so that it does not cost much memory. ConfigMaps and Secrets may be big, workloads are not.
PAGE_SIZE = 100
PAGE_SIZE_OF_WORKLOADS = 500
#: More are not reported one by one.
MOST_FOUND = 100

#: Kinds with the field selector of the objects that are searched, the most numerous last. Helm's releases are compressed:
#: nothing is seen in them.
_KINDS: t.Mapping[str, str | None] = {
    **dict.fromkeys(kind for kind in workload.KINDS if kind != "pod"),
    "configmap": None,
    "secret": "type!=helm.sh/release.v1",
    "pod": workload.LIVING_PODS,
}
#: What kubeadm owns and the run itself changes.
_OURS = frozenset({"kube-system/kubeadm-config", "kube-public/cluster-info", "kube-system/kube-proxy"})
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
_FLAG_NAME = re.compile(r"^--?[A-Za-z][A-Za-z0-9-]*(?==|$)")
_CONTROL_PLANE_ENDPOINT = re.compile(r"^controlPlaneEndpoint:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Consumer:
    """An object of the cluster that names old endpoints.

    Attributes:
        kind: its kind.
        namespace: its namespace.
        name: its name.
        where: keys of a ConfigMap or Secret; containers with a variable or flag of a workload.
        endpoints: those that it names.
    """

    kind: str
    namespace: str
    name: str
    where: tuple[str, ...]
    endpoints: tuple[str, ...]

    @property
    def object(self) -> str:
        """As messages name it."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Consumers:
    """The result of a search.

    Attributes:
        found: what names an old endpoint.
        is_complete: whether every object was inspected.
        objects: how many were; ``None`` when every one was.
        failure: why the search ended early, where the API failed; else empty.
    """

    found: tuple[Consumer, ...] = dataclasses.field(default=(), metadata=present())
    is_complete: bool = dataclasses.field(default=True, metadata={**at("complete"), **present()})
    objects: int | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    failure: str = dataclasses.field(default="", metadata=absent("", is_written=False))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def old_endpoints(
    config_maps: t.Mapping[str, t.Any], api_servers: t.Iterable[str], endpoint: str | None
) -> frozenset[Endpoint]:
    """What nothing shall name any more: each API server's own address, and what the cluster names now.

    Args:
        config_maps: the ConfigMaps of the cluster by namespace and name.
        api_servers: address and port of each API server.
        endpoint: the wanted control plane endpoint.
    """
    found = {Endpoint.parse(server) for server in api_servers}
    cluster_info = (config_maps.get("kube-public/cluster-info") or {}).get("data") or {}
    found |= endpoints_in(cluster_info.get("kubeconfig", ""))
    configuration = (config_maps.get("kube-system/kubeadm-config") or {}).get("data") or {}
    match = _CONTROL_PLANE_ENDPOINT.search(configuration.get("ClusterConfiguration", ""))
    if match is not None:
        with contextlib.suppress(InvalidInput):
            found.add(Endpoint.parse(match.group(1)))
    return frozenset(found - ({Endpoint.parse(endpoint)} if endpoint else set()))


def is_pointed_to(config_maps: t.Mapping[str, t.Any], endpoint: str) -> bool:
    """Whether new nodes are led to the endpoint already, so that a run changes little and shows no notes."""
    cluster_info = (config_maps.get("kube-public/cluster-info") or {}).get("data") or {}
    return endpoints_in(cluster_info.get("kubeconfig", "")) == {Endpoint.parse(endpoint)}


def collect_consumers(api: Api, clock: Clock, old: t.AbstractSet[Endpoint], *, with_secrets: bool = True) -> Consumers:
    """Workloads, ConfigMaps and Secrets of any namespace that name one of these endpoints.

    Args:
        api: the cluster.
        clock: bounds the search.
        old: the endpoints.
        with_secrets: ``False`` reads no Secret.
    """
    found: list[Consumer] = []
    objects = 0
    deadline = clock.monotonic() + SECONDS
    for kind, fields in _KINDS.items() if old else ():
        if kind == "secret" and not with_secrets:
            continue
        size = PAGE_SIZE_OF_WORKLOADS if kind in workload.KINDS else PAGE_SIZE
        for page in api.pages(kind, size=size, fields=fields):
            objects += len(page)
            found += (consumer for document in page for consumer in _consumers(kind, document, old))
            if len(found) > MOST_FOUND or clock.monotonic() > deadline:
                return Consumers(tuple(found[:MOST_FOUND]), is_complete=False, objects=objects)
    return Consumers(tuple(found))


def _consumers(kind: str, document: t.Mapping[str, t.Any], old: t.AbstractSet[Endpoint]) -> t.Iterator[Consumer]:
    metadata = document["metadata"]
    if f"{metadata['namespace']}/{metadata['name']}" in _OURS:
        return
    if kind not in workload.KINDS:
        places = dict(_in_data(kind, document, old))
    elif workload.speaks_for_itself(document):
        places = dict(_in_workload(document, old))
    else:
        return
    endpoints = {str(endpoint) for named_there in places.values() for endpoint in named_there}
    if endpoints:
        yield Consumer(
            kind=document["kind"],
            namespace=metadata["namespace"],
            name=metadata["name"],
            where=tuple(sorted(place for place, named_there in places.items() if named_there)),
            endpoints=tuple(sorted(endpoints)),
        )


def _in_workload(
    document: t.Mapping[str, t.Any], old: t.AbstractSet[Endpoint]
) -> t.Iterator[tuple[str, frozenset[Endpoint]]]:
    pod = workload.pod_spec(document)
    for container in [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]:
        place = f"container {container['name']}"
        environment = {item["name"]: str(item.get("value") or "") for item in container.get("env") or ()}
        if environment.get(_HOST):
            yield f"{place}: {_HOST}", pinned(environment[_HOST], environment.get(_PORT, ""), old)
        for name, value in environment.items():
            if name != _HOST:
                yield f"{place}: {name}", named(value, old)
        flag = ""
        for argument in [*(container.get("command") or ()), *(container.get("args") or ())]:
            match = _FLAG_NAME.match(argument)
            flag = match.group() if match is not None else flag
            yield f"{place}: {flag or 'command'}", named(argument, old)


def _in_data(
    kind: str, document: t.Mapping[str, t.Any], old: t.AbstractSet[Endpoint]
) -> t.Iterator[tuple[str, frozenset[Endpoint]]]:
    texts = {key: str(value) for key, value in (document.get("data") or {}).items() if kind == "configmap"}
    encoded = document.get("binaryData") if kind == "configmap" else document.get("data")
    texts.update((key, _decoded(str(value))) for key, value in (encoded or {}).items())
    if texts.get(_HOST):
        yield f"key {_HOST}", pinned(texts[_HOST].strip(), texts.get(_PORT, "").strip(), old)
    for key, text in texts.items():
        if key != _HOST:
            yield f"key {key}", named(text, old)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode("utf-8", "replace")
    except binascii.Error:
        return ""


__all__ = ("MOST_FOUND", "SECONDS", "Consumer", "Consumers", "collect_consumers", "old_endpoints")
