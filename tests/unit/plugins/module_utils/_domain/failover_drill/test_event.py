# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a drill, over a table of inputs."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import Event
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event_input import parse

RIGHT: list[tuple[dict[str, t.Any], Event, str]] = [
    ({"component": "etcd", "how": "kill"}, Event("etcd", "kill"), "leader of etcd killed"),
    (
        {"component": "load_balancer", "how": "freeze"},
        Event("load_balancer", "freeze"),
        "load balancer of the endpoint frozen",
    ),
    ({"component": "control_plane", "how": "kill"}, Event("control_plane", "kill"), "control plane killed"),
    (
        {"component": "load_balancer", "how": "reload"},
        Event("load_balancer", "reload"),
        "load balancer of the endpoint reloaded",
    ),
    (
        {"component": "etcd", "how": "freeze", "count": 2},
        Event("etcd", "freeze", 2),
        "leader of etcd and 1 more frozen",
    ),
    ({"component": "etcd", "how": "cut"}, Event("etcd", "cut"), "leader of etcd cut off"),
    ({"component": "control_plane", "how": "cut"}, Event("control_plane", "cut"), "control plane cut off"),
    ({"component": "etcd", "how": "freeze", "which": "leader"}, Event("etcd", "freeze"), "leader of etcd frozen"),
    (
        {"component": "etcd", "how": "freeze", "which": "follower"},
        Event("etcd", "freeze", which="follower"),
        "follower of etcd frozen",
    ),
    (
        {"component": "control_plane", "how": "stop", "which": "follower"},
        Event("control_plane", "stop", which="follower"),
        "control plane that leads least stopped",
    ),
    (
        {"component": "virtual_ip", "how": "stop"},
        Event("virtual_ip", "stop"),
        "keepalived of the virtual IP's holder stopped",
    ),
    (
        {"component": "kube-scheduler", "how": "stop"},
        Event("kube-scheduler", "stop"),
        "leader of kube-scheduler stopped",
    ),
    (
        {"component": "kube-controller-manager", "how": "freeze", "count": "2"},
        Event("kube-controller-manager", "freeze", 2),
        "leader of kube-controller-manager and 1 more frozen",
    ),
]
WRONG: list[tuple[t.Any, str]] = [
    ([], "is not a list with one event at least"),
    ("kube-scheduler", "is not a list with one event at least"),
    ({"component": "kube-scheduler", "how": "stop"}, "is not a list with one event at least"),
    (["stop"], "event 1 of failover_drill_events is 'stop', no mapping"),
    (
        [{"component": "kube-scheduler"}],
        "event 1 of failover_drill_events happens by None instead of stop, kill, freeze",
    ),
    (
        [{"component": "haproxy", "how": "kill"}],
        "has the component 'haproxy' instead of kube-controller-manager, kube-scheduler, etcd, load_balancer, virtual_ip or control_plane",
    ),
    (
        [{"component": "etcd", "how": "kill", "count": 2}],
        "kills two members of etcd, of which the first runs again before the second is killed: let them stop, freeze or be cut off",
    ),
    ([{"component": "etcd", "how": "stop", "count": 2, "which": "follower"}], "takes more than one follower of etcd"),
    ([{"component": "etcd", "how": "stop", "count": 3}], "has the count 3 instead of 1 or 2"),
    ([{"component": "virtual_ip", "how": "stop", "count": 2}], "takes more than one virtual_ip"),
    ([{"component": "kube-scheduler", "how": "kill", "count": 3}], "has the count 3 instead of 1 or 2"),
    ([{"component": "kube-scheduler", "how": "kill", "count": True}], "has the count True instead of 1 or 2"),
    ([{"component": "virtual_ip", "how": "reload"}], "happens by 'reload' instead of stop, kill, freeze"),
    ([{"component": "virtual_ip", "how": "cut"}], "happens by 'cut' instead of stop, kill, freeze"),
    ([{"component": "etcd", "how": "halt"}], "happens by 'halt' instead of stop, kill, freeze, cut"),
    ([{"component": "etcd", "how": "kill", "which": "learner"}], "concerns 'learner' instead of leader or follower"),
    (
        [{"component": "kube-scheduler", "how": "kill", "which": "follower"}],
        "concerns a follower, which only etcd and control_plane have here",
    ),
    ([{"component": "kube-scheduler", "how": "kill", "hosts": 1}], "has hosts, which no event has"),
]


@pytest.mark.parametrize(("document", "event", "words"), RIGHT)
def test_an_event(document: dict[str, t.Any], event: Event, words: str) -> None:
    assert parse([document]) == (event,)
    assert str(event) == words


@pytest.mark.parametrize(("documents", "message"), WRONG)
def test_a_wrong_event_is_named(documents: t.Any, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(documents)
    assert message in error.value.message
    assert "kube-scheduler, how: kill" in error.value.message


def test_every_fault_is_in_one_message() -> None:
    with pytest.raises(InvalidInput) as error:
        parse([{"component": "x", "how": "y"}, {"component": "kube-scheduler", "how": "z"}])
    assert error.value.message.count("event 1") == 2
    assert error.value.message.count("event 2") == 1
