# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of objects in the Kubernetes API, without asking the server's discovery."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlencode

from ..._domain.base.errors import InvalidInput

#: Names the writer in ``metadata.managedFields``.
FIELD_MANAGER = "kubeadm-ha"

#: Resource name and API version by kind in lower case: the versions that every server from 1.21 serves.
_RESOURCES: t.Mapping[str, tuple[str, str]] = {
    "clusterrole": ("clusterroles", "rbac.authorization.k8s.io/v1"),
    "clusterrolebinding": ("clusterrolebindings", "rbac.authorization.k8s.io/v1"),
    "configmap": ("configmaps", "v1"),
    "cronjob": ("cronjobs", "batch/v1"),
    "daemonset": ("daemonsets", "apps/v1"),
    "deployment": ("deployments", "apps/v1"),
    "endpoints": ("endpoints", "v1"),
    "endpointslice": ("endpointslices", "discovery.k8s.io/v1"),
    "event": ("events", "v1"),
    "job": ("jobs", "batch/v1"),
    "lease": ("leases", "coordination.k8s.io/v1"),
    "namespace": ("namespaces", "v1"),
    "node": ("nodes", "v1"),
    "persistentvolume": ("persistentvolumes", "v1"),
    "persistentvolumeclaim": ("persistentvolumeclaims", "v1"),
    "pod": ("pods", "v1"),
    "replicaset": ("replicasets", "apps/v1"),
    "role": ("roles", "rbac.authorization.k8s.io/v1"),
    "rolebinding": ("rolebindings", "rbac.authorization.k8s.io/v1"),
    "secret": ("secrets", "v1"),
    "selfsubjectaccessreview": ("selfsubjectaccessreviews", "authorization.k8s.io/v1"),
    "service": ("services", "v1"),
    "serviceaccount": ("serviceaccounts", "v1"),
    "statefulset": ("statefulsets", "apps/v1"),
    "subjectaccessreview": ("subjectaccessreviews", "authorization.k8s.io/v1"),
}

#: kubectl's short names.
_SHORT_NAMES: t.Mapping[str, str] = {
    "cm": "configmap",
    "deploy": "deployment",
    "ds": "daemonset",
    "ep": "endpoints",
    "no": "node",
    "ns": "namespace",
    "po": "pod",
    "sa": "serviceaccount",
    "sts": "statefulset",
    "svc": "service",
}

_KIND_OF_RESOURCE: t.Mapping[str, str] = {resource: kind for kind, (resource, _version) in _RESOURCES.items()}


def path_of(
    kind: str,
    name: str | None = None,
    *,
    namespace: str | None = None,
    query: t.Mapping[str, str] | None = None,
) -> str:
    """The path of an object, or without ``name`` of a list.

    Args:
        kind: as kubectl takes it: ``ConfigMap``, ``configmap``, ``configmaps`` or ``cm``.
        name: the object's name.
        namespace: ``None`` for a cluster-wide kind, or for a list over all namespaces.
        query: parameters of the request.

    Raises:
        InvalidInput: for a kind that this collection does not use.
    """
    lowered = kind.lower()
    resource = _RESOURCES.get(_SHORT_NAMES.get(lowered, _KIND_OF_RESOURCE.get(lowered, lowered)))
    if resource is None:
        raise InvalidInput(f"kubeadm.ha knows no API path of the kind {kind!r}: add it to _adapters/api/api_path.py.")
    return _path(resource[0], resource[1], namespace=namespace, name=name, query=query)


def path_of_document(document: t.Mapping[str, t.Any], *, with_name: bool) -> str:
    """The path to which a document is written, in its own API version and with this collection as field manager.

    Args:
        document: with ``apiVersion``, ``kind`` and ``metadata``.
        with_name: ``True`` for a replacement, ``False`` for a creation.
    """
    metadata = document["metadata"]
    kind = str(document["kind"]).lower()
    if kind == "eviction":
        return f"{path_of('pod', metadata['name'], namespace=metadata['namespace'])}/eviction"
    resource = _RESOURCES.get(kind)
    if resource is None:
        raise InvalidInput(f"kubeadm.ha knows no API path of the kind {kind!r}: add it to _adapters/api/api_path.py.")
    return _path(
        resource[0],
        str(document["apiVersion"]),
        namespace=metadata.get("namespace"),
        name=str(metadata["name"]) if with_name else None,
        query={"fieldManager": FIELD_MANAGER},
    )


def object_name(kind: str, name: str, namespace: str | None) -> str:
    """An object as messages name it, for example ``configmap kube-system/kubeadm-config``."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def object_name_of_document(document: t.Mapping[str, t.Any]) -> str:
    """The object of a document as messages name it."""
    metadata = document["metadata"]
    # A review has no name: it is answered, not stored.
    return object_name(str(document["kind"]), str(metadata.get("name", "")), metadata.get("namespace")).strip()


def items_of(answer: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The objects of a list. They carry neither apiVersion nor kind: the list says them for all."""
    common = {"apiVersion": answer["apiVersion"], "kind": str(answer["kind"])[: -len("List")]}
    return [{**common, **item} for item in answer.get("items") or ()]


def _path(
    resource: str, version: str, *, namespace: str | None, name: str | None, query: t.Mapping[str, str] | None
) -> str:
    parts = ["", "apis" if "/" in version else "api", version]
    if namespace is not None:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(resource)
    if name is not None:
        parts.append(quote(name, safe=""))
    return "/".join(parts) + (f"?{urlencode(query)}" if query else "")


__all__ = ("FIELD_MANAGER", "items_of", "object_name", "object_name_of_document", "path_of", "path_of_document")
