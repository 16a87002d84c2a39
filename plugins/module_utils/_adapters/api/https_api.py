# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API over TLS with the credentials of a kubeconfig, by the standard library, for hosts without kubectl."""

from __future__ import annotations

import http.client
import posixpath
import ssl
import typing as t
import urllib.parse

from ..._domain.base.address import Endpoint
from ..._domain.base.errors import ApiError, InvalidInput, KubeadmHaError
from ..._domain.kubeconfig.document import Kubeconfig
from ..host.tls_context import trusting
from .kubectl import KubectlApi
from .kubectl_proxy import ProxyFailed, Response

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.yaml import YamlReader

_DEFAULT_PORT = 443
_CERTIFICATE, _KEY = "client-certificate", "client-key"


class Identity(t.NamedTuple):
    """Whom a kubeconfig connects to, and as whom.

    Attributes:
        path: of the kubeconfig.
        server: URL.
        context: trusts the cluster's CA and presents the client's certificate.
        token: in place of a certificate; empty without.
    """

    path: str
    server: str
    context: ssl.SSLContext
    token: str


class _Beside:
    """Files whose relative paths begin where a kubeconfig is, as clients read them."""

    def __init__(self, files: Files, path: str) -> None:
        self._files, self._directory = files, posixpath.dirname(path)

    def read(self, path: str) -> bytes | None:
        """The content, ``None`` when there is no such file."""
        return self._files.read(posixpath.join(self._directory, path))


def client_pair(files: Files, yaml: YamlReader, path: str) -> str:
    """The client certificate of a kubeconfig's current user and its key, a secret; empty where it has none or there is no such file."""
    user, beside = _parsed(files, yaml, path).current_user, t.cast("Files", _Beside(files, path))
    certificate = user.pem(_CERTIFICATE, beside) if user is not None else None
    key = user.pem(_KEY, beside) if user is not None else None
    # A file of a kubelet may have both.
    return (certificate + b"\n" + (key or b"")).decode("ascii", "replace") if certificate else ""


def _parsed(files: Files, yaml: YamlReader, path: str) -> Kubeconfig:
    try:
        return Kubeconfig.parse(yaml.load((files.read(path) or b"").decode("utf-8", "replace")))
    except KubeadmHaError:
        # The parser's message quotes the line, which may hold a credential.
        return Kubeconfig()


def identity(files: Files, commands: Commands, yaml: YamlReader, path: str) -> Identity:
    """What a kubeconfig's current context says. Keys are put into the context from memory only.

    Raises:
        InvalidInput: when it cannot be used without kubectl.
    """
    kubeconfig = _parsed(files, yaml, path)
    beside = t.cast("Files", _Beside(files, path))
    user, ca, server = kubeconfig.current_user, kubeconfig.ca_pem(beside), kubeconfig.server
    if kubeconfig.fault is not None or user is None or ca is None or not server:
        raise InvalidInput(f"{path} names no server, no CA or no user that can be read: name another kubeconfig.")
    certificate, key = user.pem(_CERTIFICATE, beside), user.pem(_KEY, beside) or user.pem(_CERTIFICATE, beside)
    token = user.text("token") or ""
    try:
        context = trusting(ca=ca.decode("ascii", "replace"))
        if certificate and key:
            with commands.in_memory_file((certificate + b"\n" + key).decode("ascii", "replace")) as held:
                context.load_cert_chain(held)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The certificates of {path} cannot be used ({error}): name another kubeconfig.") from error
    if not certificate and not token:
        raise InvalidInput(
            f"{path} has neither a client certificate nor a token: name another one, or install kubectl."
        )
    return Identity(path, server, context, token)


class HttpsApi(KubectlApi):
    """``Api`` without kubectl: the same requests, sent to the API server itself."""

    def __init__(self, own: Identity, *, server: str | None = None, request_timeout: float = 30.0) -> None:
        """``server``: ``host:port`` or URL of the API server to ask instead of the kubeconfig's."""
        self._kubeconfig = own.path
        url = own.server if server is None else Endpoint.parse(server).url
        self._transport = _Requests(own, url, request_timeout)

    def _ask(
        self, what: str, method: str, path: str, *, body: str | None = None, content_type: str = "application/json"
    ) -> Response:
        try:
            return self._transport.request(method, path, body=body, content_type=content_type)
        except ProxyFailed as error:
            raise ApiError(
                f"The API server did not {what} with {self._kubeconfig}: {error.message} "
                "(is it up, and is the option kubeconfig right?)"
            ) from error


class _Requests:
    def __init__(self, own: Identity, url: str, timeout: float) -> None:
        self._own, self._parts, self._timeout = own, urllib.parse.urlsplit(url), timeout

    def request(self, method: str, path: str, *, body: str | None, content_type: str) -> Response:
        """One request on a connection of its own, without a proxy; ``ProxyFailed`` when nothing answers."""
        connection = http.client.HTTPSConnection(
            self._parts.hostname or "",
            self._parts.port or _DEFAULT_PORT,
            timeout=self._timeout,
            context=self._own.context,
        )
        headers = {"Accept": "application/json", "Connection": "close"}
        headers.update({"Authorization": f"Bearer {self._own.token}"} if self._own.token else {})
        headers.update({} if body is None else {"Content-Type": content_type})
        try:
            connection.request(
                method, self._parts.path.rstrip("/") + path, None if body is None else body.encode(), headers
            )
            response = connection.getresponse()
            return Response(response.status, response.read().decode("utf-8", errors="replace"))
        except (http.client.HTTPException, OSError) as error:
            raise ProxyFailed(" ".join(str(error).split()) or type(error).__name__) from error
        finally:
            connection.close()


__all__ = ("HttpsApi", "Identity", "client_pair", "identity")
