# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was there before is found in journals, whatever was interrupted and whoever else has changed it."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Change
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import journal, previous_state
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.previous_state import PreviousState

OBJECT = "kubeconfig /etc/kubernetes/kubelet.conf"
OLD, ENDPOINT, OTHER_ENDPOINT, OTHERS = (f"https://192.0.2.{number}:6443" for number in (11, 10, 9, 77))
CONFIG = "ConfigMap kube-system/kubeadm-config"


def written(
    before: t.Any, after: t.Any, *, name: str = OBJECT, module: str = "kubeconfig_cluster", is_done: bool = True
) -> str:
    """What a module leaves of a change."""
    change = [Change(name, before, after, "because")]
    states = (journal.BEGUN, journal.DONE) if is_done else (journal.BEGUN,)
    return "".join(
        journal.lines(change, state, module=f"kubeadm.ha.{module}", run="1 on c", at="2026-01-31T10:00:00+00:00")
        for state in states
    )


def same(one: t.Any, other: t.Any) -> bool:
    """Whether two states are one."""
    return bool(one == other)


def before(text: str, now: t.Any, name: str = OBJECT) -> t.Any:
    """What the object was before, ``None`` when it stays as it is."""
    known = previous_state.previous(previous_state.parse(text)).get(name, [])
    found = previous_state.of_state(known, now, same=same)
    return None if found is None else found.before


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        (written(OLD, ENDPOINT), ENDPOINT, OLD),
        (written(OLD, ENDPOINT), OLD, None),
        (written(OLD, ENDPOINT), OTHERS, None),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OTHER_ENDPOINT), OTHER_ENDPOINT, OLD),
        (written(OLD, ENDPOINT, is_done=False), OLD, None),
        (written(OLD, ENDPOINT, is_done=False) + written(OLD, OTHER_ENDPOINT), OTHER_ENDPOINT, OLD),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OTHER_ENDPOINT, is_done=False), ENDPOINT, OLD),
        (
            written(OLD, ENDPOINT)
            + written(ENDPOINT, OTHER_ENDPOINT, is_done=False)
            + written(ENDPOINT, OTHER_ENDPOINT),
            OTHER_ENDPOINT,
            OLD,
        ),
        (written(OLD, ENDPOINT) + written(OTHERS, ENDPOINT), ENDPOINT, OTHERS),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OLD), OLD, None),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OLD, is_done=False), ENDPOINT, OLD),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OLD) + written(OLD, ENDPOINT), ENDPOINT, OLD),
        (written(OLD, ENDPOINT) + written(ENDPOINT, OLD) + written(OTHERS, ENDPOINT), ENDPOINT, OTHERS),
        ("", ENDPOINT, None),
    ],
    ids=[
        "as a run has left it",
        "back already",
        "somebody else's",
        "pointed twice",
        "begun and not made",
        "begun and not made, then elsewhere",
        "the second one begun and not made",
        "the second one begun twice",
        "changed by others between two runs",
        "gone back",
        "the way back begun and not made",
        "there again after the way back",
        "elsewhere after the way back",
        "without a journal",
    ],
)
def test_what_was_there_before_the_runs(text: str, now: str, expected: str | None) -> None:
    assert before(text, now) == expected


def test_a_field_of_the_cluster_configuration_is_an_object_of_its_own() -> None:
    text = written(
        {"controlPlaneEndpoint": None}, {"controlPlaneEndpoint": "e:6443"}, name=CONFIG, module="kubeadm_cluster_config"
    )
    assert [item.object for item in previous_state.parse(text)] == [f"{CONFIG}#controlPlaneEndpoint"]


def test_of_a_list_each_element_that_runs_add_or_take_is_an_object() -> None:
    field = "apiServer.certSANs"
    text = written({field: None}, {field: ["a", "b"]}, name=CONFIG, module="kubeadm_cluster_config")
    text += written({field: ["a", "b", "c"]}, {field: ["a", "c"]}, name=CONFIG, module="kubeadm_cluster_config")
    assert [(item.object, item.before, item.after) for item in previous_state.parse(text)] == [
        (f'{CONFIG}#{field}="a"', False, True),
        (f'{CONFIG}#{field}="b"', False, True),
        (f'{CONFIG}#{field}="b"', True, False),
    ]


def test_repeated_flags_are_one_value() -> None:
    field = "apiServer.extraArgs.x"
    text = written({field: None}, {field: ["1", "2"]}, name=CONFIG, module="kubeadm_cluster_config")
    assert [(item.object, item.after) for item in previous_state.parse(text)] == [(f"{CONFIG}#{field}", ["1", "2"])]


def test_a_line_that_was_cut_off_is_passed_over() -> None:
    text = written(OLD, ENDPOINT)
    assert previous_state.parse(text + text[:40]) == previous_state.parse(text)
    assert previous_state.parse('[1]\n"x"\n{}\n\n') == []


JOIN = written(None, "control plane", name="node cp2", module="kubeadm_join")
RESET = written("node", "reset", name="host cp2", module="kubeadm_reset")
RESET_BEGUN = written("node", "reset", name="host cp2", module="kubeadm_reset", is_done=False)


@pytest.mark.parametrize(
    ("text", "has_joined", "was_joined"),
    [
        ("", False, False),
        (JOIN, True, True),
        (JOIN + RESET_BEGUN, True, True),
        (JOIN + RESET, False, True),
        (JOIN + RESET + JOIN, True, True),
        (RESET, False, False),
    ],
    ids=["never", "joined", "a reset that did not end", "reset", "joined again", "reset, never joined"],
)
def test_who_was_joined_by_a_run(text: str, *, has_joined: bool, was_joined: bool) -> None:
    state = PreviousState(tuple(previous_state.parse(text)))
    assert (state.has_joined, state.was_joined) == (has_joined, was_joined)


def test_a_cluster_that_a_run_has_created() -> None:
    text = written(None, "control plane", name="node cp1", module="kubeadm_init")
    assert PreviousState(tuple(previous_state.parse(text))).has_begun_cluster
    assert not PreviousState(tuple(previous_state.parse(JOIN))).has_begun_cluster


def test_a_report_is_read_as_it_was_written() -> None:
    state = PreviousState(
        tuple(previous_state.parse(JOIN)),
        records=(previous_state.KeptRecord("apiserver-haproxy", (Change("file /a", "x", None, "because"),), "no"),),
    )
    assert PreviousState.from_dict("cp2", json.loads(json.dumps(state.as_dict()))) == state
