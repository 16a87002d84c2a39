# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults seeded one by one into healthy reports are found under their ids, and only they."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import kinds
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.survival import Verdict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import findings as linter
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, healthy


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    found = audit_of(healthy())
    assert found.findings == ()
    assert found.verdict is Verdict.SURVIVES
    assert found.sentence == "The cluster survives the loss of any one host."


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_under_its_id_and_nothing_else_is(name: str) -> None:
    change, expected = FAULTS[name]
    arguments = healthy()
    change(arguments)
    found = audit_of(arguments).findings
    assert {item.kind.id for item in found} == expected, [(item.kind.id, item.object, item.summary) for item in found]
    for item in found:
        assert item.evidence, item.summary
        assert item.summary.endswith("."), item.summary
        assert item.remedy, item.summary
        assert item.object, item.summary


def test_every_kind_has_a_fault() -> None:
    """Those that configurations of load balancers have stand in tests of their own, of the linter and of the audit."""
    seeded = {name for _change, ids in FAULTS.values() for name in ids}
    assert set(kinds.KINDS) - seeded == {*(kind.id for kind in linter.KINDS), kinds.UNSEEN_CONFIGURATION.id}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_lost_is_said_of_a_part_that_there_is_with_a_reason(name: str) -> None:
    change, _expected = FAULTS[name]
    arguments = healthy()
    change(arguments)
    found = audit_of(arguments)
    parts = {part.name: part for part in found.parts}
    for item in found.findings:
        assert set(item.lost_with) <= set(parts), item.lost_with
    for part in found.parts:
        assert part.reasons, part
        named = [item for item in found.findings if part.name in item.lost_with]
        is_lost = any(item.kind.severity is Severity.CRITICAL for item in named)
        assert (part.verdict is Verdict.LOST) == is_lost, part


@pytest.mark.parametrize("sees_names_of_manifests", [False, True])
def test_without_the_rights_of_root_nothing_is_taken_for_healthy(*, sees_names_of_manifests: bool) -> None:
    """What such a user sees: no text of a kubeconfig or manifest, no owner of a socket, no API, no etcd."""
    arguments = healthy()
    arguments.update(cluster=None, etcd=None, failures={"cluster": "permission denied"})
    for report in arguments["hosts"].values():
        unread = {"flags": [], "unreadable": "It is no manifest of a pod."}
        names = report["manifests"] if sees_names_of_manifests else ()
        report.update(user_id=1000, has_ca_key=False, manifests=dict.fromkeys(names, unread))
        report["kubeconfigs"] = [{**item, "text": None} for item in report["kubeconfigs"]]
        report["listening"] = [{**item, "process": ""} for item in report["listening"]]
        report["audit"].update(public_keys={}, connections=[], unreadable=["/etc/kubernetes/admin.conf"])
    found = audit_of(arguments)
    assert {item.kind.id for item in found.findings} <= {"unseen.unprivileged", "unseen.cluster", "unseen.etcd"}
    assert {part.verdict for part in found.parts} == {Verdict.UNKNOWN}
    assert found.sentence.startswith("Nobody can say")
