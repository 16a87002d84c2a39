# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that fails says: why, what was changed, where the backup is, what to run."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import run_failure

DONE = {"changed": True, "changes": [{"object": "ConfigMap kube-public/cluster-info"}]}


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ({"msg": "It broke."}, "It broke."),
        (
            {"msg": "All items failed", "results": [{"failed": False}, {"failed": True, "msg": "No such file."}]},
            "No such file.",
        ),
        ({"msg": "Broken", "results": []}, "Broken"),
        ({}, "Stopped, because this step failed on another host."),
        ({"rc": 1}, "A task failed without a message."),
    ],
)
def test_the_reason(failure: dict[str, t.Any], expected: str) -> None:
    assert run_failure.reason(failure) == expected


@pytest.mark.parametrize(
    ("results", "objects"),
    [
        ([], []),
        ([DONE], ["ConfigMap kube-public/cluster-info"]),
        ([{**DONE, "changed": False}], []),
        ([{**DONE, "changed": False, "failed": True}], ["ConfigMap kube-public/cluster-info"]),
        ([{"failed": True, "msg": "x"}, {"skipped": True}], []),
        (
            [{"changed": True, "results": [DONE, {"changed": False, "changes": []}]}],
            ["ConfigMap kube-public/cluster-info"],
        ),
        ([DONE, DONE], ["ConfigMap kube-public/cluster-info"]),
        ([{"changed": True}], []),
    ],
)
def test_what_was_changed(results: list[dict[str, t.Any]], objects: list[str]) -> None:
    assert run_failure.changed_objects(results) == objects


def test_the_message() -> None:
    said = run_failure.message(
        {"msg": "The kubelet of w1 was not running within 60 s"},
        purpose="to point the cluster to k8s.example.org:6443",
        changed={
            "cp1": ["ConfigMap kube-public/cluster-info", "ConfigMap kube-system/kube-proxy"],
            "w1": ["kubeconfig x"],
            "w2": [],
        },
        backups={"cp1": "/b/1", "w1": "/b/2", "w2": "/b/3"},
        remedy="Run again.",
    )
    assert said == (
        "The kubelet of w1 was not running within 60 s. The run had begun to point the cluster to k8s.example.org:6443. "
        "Changed so far: ConfigMap kube-public/cluster-info, ConfigMap kube-system/kube-proxy on cp1; kubeconfig x on w1. "
        "What was there before is in /b/1 on cp1, /b/2 on w1. Run again."
    )


def test_the_message_before_the_first_change() -> None:
    said = run_failure.message(
        {"msg": "No."}, purpose="to point it", changed={"w1": []}, backups={"w1": "/b"}, remedy="Run again."
    )
    assert said == "No. The run was to point it, and had changed nothing there yet. Run again."
