# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose control planes share a virtual IP address, without any load balancer.

Before they fail for good, a failover drill lets the holder's API server and keepalived fail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.scenarios.address_drill import (
    READ_EVERY,
    READ_TAKES,
    AddressDrill,
    DrillChecks,
    Drilled,
    SharedAddress,
    holders_by_time,
)
from tests.scenarios.cluster import Lab, wait_until
from tests.scenarios.convert import etcd_members
from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster, Story, performed
from tests.scenarios.failover_drill import rto

pytestmark = pytest.mark.full

EVENTS = (
    {"component": "control_plane", "how": "kill"},
    {"component": "virtual_ip", "how": "stop"},
    {"component": "virtual_ip", "how": "kill"},
)
_PARTS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")


@dataclasses.dataclass
class Seen:
    """What was seen of the drill.

    :param holder: who had the address before it.
    :param before: PIDs of the parts of each control plane before it.
    :param after: the same after it.
    """

    drilled: Drilled
    holder: str
    before: Mapping[str, Mapping[str, str]]
    after: Mapping[str, Mapping[str, str]]


class TestCreateBareVip(Checks, DrillChecks):
    """Three control planes and a worker."""

    cluster = NewCluster(
        name="create_bare_vip",
        holders=CONTROL_PLANES,
        firewall="firewalld",
        rto_seconds=2.0,
        freeze_seconds=3.0,
        moves_when_frozen=True,
    )

    @pytest.fixture(scope="class")
    @classmethod
    def acts(cls) -> Iterator[tuple[Story, Seen]]:
        """The story, with a drill while all control planes run."""
        seen: list[Seen] = []
        with performed(cls.cluster, while_whole=lambda story: seen.append(_drill(story))) as story:
            yield story, seen[0]

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, acts: tuple[Story, Seen]) -> Story:
        """All but the drill."""
        return acts[0]

    @pytest.fixture(scope="class")
    @classmethod
    def seen(cls, acts: tuple[Story, Seen]) -> Seen:
        """The drill."""
        return acts[1]

    @pytest.fixture(scope="class")
    @classmethod
    def drilled(cls, seen: Seen) -> Drilled:
        """What it has in common with others."""
        return seen.drilled

    def test_the_address_leaves_a_control_plane_that_is_killed(self, seen: Seen) -> None:
        event = seen.drilled.event("control_plane", "kill")
        assert event["host"] == seen.holder
        settled = event["began"] + rto(event) + READ_EVERY + READ_TAKES
        (first, *_later) = [holders for when, holders in holders_by_time(seen.drilled.reads) if when >= settled]
        assert seen.holder not in first

    def test_others_lead_what_it_led(self, seen: Seen) -> None:
        event = seen.drilled.event("control_plane", "kill")
        assert event["handovers"]
        for each in event["handovers"]:
            assert each["seconds"] <= event["bound"], each
            assert each["new_holder"].partition("_")[0] != seen.holder, each

    def test_all_of_it_was_killed_and_nobody_else(self, seen: Seen) -> None:
        """By pgrep. Controllers of other hosts may have ended by themselves when they lost a lock."""
        assert all(seen.before[host].keys() == seen.after[host].keys() == set(_PARTS) for host in CONTROL_PLANES)
        for host in CONTROL_PLANES:
            same = {name for name in _PARTS if seen.before[host][name] == seen.after[host][name]}
            assert not same if host == seen.holder else same >= {"kube-apiserver", "etcd"}, (
                host,
                seen.before,
                seen.after,
            )


def _drill(story: Story) -> Seen:
    """The address is where most leads, so that it has to leave with the control plane that fails."""
    lab = story.lab
    shared = SharedAddress(lab, story.endpoint.rpartition(":")[0], CONTROL_PLANES)
    drill = AddressDrill(
        lab,
        story.results,
        hosts=CONTROL_PLANES,
        shared=shared,
        units=("keepalived", "kubeadm-ha-vip-health"),
        events=EVENTS,
        examples=[story.cluster.example],
    )
    _hold_at(shared, _leads_most(story, drill))
    (holder,), before = shared.holders, _processes(lab)
    return Seen(drill.performed(), holder, before, _processes(lab))


def _leads_most(story: Story, drill: AddressDrill) -> str:
    """By kubectl and etcdctl; of those that lead as much, etcd's leader, else the first."""
    members: list[Any] = [*etcd_members(story.lab)]
    (url,) = [one["Endpoint"] for one in members if one["Status"]["leader"] == one["Status"]["header"]["member_id"]]
    etcd = next(name for name in CONTROL_PLANES if story.addresses[name] in url)
    led = [etcd, *(holder.partition("_")[0] for holder in drill.leases().holders.values())]
    return max(CONTROL_PLANES, key=lambda name: (led.count(name), name == etcd))


def _hold_at(shared: SharedAddress, host: str) -> None:
    """Nobody else's keepalived runs for a moment. Who has the address keeps it."""
    others = [name for name in shared.hosts if name != host]
    for name in others:
        shared.lab.run(name, "systemctl", "stop", "keepalived")
    wait_until(lambda: shared.holders == [host], seconds=30, what=f"{host} has the address")
    for name in others:
        shared.lab.run(name, "systemctl", "start", "keepalived")
    wait_until(lambda: shared.holders == [host], seconds=30, what=f"{host} alone has the address")


def _processes(lab: Lab) -> dict[str, dict[str, str]]:
    """PIDs of what a control plane consists of, by host and program. The kernel knows fifteen characters of a name."""
    script = "; ".join(f"echo {name} $(pgrep --exact {name[:15]})" for name in _PARTS)
    found = {}
    for host in CONTROL_PLANES:
        lines = [line.split() for line in lab.shell(host, script).splitlines()]
        found[host] = {name: " ".join(pids) for name, *pids in lines}
    return found
