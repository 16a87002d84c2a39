# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API by the Python client, for hosts that have it."""

from __future__ import annotations

import json
import traceback
import typing as t

from ..._domain.base.address import Endpoint
from ..._domain.base.errors import ApiConflict, ApiError
from .api_path import FIELD_MANAGER, items_of, object_name, object_name_of_document, path_of, path_of_document
from .api_status import refusal

#: Why the library is missing; ``None`` when it is there.
IMPORT_ERROR: str | None = None
try:
    from kubernetes import config
    from kubernetes.client import Configuration
    from kubernetes.client.rest import ApiException
    from kubernetes.config import ConfigException
    from kubernetes.dynamic import DynamicClient
    from urllib3.exceptions import HTTPError
    from yaml import YAMLError
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

_NOT_FOUND = 404


class KubernetesClientApi:
    """``Api`` by the client's generic requests: the same paths and the same errors as :class:`KubectlApi`."""

    def __init__(self, *, kubeconfig: str, server: str | None = None, request_timeout: float = 30.0) -> None:
        """Use a kubeconfig.

        Args:
            kubeconfig: absolute path; its current context is used.
            server: ``host:port`` or URL of the API server to ask instead of the kubeconfig's; it is verified all the same.
            request_timeout: seconds that one request may take.

        Raises:
            ApiError: when the kubeconfig cannot be used.
        """
        self._kubeconfig = kubeconfig
        self._request_timeout = request_timeout
        settings = Configuration()
        # One connection attempt as kubectl makes it: the callers decide what is tried again.
        settings.retries = 0
        # The library takes proxies from the environment; requests to the cluster never go through them.
        settings.proxy = None
        try:
            client = config.new_client_from_config(
                config_file=kubeconfig, persist_config=False, client_configuration=settings
            )
        except (ConfigException, OSError) as error:
            raise ApiError(
                f"The kubeconfig {kubeconfig} cannot be used: {error} (is the option kubeconfig right?)"
            ) from error
        except (YAMLError, ValueError, TypeError, AttributeError):
            # The library's message may quote the file, and so a credential.
            raise ApiError(
                f"The kubeconfig {kubeconfig} cannot be used: it is no kubeconfig (is the option kubeconfig right?)"
            ) from None
        if server is not None:
            client.configuration.host = Endpoint.parse(server).url
        self._server = str(client.configuration.host)
        # Paths are known: no discovery, and no cache file of it.
        self._client = DynamicClient(client, discoverer=lambda _client, _cache_file: None)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object, ``None`` when it does not exist."""
        try:
            return self._json("GET", path_of(kind, name, namespace=namespace))
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise self._error(error, f"read {object_name(kind, name, namespace)}") from error

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind; without a namespace those of all namespaces."""
        query = {"labelSelector": labels} if labels else None
        try:
            answer = self._json("GET", path_of(kind, namespace=namespace, query=query))
        except ApiException as error:
            raise self._error(error, f"list {kind}") from error
        return items_of(answer)

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind over all namespaces, page by page."""
        query = {"limit": str(size), **({"fieldSelector": fields} if fields else {})}
        while True:
            try:
                answer = self._json("GET", path_of(kind, query=query))
            except ApiException as error:
                raise self._error(error, f"list {kind}") from error
            yield items_of(answer)
            token = answer["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object; ``ApiConflict`` when it has moved on or is gone."""
        name = object_name_of_document(document)
        try:
            return self._json("PUT", path_of_document(document, with_name=True), body=document)
        except ApiException as error:
            if error.status == _NOT_FOUND:
                raise ApiConflict(f"{name} was deleted before it could be replaced.") from error
            raise self._error(error, f"replace {name}") from error

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object; ``ApiConflict`` when there is one of that name."""
        try:
            return self._json("POST", path_of_document(document, with_name=False), body=document)
        except ApiException as error:
            raise self._error(error, f"create {object_name_of_document(document)}") from error

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; ``False`` when there was none."""
        try:
            self._json("DELETE", path_of(kind, name, namespace=namespace))
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return False
            raise self._error(error, f"delete {object_name(kind, name, namespace)}") from error
        return True

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A JSON merge patch (RFC 7386)."""
        path = path_of(kind, name, namespace=namespace, query={"fieldManager": FIELD_MANAGER})
        try:
            return self._json("PATCH", path, body=patch, content_type="application/merge-patch+json")
        except ApiException as error:
            raise self._error(error, f"patch {object_name(kind, name, namespace)}") from error

    def raw(self, path: str) -> str:
        """The body of a GET on a path such as ``/readyz``."""
        try:
            return self._request("GET", path)
        except ApiException as error:
            raise self._error(error, f"read {path}") from error

    def request(
        self, what: str, method: str, path: str, *, body: t.Mapping[str, t.Any] | None = None, content_type: str = ""
    ) -> dict[str, t.Any] | None:
        """The document that any request is answered with, ``None`` where there is nothing at the path."""
        try:
            return self._json(method, path, body=body, content_type=content_type)
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise self._error(error, what) from error

    def _json(
        self,
        method: str,
        path: str,
        *,
        body: t.Mapping[str, t.Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self._request(method, path, body=body, content_type=content_type)))

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: t.Mapping[str, t.Any] | None = None,
        content_type: str = "application/json",
    ) -> str:
        try:
            response = self._client.request(
                method,
                path,
                body=None if body is None else dict(body),
                content_type=content_type,
                serialize=False,
                _request_timeout=self._request_timeout,
            )
            data: bytes = response.data
        except ApiException as error:
            # Releases from 36 on wrap errors of the connection into a status-less exception.
            if error.status:
                raise
            raise self._unreachable(error.reason) from error
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from error
        return data.decode("utf-8", errors="replace")

    def _unreachable(self, error: object) -> ApiError:
        return ApiError(
            f"The API server {self._server} of {self._kubeconfig} could not be reached: {error} "
            "(is the API server up, and is the option kubeconfig right?)"
        )

    def _error(self, error: ApiException, what: str) -> ApiError:
        body = error.body.decode("utf-8", errors="replace") if isinstance(error.body, bytes) else str(error.body or "")
        return refusal(error.status, body, phrase=str(error.reason), what=what, kubeconfig=self._kubeconfig)


__all__ = ("IMPORT_ERROR", "KubernetesClientApi")
