# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup has of a host's services."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import ABSENT, MADE
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport, ServicesReport
from tests.unit.plugins.services_reports import BIN, CFG, SSL, UNITS, fact, kubeconfig, master


def test_a_backup_has_everything_but_programs_and_what_is_written() -> None:
    found = master()
    paths = found.backup_paths
    assert list(paths) == sorted(set(paths))
    assert {f"{UNITS}/kubelet.service", f"{CFG}/kubelet.conf", f"{SSL}/ca-key.pem"} <= set(paths)
    # Where the kubelet keeps the certificates that it is given.
    assert SSL in paths
    assert not {f"{BIN}/kubelet", "/opt/kubernetes/logs", CFG} & set(paths)


def test_what_is_not_there_is_not_backed_up() -> None:
    facts = (fact("/gone.pem", kind=ABSENT), fact("/data", MADE, kind="directory"), fact("/small.conf"))
    found = dataclasses.replace(master(), facts=facts, kubeconfigs=[kubeconfig("/root/admin", "https://192.0.2.11")])
    assert found.backup_paths == ("/root/admin", "/small.conf")
    assert ServicesReport(services={}).backup_paths == ()


@pytest.mark.parametrize(
    ("active", "enabled", "has_member"),
    [
        ("active", "disabled", True),
        ("inactive", "enabled", True),
        ("failed", "enabled", True),
        ("inactive", "disabled", False),
    ],
)
def test_a_member_runs_or_is_to_run_at_boot(active: str, enabled: str, *, has_member: bool) -> None:
    found = dataclasses.replace(master(), services={"etcd": ServiceReport("etcd.service", active, enabled)})
    assert (found.member is not None) is has_member
    assert master().member is None


def test_a_backup_has_the_unit_and_the_certificates_of_a_member_but_not_its_data() -> None:
    own = ("/etc/systemd/system/etcd.service", "/etc/etcd/cert/ca.pem", "/etc/etcd/cert/etcd-key.pem")
    report = master()
    facts = (
        *report.facts,
        *map(fact, own),
        fact("/var/lib/etcd", MADE, kind="directory"),
        fact("/usr/local/bin/etcd", size=30 << 20),
    )
    found = dataclasses.replace(report, facts=facts)
    assert set(found.backup_paths) - set(report.backup_paths) == set(own)
