# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks say when nobody can be asked for the cluster, with a real API server and real certificates."""

from __future__ import annotations

import base64
import datetime
import json
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.integration.control_plane import ADVERTISED_ADDRESS
from tests.integration.modules import run_ansible

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

INTERNAL = ("delegate_to", "Traceback", "Jinja", "Empty hostname", "HostVarsVars", "Unexpected Exception")


def play(host: PrivateHost, directory: Path, playbook: str, *, names: t.Sequence[str] = ("cp1",)) -> tuple[int, str]:
    """Return code and output of a playbook with this host as the control plane, under one name or several."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    groups = {"kube_control_plane": {"hosts": {name: {} for name in names}}, "all": {"vars": local}}
    inventory = directory / "hosts.yml"
    inventory.write_text(json.dumps(groups), encoding="utf-8")
    variables = {"kubeadm_ha_endpoint": "k8s.example.org:8443", "kubeadm_ha_load_balancer": "external"}
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    ended = run_ansible(
        [*host.prefix, program, playbook, f"--inventory={inventory}", "-e", json.dumps(variables)],
        environment=host.plane.environment,
        directory=directory,
    )
    return ended.returncode, f"{ended.stdout}\n{ended.stderr}"


def become_serving(host: PrivateHost) -> None:
    """The host's manifest names the address at which the test's API server listens."""
    host.become_control_plane()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(
        text.replace(f"--advertise-address={ADVERTISED_ADDRESS}", "--advertise-address=127.0.0.1"), encoding="utf-8"
    )


def expire(host: PrivateHost, name: str) -> None:
    """Give a kubeconfig a client certificate of the same CA, name and groups that ended yesterday."""
    path = host.kubernetes / name
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    user = document["users"][0]["user"]
    old = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
    ca = x509.load_pem_x509_certificate((host.kubernetes / "pki" / "ca.crt").read_bytes())
    key = serialization.load_pem_private_key((host.kubernetes / "pki" / "ca.key").read_bytes(), None)
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(ca.subject)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday - datetime.timedelta(days=1))
        .not_valid_after(yesterday)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(t.cast("t.Any", key), hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    user["client-certificate-data"] = base64.b64encode(pem).decode()
    path.write_text(yaml.safe_dump(document, default_flow_style=True), encoding="utf-8")


def _no_admin_conf(host: PrivateHost) -> None:
    become_serving(host)
    (host.kubernetes / "admin.conf").unlink()


def _expired_admin_conf(host: PrivateHost) -> None:
    become_serving(host)
    expire(host, "admin.conf")


CASES: dict[str, tuple[t.Callable[[PrivateHost], None], str]] = {
    "admin.conf missing": (
        _no_admin_conf,
        "has no /etc/kubernetes/admin.conf, with which this run asks it: put the file",
    ),
    "admin.conf expired": (_expired_admin_conf, "run kubeadm certs renew admin.conf on cp1."),
}


@pytest.mark.parametrize("name", CASES)
def test_why_the_cluster_cannot_be_asked_is_the_last_thing_on_the_screen(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path, name: str
) -> None:
    assert cluster.pki
    prepare, expected = CASES[name]
    prepare(host)
    returncode, output = play(host, tmp_path, "kubeadm.ha.site")
    assert returncode != 0
    assert expected in output, output
    assert not [word for word in INTERNAL if word in output.replace(f"{tmp_path}", "")], output
    (fatal,) = (line for line in output.splitlines() if line.startswith("fatal: "))
    assert len(fatal) < 6000, "no plan stands behind the reasons"
