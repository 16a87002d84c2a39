# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the server that the kubelet's kubeconfig names answers this host, by the standard library."""

from __future__ import annotations

import functools
import os
import re
import typing as t

from ..._domain.base.address import Endpoint
from ..._domain.base.errors import InvalidInput
from ..._domain.host.report import KubeletServer
from ..host.endpoint_probe import HostEndpointProbe

if t.TYPE_CHECKING:
    from ..._domain.base.endpoint_view import View

#: A server in block style, in flow style and in JSON. kubeadm's kubelet.conf has one cluster.
_SERVER = re.compile(r"[\"']?\bserver[\"']?\s*:\s*[\"']?(https://[^\s\"',}]+)")
_CLIENT_CERTIFICATE = "/var/lib/kubelet/pki/kubelet-client-current.pem"
#: A server that answers takes a few milliseconds; one that does not may take as long as this, beside everything else.
_SECONDS = 2.0
_LARGEST_KUBECONFIG = 1 << 20


def begin(
    kubeconfig: str, ca: str, *, client_certificate: str = _CLIENT_CERTIFICATE
) -> t.Callable[[], KubeletServer | None]:
    """Inspect the server while the caller does something else.

    Args:
        kubeconfig: the kubelet's.
        ca: path of the cluster's CA certificates.
        client_certificate: path of the kubelet's certificate and key.

    Returns:
        what waits for the end; ``None`` when there is no such kubeconfig, or none with a server that can be asked.
    """
    match = _SERVER.search(_text(kubeconfig))
    authority = _text(ca)
    if match is None or not authority:
        return lambda: None
    try:
        endpoint = Endpoint.parse(match.group(1))
        probe = HostEndpointProbe(
            ca=authority, client_certificate=client_certificate, resolve_seconds=_SECONDS, connect_seconds=_SECONDS
        )
    except InvalidInput:
        return lambda: None
    return functools.partial(_seen, match.group(1), probe.begin(endpoint))


def _seen(server: str, wait: t.Callable[[], View]) -> KubeletServer:
    view = wait()
    return KubeletServer(server, view.endpoint, view.addresses, view.resolution_error, view.attempts)


def _text(path: str) -> str:
    try:
        if os.path.getsize(path) > _LARGEST_KUBECONFIG:
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("begin",)
