# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a drill: what is to fail, and how."""

from __future__ import annotations

import dataclasses
import typing as t

#: Components of which one leads.
COMPONENTS = ("kube-controller-manager", "kube-scheduler")
#: It elects its leader among its members, without a lock.
ETCD = "etcd"
#: What stands before the API servers: haproxy or nginx, and keepalived, which moves the endpoint's address.
LOAD_BALANCER, VIRTUAL_IP = "load_balancer", "virtual_ip"
API_SERVER = "kube-apiserver"
#: Everything of a host that serves the cluster.
CONTROL_PLANE = "control_plane"
#: What fails at once. A host need not have etcd.
PARTS: t.Mapping[str, tuple[str, ...]] = {CONTROL_PLANE: (API_SERVER, ETCD, *COMPONENTS)}
#: What may happen to the leader, and what to call it when it has happened.
KINDS: t.Mapping[str, str] = {
    "stop": "stopped",
    "kill": "killed",
    "freeze": "frozen",
    "cut": "cut off",
    "reload": "reloaded",
}
#: What may happen to the processes of anything.
OF_PROCESSES = ("stop", "kill", "freeze")
#: Its network ends.
CUT = "cut"
#: It reads its configuration anew, and goes on.
RELOAD = "reload"

#: Which of several fails: the one that leads, or one that does not.
LEADER, FOLLOWER = "leader", "follower"
WHICH = (LEADER, FOLLOWER)


@dataclasses.dataclass(frozen=True)
class Subject:
    """What events may concern, in words.

    Attributes:
        phrase: what fails.
        expected: what must be so within the bound.
        never: what is wrong when it is never so.
        late: the same when it is too late.
        most: how many may fail at the same time.
        has_count: whether each further leader is counted by what elects it, as a lock does.
        is_of_endpoint: whether the endpoint itself shows when it is so.
        needs_endpoint: whether the endpoint must answer again, besides.
        bounds_endpoint: whether that is held against the bound, too.
        loses_nothing: whether no probe of the endpoint may fail, instead of a bound.
        kinds: what may happen to it, of :data:`KINDS`.
    """

    phrase: str
    expected: str = "another one leads"
    never: str = "Nobody else held the lock in time"
    late: str = "Another instance led after"
    most: int = 1
    has_count: bool = True
    is_of_endpoint: bool = False
    needs_endpoint: bool = False
    bounds_endpoint: bool = False
    loses_nothing: bool = False
    kinds: tuple[str, ...] = OF_PROCESSES


SUBJECTS: t.Mapping[str, Subject] = {
    **{component: Subject(f"leader of {component}", most=2) for component in COMPONENTS},
    ETCD: Subject(f"leader of {ETCD}", most=2, kinds=(*OF_PROCESSES, CUT)),
    LOAD_BALANCER: Subject(
        "load balancer of the endpoint",
        "the endpoint answers",
        "The endpoint did not answer in time",
        "The endpoint answered after",
        has_count=False,
        is_of_endpoint=True,
        kinds=(*OF_PROCESSES, RELOAD),
    ),
    VIRTUAL_IP: Subject(
        "keepalived of the virtual IP's holder",
        "exactly one host has it",
        "The virtual IP was not on exactly one host in time",
        "The virtual IP was on exactly one host after",
        has_count=False,
    ),
    CONTROL_PLANE: Subject(
        "control plane",
        "others lead what it led",
        "Not everything that it led had another leader in time",
        "The last of what it led had another leader after",
        has_count=False,
        needs_endpoint=True,
        kinds=(*OF_PROCESSES, CUT),
    ),
}

#: What events concern one that does not lead, by component; others have none.
FOLLOWERS: t.Mapping[str, Subject] = {
    ETCD: Subject(
        f"follower of {ETCD}",
        "the others have a leader and the endpoint answers",
        "The other members did not agree on a leader in time",
        "The other members agreed on a leader after",
        has_count=False,
        needs_endpoint=True,
        bounds_endpoint=True,
        kinds=(*OF_PROCESSES, CUT),
    ),
    CONTROL_PLANE: dataclasses.replace(SUBJECTS[CONTROL_PLANE], phrase="control plane that leads least"),
}


#: What is only reloaded.
RELOADED = dataclasses.replace(SUBJECTS[LOAD_BALANCER], expected="no probe of the endpoint fails", loses_nothing=True)


def subject_of(component: str, which: str = LEADER, how: str = "") -> Subject:
    """What an event concerns; something without a name of its own is called as it is."""
    if how == RELOAD:
        return RELOADED
    found = SUBJECTS.get(component, Subject(component))
    return FOLLOWERS.get(component, found) if which == FOLLOWER else found


@dataclasses.dataclass(frozen=True)
class Event:
    """What is to fail.

    Attributes:
        component: a key of :data:`SUBJECTS`.
        how: a key of :data:`KINDS`.
        count: how many instances at the same time, the leader among them.
        which: of :data:`WHICH`.
    """

    component: str
    how: str
    count: int = 1
    which: str = LEADER

    def __str__(self) -> str:
        """In words."""
        more = "" if self.count == 1 else f" and {self.count - 1} more"
        return f"{subject_of(self.component, self.which).phrase}{more} {KINDS[self.how]}"


__all__ = (
    "API_SERVER",
    "COMPONENTS",
    "CONTROL_PLANE",
    "CUT",
    "ETCD",
    "FOLLOWER",
    "FOLLOWERS",
    "KINDS",
    "LEADER",
    "LOAD_BALANCER",
    "OF_PROCESSES",
    "PARTS",
    "RELOAD",
    "SUBJECTS",
    "VIRTUAL_IP",
    "WHICH",
    "Event",
    "Subject",
    "subject_of",
)
