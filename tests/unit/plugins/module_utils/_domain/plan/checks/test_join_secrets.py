# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens and uploaded certificates that are there before a run: ours go or their end is reported, others' are not lost silently."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.bootstrap_token import BootstrapToken
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import plan_report
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, after, before, plan_of

OURS = "kubeadm.ha join"
OWNER = "Proxy for managing TTL for the kubeadm-certs secret"
DELETE = "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system delete secret"


def left(start: t.Callable[[], Arguments], **ends: str) -> Arguments:
    """A cluster with uploaded certificates and these tokens: ``ours`` and ``owner`` with their ends."""
    arguments = start()
    names = {"ours": ("aaaaaa", OURS), "owner": ("bbbbbb", OWNER)}
    arguments["cluster"]["bootstrap_tokens"] = [
        BootstrapToken(f"bootstrap-token-{names[key][0]}", names[key][1], end).as_dict() for key, end in ends.items()
    ]
    arguments["cluster"]["has_uploaded_certificates"] = True
    return arguments


def test_a_refused_plan_names_the_end_of_what_a_killed_run_left() -> None:
    arguments = left(before, ours="2026-11-28T07:15:00Z", owner="2026-11-28T09:00:00Z")
    arguments["hosts"]["cp2"]["swap"] = True
    plan = plan_of(arguments)
    assert plan.problems
    assert plan_report.reasons(plan).splitlines()[-2:] == [
        (
            "A run before has left the bootstrap token aaaaaa, which expires at 2026-11-28T07:15:00Z; the next run whose plan "
            f"is accepted revokes it, and so does on cp1: {DELETE} bootstrap-token-aaaaaa"
        ),
        f"It has left Secret kube-system/kubeadm-certs, too, until 2026-11-28T09:00:00Z: {DELETE} kubeadm-certs",
    ]


def test_uploaded_certificates_of_somebody_else_are_kept_and_noted() -> None:
    plan = plan_of(left(after, owner="2026-11-28T09:00:00Z"))
    assert plan.entries == ()
    (note,) = (note.message for note in plan.notes if note.subject == "Secret kube-system/kubeadm-certs")
    assert note == (
        "Secret kube-system/kubeadm-certs holds every key of the cluster, encrypted, until 2026-11-28T09:00:00Z; no run of "
        "kubeadm.ha has left it. The run keeps it unless a control plane joins, which replaces it. If nobody joins with it, "
        f"delete it on cp1: {DELETE} kubeadm-certs"
    )
    assert plan.left == ()


def test_a_plan_says_what_a_joining_control_plane_replaces() -> None:
    def shown(arguments: Arguments) -> t.Any:
        entries = [entry for entry in plan_of(arguments).entries if entry.step == "join"]
        return next(entry.change.before for entry in entries if entry.change.object.endswith("kubeadm-certs"))

    assert shown(before()) is None
    assert shown(left(before, owner="2026-11-28T09:00:00Z")) == "somebody else's, until 2026-11-28T09:00:00Z; replaced"
    assert shown(left(before, ours="x", owner="y")) == "left by a killed run, until y; replaced"
    assert shown(left(before)) == "somebody else's, without an end; replaced"


LEARNERS = "EtcdLearnerMode of ConfigMap kube-system/kubeadm-config"


def of_version(version: str, start: t.Callable[[], Arguments], *, is_left: bool = False) -> Arguments:
    """A cluster whose control planes join by another version; the gate for learners may have been left by a killed run."""
    arguments = start()
    found = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]
    text = found["data"]["ClusterConfiguration"].replace("v1.34.4", version)
    if is_left:
        text += "featureGates: {EtcdLearnerMode: true}\n"
        found["metadata"] = {"annotations": {"kubeadm.ha/etcd-learner-mode": "set while control planes join"}}
    found["data"]["ClusterConfiguration"] = text
    return arguments


def learner_entries(arguments: Arguments) -> list[tuple[str, str]]:
    """Host and step of each entry about the gate."""
    return [(entry.host, entry.step) for entry in plan_of(arguments).entries if entry.change.object == LEARNERS]


@pytest.mark.parametrize(
    ("version", "start", "is_left", "expected"),
    [
        ("v1.34.4", before, False, []),
        ("v1.26.9", before, False, []),
        ("v1.28.15", after, False, []),
        ("v1.28.15", before, False, [("cp2", "join"), ("cp3", "join"), ("cp2", "revoke"), ("cp3", "revoke")]),
        ("v1.28.15", before, True, [("cp3", "join"), ("cp2", "revoke"), ("cp3", "revoke")]),
        ("v1.28.15", after, True, [("cp1", "revoke")]),
    ],
)
def test_the_gate_for_learners_is_set_before_each_join_and_taken_away_after_it(
    version: str, start: t.Callable[[], Arguments], is_left: bool, expected: list[tuple[str, str]]
) -> None:
    assert learner_entries(of_version(version, start, is_left=is_left)) == expected


@pytest.mark.parametrize(("version", "is_said"), [("v1.26.9", True), ("v1.28.15", False), ("v1.34.4", False)])
def test_a_plan_says_where_the_second_member_takes_the_api_away(version: str, is_said: bool) -> None:
    notes = [note for note in plan_of(of_version(version, before)).notes if "a vote before it runs" in note.message]
    assert [note.subject for note in notes] == (["cp2"] if is_said else [])
    assert [note for note in plan_of(of_version(version, after)).notes if "a vote before" in note.message] == []
