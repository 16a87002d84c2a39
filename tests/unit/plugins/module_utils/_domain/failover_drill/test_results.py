# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts, the table and JUnit's XML."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import results
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import Handover
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.results import EndpointAnswers, Result

PASSED = Result(
    number=1,
    component="kube-scheduler",
    how="kill",
    object="leader of kube-scheduler killed",
    host="cp1",
    others=("cp2",),
    bound=24.8,
    began=1795248020.25,
    previous_holder="cp1_6b0d",
    new_holder="cp3_0e5f",
    transitions=1,
    seconds=16.125,
    endpoint=EndpointAnswers(180, 0, 0, 0.0),
    pods_seconds=19.5,
)
OF_BALANCER = dataclasses.replace(
    PASSED,
    component="load_balancer",
    bound=4.2,
    transitions=0,
    seconds=None,
    endpoint=EndpointAnswers(99, 9, 0, 1.25),
    observer="cp1",
)
#: It may come back to the same host.
OF_ADDRESS = dataclasses.replace(PASSED, component="virtual_ip", bound=2.2, transitions=0, seconds=0.9)
VERDICTS = [
    (PASSED, ""),
    (dataclasses.replace(PASSED, seconds=24.8), ""),
    (dataclasses.replace(PASSED, seconds=24.9), "Another instance led after 24.9 s; the bound is 24.8 s."),
    (
        dataclasses.replace(PASSED, seconds=None, new_holder=None),
        "Nobody else held the lock in time; the bound is 24.8 s.",
    ),
    (dataclasses.replace(PASSED, transitions=0), "The lock counts 0 transitions, although its holder changed."),
    (Result(2, "x", "kill", "x", "cp1", (), 24.8), "It was not measured: the run ended before."),
]


OF_PLANE = dataclasses.replace(
    PASSED,
    component="control_plane",
    handovers=(Handover("etcd", "cp1", "cp2", 1, 1.5), Handover("kube-scheduler", "cp1_1", "cp3_1", 1, 16.125)),
)
OF_ENDPOINT = [
    (OF_PLANE, ""),
    (dataclasses.replace(OF_PLANE, endpoint=EndpointAnswers(99, 60, 0, None)), "The endpoint did not answer again."),
    (
        dataclasses.replace(OF_PLANE, seconds=None),
        "Not everything that it led had another leader in time; the bound is 24.8 s.",
    ),
    (OF_BALANCER, ""),
    (
        dataclasses.replace(OF_BALANCER, endpoint=EndpointAnswers(99, 60, 0, 6.0)),
        "The endpoint answered after 6 s; the bound is 4.2 s.",
    ),
    (
        dataclasses.replace(OF_BALANCER, endpoint=EndpointAnswers(99, 60, 0, None)),
        "The endpoint did not answer in time; the bound is 4.2 s.",
    ),
    (dataclasses.replace(OF_BALANCER, bound=None, endpoint=EndpointAnswers(99, 60, 0, 6.0)), ""),
    (
        dataclasses.replace(OF_BALANCER, bound=None, endpoint=EndpointAnswers(99, 60, 0, None)),
        "The endpoint did not answer in time.",
    ),
    (OF_ADDRESS, ""),
    (
        dataclasses.replace(OF_ADDRESS, seconds=None, new_holder="lb1, lb2"),
        "The virtual IP was not on exactly one host in time; the bound is 2.2 s.",
    ),
    (
        dataclasses.replace(OF_ADDRESS, seconds=2.5),
        "The virtual IP was on exactly one host after 2.5 s; the bound is 2.2 s.",
    ),
]


#: Nothing moves.
OF_FOLLOWER = dataclasses.replace(
    PASSED,
    component="etcd",
    which="follower",
    bound=5.0,
    transitions=0,
    seconds=0.1,
    endpoint=EndpointAnswers(60, 20, 0, 2.5),
)
OF_FOLLOWERS = [
    (OF_FOLLOWER, ""),
    (dataclasses.replace(OF_FOLLOWER, transitions=1, seconds=4.5), ""),
    (dataclasses.replace(OF_FOLLOWER, endpoint=None), ""),
    (
        dataclasses.replace(OF_FOLLOWER, seconds=5.1),
        "The other members agreed on a leader after 5.1 s; the bound is 5 s.",
    ),
    (
        dataclasses.replace(OF_FOLLOWER, seconds=None),
        "The other members did not agree on a leader in time; the bound is 5 s.",
    ),
    (
        dataclasses.replace(OF_FOLLOWER, endpoint=EndpointAnswers(60, 55, 0, 5.5)),
        "The endpoint answered after 5.5 s; the bound is 5 s.",
    ),
    (
        dataclasses.replace(OF_FOLLOWER, endpoint=EndpointAnswers(60, 60, 0, None)),
        "The endpoint did not answer again.",
    ),
    # It led nothing.
    (dataclasses.replace(OF_PLANE, which="follower", handovers=(), transitions=0, seconds=0.0), ""),
]


#: Seen by another host.
OF_OUTAGE = dataclasses.replace(
    PASSED,
    component="etcd",
    bound=None,
    new_holder="",
    transitions=0,
    seconds=0.1,
    endpoint=EndpointAnswers(160, 80, 0, 8.5),
)
OF_OUTAGES = [
    (OF_OUTAGE, ""),
    (dataclasses.replace(OF_OUTAGE, endpoint=None), ""),
    (dataclasses.replace(OF_OUTAGE, endpoint=EndpointAnswers(160, 150, 0, None)), "The endpoint did not answer again."),
    (dataclasses.replace(OF_OUTAGE, began=None), "It was not measured: the run ended before."),
]
OF_RELOAD = dataclasses.replace(OF_BALANCER, how="reload", bound=0.0, endpoint=EndpointAnswers(99, 2, 2, 0.0))
OF_RELOADS = [
    (OF_RELOAD, ""),
    (
        dataclasses.replace(OF_RELOAD, endpoint=EndpointAnswers(99, 3, 2, 0.2)),
        "1 of 99 probes of the endpoint failed; none may.",
    ),
    (
        dataclasses.replace(OF_RELOAD, endpoint=EndpointAnswers(99, 60, 0, None)),
        "60 of 99 probes of the endpoint failed; none may.",
    ),
    (dataclasses.replace(OF_RELOAD, endpoint=None), "Nobody watched the endpoint."),
    (dataclasses.replace(OF_RELOAD, began=None), "It was not measured: the run ended before."),
]


@pytest.mark.parametrize(("result", "fault"), [*VERDICTS, *OF_ENDPOINT, *OF_FOLLOWERS, *OF_OUTAGES, *OF_RELOADS])
def test_the_verdict(result: Result, fault: str) -> None:
    assert (result.fault, result.passed) == (fault, not fault)
    assert results.faults([result]) == ([f"Event {result.number} ({result.object}) failed. {fault}"] if fault else [])


def test_a_result_is_read_as_it_is_written() -> None:
    assert results.parse([PASSED.as_dict(), OF_FOLLOWER.as_dict()]) == (PASSED, OF_FOLLOWER)
    with pytest.raises(MalformedReport):
        results.parse([{"number": "one"}])


def test_of_an_outage_counts_how_long_the_endpoint_was_away() -> None:
    assert OF_OUTAGE.as_dict()["seconds"] == 8.5
    row = results.table([OF_OUTAGE])[1]
    assert "  8.5      -      80 of 160 failed" in row
    assert dataclasses.replace(OF_OUTAGE, began=None, endpoint=None).figure == 0.1


def test_a_planned_event_is_a_result() -> None:
    (found,) = results.parse(
        [{"number": 2, "component": "x", "how": "stop", "host": "cp1", "others": [], "object": "x", "bound": 9.0}]
    )
    assert found.began is None
    assert results.of_plan([found, PASSED], [PASSED]) == (found, PASSED)
    assert results.of_plan([found], []) == (found,)


def test_every_handover_of_a_control_plane_is_shown() -> None:
    assert results.parse([OF_PLANE.as_dict()]) == (OF_PLANE,)
    assert "  cp2, cp3  " in results.table([OF_PLANE])[1]
    assert "seconds until another leader of etcd: 1.5&#10;" in results.junit([OF_PLANE])


def test_the_table() -> None:
    head, row, fault = results.table([dataclasses.replace(PASSED, seconds=30.0)])
    assert head.split() == [
        "event", "host", "begin", "new", "holder", "transitions", "seconds", "bound", "endpoint", "pods", "verdict",
    ]  # fmt: skip
    assert row.startswith("1. leader of kube-scheduler killed  cp1, cp2  2026-11-21T08:00:20Z  cp3 ")
    assert row.endswith("30       24.8   0 of 180 failed  19.5  FAILED")
    assert fault.startswith("Event 1 (leader of kube-scheduler killed) failed.")


def test_junit_counts_failures_and_errors() -> None:
    document = results.junit([PASSED, *(result for result, fault in VERDICTS if fault)])
    suite = ET.fromstring(document)
    assert suite.attrib.items() >= {"tests": "5", "failures": "3", "errors": "1", "skipped": "0"}.items()
    assert suite.attrib["timestamp"] == "2026-11-21T08:00:20Z"
    cases = suite.findall("testcase")
    assert cases[0].attrib["time"] == "16.125"
    assert cases[0].find("failure") is None
    assert len(suite.findall("testcase/failure")) == 3
    assert len(suite.findall("testcase/error")) == 1


TEXTS = st.text(st.characters(codec="utf-8"), max_size=9)
RESULTS = st.builds(
    Result,
    number=st.just(1),
    component=TEXTS,
    how=TEXTS,
    object=TEXTS,
    host=TEXTS,
    others=st.just(()),
    bound=st.just(24.8),
    began=st.none() | st.just(1795248020.0),
    new_holder=st.none() | TEXTS,
    seconds=st.none() | st.floats(0, 300),
)


@given(st.lists(RESULTS, max_size=3))
def test_junit_is_xml_whatever_a_name_holds(found: list[Result]) -> None:
    suite = ET.fromstring(results.junit(found).encode())
    assert len(suite) == len(found)
    failed = suite.findall("testcase/failure") + suite.findall("testcase/error")
    assert len(failed) == sum(not item.passed for item in found) == len(results.faults(found))
