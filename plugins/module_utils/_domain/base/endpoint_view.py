# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane endpoint as one host sees it."""

from __future__ import annotations

import dataclasses
import typing as t

from .address import Endpoint

#: What was seen at one address: nobody was reached there,
SILENT, REFUSED, UNREACHABLE, CLOSED = "silent", "refused", "unreachable", "closed"
#: somebody else was,
NO_TLS, UNTRUSTED, WRONG_NAME, EXPIRED = "no_tls", "untrusted", "wrong_name", "expired"
#: or an HTTPS server, whose certificate is good as far as it was verified.
ANSWERED = "answered"
#: Nobody was reached: what lies behind may come yet, or another address may do.
UNREACHED = (SILENT, REFUSED, UNREACHABLE, CLOSED)

#: What became of this host's client certificate: the API server knows its owner, or saw nobody.
KEPT, LOST = "kept", "lost"

#: HTTP status of an API server that is ready.
OK = 200
#: An API server that refuses anonymous requests.
_CLOSED_TO_ANONYMOUS = (401, 403)
#: /readyz of an API server that is not ready, or is at its limit.
_NOT_READY = (429, 500, 503)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What was seen at one address of the endpoint.

    Attributes:
        address: the IP address.
        outcome: one of the outcomes above.
        error: the system's or the TLS library's own words; empty when it answered.
        status: HTTP status of GET /readyz; ``None`` when it was not asked.
        certificate: the served certificate in PEM, where it was not verified but is to be judged elsewhere.
        identity: ``kept``, ``lost``, or empty when no client certificate was presented.
    """

    address: str
    outcome: str
    error: str = ""
    status: int | None = None
    certificate: str = ""
    identity: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether somebody answered there."""
        return self.outcome not in UNREACHED

    @property
    def is_of_the_cluster(self) -> bool:
        """Whether what answered has a certificate of the CA by which it was verified, good or not."""
        return self.outcome in (ANSWERED, EXPIRED, WRONG_NAME)

    @property
    def is_api_server(self) -> bool:
        """Whether what answered is an API server that takes requests, as far as it lets itself be asked."""
        return self.outcome == ANSWERED and self.status in (OK, *_CLOSED_TO_ANONYMOUS) and self.identity != LOST

    def objection(self, endpoint: Endpoint) -> str:
        """Why this is not the cluster's endpoint, as a clause."""
        where = str(Endpoint(self.address, endpoint.port))
        clauses = {
            SILENT: f"{where} does not answer",
            REFUSED: f"{where} refuses the connection, so nothing listens there",
            UNREACHABLE: f"{where} cannot be reached ({self.error})",
            CLOSED: f"{where} closes the connection before TLS is spoken, as a load balancer does that has no API server to "
            "lead to",
            NO_TLS: f"what listens at {where} does not speak TLS ({self.error})",
            UNTRUSTED: f"what answers at {where} serves a certificate that this cluster's CA did not issue ({self.error}): it "
            "ends TLS itself, or belongs to another cluster",
            WRONG_NAME: f"the certificate served at {where} is not valid for {endpoint.host}",
            EXPIRED: f"the certificate served at {where} is not valid now ({self.error})",
        }
        if self.outcome in clauses:
            return clauses[self.outcome]
        if self.identity == LOST:
            return (
                f"the API server behind {where} does not see this host's client certificate, because something between ends "
                "TLS itself, or because it has expired"
            )
        if self.status in _NOT_READY:
            return f"the API server at {where} is not ready (HTTP {self.status})"
        return f"what answers at {where} is no API server (HTTP {self.status} for GET /readyz)"

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class View:
    """The endpoint as one host sees it.

    Attributes:
        endpoint: what was inspected.
        addresses: what the host resolves its name to, in the resolver's order.
        resolution_error: the resolver's own words when it found nothing.
        attempts: what was seen at each address.
    """

    endpoint: Endpoint
    addresses: tuple[str, ...] = ()
    resolution_error: str = ""
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_proved(self) -> bool:
        """Whether an API server of the cluster answers, and nobody else at any of the addresses."""
        return any(attempt.is_api_server for attempt in self.attempts) and not self.strangers

    @property
    def strangers(self) -> tuple[Attempt, ...]:
        """The addresses at which somebody answers who is not the cluster's ready API server."""
        return tuple(attempt for attempt in self.attempts if attempt.is_reached and not attempt.is_api_server)

    @property
    def unreached(self) -> tuple[Attempt, ...]:
        """The addresses at which nobody answers."""
        return tuple(attempt for attempt in self.attempts if not attempt.is_reached)

    def objections(self) -> list[str]:
        """Why the endpoint cannot be used from this host, as clauses; empty when it can."""
        if self.is_proved:
            return []
        if not self.addresses:
            return [f"it does not resolve {self.endpoint.host} ({self.resolution_error or 'no address'})"]
        return [attempt.objection(self.endpoint) for attempt in self.strangers or self.attempts]

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "endpoint": str(self.endpoint),
            "addresses": list(self.addresses),
            "resolution_error": self.resolution_error,
            "attempts": [attempt.as_dict() for attempt in self.attempts],
        }


__all__ = (
    "ANSWERED",
    "CLOSED",
    "EXPIRED",
    "KEPT",
    "LOST",
    "NO_TLS",
    "OK",
    "REFUSED",
    "SILENT",
    "UNREACHABLE",
    "UNREACHED",
    "UNTRUSTED",
    "WRONG_NAME",
    "Attempt",
    "View",
)
