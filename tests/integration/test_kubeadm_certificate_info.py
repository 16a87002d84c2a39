# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_certificate_info on every kind of source, with openssl's opinion beside it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import typing as t

import pytest
from cryptography import x509

from tests.integration.certificates_support import covers_address, is_pair, is_signed, openssl, sans, serial, serving
from tests.integration.modules import Modules, Result
from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "kubeadm_certificate_info"
SECRET = "not-to-be-seen-7f3a"
#: Days from the fixtures' time, so that expired and not yet valid stay so for decades.
VALID, EXPIRED, FUTURE = (-4000, 36000), (-4000, -3600), (36000, 36500)
ALGORITHMS = {"rsa": "RSA 2048", "ecdsa": "ECDSA secp256r1", "ed25519": "Ed25519"}


@pytest.fixture
def runner(tmp_path: Path) -> Modules:
    """Runs modules on this machine as it is."""
    return Modules(dict(os.environ), tmp_path)


def write(directory: Path, name: str, *parts: bytes) -> Path:
    """A file of these parts."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(parts))
    return path


def entries(result: Result) -> list[dict[str, t.Any]]:
    """The entries of a result that changed nothing."""
    assert result["changed"] is False, result
    return t.cast("list[dict[str, t.Any]]", result["certificates"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("ca_algorithm", ALGORITHMS)
def test_keys_of_every_kind(runner: Modules, tmp_path: Path, algorithm: str, ca_algorithm: str) -> None:
    ca = make_ca(algorithm=ca_algorithm)
    issued = make_certificate(ca, "k8s.example.org", "2001:db8::1", algorithm=algorithm, lifetime=VALID)
    authority, path = write(tmp_path, "ca.crt", ca.certificate), write(tmp_path, "a.crt", issued.certificate)
    key = write(tmp_path, "a.key", issued.key)
    (entry,) = entries(runner.run(NAME, paths=[str(path)], ca_path=str(authority)))
    assert entry["key_algorithm"] == ALGORITHMS[algorithm]
    assert entry["serial_number"] == serial(path)
    assert entry["key_matches"] is is_pair(path, key) is True
    # openssl would check the CA's own validity as well, which is short in the fixtures.
    assert entry["signed_by_ca"] is True
    # The fixtures have one RSA key.
    write(tmp_path, "a.key", make_certificate(ca, algorithm=algorithm.replace("rsa", "ecdsa")).key)
    write(tmp_path, "ca.crt", make_ca(algorithm=ca_algorithm.replace("rsa", "ecdsa")).certificate)
    (entry,) = entries(runner.run(NAME, paths=[str(path)], ca_path=str(authority)))
    assert (entry["key_matches"], entry["signed_by_ca"]) == (False, False)
    assert (is_pair(path, key), is_signed(path, authority)) == (False, False)


@pytest.mark.parametrize(
    ("lifetime", "is_expired", "is_not_yet_valid"),
    [(VALID, False, False), (EXPIRED, True, False), (FUTURE, False, True)],
)
def test_validity(
    runner: Modules, tmp_path: Path, lifetime: tuple[int, int], is_expired: bool, is_not_yet_valid: bool
) -> None:
    path = write(tmp_path, "a.crt", make_certificate(make_ca(), "cp1", lifetime=lifetime).certificate)
    (entry,) = entries(runner.run(NAME, paths=[str(path)]))
    assert (entry["is_expired"], entry["is_not_yet_valid"]) == (is_expired, is_not_yet_valid)
    dates = {"not_before": "-startdate", "not_after": "-enddate"}
    for name, option in dates.items():
        shown = openssl(path, option, "-dateopt", "iso_8601").strip().partition("=")[2]
        assert entry[name] == shown.replace(" ", "T")
    now = dt.datetime.now(dt.UTC)
    assert entry["days_left"] == (dt.datetime.fromisoformat(entry["not_after"]) - now).days


def test_a_chain_with_its_key_in_one_file(runner: Modules, tmp_path: Path) -> None:
    root = make_ca("root")
    middle = make_certificate(root, name="middle", lifetime=VALID, usage=None)
    leaf = make_certificate(middle, "cp1", lifetime=VALID)
    path = write(tmp_path, "chain.pem", b"# a comment\n", leaf.certificate, middle.certificate, leaf.key)
    authority = write(tmp_path, "root.crt", root.certificate)
    found = entries(runner.run(NAME, paths=[str(path)], ca_path=str(authority)))
    reported = [(item["index"], item["subject"], item["key_matches"], item["signed_by_ca"]) for item in found]
    assert reported == [(0, "CN=kube-apiserver", True, False), (1, "CN=middle", None, True)]


def test_an_address_that_stands_as_a_dns_name_is_another_thing(runner: Modules, tmp_path: Path) -> None:
    names = ("cp1", "192.0.2.11", x509.DNSName("192.0.2.10"), x509.UniformResourceIdentifier("spiffe://example.org/a"))
    path = write(tmp_path, "a.crt", make_certificate(make_ca(), *names, lifetime=VALID).certificate)
    wanted = ["192.0.2.10", "192.0.2.11", "CP1", "2001:DB8:0::1"]
    (entry,) = entries(runner.run(NAME, paths=[str(path)], expected_sans=wanted))
    assert entry["sans"] == {
        "dns": ["192.0.2.10", "cp1"],
        "ip": ["192.0.2.11"],
        "misplaced": ["192.0.2.10"],
        "other": ["URI:spiffe://example.org/a"],
    }
    assert entry["missing_sans"] == ["192.0.2.10", "2001:db8::1"]
    assert sans(path) >= {"DNS:192.0.2.10", "IP Address:192.0.2.11"}
    assert (covers_address(path, "192.0.2.10"), covers_address(path, "192.0.2.11")) == (False, True)


def _broken(good: Issued) -> dict[str, bytes]:
    pem = good.certificate
    return {
        "empty": b"",
        "cut": pem[:-40],
        "no base64": pem.replace(b"\nM", b"\n*", 1),
        "no certificate": b"-----BEGIN CERTIFICATE-----\n"
        + base64.b64encode(b"x" * 48)
        + b"\n-----END CERTIFICATE-----\n",
        "a key": good.key,
        "binary": bytes(range(256)),
        "second one cut": pem + pem[:-40],
    }


@pytest.mark.parametrize("fault", _broken(make_certificate(make_ca())))
def test_broken_files(runner: Modules, tmp_path: Path, fault: str) -> None:
    ca = make_ca()
    good = make_certificate(ca, "cp1", lifetime=VALID)
    content = _broken(good)[fault]
    pki = tmp_path / "pki"
    path = write(pki, "apiserver.crt", content)
    for name in ("ca.crt", "etcd/ca.crt"):
        write(pki, name, ca.certificate)
    write(pki, "etcd/server.crt", good.certificate)

    named = runner.run(NAME, paths=[str(path)])
    assert named["failed"] is True
    assert str(path) in named["msg"]
    assert "PRIVATE KEY" not in json.dumps(named)

    found = {item["source"]: item for item in entries(runner.run(NAME, pki_dir=str(pki)))}
    assert str(path) in found[str(path)]["error"]
    assert found[str(path)]["subject"] is None
    assert [item["error"] for source, item in found.items() if source != str(path)] == [None, None, None]
    assert found[f"{pki}/etcd/server.crt"]["signed_by_ca"] is True


def test_a_pki_directory_with_links_and_a_broken_key(runner: Modules, tmp_path: Path) -> None:
    ca = make_ca()
    pki = tmp_path / "pki"
    write(pki, "ca.crt", ca.certificate)
    write(pki, "apiserver.crt", make_certificate(ca, "cp1", lifetime=VALID).certificate)
    write(
        pki,
        "apiserver.key",
        b"-----BEGIN RSA PRIVATE KEY-----\n",
        SECRET.encode(),
        b"\n-----END RSA PRIVATE KEY-----\n",
    )
    (pki / "gone.crt").symlink_to(tmp_path / "nowhere.crt")
    result = runner.run(NAME, pki_dir=str(pki))
    found = {item["source"].rpartition("/")[2]: item["error"] for item in entries(result)}
    assert found["ca.crt"] is None
    assert "The private key cannot be read" in found["apiserver.crt"]
    assert "gone or a broken link" in found["gone.crt"]
    assert SECRET not in json.dumps(result)


def test_a_kubeconfig_with_embedded_and_named_files(runner: Modules, tmp_path: Path) -> None:
    ca = make_ca()
    client = make_certificate(
        ca, name="kubernetes-admin", usage=x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH, lifetime=VALID
    )

    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    write(tmp_path, "pki/ca.crt", ca.certificate)
    write(tmp_path, "kubelet.pem", client.certificate, client.key)
    document = {
        "clusters": [
            {"name": "embedded", "cluster": {"certificate-authority-data": data(ca.certificate)}},
            {"name": "named", "cluster": {"certificate-authority": "pki/ca.crt"}},
        ],
        "users": [
            {
                "name": "embedded",
                "user": {
                    "client-certificate-data": data(client.certificate + ca.certificate),
                    "client-key-data": data(client.key),
                },
            },
            {"name": "named", "user": {"client-certificate": "kubelet.pem", "client-key": "kubelet.pem"}},
            {"name": "token", "user": {"token": SECRET}},
            {"name": "broken", "user": {"client-certificate-data": data(client.certificate[:-40])}},
        ],
    }
    # A kubeconfig may be JSON.
    path = write(tmp_path, "admin.conf", json.dumps(document).encode())
    result = runner.run(NAME, kubeconfig=str(path), ca_path=str(tmp_path / "pki/ca.crt"), expected_sans=["cp1"])
    reported = [
        (item["source"].removeprefix(f"{path} "), item["index"], item["key_matches"], item["signed_by_ca"])
        for item in entries(result)
        if item["error"] is None
    ]
    assert reported == [
        ("cluster embedded", 0, None, True),
        ("cluster named", 0, None, True),
        ("user embedded", 0, True, True),
        ("user embedded", 1, None, True),
        ("user named", 0, True, True),
    ]
    assert [item["source"] for item in entries(result) if item["error"]] == [f"{path} user broken"]
    # A client certificate serves nobody.
    assert {item["missing_sans"] for item in entries(result) if not item["error"]} == {None}
    text = json.dumps(result)
    assert SECRET not in text
    assert data(client.key) not in text
    assert "PRIVATE KEY" not in text


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_endpoint_with_any_key_and_an_expired_certificate(runner: Modules, tmp_path: Path, algorithm: str) -> None:
    ca = make_ca()
    issued = make_certificate(ca, "127.0.0.1", algorithm=algorithm, lifetime=EXPIRED)
    path, key = write(tmp_path, "a.crt", issued.certificate), write(tmp_path, "a.key", issued.key)
    authority = write(tmp_path, "ca.crt", ca.certificate)
    with serving(path, key) as port:
        result = runner.run(
            NAME,
            endpoint=f"https://127.0.0.1:{port}",
            ca_path=str(authority),
            expected_sans=["127.0.0.1", "k8s.example.org"],
            server_name="k8s.example.org",
        )
    (entry,) = entries(result)
    assert (entry["source"], entry["serial_number"]) == (f"127.0.0.1:{port}", serial(path))
    assert (entry["is_expired"], entry["signed_by_ca"], entry["key_matches"]) == (True, True, None)
    assert entry["missing_sans"] == ["k8s.example.org"]


def test_an_endpoint_that_does_not_speak_tls(runner: Modules) -> None:
    result = runner.run(NAME, endpoint="127.0.0.1:1", timeout=1)
    assert result["failed"] is True
    assert "127.0.0.1:1 served no certificate within 1 s: is the option endpoint right" in result["msg"]
