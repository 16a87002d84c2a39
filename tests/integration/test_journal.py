# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that changes a host while a run holds its lock leaves a journal for root; nothing else does."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

if t.TYPE_CHECKING:
    from tests.integration.modules import Modules
    from tests.integration.private_host import PrivateHost

OWNER = {"controller": "bastion 0123", "process": 4711, "started": 99, "space": ""}
KUBECONFIG = "/etc/kubernetes/kubelet.conf"


def test_a_run_leaves_a_journal(host: PrivateHost, modules_on_host: Modules) -> None:
    host.become_worker("w1")
    journal = host.lib / "kubeadm-ha" / "journal.jsonl"
    text = (host.kubernetes / "kubelet.conf").read_text(encoding="utf-8")

    def point(server: str, *, check: bool = False) -> bool:
        result = modules_on_host.run("kubeconfig_cluster", check=check, path=KUBECONFIG, server=server)
        assert not result.get("failed"), result
        return bool(result["changed"])

    assert point("192.0.2.9:6443")
    assert not journal.exists(), "no run holds the lock"
    assert not modules_on_host.run("host_lock", owner=OWNER).get("failed")
    assert point("192.0.2.10:6443", check=True)
    assert not point("192.0.2.9:6443")
    assert not journal.exists(), "nothing was changed"
    assert point("192.0.2.10:6443")
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [(line["state"], line["object"], line["after"]) for line in lines] == [
        (state, f"kubeconfig {KUBECONFIG}", "https://192.0.2.10:6443") for state in ("begun", "done")
    ]
    assert {line["run"] for line in lines} == {"4711/99 on bastion 0123"}
    assert journal.stat().st_mode & 0o777 == 0o600
    secrets = [line.split(": ")[1] for line in text.splitlines() if "key-data" in line]
    assert secrets
    assert all(secret not in journal.read_text(encoding="utf-8") for secret in secrets)
    (found,) = modules_on_host.run("run_journal_info")["journal"]
    assert (found["object"], found["is_done"]) == (f"kubeconfig {KUBECONFIG}", True)
    assert [found["began"], found["ended"]] == [line["at"] for line in lines]
    began, ended = (dt.datetime.fromisoformat(found[name]) for name in ("began", "ended"))
    assert began.tzinfo is not None
    assert began <= ended
    assert not modules_on_host.run("host_lock", owner=OWNER, state="absent").get("failed")
    assert modules_on_host.run("run_journal_info")["journal"] == [], "the run has ended"


def test_a_journal_of_before_times_were_written_is_read(host: PrivateHost, modules_on_host: Modules) -> None:
    """Lines of other runs, and what a lost power cut off, are passed over."""
    journal = host.lib / "kubeadm-ha" / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    common = {
        "run": "4711/99 on bastion 0123",
        "module": "kubeadm.ha.some",
        "object": "a",
        "before": None,
        "after": "b",
    }
    lines = [{**common, "state": state} for state in ("begun", "done")]
    other = {**common, "run": "1/99 on elsewhere", "object": "c", "state": "begun"}
    # A container of the same name, in which each run has the same number.
    earlier = {**other, "run": "4711/98 on bastion 0123"}
    texts = [json.dumps(line) for line in (*lines, other, earlier, {**common, "object": "d", "state": "begun"})]
    journal.write_text("\n".join([*texts, '{"run": "4711/99 on']), encoding="utf-8")
    assert not modules_on_host.run("host_lock", owner=OWNER).get("failed")
    found = modules_on_host.run("run_journal_info")
    assert not found["changed"]
    assert [(item["object"], item["began"], item["ended"], item["is_done"]) for item in found["journal"]] == [
        ("a", "", "", True),
        ("d", "", "", False),
    ]
    assert not modules_on_host.run("host_lock", owner=OWNER, state="absent").get("failed")
