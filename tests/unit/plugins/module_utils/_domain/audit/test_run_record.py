# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each entry of a run, what changed, and how it is shown: as JSON, as lines and as a page."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import (
    render_json,
    render_run_html,
    render_run_text,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import (
    ChangeTime,
    Outcome,
    RunRecord,
    State,
    StepTime,
    moment,
    seconds_of,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownEntry
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS
from tests.unit.plugins.module_utils._domain.audit.test_rendering import (
    ATTACKS,
    Page,
    assert_harmless,
    hostile,
)
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, healthy

BEGAN = 1_770_000_000.0
CERTIFY, JOIN = "Certify the API servers", "Join control planes"
ENTRIES = (
    ShownEntry("cp1", "certify", "certificate apiserver", ["a"], ["a", "b"], "the endpoint is missing"),
    ShownEntry("lb1", "balance", "haproxy", None, "balances", "it is not there"),
    ShownEntry("cp2", "join", "Node cp2", None, "control plane", "it has not joined"),
)
GROUPS = {
    "cp1": ("kubeadm_ha_certify",),
    "lb1": ("kubeadm_ha_balance",),
    "cp2": ("kubeadm_ha_join_control_planes",),
}


def record(**changes: t.Any) -> RunRecord:
    """A run that has made two of three changes, one of them by an ordinary module."""
    values: dict[str, t.Any] = {
        "began": BEGAN,
        "entries": ENTRIES,
        "groups": GROUPS,
        "steps": (
            StepTime("lb1", "Balance", BEGAN + 1, BEGAN + 8.5),
            StepTime("cp1", CERTIFY, BEGAN + 10, BEGAN + 20),
            StepTime("cp2", JOIN, BEGAN + 30),
        ),
        "changes": (ChangeTime("cp1", "certificate apiserver", BEGAN + 11, BEGAN + 14.25, is_done=True),),
    }
    return RunRecord(**{**values, **changes})


def audits() -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Documents of a cluster with one load balancer and without that fault."""
    faulty = healthy()
    FAULTS["one load balancer"][0](faulty)
    before, after = (render_json.document(audit_of(arguments), created=BEGAN) for arguments in (faulty, healthy()))
    return before, after


def test_what_became_of_each_entry() -> None:
    found = record().outcomes
    assert [(item.entry.host, item.outcome, item.seconds, item.is_of_step) for item in found] == [
        ("cp1", Outcome.DONE, 3.25, False),
        ("lb1", Outcome.DONE, 7.5, True),
        ("cp2", Outcome.BEGUN, None, True),
    ]


def test_without_journals_times_are_those_of_steps() -> None:
    found = record(changes=()).outcomes
    assert [(item.seconds, item.is_of_step) for item in found] == [(10.0, True), (7.5, True), (None, True)]


def test_what_never_began_is_not_done() -> None:
    assert {item.outcome for item in record(steps=(), changes=()).outcomes} == {Outcome.NOT_DONE}


def test_a_journal_without_times_is_read() -> None:
    change = ChangeTime.of_journal(
        "cp1", {"object": "certificate apiserver", "began": None, "ended": "", "is_done": True}
    )
    (found, *_others) = record(changes=(change,)).outcomes
    assert (found.outcome, found.seconds) == (Outcome.DONE, None)
    assert render_run_text.seconds_text(found) == "done"


def test_a_change_that_was_begun_and_not_noted_as_done_is_judged_by_its_step() -> None:
    change = ChangeTime("cp1", "certificate apiserver", BEGAN + 11, None, is_done=False)
    (found, *_others) = record(changes=(change,), steps=(StepTime("cp1", CERTIFY, BEGAN + 10),)).outcomes
    assert (found.outcome, found.began, found.ended, found.is_of_step) == (Outcome.BEGUN, BEGAN + 11, None, False)


def test_a_change_that_failed_first_has_the_time_in_which_it_was_made() -> None:
    failed = ChangeTime("cp1", "certificate apiserver", BEGAN + 2, None, is_done=False)
    assert record(changes=(failed, *record().changes)).outcomes[0].seconds == 3.25


def test_no_time_is_shown_that_a_clock_did_not_measure() -> None:
    """It was put back meanwhile, on the host or on the controller."""
    change = ChangeTime("cp1", "certificate apiserver", BEGAN + 11, BEGAN + 10, is_done=True)
    steps = (StepTime("lb1", "Balance", BEGAN + 8, BEGAN + 1), StepTime("cp1", CERTIFY, BEGAN + 2, BEGAN + 1))
    back = record(changes=(change,), steps=steps, ended=BEGAN - 5)
    assert [(item.outcome, item.seconds) for item in back.outcomes[:2]] == [(Outcome.DONE, None)] * 2
    lines = render_run_text.lines(back)
    assert lines[0] == "Report: 2 of 3 changes are done."
    assert [line.split()[-1] for line in lines[2:4]] == ["done", "done"]
    assert back.document()["seconds"] is None
    assert [step["seconds"] for step in back.document()["steps"]] == [None, None]
    page = render_run_html.page(back, playbook="kubeadm.ha.site")
    assert "2 of 3 changes are done." in page
    assert ">0.0<" not in page


def test_the_same_object_twice_has_two_times() -> None:
    entries = (dataclasses.replace(ENTRIES[0], step="repair"), ENTRIES[0])
    changes = tuple(ChangeTime("cp1", ENTRIES[0].object, BEGAN + at, BEGAN + at + 1, is_done=True) for at in (3, 11))
    found = record(entries=entries, changes=changes).outcomes
    assert [item.began for item in found] == [BEGAN + 3, BEGAN + 11]


def test_a_step_of_two_plays_is_done_with_the_second() -> None:
    """A run that stops between them has not pointed this host's kubeconfigs."""
    groups = {"cp1": ("kubeadm_ha_point_cluster", "kubeadm_ha_point_control_planes")}
    entries = (dataclasses.replace(ENTRIES[0], step="point"),)
    first = StepTime("cp1", "Point the cluster-wide objects to the endpoint", BEGAN, BEGAN + 1)
    second = StepTime("cp1", "Point the control planes to the endpoint", BEGAN + 2, BEGAN + 3)
    for steps, outcome in (((first,), Outcome.BEGUN), ((first, second), Outcome.DONE)):
        (found,) = record(entries=entries, groups=groups, steps=steps, changes=()).outcomes
        assert found.outcome is outcome


def test_a_step_that_ends_replaces_the_one_that_began() -> None:
    made = record(groups={}).with_step(StepTime("cp2", JOIN, BEGAN + 30, BEGAN + 50), ["b", "a"])
    assert [item for item in made.steps if item.host == "cp2"] == [StepTime("cp2", JOIN, BEGAN + 30, BEGAN + 50)]
    assert made.groups == {"cp2": ("a", "b")}


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({"entries": ()}, State.NOTHING, "There was nothing to be done."),
        ({"is_check": True, "steps": ()}, State.CHECKED, "Check mode: 3 changes would be made, none was."),
        ({}, State.BEGUN, "The run has not come to its end: 2 of 3 changes are done."),
        ({"ended": BEGAN + 60}, State.DONE, "2 of 3 changes are done in 60.0 s."),
    ],
)
def test_how_far_it_came(changes: dict[str, t.Any], state: State, text: str) -> None:
    made = record(**changes)
    assert (made.state, render_run_html.sentence(made)) == (state, text)


def test_findings_that_are_gone_and_new() -> None:
    before, after = audits()
    made = record(before=before, after=after)
    (gone,) = [item["id"] for item in made.gone]
    assert gone in {item["id"] for item in before["findings"]} - {item["id"] for item in after["findings"]}
    assert made.new == []
    back = record(before=after, after=before)
    assert ([item["id"] for item in back.new], back.gone) == ([gone], [])


@pytest.mark.parametrize("missing", ["before", "after"])
def test_nothing_changes_where_one_side_was_not_inspected(missing: str) -> None:
    before, after = audits()
    made = record(**{"before": before, "after": after, missing: None})
    assert (made.gone, made.new) == ([], [])


def test_the_document_makes_the_run_again() -> None:
    before, after = audits()
    made = record(before=before, after=after, ended=BEGAN + 60, changes=())
    assert RunRecord.from_document(json.loads(json.dumps(made.document()))) == made


def test_a_document_of_somebody_else_is_refused() -> None:
    with pytest.raises(MalformedReport, match="The report of the run"):
        RunRecord.from_document({"schema": 1, "entries": []})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-02-02T02:40:00Z", BEGAN),
        ("2026-02-02T02:40:00.250+00:00", BEGAN + 0.25),
        ("2026-02-02T02:40:00", None),
        ("", None),
        (None, None),
        (12, None),
    ],
)
def test_times_of_journals(text: object, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_a_time_to_the_millisecond() -> None:
    assert (moment(BEGAN + 0.25), moment(None)) == ("2026-02-02T02:40:00.250Z", None)


def test_the_table_of_the_screen() -> None:
    assert render_run_text.lines(record(ended=BEGAN + 61.24)) == [
        "Report: 2 of 3 changes are done in 61.2 s.",
        "host  step     object                 seconds",
        "cp1   certify  certificate apiserver  3.2",
        "lb1   balance  haproxy                ~7.5",
        "cp2   join     Node cp2               begun",
        "~ is the time of the whole step on that host.",
    ]


def test_no_table_without_changes() -> None:
    assert render_run_text.lines(record(entries=())) == []


def page(made: RunRecord) -> Page:
    """The page, parsed."""
    return Page(render_run_html.page(made, playbook="kubeadm.ha.site"))


@pytest.mark.parametrize("changes", [{"entries": ()}, {"is_check": True, "steps": ()}, {}, {"ended": BEGAN + 60}])
@pytest.mark.parametrize("is_audited", [True, False])
def test_every_page_has_its_five_sections(changes: dict[str, t.Any], *, is_audited: bool) -> None:
    before, after = audits() if is_audited else (None, None)
    text = render_run_html.page(
        record(**changes, before=before, after=after if "ended" in changes else None), playbook="kubeadm.ha.site"
    )
    assert [text.count(f'<section id="{name}"') for name in ("before", "plan", "happened", "after", "changed")] == [
        1
    ] * 5
    assert "<script" not in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_a_host_becomes_markup(attack: str) -> None:
    found, plan = hostile(attack)
    audited = render_json.document(found, created=BEGAN, plan=plan)
    calm_found, calm_plan = hostile("harmless")
    calm = render_json.document(calm_found, created=BEGAN, plan=calm_plan)

    def made(audit: dict[str, t.Any], text: str) -> RunRecord:
        entry = ShownEntry("cp1", "certify", text, {text: text}, [text], text)
        steps = (StepTime("cp1", text, BEGAN, BEGAN + 1),)
        return record(entries=(entry,), steps=steps, before=audit, after={**audit, "findings": []}, ended=BEGAN + 2)

    hostile_page = page(made(audited, attack))
    assert_harmless(hostile_page)
    assert hostile_page.elements == page(made(calm, "harmless")).elements
    assert len(set(hostile_page.ids)) == len(hostile_page.ids)
