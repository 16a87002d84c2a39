# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""previous_state_info on a host: what its journal, kept certificates and kept files say, and nothing secret."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

NAME = "previous_state_info"
OWNER = {"controller": "bastion 0123", "process": 4711, "started": 99, "space": ""}
KUBECONFIG = "/etc/kubernetes/kubelet.conf"
RECORD = "apiserver-haproxy"
CONTENT = "c2VjcmV0LW9mLXRoZS10ZXN0"


def previous(modules: Modules) -> t.Any:
    """What the host was before."""
    result: Result = modules.run(NAME)
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert CONTENT not in str(result)
    assert "PRIVATE KEY" not in str(result)
    return result["previous"]


def test_a_host_that_nobody_has_changed(modules_on_host: Modules) -> None:
    assert previous(modules_on_host) == {"made": [], "certificates": [], "records": []}


def test_a_journal_says_what_was_there(host: PrivateHost, modules_on_host: Modules) -> None:
    host.become_worker("w1")
    assert not modules_on_host.run("host_lock", owner=OWNER).get("failed")
    before = modules_on_host.run("kubeconfig_cluster", check=True, path=KUBECONFIG, server="192.0.2.10:6443")
    assert modules_on_host.run("kubeconfig_cluster", path=KUBECONFIG, server="192.0.2.10:6443")["changed"]
    (made,) = previous(modules_on_host)["made"]
    assert made.pop("at")
    # Here the module is a file.
    assert made.pop("module")
    assert made == {
        "object": f"kubeconfig {KUBECONFIG}",
        "before": before["previous_server"],
        "after": "https://192.0.2.10:6443",
    }
    journal = host.lib / "kubeadm-ha" / "journal.jsonl"
    journal.rename(journal.with_name("journal.jsonl.1"))
    journal.write_text('{"cut off', encoding="utf-8")
    assert [item["object"] for item in previous(modules_on_host)["made"]] == [f"kubeconfig {KUBECONFIG}"]


def test_what_a_role_has_kept(host: PrivateHost, modules_on_host: Modules) -> None:
    # A tier of roles installs haproxy on the machine, whose /etc is copied.
    (host.etc / "haproxy").mkdir(exist_ok=True)
    configuration = host.etc / "haproxy" / "haproxy.cfg"
    configuration.write_text(CONTENT, encoding="utf-8")
    options: dict[str, t.Any] = {"records": [RECORD], "paths": ["/etc/haproxy/haproxy.cfg"]}
    assert modules_on_host.run("kept_files", state="kept", **options)["changed"]
    configuration.write_text("ours", encoding="utf-8")
    assert modules_on_host.run("kept_files", state="noted", records=[RECORD])["changed"]
    (record,) = previous(modules_on_host)["records"]
    would = modules_on_host.run("kept_files", state="restored", records=[RECORD], check=True)
    assert record == {"name": RECORD, "changes": would["changes"], "objection": ""}
    configuration.write_text("theirs", encoding="utf-8")
    (record,) = previous(modules_on_host)["records"]
    assert record["changes"] == []
    assert "/etc/haproxy/haproxy.cfg changed since the role did" in record["objection"]
