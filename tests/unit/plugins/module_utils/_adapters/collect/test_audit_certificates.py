# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates an audit gets from a host, whose processes and files are made for the test."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import audit_certificates
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import static_pod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import (
    gdnsd_files,
    haproxy_files,
    nginx_files,
)

CANARY = "c4n4ry-s3cr3t"
PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"


class Machine:
    """Files and processes; every path is below a directory of the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.proc = directory / "proc"
        self.proc.mkdir()

    def path(self, name: str) -> str:
        """Where something is."""
        return str(self.directory / name)

    def write(self, name: str, text: str) -> str:
        """A file, and where it is."""
        target = self.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return str(target)

    def certificate(self, name: str) -> str:
        """A file with a certificate that is called like it, another one and a key."""
        return self.write(name, KEY + PEM.format(name) + PEM.format("further"))

    def runs(self, *arguments: str, **environment: str) -> None:
        """A process."""
        place = self.proc / str(100 + len(list(self.proc.iterdir())))
        place.mkdir()
        (place / "cmdline").write_bytes(b"".join(item.encode() + b"\0" for item in arguments))
        (place / "stat").write_text(f"1 (x) S {'0 ' * 20}", encoding="utf-8")
        (place / "environ").write_text(
            "".join(f"{name}={value}\0" for name, value in environment.items()), encoding="utf-8"
        )

    def collected(
        self,
        *,
        pods: t.Sequence[StaticPod | None] = (),
        kubeconfigs: t.Sequence[str] = (),
        reported: t.Collection[str] = (),
    ) -> dict[str, str]:
        """Names of the files of the test whose certificates are collected, and what of them is."""
        found = audit_certificates.collect(pods=pods, kubeconfigs=kubeconfigs, reported=reported, proc=str(self.proc))
        assert CANARY not in json.dumps(found)
        return {path: text for path, text in found.items() if path.startswith(str(self.directory))}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One without a cluster."""
    monkeypatch.setattr(audit_certificates, "_KEPT", ())
    monkeypatch.setattr(audit_certificates, "_KUBELET_DIRECTORY", str(tmp_path / "kubelet/pki"))
    return Machine(tmp_path)


def test_the_first_certificate_of_a_file_and_no_key(machine: Machine) -> None:
    path = machine.certificate("tls.pem")
    machine.runs("/usr/local/bin/etcd", f"--cert-file={path}", "--data-dir=/var/lib/etcd")
    assert machine.collected() == {path: PEM.format("tls.pem")}
    assert machine.collected(reported=[path]) == {}


def test_where_the_roles_put_them() -> None:
    kept = set(audit_certificates._KEPT)
    assert f"{places.PKI}/*.crt" in kept
    for files in (haproxy_files, nginx_files, gdnsd_files):
        assert {files.CA, files.PROBE_CERTIFICATE} <= kept


def test_what_the_roles_put_somewhere_is_found_there(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    peer, probe = machine.certificate("pki/peer.crt"), machine.certificate("probe.crt")
    monkeypatch.setattr(audit_certificates, "_KEPT", (machine.path("pki/*.crt"), probe, machine.path("absent.crt")))
    assert set(machine.collected()) == {peer, probe}


def test_what_etcd_is_given_by_flags_and_by_its_environment(machine: Machine) -> None:
    names = ("server.pem", "peer.pem", "ca.pem")
    server, peer, ca = (machine.certificate(name) for name in names)
    machine.runs(
        "/usr/bin/etcd", "--peer-cert-file", peer, ETCD_CERT_FILE=server, ETCD_TRUSTED_CA_FILE=ca, OTHER_FILE="/x"
    )
    machine.certificate("of-nobody.pem")
    assert set(machine.collected()) == {server, peer, ca}


@pytest.mark.parametrize(
    ("is_issued", "given", "expected"),
    [
        (False, "", {"kubelet.crt"}),
        (True, "", {"kubelet-server-current.pem"}),
        (False, "flag", {"given.crt"}),
        (False, "field", {"given.crt"}),
    ],
)
@pytest.mark.parametrize("directory", ["kubelet/pki", "elsewhere"])
def test_the_certificate_that_a_kubelet_presents(
    machine: Machine, directory: str, given: str, expected: set[str], *, is_issued: bool
) -> None:
    machine.certificate(f"{directory}/kubelet.crt")
    client = machine.certificate(f"{directory}/kubelet-client-current.pem")
    if is_issued:
        machine.certificate(f"{directory}/kubelet-server-current.pem")
    tls = machine.certificate("given.crt") if given else ""
    field = f'tlsCertFile: "{tls}"\n' if given == "field" else ""
    configuration = machine.write(
        "config.yaml", f"kind: KubeletConfiguration\n{field}staticPodPath: {machine.directory}\n"
    )
    machine.runs(
        "/usr/bin/kubelet",
        f"--config={configuration}",
        *([f"--cert-dir={machine.path(directory)}"] if directory == "elsewhere" else []),
        *([f"--tls-cert-file={tls}"] if given == "flag" else []),
    )
    assert {Path(path).name for path in machine.collected()} == {*expected, "kubelet-client-current.pem"}
    assert client in machine.collected()


def test_what_static_pods_name_as_it_is_called_on_the_host(machine: Machine) -> None:
    outside, sni, inside = (machine.certificate(f"host/{name}") for name in ("oidc.pem", "sni.crt", "mounted.crt"))
    mount = machine.path("host")
    manifest = {
        "spec": {
            "containers": [
                {
                    "command": [
                        "kube-apiserver",
                        "--oidc-ca-file=/in/oidc.pem",
                        "--tls-sni-cert-key=/in/sni.crt,/in/sni.key:k8s.example.org",
                        f"--tls-cert-file={inside}",
                        "--etcd-servers=https://192.0.2.1:2379",
                    ],
                    "volumeMounts": [{"name": "v", "mountPath": "/in"}],
                }
            ],
            "volumes": [{"name": "v", "hostPath": {"path": mount}}],
        }
    }
    # What is mounted nowhere is the image's.
    assert set(machine.collected(pods=[static_pod.parse(json.dumps(manifest)), None])) == {outside, sni}


@pytest.mark.parametrize("is_json", [False, True])
def test_what_kubeconfigs_name(machine: Machine, *, is_json: bool) -> None:
    path, ca = machine.certificate("client.pem"), machine.certificate("ca.pem")
    document = {
        "clusters": [{"cluster": {"server": "https://192.0.2.1:6443", "certificate-authority": ca}}],
        "users": [{"user": {"client-certificate": path}}],
    }
    text = (
        json.dumps(document)
        if is_json
        else f"- cluster:\n    certificate-authority: {ca}\n- user:\n    client-certificate: '{path}'\n"
    )
    assert set(machine.collected(kubeconfigs=[text])) == {path, ca}


def test_the_trust_store_of_a_system_is_nobodys(machine: Machine) -> None:
    path = machine.write("ca-certificates.crt", PEM.format("A" * 60) * 1000)
    machine.runs("/usr/bin/etcd", f"--trusted-ca-file={path}", f"--cert-file={machine.path('absent')}")
    assert machine.collected() == {}
