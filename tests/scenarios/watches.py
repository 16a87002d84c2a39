# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches through the endpoint, of each of which is known which API server serves it, and whether it has ended."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
from collections import Counter
from collections.abc import Iterator

from tests.scenarios.cluster import Lab
from tests.scenarios.steering import Steering

#: Readable by its owner only; the cluster that it is good for ends with the scenario.
_MODE = 0o600
_KUBELET = "/var/lib/kubelet/pki/kubelet-client-current.pem"


def kubelet_certificate(lab: Lab, worker: str, steering: Steering) -> Steering:
    """The same way to the endpoint with the rights of a worker's kubelet."""
    path = steering.ca.with_name(f"{worker}-kubelet.pem")
    path.touch(mode=_MODE)
    path.write_text(lab.run(worker, "cat", _KUBELET), encoding="ascii")
    return dataclasses.replace(steering, certificate=path)


class Watches:
    """Watches of one Node, as many as were opened."""

    def __init__(self, connections: list[tuple[str, ssl.SSLSocket]]) -> None:
        self._connections = connections

    @property
    def by_server(self) -> Counter[str]:
        """How many there are, by the serial number of their API server's certificate."""
        return Counter(serial for serial, _connection in self._connections)

    def ended(self) -> Counter[str]:
        """How many have ended, likewise."""
        return Counter(serial for serial, connection in self._connections if _has_ended(connection))


@contextlib.contextmanager
def watches(steering: Steering, worker: str, number: int) -> Iterator[Watches]:
    """Open watches of a worker's own Node; closed at the end of the block.

    :param steering: with the rights of that worker's kubelet.
    """
    host = steering.endpoint.rpartition(":")[0]
    request = f"GET /api/v1/nodes?watch=1&fieldSelector=metadata.name={worker} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    with contextlib.ExitStack() as opened:
        connections = []
        for _number in range(number):
            serial, connection = steering.connect(steering.endpoint)
            opened.callback(connection.close)
            connection.sendall(request.encode())
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
            connection.setblocking(False)
            connections.append((serial, connection))
        yield Watches(connections)


def _has_ended(connection: ssl.SSLSocket) -> bool:
    """Whether the other end has closed it, which is known once everything before has been read."""
    try:
        while True:
            if not connection.recv(65536):
                return True
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    except OSError:
        return True


__all__ = ("Watches", "kubelet_certificate", "watches")
