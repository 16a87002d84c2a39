# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of any kind by server-side apply, their paths by the API server's own discovery."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlencode

from ..._domain.base.errors import ApiError, UnknownKind
from .api_path import FIELD_MANAGER, object_name_of_document

#: JSON is YAML, and every server from 1.22 takes it so (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
_APPLY = "application/apply-patch+yaml"


class Requests(t.Protocol):
    """An adapter of the API that sends any request."""

    def request(
        self, what: str, method: str, path: str, *, body: t.Mapping[str, t.Any] | None = None, content_type: str = ""
    ) -> dict[str, t.Any] | None:
        """The document of the answer, ``None`` for 404."""


class ApiManifests:
    """``Manifests`` by an adapter of the API."""

    def __init__(self, requests: Requests) -> None:
        """Ask nothing yet."""
        self._requests = requests
        self._served: dict[str, dict[str, t.Any]] = {}

    def current(self, manifest: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
        """The object, ``None`` when it or its kind does not exist yet."""
        try:
            path = self._path(manifest)
        except UnknownKind:
            return None
        return self._requests.request(f"read {object_name_of_document(manifest)}", "GET", path)

    def apply(self, manifest: t.Mapping[str, t.Any], *, dry_run: bool) -> dict[str, t.Any]:
        """Apply a manifest on the server; see the port."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        what = f"apply {object_name_of_document(manifest)}"
        path = f"{self._path(manifest)}?{urlencode(query)}"
        found = self._requests.request(what, "PATCH", path, body=manifest, content_type=_APPLY)
        if found is None:
            raise ApiError(
                f"The API server has no place to {what}: its namespace does not exist, so name the Namespace before what is in it."
            )
        return found

    def _path(self, manifest: t.Mapping[str, t.Any]) -> str:
        version, kind, metadata = str(manifest["apiVersion"]), str(manifest["kind"]), manifest["metadata"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resource = self._resource(root, version, kind)
        parts = [root]
        if resource.get("namespaced"):
            parts += ["namespaces", quote(str(metadata.get("namespace") or "default"), safe="")]
        return "/".join([*parts, str(resource["name"]), quote(str(metadata["name"]), safe=":")])

    def _resource(self, root: str, version: str, kind: str) -> dict[str, t.Any]:
        if version not in self._served:
            answer = self._requests.request(f"read the kinds of {version}", "GET", root) or {}
            # A subresource has a name with a slash.
            found = [item for item in answer.get("resources") or () if "/" not in item["name"]]
            self._served[version] = {str(item["kind"]): item for item in found}
        if kind not in self._served[version]:
            # The next question may come after the kind was defined.
            del self._served[version]
            raise UnknownKind(
                f"The API server does not serve {kind} of {version}: apply the CustomResourceDefinition of it first, or write "
                "the version that this cluster has."
            )
        return t.cast("dict[str, t.Any]", self._served[version][kind])


__all__ = ("ApiManifests", "Requests")
