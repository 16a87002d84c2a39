# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done about the end of a certificate, and whether the cluster needs it."""

from __future__ import annotations

import base64
import posixpath

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import certificate_ends
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import (
    gdnsd_files,
    haproxy_files,
    nginx_files,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.checks.expiry import KUBELET_CLIENT
from tests.unit.plugins.module_utils._domain.audit.certificates import day
from tests.unit.plugins.module_utils._domain.audit.values import NOW, audit_of, healthy
from tests.unit.plugins.module_utils._domain.plan.test_planning import kubeconfig

OVER = day(NOW - 86400.0)
DIRECTORY = posixpath.dirname(KUBELET_CLIENT)


def test_its_names_are_those_of_the_roles() -> None:
    assert certificate_ends.ETCD_DIRECTORY == places.PKI
    assert {posixpath.basename(files.PROBE_CERTIFICATE) for files in (haproxy_files, nginx_files, gdnsd_files)} == {
        certificate_ends.PROBE_NAME
    }


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        (haproxy_files.PROBE_CERTIFICATE, "Run kubeadm.ha.site"),
        (f"{places.PKI}/peer.crt", "Run the role kubeadm.ha.external_etcd"),
        (f"{DIRECTORY}/kubelet-server-current.pem", "Approve what the kubelet of lb1 asks for"),
        ("/etc/ssl/own.pem", "Have it issued anew on lb1"),
    ],
)
def test_each_has_its_own_remedy(path: str, remedy: str) -> None:
    arguments = healthy()
    arguments["hosts"]["lb1"]["audit"]["certificates"] = {path: f"CN=x|k||{OVER}"}
    (found,) = audit_of(arguments).findings
    assert (found.kind.id, found.object) == ("certificate.expired", "lb1")
    assert found.remedy.startswith(remedy)


def test_that_a_kubelet_signs_its_certificate_itself_is_no_reason_to_warn_before_its_end() -> None:
    arguments = healthy()
    pem = f"CN=w1@1740000000|k||{day(NOW + 86400.0)}"
    arguments["hosts"]["w1"]["audit"]["certificates"] = {f"{DIRECTORY}/kubelet.crt": pem}
    assert audit_of(arguments).findings == ()


@pytest.mark.parametrize(
    ("name", "has_newer", "is_needed"),
    [
        ("kubelet.conf", False, True),
        ("kubelet.conf", True, False),
        ("controller-manager.conf", True, True),
        ("super-admin.conf", True, False),
    ],
)
def test_which_kubeconfigs_of_a_control_plane_are_needed(name: str, *, has_newer: bool, is_needed: bool) -> None:
    arguments = healthy()
    report = arguments["hosts"]["cp1"]
    report["certificates"] = [item for item in report["certificates"] if item["path"] != KUBELET_CLIENT]
    if has_newer:
        report["certificates"].append({"path": KUBELET_CLIENT, "pem": "CN=system:node:cp1,O=system:nodes|node|"})
    data = base64.b64encode(f"CN=x|k||{OVER}".encode()).decode()
    text = kubeconfig(f"https://{arguments['endpoint']}")
    text += f"users:\n- name: u\n  user:\n    client-certificate-data: {data}\n"
    path = f"/etc/kubernetes/{name}"
    report["kubeconfigs"] = [item for item in report["kubeconfigs"] if item["path"] != path]
    report["kubeconfigs"].append({"path": path, "text": text, "mode": "0600", "plain": True})
    (found,) = [item for item in audit_of(arguments).findings if item.kind.id.startswith("certificate.")]
    assert found.kind.id == ("certificate.expired" if is_needed else "certificate.spare-expired")
