# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients on whom the loss of one API server is felt.

haproxy gives a new connection to the API server with the fewest. Where the one that is about to fail has one more than the others, which
is chance, no probe is given to it, and its loss costs nothing that anybody could measure. So the others are held by connections that stay
open until new ones lead to the one that will fail; that they did is counted afterwards.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.prober.log import Event, ProbeLog
from tests.prober.probe import verifying_context
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults

#: Of so many connections in a row so many must have led there: all where it has the fewest, every third where all have as many.
_LAST, _WANTED = 6, 2
#: More than any load balancer of the tests has too many of.
_ATTEMPTS = 120
_SECONDS = 5.0
#: For how long probes are led to the API server before it fails, and how many of a hundred it must have answered then.
_SECONDS_STEERED, _LEAST_SHARE = 2.5, 20


@dataclass(frozen=True, kw_only=True)
class Steering:
    """A way to an endpoint.

    :param endpoint: HOST:PORT.
    :param ca: CA file of the cluster.
    :param certificate: client certificate with its key, where anonymous requests are refused.
    :param resolve: addresses of names that this machine cannot resolve.
    """

    endpoint: str
    ca: Path
    certificate: Path | None = None
    resolve: Mapping[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def to(self, api_server: str) -> Iterator[str]:
        """New connections through the endpoint lead to this API server while the block lasts; the serial number of its certificate.

        :param api_server: ADDRESS:PORT.
        :raises AssertionError: when they do not.
        """
        wanted, own = self.connect(api_server)
        own.close()
        last: list[bool] = []
        with contextlib.ExitStack() as held:
            while sum(last[-_LAST:]) < _WANTED:
                assert len(last) < _ATTEMPTS, (
                    f"of {len(last)} connections to {self.endpoint} none leads to {api_server}"
                )
                serial, connection = self.connect(self.endpoint)
                last.append(serial == wanted)
                if serial == wanted:
                    connection.close()
                    # haproxy counts it until it has seen its end.
                    time.sleep(0.05)
                else:
                    held.callback(connection.close)
            yield wanted

    def fail(
        self, prober: Prober, api_server: str, label: str, happens: Callable[[], object], *, lasts: float
    ) -> tuple[Event, ProbeLog, str]:
        """Something happens to the API server to which clients are led.

        :param prober: asks through the endpoint; it is stopped.
        :param label: of the moment in the log.
        :param lasts: seconds for which the prober goes on after it.
        :return: the moment, the log, and the serial number of the API server's certificate.
        """
        with self.to(api_server) as serial:
            time.sleep(_SECONDS_STEERED)
            event = prober.mark(label)
            happens()
            time.sleep(lasts)
        return event, prober.stop(), serial

    def connect(self, server: str) -> tuple[str, ssl.SSLSocket]:
        """A connection that has had one answer and stays open, and the serial number of the certificate it was shown."""
        host, _colon, port = server.rpartition(":")
        address = self.resolve.get(host, host.strip("[]"))
        plain = socket.create_connection((address, int(port)), timeout=_SECONDS)
        connection = verifying_context(self.ca, self.certificate).wrap_socket(plain, server_hostname=host.strip("[]"))
        connection.sendall(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        connection.recv(4096)
        return str((connection.getpeercert() or {}).get("serialNumber", "")), connection


def hold_share(results: ScenarioResults, name: str, log: ProbeLog, serial: str, event: Event) -> None:
    """Hold that clients were led to an API server until it failed: the share of probes that it answered is a figure of this name."""
    results.at_least(name, share_of(log, "endpoint", serial, until=event.monotonic), bound=_LEAST_SHARE)


def share_of(log: ProbeLog, target: str, serial: str, *, until: float, seconds: float = 2.0) -> int:
    """How many of a hundred answered probes of a target, right before a moment, were answered by the server with that certificate."""
    answered = [
        probe.serial
        for probe in log.probes
        if probe.target == target and probe.ok and until - seconds <= probe.scheduled < until
    ]
    return round(100 * answered.count(serial) / len(answered)) if answered else 0


__all__ = ("Steering", "hold_share", "share_of")
