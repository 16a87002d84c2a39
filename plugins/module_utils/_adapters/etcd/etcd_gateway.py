# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd by its JSON gateway, with a client certificate and the standard library.

kubeadm hosts have no etcdctl. The paths are those of etcd 3.4 and later, which Kubernetes uses since 1.17.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.client
import json
import os
import ssl
import typing as t
from urllib.parse import urlsplit

from ..._domain.base.errors import InvalidInput
from ..._domain.etcd.etcd import EtcdError
from ..host.tls_context import trusting

#: Pairs of kubeadm's etcd that clients may use, in order, below the cluster's PKI directory. The server's own pair is
#: good for clients, too (kubeadm, phases/certs/certlist.go).
_CLIENT_PAIRS = (("etcd/healthcheck-client", "etcd/ca.crt"), ("etcd/server", "etcd/ca.crt"))
#: The longest line of a snapshot: etcd sends pieces of 32 KiB, in base64 and JSON less than 64 KiB; with room.
_LONGEST_LINE = 4 * 1024 * 1024
#: A name that kubeadm has always put into etcd's certificates, whatever address it left out (kubernetes/kubeadm#1471).
_KUBEADM_NAME = "localhost"


class EtcdGateway:
    """``Etcd`` by HTTPS. Every server's certificate is verified."""

    def __init__(
        self,
        *,
        ca_certificate: str,
        client_certificate: str,
        client_key: str,
        timeout: float = 5.0,
        server_name: str | None = None,
    ) -> None:
        """Use a client certificate.

        Args:
            ca_certificate: path of the CA that signed the servers' certificates.
            client_certificate: path of the client certificate.
            client_key: path of its key.
            timeout: seconds that a server may take for each answer, or for each piece of a snapshot.
            server_name: a name that is good for every server whose certificate does not cover its address.

        Raises:
            InvalidInput: when a file cannot be used.
        """
        self._timeout = timeout
        self._server_name = server_name
        try:
            self._context = trusting(ca_path=ca_certificate)
            self._context.load_cert_chain(client_certificate, client_key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(
                f"The certificates for etcd ({ca_certificate}, {client_certificate}, {client_key}) cannot be used: {error}. "
                "Set the options ca_certificate, client_certificate and client_key."
            ) from error

    @classmethod
    def of_kubeadm(cls, pki_dir: str, *, timeout: float = 5.0) -> EtcdGateway:
        """With the first pair of a kubeadm control plane that is there.

        Args:
            pki_dir: the cluster's PKI directory.
            timeout: see the constructor.

        Raises:
            InvalidInput: when there is none.
        """
        for pair, ca in _CLIENT_PAIRS:
            certificate, key = f"{pki_dir}/{pair}.crt", f"{pki_dir}/{pair}.key"
            if os.path.exists(certificate) and os.path.exists(key):
                return cls(
                    ca_certificate=f"{pki_dir}/{ca}",
                    client_certificate=certificate,
                    client_key=key,
                    timeout=timeout,
                    server_name=_KUBEADM_NAME,
                )
        raise InvalidInput(
            f"There is no certificate for clients of etcd in {pki_dir}/etcd: run on a control plane with stacked etcd, or "
            "set pki_dir, or for external etcd ca_certificate, client_certificate and client_key."
        )

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """MemberListResponse."""
        return self._call(endpoint, "/v3/cluster/member/list", {})

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse of the very server."""
        return self._call(endpoint, "/v3/maintenance/status", {})

    def alarms(self, endpoint: str) -> dict[str, t.Any]:
        """AlarmResponse with every active alarm."""
        return self._call(endpoint, "/v3/maintenance/alarm", {"action": "GET"})

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse of a linearizable read of the key that etcdctl's health check reads."""
        return self._call(endpoint, "/v3/kv/range", {"key": _base64(b"health")})

    def remove(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberRemoveResponse. The gateway takes 64-bit numbers as decimal text."""
        return self._call(endpoint, "/v3/cluster/member/remove", {"ID": str(int(member_id, 16))})

    def add(self, endpoint: str, peer_url: str) -> dict[str, t.Any]:
        """MemberAddResponse of a learner."""
        return self._call(endpoint, "/v3/cluster/member/add", {"peerURLs": [peer_url], "isLearner": True})

    def promote(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberPromoteResponse. The gateway takes 64-bit numbers as decimal text."""
        return self._call(endpoint, "/v3/cluster/member/promote", {"ID": str(int(member_id, 16))})

    def count(self, endpoint: str, prefix: str) -> dict[str, t.Any]:
        """RangeResponse with the number of keys that begin with the prefix: the range ends where its last letter is the next one."""
        first = prefix.encode()
        end = first[:-1] + bytes([first[-1] + 1])
        asked = {"key": _base64(first), "range_end": _base64(end), "count_only": True}
        return self._call(endpoint, "/v3/kv/range", asked)

    def snapshot(self, endpoint: str) -> t.Iterator[bytes]:
        """The server's database in pieces, its SHA-256 (32 bytes) at the end."""
        with self._response(endpoint, "/v3/maintenance/snapshot", {}) as response:
            # Each message of the stream stands on a line of its own.
            while True:
                line = _guarded(endpoint, lambda: response.readline(_LONGEST_LINE))
                if not line:
                    return
                yield _piece(endpoint, line)

    def _call(self, endpoint: str, path: str, body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        with self._response(endpoint, path, body) as response:
            content = _guarded(endpoint, response.read)
        return _document(endpoint, content)

    @contextlib.contextmanager
    def _response(self, endpoint: str, path: str, body: t.Mapping[str, t.Any]) -> t.Iterator[http.client.HTTPResponse]:
        url = urlsplit(endpoint)
        if url.scheme != "https" or url.hostname is None or url.port is None:
            raise EtcdError(f"{endpoint!r} is no endpoint of etcd: write a URL such as https://127.0.0.1:2379.")
        connection = _Connection(url.hostname, url.port, self._timeout, self._context, self._server_name)
        with contextlib.closing(connection):
            response = _guarded(endpoint, lambda: _sent(connection, path, body))
            if response.status != http.client.OK:
                content = _guarded(endpoint, response.read)
                raise EtcdError(f"etcd at {endpoint} refused {path}: {_refusal(content, response)}")
            yield response


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


class _Connection(http.client.HTTPConnection):
    """HTTPS to a server whose certificate is verified for its host, and else for another name."""

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext, other_name: str | None) -> None:
        super().__init__(host, port, timeout=timeout)
        self._context = context
        self._other_name = other_name

    def connect(self) -> None:
        """Connect, a second time if the certificate is not for the host."""
        try:
            self._connect(self.host)
        except ssl.SSLCertVerificationError:
            if self._other_name is None:
                raise
            self._connect(self._other_name)

    def _connect(self, server_name: str) -> None:
        super().connect()
        try:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=server_name)
        except OSError:
            self.sock.close()
            raise


def _sent(connection: http.client.HTTPConnection, path: str, body: t.Mapping[str, t.Any]) -> http.client.HTTPResponse:
    connection.request("POST", path, body=json.dumps(body), headers={"Content-Type": "application/json"})
    return connection.getresponse()


_Result = t.TypeVar("_Result")


def _guarded(endpoint: str, ask: t.Callable[[], _Result]) -> _Result:
    try:
        return ask()
    except (OSError, http.client.HTTPException) as error:
        raise EtcdError(f"etcd at {endpoint} did not answer: {error}") from error


def _document(endpoint: str, content: bytes) -> dict[str, t.Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise EtcdError(f"etcd at {endpoint} gave no JSON: is it etcd 3.4 or later?") from error
    return document if isinstance(document, dict) else {}


def _piece(endpoint: str, line: bytes) -> bytes:
    message = _document(endpoint, line)
    if "error" in message:
        raise EtcdError(f"etcd at {endpoint} broke the snapshot off: {message['error'].get('message', 'unknown')}")
    try:
        return base64.b64decode((message.get("result") or {}).get("blob", ""), validate=True)
    except binascii.Error as error:
        raise EtcdError(f"etcd at {endpoint} sent a broken piece of the snapshot.") from error


def _refusal(content: bytes, response: http.client.HTTPResponse) -> str:
    try:
        document = json.loads(content)
        return str(document.get("message") or document["error"])
    except (ValueError, KeyError, AttributeError):
        return f"{response.status} {response.reason}"


__all__ = ("EtcdGateway",)
