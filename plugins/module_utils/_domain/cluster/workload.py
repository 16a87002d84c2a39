# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that have or make pods."""

from __future__ import annotations

import typing as t

#: Kinds with the way to the specification of their pods.
_POD_SPECS: t.Mapping[str, t.Sequence[str]] = {
    "daemonset": ("spec", "template", "spec"),
    "deployment": ("spec", "template", "spec"),
    "statefulset": ("spec", "template", "spec"),
    "cronjob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "job": ("spec", "template", "spec"),
    "replicaset": ("spec", "template", "spec"),
    "pod": ("spec",),
}
KINDS = tuple(_POD_SPECS)
#: Field selector of the pods that have not ended.
LIVING_PODS = "status.phase!=Succeeded,status.phase!=Failed"
#: Owners that are inspected themselves. A static pod belongs to its Node: its manifest is a file of a host.
_KNOWN_OWNERS = frozenset(
    {
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
        ("v1", "Node"),
    }
)


def pod_spec(document: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """The specification of an object's pods."""
    found: t.Any = document
    for key in _POD_SPECS[str(document["kind"]).lower()]:
        found = found[key]
    return t.cast("t.Mapping[str, t.Any]", found)


def speaks_for_itself(document: t.Mapping[str, t.Any]) -> bool:
    """Whether an object is to be inspected: no owner of a known kind stands for it, and it is no job that has ended.

    What a custom resource owns stands for that resource, which nobody else here knows.
    """
    owners = document["metadata"].get("ownerReferences") or ()
    if any(item.get("controller") and (item["apiVersion"], item["kind"]) in _KNOWN_OWNERS for item in owners):
        return False
    conditions = (document.get("status") or {}).get("conditions") or ()
    return document["kind"] != "Job" or not any(
        item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions
    )


__all__ = ("KINDS", "LIVING_PODS", "pod_spec", "speaks_for_itself")
