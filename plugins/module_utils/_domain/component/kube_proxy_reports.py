# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether pods of kube-proxy reach the API.

A pod of kube-proxy has no probe: it is Ready as soon as it runs, whether it reaches the API or not. Its ``/healthz`` is good
until something was to be synchronised, and listens on the node only. But when its watches have begun, kube-proxy writes one
Event with its own kubeconfig: ``Starting``, about its Node (``birthCry`` in cmd/kube-proxy/app/server.go). That such an
Event is there, newer than the pod, shows that this very pod has reached the API.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..._ports.api import Api

Document = t.Mapping[str, t.Any]

_REPORTER = "kube-proxy"
_KIND, _REASON = "Node", "Starting"
#: The field selector of such Events; the kubelet's own are among them.
FIELDS = f"involvedObject.kind={_KIND},reason={_REASON}"
_PAGE = 500


def reporting_times(api: Api) -> dict[str, str]:
    """When kube-proxy of each node has reported its last start to the API, by node name, in the API server's time."""
    found: dict[str, str] = {}
    for page in api.pages("event", size=_PAGE, fields=FIELDS):
        for event in page:
            node = _node_of(event)
            if node is not None:
                found[node] = max(found.get(node, ""), str(event["metadata"].get("creationTimestamp") or ""))
    return found


def has_reported(pod: Document, node: str, times: t.Mapping[str, str]) -> bool:
    """Whether the node's kube-proxy has reported since this pod was made. Both times are the API server's."""
    # RFC 3339 in UTC with whole seconds: texts are ordered as the times are.
    return times.get(node, "") >= str(pod["metadata"]["creationTimestamp"])


def _node_of(event: Document) -> str | None:
    """The node of an Event by which kube-proxy reports its start; ``None`` for any other."""
    involved = event.get("involvedObject") or {}
    reporter = event.get("reportingComponent") or (event.get("source") or {}).get("component")
    is_start = (involved.get("kind"), event.get("reason"), reporter) == (_KIND, _REASON, _REPORTER)
    return str(involved["name"]) if is_start and involved.get("name") else None


__all__ = ("FIELDS", "has_reported", "reporting_times")
