# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_certificate and kubeadm_certificate_info with kubeadm, etcd and a kube-apiserver that serves the certificate.

The tests share one control plane of their own and are ordered: each leaves a good pair, with more SANs than before.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
import typing as t

import pytest

from tests.integration import control_plane
from tests.integration.certificates_support import (
    covers_address,
    covers_name,
    fingerprint,
    frozen,
    is_pair,
    is_signed,
    kill_when,
    openssl,
    probing,
    process_id,
    sans,
    serial,
    served_serial,
    serving,
    start,
)
from tests.integration.control_plane import ADVERTISED_ADDRESS, ControlPlane
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "kubeadm_certificate"

#: By DESIGN.md a change is served within 65 s; atomic replacement keeps the API server's file watch, so it is fast.
SERVED_SECONDS = 65.0


@pytest.fixture(scope="module")
def own(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ControlPlane]:
    """A control plane whose certificates may be changed."""
    with control_plane.running(binaries, tmp_path_factory.mktemp("certificates")) as running:
        running.upload_objects()
        yield running


@pytest.fixture
def runner(own: ControlPlane, tmp_path: Path) -> Modules:
    """Runs modules with the binaries of the control plane in PATH."""
    return Modules(own.environment, tmp_path)


@pytest.fixture
def options(own: ControlPlane, tmp_path: Path) -> dict[str, t.Any]:
    """What a control plane node's own files would say."""
    return {
        "name": "apiserver",
        "pki_dir": str(own.pki),
        "kubeconfig": str(own.kubeconfig),
        "advertise_address": ADVERTISED_ADDRESS,
        "bind_port": own.api_port,
        "node_name": "cp1",
        "served_endpoint": f"127.0.0.1:{own.api_port}",
        "state_dir": str(tmp_path / "state"),
    }


def test_check_apply_check_apply(own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path) -> None:
    certificate, key = own.pki / "apiserver.crt", own.pki / "apiserver.key"
    key.chmod(0o640)
    old_serial, old_sans, before = serial(certificate), sans(certificate), fingerprint(own.pki)
    options["sans"] = ["K8S.example.org", "192.0.2.10", "2001:DB8::10", "*.api.example.org"]

    checked = runner.run(NAME, check=True, diff=True, **options)
    assert checked["changed"] is True
    assert fingerprint(own.pki) == before
    assert not (tmp_path / "state").exists()

    applied = runner.run(NAME, diff=True, **options)
    assert applied["changes"] == checked["changes"]
    assert applied["diff"] == checked["diff"]
    assert applied["served_after"] < SERVED_SECONDS
    assert applied["certificate"]["serial_number"] == serial(certificate) == served_serial(own.api_port) != old_serial
    assert covers_name(certificate, "k8s.example.org")
    assert covers_name(certificate, "cp1.api.example.org")
    assert covers_address(certificate, "192.0.2.10")
    assert covers_address(certificate, "2001:db8::10")
    assert sans(certificate) >= old_sans
    assert is_pair(certificate, key)
    assert is_signed(certificate, own.pki / "ca.crt")
    after = fingerprint(own.pki)
    assert {path for path in after if after[path] != before.get(path)} == {"apiserver.crt", "apiserver.key"}
    assert {path: mode for path, (mode, _hash) in after.items()} == {
        path: mode for path, (mode, _hash) in before.items()
    }
    assert list((tmp_path / "state" / "certificates").iterdir()) == []

    for check in (True, False):
        again = runner.run(NAME, check=check, **options)
        assert (again["changed"], again["changes"], again["is_served"]) == (False, [], True)
    assert fingerprint(own.pki) == after


def test_the_pair_of_before_comes_back(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path
) -> None:
    before, old_sans = fingerprint(own.pki), sans(own.pki / "apiserver.crt")
    assert runner.run(NAME, state="previous", **options)["changed"] is False
    for name in ("one.example.org", "two.example.org"):
        assert runner.run(NAME, sans=[name], **options)["changed"] is True
    inspected = runner.run("previous_state_info", pki_dir=str(own.pki), state_dir=str(tmp_path / "state"))
    (found,) = inspected["previous"]["certificates"]
    assert (found["name"], found["returns"], found["remark"]) == ("apiserver", True, "")
    assert set(found["sans"]) - set(found["previous_sans"]) == {"one.example.org", "two.example.org"}
    with probing(own.api_port, own.pki / "ca.crt") as answers:
        checked = runner.run(NAME, state="previous", check=True, **options)
        assert checked["changed"] is True
        applied = runner.run(NAME, state="previous", **options)
    assert applied["changes"] == checked["changes"]
    assert applied["served_after"] < SERVED_SECONDS
    assert fingerprint(own.pki) == before
    assert sans(own.pki / "apiserver.crt") == old_sans
    assert serial(own.pki / "apiserver.crt") == served_serial(own.api_port)
    assert set(answers) == {"ok"}
    for check in (True, False):
        assert runner.run(NAME, state="previous", check=check, **options)["changed"] is False
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


def test_later_changes_are_served_while_nothing_fails(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any]
) -> None:
    with probing(own.api_port, own.pki / "ca.crt") as answers:
        for number in range(3):
            result = runner.run(NAME, **options, sans=[f"later{number}.example.org"])
            assert result["served_after"] < SERVED_SECONDS, result
            assert covers_name(own.pki / "apiserver.crt", f"later{number}.example.org")
    assert set(answers) == {"ok"}
    assert len(answers) > 10
    assert covers_name(own.pki / "apiserver.crt", "k8s.example.org")


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("apiserver", ""),
        ("apiserver", "kubeadm.yaml"),
        ("apiserver", "new/apiserver.key"),
        ("apiserver", "old/apiserver.key"),
        ("apiserver", "journal.json"),
        ("etcd-server", "new/etcd/server.key"),
        ("etcd-server", "journal.json"),
        ("etcd-peer", "old/etcd/peer.key"),
        ("etcd-peer", "journal.json"),
    ],
)
def test_killed_at_a_moment_of_the_work_directory(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path, name: str, moment: str
) -> None:
    work = tmp_path / "state" / "certificates" / name
    seen = work / moment
    options.update(name=name, served_endpoint=f"127.0.0.1:{_place(own, name)[2]}")
    options["sans"] = [f"killed-{moment.partition('.')[0].replace('/', '-') or 'early'}.example.org"]

    process = start(runner, NAME, **options)
    assert kill_when(process, seen.exists), "the module ended before it could be killed"
    assert work.exists()
    _assert_repaired(own, runner, options, tmp_path)


@pytest.mark.parametrize("name", ["apiserver", "etcd-server", "etcd-peer"])
def test_killed_between_key_and_certificate(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path, name: str
) -> None:
    certificate, key, port = _place(own, name)
    options.update(name=name, served_endpoint=f"127.0.0.1:{port}")
    for attempt in range(20):
        old_key, old_certificate = key.read_bytes(), certificate.read_bytes()
        options["sans"] = [f"between{attempt}.example.org"]
        old_inode = key.stat().st_ino
        kill_when(start(runner, NAME, **options), lambda inode=old_inode: key.stat().st_ino != inode)  # type: ignore[misc]
        is_between = key.read_bytes() != old_key and certificate.read_bytes() == old_certificate
        if is_between:
            assert not is_pair(certificate, key)
            checked = runner.run(NAME, check=True, **options)
            assert (checked["changed"], checked["recovery"]) == (True, "complete")
            assert not is_pair(certificate, key)
            assert _assert_repaired(own, runner, options, tmp_path)["recovery"] == "complete"
            assert own.kubectl("get", "--raw", "/readyz/etcd") == "ok"
            return
        # On a busy machine the kill may come late, even after the end.
        assert "failed" not in runner.run(NAME, **options)
    pytest.fail("the module was never killed between key and certificate")


def test_killed_while_it_waits_for_the_served_certificate(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path
) -> None:
    certificate, key = own.pki / "apiserver.crt", own.pki / "apiserver.key"
    old_inode = certificate.stat().st_ino
    with serving(certificate, key) as port:
        elsewhere = {**options, "served_endpoint": f"127.0.0.1:{port}", "sans": ["waiting.example.org"]}
        assert kill_when(start(runner, NAME, **elsewhere), lambda: certificate.stat().st_ino != old_inode)

    assert _assert_repaired(own, runner, {**options, "sans": ["waiting.example.org"]}, tmp_path)["recovery"] == "prove"


def test_not_served_the_old_pair_comes_back(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path
) -> None:
    before = fingerprint(own.pki)
    with serving(own.pki / "apiserver.crt", own.pki / "apiserver.key") as port:
        options.update(served_endpoint=f"127.0.0.1:{port}", serve_timeout=2, sans=["never.example.org"])
        result = runner.run(NAME, **options)
    assert result["failed"] is True
    assert f"127.0.0.1:{port} did not serve the new certificate apiserver within 2 s" in result["msg"]
    assert "old key and certificate are back" in result["msg"]
    assert fingerprint(own.pki) == before
    assert list((tmp_path / "state" / "certificates").iterdir()) == []


@pytest.mark.parametrize(("name", "program"), [("apiserver", "kube-apiserver"), ("etcd-server", "etcd")])
def test_a_frozen_server_gets_its_old_pair_back(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path, name: str, program: str
) -> None:
    """The real server answers when the module begins and freezes while kubeadm issues the new pair."""
    certificate, _key, port = _place(own, name)
    before, old_serial = fingerprint(own.pki), serial(certificate)
    options.update(name=name, served_endpoint=f"127.0.0.1:{port}", serve_timeout=3, sans=["frozen.example.org"])
    flag = f"--tls-cert-file={certificate}" if name == "apiserver" else f"--cert-file={certificate}"
    issued = tmp_path / "state" / "certificates" / name / "kubeadm.yaml"

    process = start(runner, NAME, **options)
    _await(issued.exists, process)
    with frozen(process_id(own.binaries / program, flag)):
        _await(lambda: fingerprint(own.pki) != before, process)
        assert process.wait(timeout=60) != 0
        assert fingerprint(own.pki) == before
    assert list((tmp_path / "state" / "certificates").iterdir()) == []
    assert served_serial(port) == old_serial
    _await(lambda: own.kubectl("get", "--raw", "/readyz") == "ok")

    options.pop("serve_timeout")
    result = runner.run(NAME, **options)
    assert (result["changed"], result["is_served"]) == (True, True)
    assert served_serial(port) == serial(certificate) != old_serial


def test_etcd_serves_its_new_certificates(own: ControlPlane, runner: Modules, options: dict[str, t.Any]) -> None:
    for name in ("etcd-server", "etcd-peer"):
        certificate, _key, port = _place(own, name)
        options.update(name=name, served_endpoint=f"127.0.0.1:{port}", sans=["198.51.100.11", "etcd.example.org"])
        old_sans = sans(certificate)
        result = runner.run(NAME, **options)
        assert result["changed"] is True, result
        assert result["changes"][0]["object"] == f"certificate {name}"
        assert covers_address(certificate, "198.51.100.11")
        assert covers_name(certificate, "etcd.example.org")
        assert sans(certificate) > old_sans
        assert is_signed(certificate, own.pki / "etcd" / "ca.crt")
        assert runner.run(NAME, **options)["changed"] is False
    assert own.kubectl("get", "--raw", "/readyz/etcd") == "ok"


@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_a_given_configuration_keeps_its_version_and_sans(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], version: str
) -> None:
    extra_args: t.Any = {"v": "2"} if version == "v1beta3" else [{"name": "v", "value": "2"}]
    options["cluster_configuration"] = {
        "apiVersion": f"kubeadm.k8s.io/{version}",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": own.kubeadm("version", "-o", "short").strip(),
        "controlPlaneEndpoint": f"endpoint-{version}.example.org:8443",
        "networking": {"dnsDomain": f"{version}.test"},
        "apiServer": {"certSANs": [f"configured-{version}.example.org"], "extraArgs": extra_args},
    }
    certificate = own.pki / "apiserver.crt"
    old_sans = sans(certificate)
    result = runner.run(NAME, **options, sans=[f"given-{version}.example.org"])
    assert result["changed"] is True, result
    for name in ("endpoint", "configured", "given"):
        assert covers_name(certificate, f"{name}-{version}.example.org")
    assert covers_name(certificate, f"kubernetes.default.svc.{version}.test")
    assert sans(certificate) > old_sans


def test_an_endpoint_that_the_cluster_is_about_to_leave_gets_no_san(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any]
) -> None:
    document = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": own.kubeadm("version", "-o", "short").strip(),
        "controlPlaneEndpoint": "nowhere.invalid:6443",
    }
    certificate = own.pki / "apiserver.crt"
    wanted = sans(certificate) | {"DNS:new-endpoint.example.org"}
    result = runner.run(
        NAME,
        **options,
        sans=["new-endpoint.example.org"],
        cluster_configuration=document,
        control_plane_endpoint="new-endpoint.example.org:6443",
    )
    assert result["changed"] is True, result
    assert sans(certificate) == wanted


def test_what_cannot_work_is_refused_and_nothing_changed(
    own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path
) -> None:
    options["sans"] = ["refused.example.org"]
    before = fingerprint(own.pki)
    too_old = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.20.0",
    }
    refused: dict[str, dict[str, t.Any]] = {
        "Nothing serves TLS at 127.0.0.1:1": {"served_endpoint": "127.0.0.1:1"},
        "kubeadm init phase certs failed": {"cluster_configuration": too_old},
        "neither an IP address nor a DNS name": {"sans": ["no name"]},
        "has no port": {"served_endpoint": "127.0.0.1"},
        "set the option advertise_address": {"advertise_address": None, "manifests_dir": str(tmp_path)},
        f"{tmp_path}/no-pki": {"pki_dir": f"{tmp_path}/no-pki"},
    }
    for text, changed in refused.items():
        for check in (True, False):
            result = runner.run(NAME, check=check, **{**options, **changed})
            if check and text.startswith("kubeadm init"):
                continue
            assert result.get("failed") is True, (text, result)
            assert text in result["msg"]
    assert fingerprint(own.pki) == before
    assert not (tmp_path / "state" / "certificates" / "apiserver").exists()


def test_external_ca_is_refused(own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path) -> None:
    (own.pki / "ca.key").rename(tmp_path / "ca.key")
    try:
        result = runner.run(NAME, **options, sans=["external.example.org"])
    finally:
        (tmp_path / "ca.key").rename(own.pki / "ca.key")
    assert result["failed"] is True
    assert f"There is no {own.pki}/ca.key (external CA)" in result["msg"]
    assert "external.example.org" in result["msg"]


def test_two_runs_at_once_do_not_meet(own: ControlPlane, runner: Modules, options: dict[str, t.Any]) -> None:
    processes = [start(runner, NAME, **options, sans=[f"at-once{number}.example.org"]) for number in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    certificate = own.pki / "apiserver.crt"
    assert covers_name(certificate, "at-once0.example.org")
    assert covers_name(certificate, "at-once1.example.org")
    assert is_pair(certificate, own.pki / "apiserver.key")
    assert served_serial(own.api_port) == serial(certificate)


def test_info_agrees_with_openssl(own: ControlPlane, runner: Modules) -> None:
    result = runner.run(
        "kubeadm_certificate_info",
        pki_dir=str(own.pki),
        kubeconfig=str(own.kubeconfig),
        endpoint=f"https://127.0.0.1:{own.api_port}",
        ca_path=str(own.pki / "ca.crt"),
        expected_sans=["192.0.2.10", "missing.example.org"],
    )
    assert result["changed"] is False
    entries = {entry["source"]: entry for entry in result["certificates"]}
    for path in (*own.pki.glob("*.crt"), *own.pki.glob("etcd/*.crt")):
        entry = entries[str(path)]
        assert entry["serial_number"] == serial(path)
        assert entry["fingerprint_sha256"].upper() == openssl(path, "-fingerprint", "-sha256").strip()[-95:].replace(
            ":", ""
        )
        assert (entry["key_matches"], entry["signed_by_ca"]) == (True, True), path
        assert {*(f"DNS:{name}" for name in entry["sans"]["dns"])} <= sans(path)
    served = entries[f"127.0.0.1:{own.api_port}"]
    assert (served["serial_number"], served["signed_by_ca"]) == (serial(own.pki / "apiserver.crt"), True)
    assert served["missing_sans"] == ["missing.example.org"]
    assert entries[f"{own.kubeconfig} user kubernetes-admin"]["key_matches"] is True
    assert entries[f"{own.kubeconfig} cluster kubernetes"]["is_ca"] is True
    public_key = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"],
        input=openssl(own.pki / "ca.crt", "-pubkey").encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert entries[str(own.pki / "ca.crt")]["public_key_sha256"] == f"sha256:{hashlib.sha256(public_key).hexdigest()}"


def _place(own: ControlPlane, name: str) -> tuple[Path, Path, int]:
    """Certificate, key and port of a serving certificate."""
    stem = own.pki / name.replace("-", "/", 1)
    if name == "etcd-peer":
        log = (own.directory / "etcd.log").read_text(encoding="utf-8")
        port = int(re.findall(r"https://127\.0\.0\.1:(\d+)", log[log.index("listen-peer-urls") :])[0])
    else:
        port = own.api_port if name == "apiserver" else own.etcd_port
    return stem.with_suffix(".crt"), stem.with_suffix(".key"), port


def _await(has_come: t.Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait without a pause until something has come, at most 60 s and while the process runs."""
    deadline = time.monotonic() + 60
    while not has_come():
        assert process is None or process.poll() is None, "the module ended before"
        assert time.monotonic() < deadline


def _assert_repaired(own: ControlPlane, runner: Modules, options: dict[str, t.Any], tmp_path: Path) -> dict[str, t.Any]:
    """The next run ends with the wanted pair in place and served, and nothing left behind."""
    certificate, key, port = _place(own, options["name"])
    ca = own.pki / ("ca.crt" if options["name"] == "apiserver" else "etcd/ca.crt")
    result = runner.run(NAME, **options)
    assert result["changed"] is True, result
    assert covers_name(certificate, options["sans"][0])
    assert is_pair(certificate, key)
    assert is_signed(certificate, ca)
    assert served_serial(port) == serial(certificate)
    assert list((tmp_path / "state" / "certificates").iterdir()) == []
    assert [path for path in own.pki.rglob("*") if path.name.startswith(".")] == []
    assert runner.run(NAME, **options)["changed"] is False
    return result
