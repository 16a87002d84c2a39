# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API by the host's own kubectl."""

from __future__ import annotations

import http.client
import json
import typing as t

from ..._domain.base.address import Endpoint
from ..._domain.base.errors import ApiConflict, ApiError
from .api_path import FIELD_MANAGER, items_of, object_name, object_name_of_document, path_of, path_of_document
from .api_status import refusal
from .kubectl_proxy import KubectlProxy, ProxyFailed

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from .kubectl_proxy import Response


class KubectlApi:
    """``Api`` through ``kubectl proxy``: paths instead of discovery, JSON in and out, nothing on a command line."""

    def __init__(
        self, commands: Commands, *, kubeconfig: str, server: str | None = None, request_timeout: float = 30.0
    ) -> None:
        """Use a kubeconfig.

        Args:
            commands: starts kubectl.
            kubeconfig: absolute path; its current context is used.
            server: ``host:port`` or URL of the API server to ask instead of the kubeconfig's; it is verified all the same.
            request_timeout: seconds that one request may take.
        """
        self._kubeconfig = kubeconfig
        options = [f"--kubeconfig={kubeconfig}"]
        if server is not None:
            options.append(f"--server={Endpoint.parse(server).url}")
        self._proxy = KubectlProxy(commands, options=options, request_timeout=request_timeout)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object, ``None`` when it does not exist."""
        what = f"read {object_name(kind, name, namespace)}"
        answer = self._ask(what, "GET", path_of(kind, name, namespace=namespace))
        return None if answer.status == http.client.NOT_FOUND else self._document(answer, what)

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind; without a namespace those of all namespaces."""
        query = {"labelSelector": labels} if labels else None
        return items_of(self._read(f"list {kind}", path_of(kind, namespace=namespace, query=query)))

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind over all namespaces, page by page."""
        query = {"limit": str(size), **({"fieldSelector": fields} if fields else {})}
        while True:
            answer = self._read(f"list {kind}", path_of(kind, query=query))
            yield items_of(answer)
            token = answer["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object; ``ApiConflict`` when it has moved on or is gone."""
        name = object_name_of_document(document)
        what, path = f"replace {name}", path_of_document(document, with_name=True)
        answer = self._ask(what, "PUT", path, body=json.dumps(document))
        if answer.status == http.client.NOT_FOUND:
            raise ApiConflict(f"{name} was deleted before it could be replaced.")
        return self._document(answer, what)

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object; ``ApiConflict`` when there is one of that name."""
        what, path = f"create {object_name_of_document(document)}", path_of_document(document, with_name=False)
        return self._document(self._ask(what, "POST", path, body=json.dumps(document)), what)

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; ``False`` when there was none."""
        what = f"delete {object_name(kind, name, namespace)}"
        answer = self._ask(what, "DELETE", path_of(kind, name, namespace=namespace))
        if answer.status == http.client.NOT_FOUND:
            return False
        self._document(answer, what)
        return True

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A JSON merge patch (RFC 7386)."""
        what = f"patch {object_name(kind, name, namespace)}"
        path = path_of(kind, name, namespace=namespace, query={"fieldManager": FIELD_MANAGER})
        answer = self._ask(what, "PATCH", path, body=json.dumps(patch), content_type="application/merge-patch+json")
        return self._document(answer, what)

    def raw(self, path: str) -> str:
        """The body of a GET on a path such as ``/readyz``."""
        answer = self._ask(f"read {path}", "GET", path)
        if answer.status != http.client.OK:
            raise self._error(answer, f"read {path}")
        return answer.body

    def request(
        self, what: str, method: str, path: str, *, body: t.Mapping[str, t.Any] | None = None, content_type: str = ""
    ) -> dict[str, t.Any] | None:
        """The document that any request is answered with, ``None`` where there is nothing at the path."""
        text = None if body is None else json.dumps(body)
        answer = self._ask(what, method, path, body=text, content_type=content_type)
        return None if answer.status == http.client.NOT_FOUND else self._document(answer, what)

    def _ask(
        self, what: str, method: str, path: str, *, body: str | None = None, content_type: str = "application/json"
    ) -> Response:
        try:
            return self._proxy.request(method, path, body=body, content_type=content_type)
        except ProxyFailed as error:
            raise ApiError(
                f"kubectl could not {what} with {self._kubeconfig}: {error.message} "
                "(is the API server up, and is the option kubeconfig right?)"
            ) from error

    def _read(self, what: str, path: str) -> dict[str, t.Any]:
        return self._document(self._ask(what, "GET", path), what)

    def _document(self, answer: Response, what: str) -> dict[str, t.Any]:
        if answer.status >= http.client.BAD_REQUEST:
            raise self._error(answer, what)
        return t.cast("dict[str, t.Any]", json.loads(answer.body))

    def _error(self, answer: Response, what: str) -> ApiError:
        phrase = http.client.responses.get(answer.status, str(answer.status))
        return refusal(answer.status, answer.body, phrase=phrase, what=what, kubeconfig=self._kubeconfig)


__all__ = ("KubectlApi",)
