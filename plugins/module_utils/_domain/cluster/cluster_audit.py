# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only an audit asks the API for. A part of the report of the cluster."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import ApiError, CommandFailed
from ..base.report_fields import absent
from ..component import leader_election
from .deployment_spread import Placement, placement

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock

Item = t.TypeVar("Item")

_NAMESPACE = "kube-system"
#: Controllers that elect a leader.
ELECTED = ("kube-controller-manager", "kube-scheduler")
_ANONYMOUS = ("system:anonymous", "system:unauthenticated")
#: Roles that Kubernetes and kubeadm give to everybody: health, version and discovery.
_GIVEN_TO_ALL = frozenset({"system:public-info-viewer", "kubeadm:bootstrap-signer-clusterinfo"})


@dataclasses.dataclass(frozen=True)
class Leader:
    """Who leads.

    Attributes:
        component: name of the lock.
        holder: identity of the leader; empty without one.
        is_held: whether the lock was renewed within its duration.
        transitions: how often the leader has changed.
    """

    component: str
    holder: str
    is_held: bool
    transitions: int


@dataclasses.dataclass(frozen=True)
class ClusterAudit:
    """What an audit asks the API for.

    Attributes:
        leaders: of the controllers that elect one.
        deployments: those of kube-system, with their pods.
        anonymous: bindings that give rights to requests without a user: ``KIND NAMESPACE/NAME: ROLE``.
        failures: what could not be asked, a sentence each.
    """

    leaders: tuple[Leader, ...] = ()
    deployments: tuple[Placement, ...] = ()
    anonymous: tuple[str, ...] = ()
    failures: tuple[str, ...] = dataclasses.field(default=(), metadata=absent(()))


def collect(api: Api, clock: Clock) -> ClusterAudit:
    """What an audit asks for, in a handful of requests. What the API refuses is named and left out."""
    failures: list[str] = []
    pods = _asked("The pods of kube-system", lambda: api.list("pod", namespace=_NAMESPACE), failures)
    deployments = _asked(
        "The Deployments of kube-system", lambda: api.list("deployment", namespace=_NAMESPACE), failures
    )
    bindings = [
        document
        for kind in ("clusterrolebinding", "rolebinding")
        for document in _asked(f"Every {kind}", lambda kind=kind: api.list(kind), failures)  # type: ignore[misc]
    ]
    leaders = _asked("The leaders", lambda: [_leader(api, clock, component) for component in ELECTED], failures)
    return ClusterAudit(
        leaders=tuple(leaders),
        deployments=tuple(placement(document, pods) for document in deployments),
        anonymous=tuple(sorted(text for document in bindings for text in _anonymous(document))),
        failures=tuple(failures),
    )


def _asked(what: str, ask: t.Callable[[], t.Sequence[Item]], failures: list[str]) -> t.Sequence[Item]:
    try:
        return ask()
    except (ApiError, CommandFailed) as error:
        failures.append(f"{what} could not be asked for: {error.message}")
        return ()


def _leader(api: Api, clock: Clock, component: str) -> Leader:
    record = leader_election.find(api, clock, component)
    if record is None:
        return Leader(component, "", is_held=False, transitions=0)
    return Leader(component, record.holder, record.is_held(clock.now()), record.transitions)


def _anonymous(document: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    role = str((document.get("roleRef") or {}).get("name") or "")
    subjects = [str(item.get("name") or "") for item in document.get("subjects") or ()]
    if role in _GIVEN_TO_ALL or not set(subjects).intersection(_ANONYMOUS):
        return
    metadata = document["metadata"]
    place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
    yield f"{document.get('kind') or 'RoleBinding'} {place}: {role}"


__all__ = ("ELECTED", "ClusterAudit", "Leader", "collect")
