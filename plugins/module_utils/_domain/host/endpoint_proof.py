# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may use the control plane endpoint.

A kubelet resolves the endpoint's name by its host's resolver, sends the name by SNI, verifies the cluster's CA and presents a
client certificate. Whoever is to be pointed to the endpoint must be able to do just that before.
"""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip
from ..base.change import Decision
from ..base.endpoint_view import OK
from ..base.errors import NotProved, UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.endpoint_probe import EndpointProbe
    from ..._ports.files import Files
    from ..base.address import Endpoint
    from ..base.endpoint_view import View

_POLL_SECONDS = 0.5


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
    ready = any(attempt.status == OK for attempt in view.attempts)
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


__all__ = ("cluster_ca", "prove")
