# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of a run: which step's entries each makes, what it waits for, and what the operator reads when it begins on a host."""

from __future__ import annotations

import dataclasses
import typing as t

from .build import CHANGING, PREFIX


@dataclasses.dataclass(frozen=True)
class Wait:
    """Something that a play waits for.

    Attributes:
        what: what it is, behind "waits for".
        role: the role that waits.
        option: the role's variable with the limit in seconds, without the role's name; empty where it has none.
        seconds: the limit where no variable has it.
    """

    what: str
    role: str
    option: str = ""
    seconds: float = 0.0

    @property
    def variable(self) -> str:
        """Name of the variable with the limit; empty without one."""
        return f"{self.role}_{self.option}" if self.option else ""


@dataclasses.dataclass(frozen=True)
class Play:
    """A play of a run.

    Attributes:
        name: the play's own, by which it is known.
        group: its group of hosts, without the prefix.
        step: the step whose entries it makes on its hosts; empty where it makes none.
        waits: what it waits for.
        also: steps whose entries it makes, too, on hosts that have no play for them.
    """

    name: str
    group: str
    step: str = ""
    waits: tuple[Wait, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """Whether it is a step of its hosts; else it is for all hosts alike."""
        return self.group != CHANGING

    @property
    def words(self) -> str:
        """Its name within a sentence."""
        return self.name[:1].lower() + self.name[1:] if self.name[1:2].islower() else self.name


_SERVED = Wait("the new certificate to be served", "apiserver_certificate", "serve_timeout")
_SERVED_BY_SERVICE = Wait("the new certificate to be served", "binary_control_plane", "timeout")
_PROVED = Wait("the cluster's API through the endpoint", "control_plane_endpoint", "prove_timeout")
_AGREED = Wait("each of the signature of cluster-info and the pods of kube-proxy", "control_plane_endpoint", "timeout")
_RENEWED = Wait("the kubelet to renew its Lease", "control_plane_endpoint", "lease_timeout")
_INITIALIZED = Wait("each of images, kubeadm init and its proof", "control_plane_init", "wait_timeout")
_SERVICES = Wait("each of API server and the kubelet's Lease", "binary_control_plane", "timeout")
#: The default of kubeadm_join's option C(timeout), which the roles do not change.
_JOINED = 300.0

#: The plays of ``kubeadm.ha.site`` and, in their places, those that only a way back has, in their order.
PLAYS: tuple[Play, ...] = (
    Play("Lock the hosts", CHANGING),
    Play("Prepare the hosts", "prepare", "prepare"),
    Play("Complete or undo what an interrupted run left", "repair", "repair", (_SERVED,)),
    Play("Back up", "backup", "backup"),
    Play("Prepare the nodes", "nodes", "nodes"),
    Play(
        "Begin etcd on hosts of its own",
        "etcd",
        "etcd",
        (Wait("a healthy etcd cluster after each change of a member", "external_etcd", "wait_timeout"),),
    ),
    Play("Make the certificate authorities", "authorities", "", (_INITIALIZED,)),
    Play(
        "Balance", "balance", "balance", (Wait("haproxy to load its configuration", "apiserver_haproxy", seconds=10.0),)
    ),
    Play(
        "Balance by nginx",
        "balance_nginx",
        "balance",
        (Wait("nginx to load its configuration", "apiserver_nginx", seconds=10.0),),
    ),
    Play("Hold the virtual IP address", "virtual_ip", "virtual_ip"),
    Play("Answer the endpoint's name", "balance_dns", "balance"),
    Play("Resolve the endpoint's name on every node of a new cluster", "resolve"),
    Play("Let the API server reach etcd on hosts of its own", "etcd_client", "etcd"),
    Play("Create the cluster", "init", "init", (_INITIALIZED,)),
    Play("Install the pod network", "network", "network", (Wait("every node to be Ready", "cni", "timeout"),)),
    Play("Certify the API servers", "certify", "certify", (_SERVED,)),
    Play("Certify the API servers of services", "certify_services", "certify", (_SERVED_BY_SERVICE,)),
    Play("Prove the endpoint on every host that is to use it", "prove", "prove", (_PROVED,)),
    Play(
        "Prove the addresses of before on every host that is to use them",
        "prove_previous",
        "prove_previous",
        (_PROVED,),
    ),
    Play("Point one worker to the endpoint", "point_one_worker", "point", (_RENEWED,)),
    Play("Point the cluster-wide objects to the endpoint", "point_cluster", "point", (_AGREED,)),
    Play("Point the other workers to the endpoint", "point_workers", "point", (_RENEWED,)),
    Play("Point the control planes to the endpoint", "point_control_planes", "point", (_RENEWED,)),
    Play("Point the administrators of the load balancers to the endpoint", "point_load_balancers", "point"),
    Play("Point the cluster-wide objects back", "return_cluster", "return_cluster", (_AGREED,)),
    Play(
        "Join control planes",
        "join_control_planes",
        "join",
        (
            Wait("each of discovery, TLS bootstrap and kubelet of kubeadm join", "control_plane_join", seconds=_JOINED),
            Wait("each of API server, etcd and Node", "control_plane_join", "timeout"),
        ),
        also=("revoke",),
    ),
    Play("Begin masters", "extend", "extend", (_SERVICES,)),
    Play("Point the services of workers to the endpoint", "point_services_workers", "point", (_SERVICES,)),
    Play(
        "Point the services of control planes to the endpoint", "point_services_control_planes", "point", (_SERVICES,)
    ),
    Play("Point administrators to the endpoint", "point_services_others", "point"),
    Play(
        "Let instances of kube-controller-manager elect a leader",
        "controller_manager",
        "controller_manager",
        (Wait("the service to be ready", "kube_controller_manager", "wait_timeout"),),
    ),
    Play(
        "Let instances of kube-scheduler elect a leader",
        "scheduler",
        "scheduler",
        (Wait("the service to be ready", "kube_scheduler", "wait_timeout"),),
    ),
    Play(
        "Join workers",
        "join_workers",
        "join",
        (
            Wait("each of discovery, TLS bootstrap and kubelet of kubeadm join", "worker_join", seconds=_JOINED),
            Wait("the Node to be Ready", "worker_join", "timeout"),
        ),
        also=("revoke",),
    ),
    Play("Spread the cluster DNS", "spread", "spread", (Wait("the rollout", "cluster_dns", "timeout"),)),
    Play("Revoke what a killed run left", "revoke", "revoke"),
    Play(
        "Added control planes leave, one by one",
        "leave",
        "leave",
        (Wait("the last pod to go", "node_remove", "drain_timeout"),),
    ),
    Play(
        "Certificates of the control plane that stays are as before",
        "return_certificate",
        "return_certificate",
        (_SERVED,),
    ),
    Play("Load balancers end", "return_balancer", "return_balancer"),
    Play(
        "Verify",
        CHANGING,
        "",
        (Wait("each proof", "cluster_verify", "timeout"),),
    ),
)
_BY_NAME: t.Mapping[str, Play] = {play.name: play for play in PLAYS}


def play_of(name: str) -> Play | None:
    """The play of a name; ``None`` for one that is no step of a run."""
    return _BY_NAME.get(name)


def steps_of_host(groups: t.Collection[str], steps: t.Collection[str]) -> list[str]:
    """What happens on a host, in the order of the run: its groups, and steps for which it has none yet.

    A host that only becomes a node gets the groups of the later plays once it is one.

    Args:
        groups: names of the host's groups.
        steps: the steps for which the plan has entries on it.
    """
    mine = [play for play in PLAYS if play.is_numbered and f"{PREFIX}{play.group}" in groups]
    begun = {play.step for play in mine}
    to_come = [play for play in PLAYS if play.step in steps and play.step not in begun]
    made_elsewhere = {step for play in (*mine, *to_come) for step in play.also}
    found: dict[str, None] = {}
    for play in PLAYS:
        if play in mine:
            found[play.group] = None
        elif play in to_come and play.step not in made_elsewhere:
            found[play.step] = None
    return list(found)


def expected_plays(groups: t.Collection[str], step: str) -> list[str]:
    """Names of the plays that make a step's entries on a host with these groups."""
    mine = [play for play in PLAYS if f"{PREFIX}{play.group}" in groups]
    return [play.name for play in mine if play.step == step] or [play.name for play in mine if step in play.also]


def progress(
    play: Play,
    host: str,
    *,
    groups: t.Collection[str],
    steps: t.Mapping[str, int],
    limits: t.Mapping[str, float],
) -> str:
    """What the operator reads when a play begins on a host.

    Args:
        play: the play.
        host: inventory name.
        groups: names of the host's groups.
        steps: how many entries each step has on the host.
        limits: the limit of each wait in seconds, by its variable.
    """
    waits = [
        f"for {wait.what} at most {seconds:g} s"
        for wait in play.waits
        for seconds in [limits.get(wait.variable, 0.0) if wait.variable else wait.seconds]
        if seconds > 0
    ]
    waiting = f"; waits {' and '.join(waits)}" if waits else ""
    if not play.is_numbered:
        return f"All hosts: {play.words}{waiting}."
    order = steps_of_host(groups, steps)
    count = steps.get(play.step, 0)
    changes = f" ({count} {'change' if count == 1 else 'changes'})" if count else ""
    return f"{host}: step {order.index(play.group) + 1} of {len(order)}: {play.words}{changes}{waiting}."


__all__ = ("PLAYS", "Play", "Wait", "expected_plays", "play_of", "progress", "steps_of_host")
