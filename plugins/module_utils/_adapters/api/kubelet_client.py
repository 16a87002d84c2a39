# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API with the kubelet's own credentials, by the standard library."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import typing as t
from urllib.parse import urlsplit

from ..._domain.base.errors import ApiError, InvalidInput
from ..._domain.kubeconfig.document import Kubeconfig
from ..host.tls_context import trusting

if t.TYPE_CHECKING:
    from ..._domain.kubeconfig.document import Entry
    from ..._ports.files import Files
    from ..._ports.yaml import YamlReader

_HTTPS_PORT = 443


class KubeconfigClient:
    """``KubeletApi`` by a kubeconfig with a client certificate. The server's certificate is verified."""

    def __init__(self, files: Files, yaml: YamlReader, *, kubeconfig: str, timeout: float = 10.0) -> None:
        """Use a kubeconfig, read anew for each request because the kubelet renews its certificate.

        Args:
            files: where the kubeconfig and the files that it names are.
            yaml: reads it.
            kubeconfig: absolute path.
            timeout: seconds for a request.
        """
        self._files = files
        self._yaml = yaml
        self._kubeconfig = kubeconfig
        self._timeout = timeout

    def get(self, path: str) -> dict[str, t.Any] | None:
        """The document of a GET on a path, ``None`` when there is no such object."""
        cluster, user = self._entries()
        server = cluster.text("server")
        url = urlsplit(str(server))
        if url.scheme != "https" or url.hostname is None:
            raise ApiError(f"{self._kubeconfig} names no https server: repair it.")
        connection = http.client.HTTPSConnection(
            url.hostname,
            url.port or _HTTPS_PORT,
            timeout=self._timeout,
            context=self._context(cluster, user),
        )
        with contextlib.closing(connection):
            try:
                connection.request("GET", url.path.rstrip("/") + path, headers={"Accept": "application/json"})
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise ApiError(f"The server {server} of {self._kubeconfig} did not answer: {error}") from error
        if response.status == http.client.NOT_FOUND:
            return None
        if response.status != http.client.OK:
            raise ApiError(
                f"The server {server} of {self._kubeconfig} refused GET {path}: {_message(body, response)}",
                status=response.status,
            )
        return t.cast("dict[str, t.Any]", json.loads(body))

    def _entries(self) -> tuple[Entry, Entry]:
        """Cluster and user of the current context."""
        content = self._files.read(self._kubeconfig)
        if content is None:
            raise ApiError(f"This host has no {self._kubeconfig}: it has not joined a cluster.")
        try:
            found = Kubeconfig.parse(self._yaml.load(content.decode("utf-8")))
        except (InvalidInput, UnicodeDecodeError):
            # The parser's message quotes the line, which may hold a credential.
            found = Kubeconfig()
        if found.context is None or found.current_cluster is None or found.current_user is None:
            raise ApiError(
                f"{self._kubeconfig} is no kubeconfig with a current context, its cluster and its user: repair it."
            )
        return found.current_cluster, found.current_user

    def _context(self, cluster: Entry, user: Entry) -> ssl.SSLContext:
        try:
            context = trusting(ca=self._pem(cluster, "certificate-authority").decode("ascii"))
            certificate = self._pem(user, "client-certificate")
            key = self._pem(user, "client-key")
            with _in_memory(certificate + b"\n" + key) as path:
                context.load_cert_chain(path)
        except (OSError, ValueError, UnicodeDecodeError) as error:
            raise ApiError(
                f"The certificates that {self._kubeconfig} names cannot be used: {error}. Repair it, or let the host join "
                "again."
            ) from error
        return context

    def _pem(self, entry: Entry, field: str) -> bytes:
        content = entry.pem(field, self._files)
        if content is None:
            raise ApiError(f"{self._kubeconfig} has no usable {field}: repair it, or let the host join again.")
        return content


@contextlib.contextmanager
def _in_memory(content: bytes) -> t.Iterator[str]:
    """A path under which the content can be read by this process only; it is never on a disk."""
    descriptor = os.memfd_create("kubeadm-ha", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _message(body: bytes, response: http.client.HTTPResponse) -> str:
    """What the API's Status object says."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status} {response.reason}"


__all__ = ("KubeconfigClient",)
