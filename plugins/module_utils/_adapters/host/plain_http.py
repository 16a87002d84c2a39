# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain HTTP by the standard library. No proxy of any environment is used."""

from __future__ import annotations

import concurrent.futures
import http.client
import typing as t

from ..._domain.base.plain_answer import PlainAnswer

if t.TYPE_CHECKING:
    from ..._domain.base.address import Endpoint

_MOST_AT_A_TIME = 32
_LARGEST_ANSWER = 1 << 20


class HostPlainHttp:
    """``PlainHttp`` of this host."""

    def get(self, endpoints: t.Sequence[Endpoint], path: str, *, seconds: float) -> list[PlainAnswer]:
        """What each endpoint answered, in their order."""
        if not endpoints:
            return []
        with concurrent.futures.ThreadPoolExecutor(min(len(endpoints), _MOST_AT_A_TIME)) as pool:
            return list(pool.map(lambda endpoint: _ask(endpoint, path, seconds), endpoints))


def _ask(endpoint: Endpoint, path: str, seconds: float) -> PlainAnswer:
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(_LARGEST_ANSWER).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return PlainAnswer(error=str(error) or type(error).__name__)
    finally:
        connection.close()
    if answer.status != http.client.OK:
        return PlainAnswer(error=f"HTTP status {answer.status}")
    return PlainAnswer(body=body)


__all__ = ("HostPlainHttp",)
