# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API by the host's own kubectl. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import json
import re
import typing as t

from .._domain.address import Endpoint
from .._domain.errors import ApiConflict, ApiError
from .api_path import FIELD_MANAGER, items_of, object_name, object_name_of_document, path_of, path_of_document

if t.TYPE_CHECKING:
    from .._ports import CommandResult, Commands

_REASON = re.compile(r"Error from server \((\w+)\)")
#: kubectl's own wording for HTTP 422.
_INVALID = re.compile(r"^The .* is invalid:", re.MULTILINE)
#: HTTP 409: somebody changed the object, or made one of the same name.
_CONFLICT_REASONS = frozenset({"Conflict", "AlreadyExists"})


class KubectlApi:
    """``Api`` by ``kubectl --raw``: paths instead of discovery, JSON in and out, documents by standard input."""

    def __init__(
        self, commands: Commands, *, kubeconfig: str, server: str | None = None, request_timeout: float = 30.0
    ) -> None:
        """Use a kubeconfig.

        Args:
            commands: runs kubectl.
            kubeconfig: absolute path; its current context is used.
            server: ``host:port`` or URL of the API server to ask instead of the kubeconfig's; it is verified all the same.
            request_timeout: seconds that one request may take.
        """
        self._commands = commands
        self._kubeconfig = kubeconfig
        self._options = [f"--kubeconfig={kubeconfig}", f"--request-timeout={request_timeout:g}s"]
        if server is not None:
            self._options.append(f"--server={Endpoint.parse(server).url}")

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object, ``None`` when it does not exist."""
        result = self._kubectl("get", "--raw", path_of(kind, name, namespace=namespace))
        if _reason(result) == "NotFound":
            return None
        return self._document(result, f"read {object_name(kind, name, namespace)}")

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind; without a namespace those of all namespaces."""
        query = {"labelSelector": labels} if labels else None
        result = self._kubectl("get", "--raw", path_of(kind, namespace=namespace, query=query))
        answer = self._document(result, f"list {kind}")
        return items_of(answer)

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind over all namespaces, page by page."""
        query = {"limit": str(size), **({"fieldSelector": fields} if fields else {})}
        while True:
            answer = self._document(self._kubectl("get", "--raw", path_of(kind, query=query)), f"list {kind}")
            yield items_of(answer)
            token = answer["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object; ``ApiConflict`` when it has moved on or is gone."""
        name = object_name_of_document(document)
        path = path_of_document(document, with_name=True)
        result = self._kubectl("replace", "--raw", path, "-f", "-", stdin=json.dumps(document))
        if _reason(result) == "NotFound":
            raise ApiConflict(f"{name} was deleted before it could be replaced.")
        return self._document(result, f"replace {name}")

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object; ``ApiConflict`` when there is one of that name."""
        path = path_of_document(document, with_name=False)
        result = self._kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(document))
        return self._document(result, f"create {object_name_of_document(document)}")

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; ``False`` when there was none."""
        result = self._kubectl("delete", "--raw", path_of(kind, name, namespace=namespace))
        if _reason(result) == "NotFound":
            return False
        self._document(result, f"delete {object_name(kind, name, namespace)}")
        return True

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A JSON merge patch (RFC 7386)."""
        arguments = [
            "patch",
            kind,
            name,
            "--type=merge",
            "--patch-file=/dev/stdin",
            "--output=json",
            "--show-managed-fields",
        ]
        arguments.append(f"--field-manager={FIELD_MANAGER}")
        # kubectl patch has no --raw; its discovery must leave no cache behind on the host.
        arguments.append("--cache-dir=/dev/null/none")
        if namespace is not None:
            arguments.append(f"--namespace={namespace}")
        result = self._kubectl(*arguments, stdin=json.dumps(patch))
        return self._document(result, f"patch {object_name(kind, name, namespace)}")

    def raw(self, path: str) -> str:
        """The body of a GET on a path such as ``/readyz``."""
        result = self._kubectl("get", "--raw", path)
        if result.returncode != 0:
            raise self._error(result, f"read {path}")
        return result.stdout

    def _kubectl(self, *arguments: str, stdin: str | None = None) -> CommandResult:
        return self._commands.run(["kubectl", *self._options, *arguments], stdin=stdin, check=False)

    def _document(self, result: CommandResult, what: str) -> dict[str, t.Any]:
        if result.returncode != 0:
            raise self._error(result, what)
        return t.cast("dict[str, t.Any]", json.loads(result.stdout))

    def _error(self, result: CommandResult, what: str) -> ApiError:
        reason = _reason(result)
        told = " ".join(result.stderr.strip().splitlines()[-3:])
        if reason in _CONFLICT_REASONS:
            return ApiConflict(f"The API server did not {what}: {told}", reason=reason)
        if reason is None:
            return ApiError(
                f"kubectl could not {what} with {self._kubeconfig}: {told} "
                "(is the API server up, and is the option kubeconfig right?)"
            )
        return ApiError(
            f"The API server refused to {what}: {told} (the option kubeconfig, now {self._kubeconfig}, must name a "
            "kubeconfig with the right to do so)",
            reason=reason,
        )


def _reason(result: CommandResult) -> str | None:
    """The API's reason (``NotFound``, ``Conflict``, ...) of a failed command."""
    if result.returncode == 0:
        return None
    match = _REASON.search(result.stderr)
    if match is not None:
        return match.group(1)
    return "Invalid" if _INVALID.search(result.stderr) else None


__all__ = ("KubectlApi",)
