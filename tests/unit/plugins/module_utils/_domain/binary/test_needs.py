# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new master needs of the files of another one."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import ABSENT, PARENT, FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import needs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport
from tests.unit.plugins.services_reports import BIN, CFG, SSL, UNITS, fact, master


def kinds() -> dict[str, str]:
    """The kind of each path."""
    return {item.fact.path: item.kind for item in needs.find(master())}


def test_each_file_has_its_kind() -> None:
    """By the flag that names it."""
    found = kinds()
    assert found[f"{SSL}/ca.pem"] == needs.SHARED
    assert found[f"{SSL}/ca-key.pem"] == needs.SHARED
    assert found[f"{SSL}/server.pem"] == found[f"{SSL}/server-key.pem"] == needs.IDENTITY
    assert found[f"{CFG}/kube-apiserver.conf"] == needs.TEXT
    assert found[f"{CFG}/kubelet-config.yml"] == needs.TEXT
    assert found[f"{CFG}/admin.kubeconfig"] == needs.IDENTITY
    assert found[f"{CFG}/kube-proxy.kubeconfig"] == needs.IDENTITY
    assert found[f"{BIN}/kube-apiserver"] == needs.PROGRAM
    assert found["/opt/kubernetes/logs"] == needs.DIRECTORY
    assert found[CFG] == needs.DIRECTORY


def test_what_a_named_file_names_in_turn_is_needed() -> None:
    """A file that no flag names, but that was reported."""
    path = "/opt/kubernetes/cfg/webhook-ca.pem"
    report = master()
    more = dataclasses.replace(
        report, facts=(*report.facts, fact(path)), named={**report.named, "kube-scheduler": [path]}
    )
    assert {item.fact.path: item.kind for item in needs.find(more)}[path] == needs.SHARED


OTHERS: dict[str, tuple[dict[str, tuple[str, ...]], tuple[str, ...]]] = {
    "by flags": ({"cert-file": ("/opt/etcd/ssl/s.pem",), "key-file": ("/opt/etcd/ssl/s-key.pem",)}, ()),
    "by a file of settings": (
        {"config-file": ("/opt/etcd/etcd.yml",)},
        ("/opt/etcd/ssl/s.pem", "/opt/etcd/ssl/s-key.pem"),
    ),
}


@pytest.mark.parametrize("component", ["etcd", "kubelet"])
@pytest.mark.parametrize(("arguments", "in_turn"), OTHERS.values(), ids=OTHERS)
def test_what_only_a_component_names_that_is_not_brought_stays(
    arguments: dict[str, tuple[str, ...]], in_turn: tuple[str, ...], component: str
) -> None:
    """etcd beside the master, which has members of its own, and a component that neither runs nor shall run."""
    own = [f"{UNITS}/{component}.service", "/opt/etcd/bin/etcd", *(path for (path,) in arguments.values()), *in_turn]
    there = ServiceReport(
        f"{component}.service",
        *(("active", "enabled") if component == "etcd" else ("inactive", "disabled")),
        program="/opt/etcd/bin/etcd",
        arguments={**arguments, "data-dir": ("/var/lib/etcd",)},
        files=own[:1],
    )
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    report = master(components=names)
    shared = f"{SSL}/ca.pem"
    more = dataclasses.replace(
        report,
        services={**report.services, component: there},
        facts=(
            *report.facts,
            *map(fact, own),
            fact("/var/lib/etcd", kind="directory"),
            fact("/opt/etcd", PARENT, kind="directory"),
        ),
        named={**report.named, component: [*own, "/var/lib/etcd", shared]},
    )
    assert component not in needs.components(more)
    assert {item.fact.path for item in needs.find(more)} == {item.fact.path for item in needs.find(report)}
    assert shared in {item.fact.path for item in needs.find(more)}


def test_missing_files_are_named_with_their_flag() -> None:
    """Not the kubeconfig that a kubelet makes itself."""
    report = master()
    gone = {f"{SSL}/server-key.pem", f"{CFG}/kubelet.kubeconfig"}
    facts = tuple(FileFact(each.path, ABSENT) if each.path in gone else each for each in report.facts)
    assert needs.missing(dataclasses.replace(report, facts=facts)) == (
        (f"{SSL}/server-key.pem", "tls-private-key-file"),
    )
