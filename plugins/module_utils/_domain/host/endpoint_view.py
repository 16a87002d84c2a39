# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane endpoint as one host sees it, and whether it may be used.

A kubelet resolves the endpoint's name by its host's resolver, sends the name by SNI, verifies the cluster's CA and presents a
client certificate. Whoever is to be pointed to the endpoint must be able to do just that before.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint, canonical_ip
from ..base.change import Decision
from ..base.errors import NotProved, UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.endpoint_probe import EndpointProbe
    from ..._ports.files import Files

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

_OK = 200
#: An API server that refuses anonymous requests.
_CLOSED_TO_ANONYMOUS = (401, 403)
#: /readyz of an API server that is not ready, or is at its limit.
_NOT_READY = (429, 500, 503)
_POLL_SECONDS = 0.5


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
    def is_api_server(self) -> bool:
        """Whether what answered is an API server that takes requests, as far as it lets itself be asked."""
        return self.outcome == ANSWERED and self.status in (_OK, *_CLOSED_TO_ANONYMOUS) and self.identity != LOST

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

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> Attempt:
        """The inverse of :meth:`as_dict`."""
        return cls(**document)

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

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> View:
        """The inverse of :meth:`as_dict`."""
        return cls(
            endpoint=Endpoint.parse(document["endpoint"]),
            addresses=tuple(document["addresses"]),
            resolution_error=document["resolution_error"],
            attempts=tuple(Attempt.from_dict(item) for item in document["attempts"]),
        )

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "endpoint": str(self.endpoint),
            "addresses": list(self.addresses),
            "resolution_error": self.resolution_error,
            "attempts": [attempt.as_dict() for attempt in self.attempts],
        }


def prove(
    probe: EndpointProbe, clock: Clock, *, endpoint: Endpoint, host: str, wait_timeout: float, remedy: str = ""
) -> Decision:
    """The endpoint leads to the cluster's API, as this host sees it.

    Args:
        probe: inspects it.
        clock: bounds the waiting.
        endpoint: what is to be used.
        host: the host's name in messages.
        wait_timeout: seconds to inspect again until it does; with 0 one inspection must show it.
        remedy: what to do when it does not, for another one than a load balancer's.

    Raises:
        NotProved: when it does not in time.
    """
    deadline = clock.monotonic() + wait_timeout
    view = probe.inspect(endpoint)
    while not view.is_proved and clock.monotonic() < deadline:
        clock.sleep(_POLL_SECONDS)
        view = probe.inspect(endpoint)
    if not view.is_proved:
        raise NotProved(_failure(view, host, remedy), **view.as_dict())
    warnings = tuple(
        f"{host} uses the endpoint {endpoint}, but {attempt.objection(endpoint)}." for attempt in view.unreached
    )
    ready = any(attempt.status == _OK for attempt in view.attempts)
    return Decision(values={**view.as_dict(), "ready": ready}, warnings=warnings)


def cluster_ca(files: Files, *, text: str, path: str) -> str:
    """The cluster's CA certificates in PEM: the given text, else the host's own file.

    Raises:
        UnsupportedState: when there is neither.
    """
    found = text if text.strip() else (files.read(path) or b"").decode("ascii", errors="replace")
    if not found.strip():
        raise UnsupportedState(f"This host has no {path}: give the cluster's CA by the option ca_certificate.")
    return found


def _failure(view: View, host: str, remedy: str) -> str:
    endpoint = view.endpoint
    led = ""
    if view.addresses and canonical_ip(endpoint.host) is None:
        led = f" (which it resolves to {', '.join(view.addresses)})"
    advice = remedy.rstrip(".") or (
        f"Nothing was pointed to it by this task: let {endpoint} lead to the API servers from {host}, passing TCP through, then "
        "run again"
    )
    return f"{host} cannot use the endpoint {endpoint}{led}: {'; '.join(view.objections())}. {advice}."


__all__ = (
    "ANSWERED",
    "CLOSED",
    "EXPIRED",
    "KEPT",
    "LOST",
    "NO_TLS",
    "REFUSED",
    "SILENT",
    "UNREACHABLE",
    "UNREACHED",
    "UNTRUSTED",
    "WRONG_NAME",
    "Attempt",
    "View",
    "cluster_ca",
    "prove",
)
