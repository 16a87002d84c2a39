# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks servers over TLS by the standard library alone."""

from __future__ import annotations

import http.client
import json
import typing as t
import urllib.parse

from ..._ports.https import Answer
from .tls_context import trusting

_DEFAULT_PORT = 443
_LARGEST_ANSWER = 1 << 24


class HostHttps:
    """``Https`` of this host."""

    def __init__(self, *, seconds: float = 5.0) -> None:
        """``seconds``: how long each step of a request may take."""
        self._seconds = seconds

    def ask(
        self,
        url: str,
        *,
        ca: bytes,
        pair: tuple[str, str] | None = None,
        body: t.Mapping[str, t.Any] | None = None,
    ) -> Answer:
        """One request; see the port."""
        parts = urllib.parse.urlsplit(url)
        try:
            context = trusting(ca=ca.decode("ascii", "replace"))
            if pair is not None:
                context.load_cert_chain(*pair)
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port or _DEFAULT_PORT, timeout=self._seconds, context=context
            )
            try:
                return _request(connection, f"{parts.path}{f'?{parts.query}' if parts.query else ''}", body)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(
                0, " ".join(str(getattr(error, "verify_message", "") or error or type(error).__name__).split())
            )


def _request(connection: http.client.HTTPSConnection, path: str, body: t.Mapping[str, t.Any] | None) -> Answer:
    headers = {"Accept": "application/json, */*", "Connection": "close"}
    if body is None:
        connection.request("GET", path, headers=headers)
    else:
        connection.request("POST", path, json.dumps(body), {**headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    return Answer(response.status, response.read(_LARGEST_ANSWER).decode("utf-8", "replace"))


__all__ = ("HostHttps",)
