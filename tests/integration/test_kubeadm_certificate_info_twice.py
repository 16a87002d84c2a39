# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_certificate_info on a host of real files and a real TLS endpoint; openssl is the second opinion.

Each of its values is held against openssl in test_kubeadm_certificate.py.
"""

from __future__ import annotations

import typing as t

from tests.integration.control_plane import run

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules
    from tests.integration.private_host import PrivateHost


def serial(path: Path) -> int:
    """The serial number by openssl."""
    return int(run(["openssl", "x509", "-noout", "-serial", "-in", str(path)]).strip().partition("=")[2], 16)


def test_check_read_check_read(plane: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> None:
    host.become_control_plane()
    options: dict[str, t.Any] = {
        "pki_dir": "/etc/kubernetes/pki",
        "kubeconfig": "/etc/kubernetes/admin.conf",
        "endpoint": f"127.0.0.1:{plane.api_port}",
        "ca_path": "/etc/kubernetes/pki/ca.crt",
        "expected_sans": ["localhost", "k8s.example.org"],
    }
    reads = [
        modules_on_host.run("kubeadm_certificate_info", check=True, **options),
        modules_on_host.run_by_ansible("kubeadm_certificate_info", **options),
    ]
    for read in reads:
        assert read["changed"] is False
        entries = {entry["source"]: entry for entry in read["certificates"]}
        for name in ("apiserver.crt", "ca.crt", "etcd/server.crt", "front-proxy-client.crt"):
            assert int(entries[f"/etc/kubernetes/pki/{name}"]["serial_number"], 16) == serial(plane.pki / name)
        served = entries[f"127.0.0.1:{plane.api_port}"]
        assert (served["signed_by_ca"], served["missing_sans"]) == (True, ["k8s.example.org"])


def test_a_missing_file_is_named(modules_on_host: Modules) -> None:
    for check in (True, False):
        refused = modules_on_host.run("kubeadm_certificate_info", check=check, paths=["/etc/kubernetes/none.crt"])
        assert refused["failed"] is True
        assert "/etc/kubernetes/none.crt" in refused["msg"]
