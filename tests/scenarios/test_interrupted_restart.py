# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes lose power and boot again in the middle of steps of a conversion, and a second operator begins beside it: the same end.

With one member of etcd the API is away until that node is back, as the plan says; a joining host, and one of three members, take it
away from nobody.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.prober.analysis import (
    control_of,
    counted,
    failed_after,
    failures,
    judged,
    rto_seconds,
    summarize,
    summarize_log,
)
from tests.prober.process import Prober
from tests.prober.results import Verdict
from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import Lab, ready_nodes, restart, wait_until
from tests.scenarios.convert import Conversion, etcd_members, leave_out_inconclusive, new_results
from tests.scenarios.kills import Kill, disturbed
from tests.scenarios.kubeadm_state import REASONS_AFTER_MENDING, State, differences
from tests.scenarios.playbook import Run
from tests.scenarios.secret_scan import secrets_in_cluster, secrets_on
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

#: The only control plane restarts when everything is there that points to the endpoint.
_ALONE = Kill("Point one worker to the endpoint", 0.0)
#: A host restarts whose kubeadm has begun to join it.
_JOINING = Kill("Join control planes", 5.0, "Make a token and upload the certificates", host="cp3")
#: One of three members restarts while a worker is added.
_OF_THREE = Kill("Join workers", 0.5)
#: A second operator begins when the first one has the lock.
_BESIDE = Kill("Back up", 0.0)
_SWITCH = ("--extra-vars", "kubeadm_ha_reset_half_joined=true")
_SAID = "the API is away while one of them restarts, until it is back"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    alone: Run
    joining: Run
    beside: Run
    went_on: Run
    of_three: Run
    last: Run
    again: Run
    state: State
    members: int
    ready: set[str]
    secrets: Sequence[str]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("interrupted_restart") as results, Lab("convert", name="interrupted-restart") as lab:
        conversion = Conversion(lab, results)
        with contextlib.ExitStack() as watched:
            alone, joining = _before_three(conversion, watched)
        went_on, beside = _with_a_second_operator(conversion)
        assert went_on.status == 0, went_on.output[-6000:]
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=120, what="all nodes Ready")
        with conversion.watched("of-three") as prober:
            of_three = _restarted(conversion, _OF_THREE, "cp2", prober, worker="w3")
            _judge(conversion, prober)
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=180, what="all nodes Ready")
        inventory = conversion.work / "worker.yml"
        last = conversion.run("last", inventories=[inventory])
        again = conversion.run("again", inventories=[inventory])
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        yield Story(
            conversion=conversion,
            alone=alone,
            joining=joining,
            beside=beside,
            went_on=went_on,
            of_three=of_three,
            last=last,
            again=again,
            state=conversion.state(),
            members=len(etcd_members(lab)),
            ready=ready_nodes(lab),
            secrets=[*secrets_on(lab, PLAIN.hosts), *secrets_in_cluster(lab)],
            findings=conversion.findings(inventories=[inventory]),
        )
        print(results.table())


def _is_ready(lab: Lab) -> bool:
    return lab.run("cp1", "curl", "-sk", "-m", "2", "https://localhost:6443/readyz", check=False) == "ok"


def _before_three(conversion: Conversion, watched: contextlib.ExitStack) -> tuple[Run, Run]:
    """The run during which the only API server is away, and the one during which a host that joins is; they may be one.

    From the second moment on a prober asks the first API server, and nobody may have noticed.
    """
    lab, inventories = conversion.lab, PLAIN.inventories(conversion.lab.inventory)
    probers: list[Prober] = []

    def restart_first() -> None:
        restart(lab, "cp1", conversion.addresses["cp1"])

    def restart_joining() -> None:
        probers.append(watched.enter_context(conversion.watched("joining")))
        probers[0].settle()
        restart(lab, "cp3", conversion.addresses["cp3"])

    alone, to_come = disturbed(
        inventories, conversion.work, "restart-cp1", [(_ALONE, restart_first), (_JOINING, restart_joining)]
    )
    joining = alone
    if to_come:
        wait_until(lambda: _is_ready(lab), seconds=180, what="the only API server is back")
        wait_until(lambda: ready_nodes(lab) >= {"cp1", "w1", "w2"}, seconds=180, what="the nodes of before are Ready")
        joining, _none = disturbed(inventories, conversion.work, "restart-cp3", to_come)
    probers[0].settle()
    conversion.results.add_probes(summarize_log(probers[0].stop()))
    return alone, joining


def _restarted(conversion: Conversion, cause: Kill, node: str, prober: Prober, *, worker: str) -> Run:
    """A run that adds a worker, during which a node restarts."""
    addition = conversion.work / "worker.yml"
    addition.write_text(json.dumps({"kube_node": {"hosts": {worker: {}}}}), encoding="utf-8")
    inventories = [*PLAIN.inventories(conversion.lab.inventory), addition]

    def happens() -> None:
        prober.settle()
        prober.mark(f"restart {node}")
        restart(conversion.lab, node, conversion.addresses[node])

    return disturbed(inventories, conversion.work, f"restart-{node}", [(cause, happens)])[0]


def _with_a_second_operator(conversion: Conversion) -> tuple[Run, Run]:
    """The run that ends what the restart has interrupted, and another one that begins in its middle."""
    second: list[Future[Run]] = []
    with ThreadPoolExecutor(1) as pool:
        first, _none = disturbed(
            PLAIN.inventories(conversion.lab.inventory),
            conversion.work,
            "went-on",
            [(_BESIDE, lambda: second.append(pool.submit(conversion.run, "beside", *_SWITCH)))],
            arguments=_SWITCH,
        )
        return first, second[0].result()


def _judge(conversion: Conversion, prober: Prober) -> None:
    """Who asks cp1 is answered always, who asks the endpoint again within the time in which it takes a dead server out."""
    time.sleep(20)
    log = prober.stop()
    results, untouched = conversion.results, control_of(log)
    is_spoilt = results.is_spoilt_by(summarize(untouched), "the probes after the restart of one of three")
    (event,) = log.events
    first = failures(judged(counted(log, "cp1"), untouched))
    results.at_most("failed_probes_of_cp1", len(first), bound=0, is_spoilt=is_spoilt)
    endpoint = judged(counted(log, "endpoint"), untouched)
    results.timing("rto_restart_seconds", rto_seconds(endpoint, event.monotonic), bound=1.0, is_spoilt=is_spoilt)
    failed = len(failed_after(endpoint, event.monotonic))
    results.at_most("failed_probes_restart", failed, bound=20, is_spoilt=is_spoilt)


def test_with_one_member_the_plan_says_that_a_restart_takes_the_api_away(story: Story) -> None:
    assert _SAID in " ".join(story.alone.output.split())


def test_a_joining_host_that_restarts_takes_the_api_away_from_nobody(story: Story) -> None:
    assert story.joining.status != 0, "its host was away"
    probed = {one.name: one for one in story.conversion.results.probes}
    assert probed["cp1"].summary.sent > 0
    failed = [name for name, one in probed.items() if one.verdict() is Verdict.FAILED]
    assert failed == [], story.conversion.results.table()
    leave_out_inconclusive(story.conversion.results)


def test_a_second_operator_changes_nothing(story: Story) -> None:
    """He is refused by the lock, or finds nothing to do where the first run has ended while he waited (ADR 104)."""
    assert story.beside.changed == []
    if story.beside.status == 0:
        assert story.beside.plan == []
    else:
        assert any("holds the lock" in message for message in story.beside.failures), story.beside.failures


def test_the_next_run_goes_on_to_the_end(story: Story) -> None:
    assert story.went_on.status == 0
    assert story.last.status == 0, story.last.output[-6000:]
    assert story.members == 3
    assert story.ready == {*PLAIN.nodes, "w3"}


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.changed == []


def test_the_end_is_what_kubeadm_itself_would_have_made(story: Story, native: State) -> None:
    found = differences(story.state, native, REASONS_AFTER_MENDING)
    assert {path: values for path, values in found.items() if "w3" not in path} == {}


def test_nothing_secret_is_left(story: Story) -> None:
    assert story.secrets == []


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.conversion.results.write()
    assert story.conversion.results.failures() == [], story.conversion.results.table()
