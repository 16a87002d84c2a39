# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the control plane endpoint for /readyz again and again, by the standard library."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
import typing as t

from ..._domain.base.errors import InvalidInput
from ..._ports.endpoint_watch import Probe
from .tls_context import trusting

if t.TYPE_CHECKING:
    from ..._domain.base.address import Endpoint
    from ..._ports.files import Files

_INTERVAL = 0.1
_TIMEOUT = 1.0
#: kubeadm's.
_CA_PATH = "/etc/kubernetes/pki/ca.crt"


class HostEndpointWatch:
    """``EndpointWatch`` of this host: by its resolver, without any proxy, the served certificate verified."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        ca_path: str = "",
        client_certificate: str = "",
        context: ssl.SSLContext | None = None,
        interval: float = _INTERVAL,
    ) -> None:
        """Ask nothing yet.

        Args:
            endpoint: the control plane endpoint.
            ca_path: file with the cluster's CA certificates in PEM.
            client_certificate: file with a client certificate and its key, presented where it can be used.
            context: trusts the cluster's CA already, in place of both files.
            interval: seconds between two probes.

        Raises:
            InvalidInput: when the CA certificates cannot be used.
        """
        self._endpoint = endpoint
        self._interval = interval
        self._found: list[Probe] = []
        self._ends = threading.Event()
        self._context = _context(ca_path, client_certificate) if context is None else context

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, daemon=True).start()

    def probes(self) -> list[Probe]:
        """What has ended until now."""
        return sorted(self._found, key=lambda probe: probe.began)

    def stop(self) -> None:
        """End, without waiting for the last answers."""
        self._ends.set()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ends.wait(max(0.0, due - time.monotonic())):
            threading.Thread(target=self._probe, daemon=True).start()
            # A machine that was held up does not send at once what it missed.
            due = max(due + self._interval, time.monotonic())

    def _probe(self) -> None:
        began = time.monotonic()
        ok = False
        with contextlib.suppress(OSError, http.client.HTTPException):
            ok = self._is_ready(began + _TIMEOUT)
        ended = time.monotonic()
        self._found.append(Probe(began, ended, ok and ended - began <= _TIMEOUT))

    def _is_ready(self, deadline: float) -> bool:
        with contextlib.ExitStack() as opened:
            address = (self._endpoint.host, self._endpoint.port)
            connection = opened.enter_context(socket.create_connection(address, timeout=_TIMEOUT))
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            session = opened.enter_context(self._context.wrap_socket(connection, server_hostname=self._endpoint.host))
            session.sendall(f"GET /readyz HTTP/1.1\r\nHost: {self._endpoint}\r\nConnection: close\r\n\r\n".encode())
            response = http.client.HTTPResponse(session)
            response.begin()
            response.read()
        return response.status == http.client.OK


def open_watch(
    files: Files,
    context: ssl.SSLContext | None,
    endpoint: Endpoint,
    *,
    ca_path: str | None,
    client_certificate: str,
) -> HostEndpointWatch:
    """A watch with what a host has: the CA that is named or kubeadm's, and where there is neither, the context of its kubeconfig.

    Raises:
        InvalidInput: when the CA certificates cannot be used.
    """
    has_own_ca = ca_path is not None or files.exists(_CA_PATH)
    return HostEndpointWatch(
        endpoint,
        ca_path=ca_path or _CA_PATH,
        client_certificate=client_certificate,
        context=None if has_own_ca else context,
    )


def _context(ca_path: str, client_certificate: str) -> ssl.SSLContext:
    try:
        context = trusting(ca_path=ca_path)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"The cluster's CA certificate {ca_path} cannot be used ({error}): name it by the option ca_path."
        ) from error
    if client_certificate and os.path.isfile(client_certificate):
        with contextlib.suppress(OSError, ssl.SSLError):
            context.load_cert_chain(client_certificate)
    return context


__all__ = ("HostEndpointWatch", "open_watch")
