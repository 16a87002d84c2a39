# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every pod of the smoke application answers this host, wherever it is asked.

A Service gives each connection to any of its pods. So each target is asked until every pod has answered through it: a pod that
never does is on a node to which the network from here does not lead.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.address import Endpoint, canonical_ip
from ..base.errors import InvalidInput, NotProved
from ..base.report_fields import as_dict

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.plain_http import PlainHttp

#: CoreDNS' metrics name the zone that it serves; each pod serves a zone of its own name.
PATH = "/metrics"
_ZONE = re.compile(r'^coredns_plugin_enabled\{[^}]*\bzone="([^"]+?)\.?"', re.MULTILINE)
_PAUSE_SECONDS = 0.2
_REQUEST_SECONDS = 2.0
_MOST_NAMED = 5


@dataclasses.dataclass(frozen=True)
class ServiceAnswers:
    """What one target answered.

    Attributes:
        address: as it was given.
        port: likewise.
        pods: names of the pods that have answered, sorted.
        answered: how many requests were answered by one of them.
        unanswered: how many were not.
        error: the last reason; empty when all were.
    """

    address: str
    port: int
    pods: tuple[str, ...] = ()
    answered: int = 0
    unanswered: int = 0
    error: str = ""

    @property
    def object(self) -> str:
        """As messages name it."""
        return str(Endpoint(self.address, self.port))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def ask(
    http: PlainHttp,
    clock: Clock,
    targets: t.Iterable[t.Mapping[str, t.Any]],
    *,
    pods: t.Mapping[str, str],
    seconds: float,
) -> list[ServiceAnswers]:
    """Ask every target until each of the pods has answered through it.

    Args:
        http: asks.
        clock: bounds the asking.
        targets: ``address`` and ``port`` each.
        pods: the node of each pod by its name.
        seconds: how long to go on.

    Raises:
        InvalidInput: for a target that is none, and for fewer than two pods.
        NotProved: when a pod has not answered everywhere in time.
    """
    found = [ServiceAnswers(str(target["address"]), int(target["port"])) for target in targets]
    for item in found:
        if canonical_ip(item.address) is None or not 1 <= item.port <= 65535:
            raise InvalidInput(f"{item.address!r}, port {item.port} is no target: give an IP address and a port.")
    if found and len(pods) < 2:
        raise InvalidInput(f"The option pods has {len(pods)}: answers from different pods need 2 at least.")
    deadline = clock.monotonic() + seconds
    while True:
        pending = [index for index, item in enumerate(found) if set(item.pods) != set(pods)]
        # As many at once as there are pods, so that a slow answer delays a round and not each question.
        asked = [index for index in pending for _pod in pods]
        if not asked:
            return found
        answers = http.get(
            [Endpoint(found[index].address, found[index].port) for index in asked], PATH, seconds=_REQUEST_SECONDS
        )
        for index, answer in zip(asked, answers):
            found[index] = _with(found[index], answer.body, answer.error, pods)
        faults = [_fault(item, pods) for item in found if set(item.pods) != set(pods)]
        if faults and clock.monotonic() >= deadline:
            raise _not_proved(faults, seconds)
        if any(answer.error for answer in answers):
            clock.sleep(_PAUSE_SECONDS)


def _with(item: ServiceAnswers, body: str, error: str, pods: t.Mapping[str, str]) -> ServiceAnswers:
    zone = _ZONE.search(body)
    name = zone.group(1) if zone else ""
    if name in pods:
        return dataclasses.replace(item, pods=tuple(sorted({*item.pods, name})), answered=item.answered + 1)
    reason = error or "something else answered"
    return dataclasses.replace(item, unanswered=item.unanswered + 1, error=reason)


def _not_proved(faults: t.Sequence[str], seconds: float) -> NotProved:
    named = "; ".join(faults[:_MOST_NAMED])
    further = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    return NotProved(
        f"The smoke application does not answer this host as it must within {seconds:g} s: {named}{further}. Check "
        "kube-proxy on this host, and that firewalls let pass the traffic of the pod network and of NodePorts between the "
        "nodes."
    )


def _fault(item: ServiceAnswers, pods: t.Mapping[str, str]) -> str:
    if not item.pods:
        return f"{item.object} gives no answer ({item.error})"
    missing = ", ".join(f"{name} on {pods[name]}" for name in sorted(set(pods) - set(item.pods)))
    return f"through {item.object} never {missing} ({item.error or f'others {item.answered} times'})"


__all__ = ("PATH", "ServiceAnswers", "ask")
