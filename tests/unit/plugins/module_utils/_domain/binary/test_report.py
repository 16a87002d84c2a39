# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup has of a host's services."""

from __future__ import annotations

import dataclasses

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import ABSENT, MADE
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServicesReport
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
