# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new master needs of the files of another one."""

from __future__ import annotations

import dataclasses

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import ABSENT, FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import needs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport
from tests.unit.plugins.services_reports import BIN, CFG, SSL, fact, master


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
    report = master()
    more = dataclasses.replace(report, facts=(*report.facts, fact("/opt/kubernetes/cfg/webhook-ca.pem")))
    assert {item.fact.path: item.kind for item in needs.find(more)}[
        "/opt/kubernetes/cfg/webhook-ca.pem"
    ] == needs.SHARED


def test_etcd_beside_the_master_is_not_brought() -> None:
    """It has members of its own."""
    report = master()
    etcd = ServiceReport(
        "etcd.service",
        "active",
        "enabled",
        program="/opt/etcd/bin/etcd",
        arguments={"cert-file": ("/opt/etcd/ssl/s.pem",)},
    )
    more = dataclasses.replace(
        report,
        services={**report.services, "etcd": etcd},
        facts=(*report.facts, fact("/opt/etcd/ssl/s.pem"), fact("/opt/etcd/bin/etcd", size=30 << 20)),
    )
    assert "etcd" not in needs.components(more)
    assert not any(item.fact.path.startswith("/opt/etcd") for item in needs.find(more))


def test_missing_files_are_named_with_their_flag() -> None:
    """Not the kubeconfig that a kubelet makes itself."""
    report = master()
    gone = {f"{SSL}/server-key.pem", f"{CFG}/kubelet.kubeconfig"}
    facts = tuple(FileFact(each.path, ABSENT) if each.path in gone else each for each in report.facts)
    assert needs.missing(dataclasses.replace(report, facts=facts)) == (
        (f"{SSL}/server-key.pem", "tls-private-key-file"),
    )
