# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which entries of an administrator's kubeconfig name an old endpoint; the rest is in the tests of the planning."""

from __future__ import annotations

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host import Host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.document import Kubeconfig
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.user_kubeconfigs import user_edits
from tests.unit.plugins.reports import host_report

PATH = "/root/.kube/config"
NEW = Endpoint("k8s.example.org", 6443)
OLD = Endpoint("192.0.2.11", 6443)


def test_entries_are_named_whichever_is_the_current_one() -> None:
    clusters = [
        {"name": "a", "cluster": {"server": OLD.url}},
        {"cluster": {"server": OLD.url}},
        {"name": "twice", "cluster": {"server": OLD.url}},
        {"name": "twice", "cluster": {"server": OLD.url}},
        {"name": "theirs", "cluster": {"server": "https://198.51.100.7:6443"}},
        {"name": "empty"},
    ]
    context = {"name": "c", "context": {"cluster": "theirs"}}
    found = Kubeconfig.parse({"clusters": clusters, "contexts": [context], "current-context": "c"})
    kubeconfigs = {PATH: found, "/home/a/.kube/config": None, "/etc/kubernetes/admin.conf": found}
    host = Host("cp1", host_report("cp1", "192.0.2.11"), certificates={}, ca_pem="", kubeconfigs=kubeconfigs)
    edits = [edit.as_dict() for edit in user_edits(host, NEW, {OLD})]
    assert edits == [{"path": PATH, "server": NEW.url, "cluster": name} for name in ("a", "")]
