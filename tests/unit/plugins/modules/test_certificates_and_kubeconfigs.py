# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of the modules for certificates and kubeconfigs: options in, result out."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import (
    kubeadm_certificate,
    kubeadm_certificate_info,
    kubeconfig_cluster,
)
from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.plugins.modules.conftest import RunModule

MODULES = {
    "kubeadm_certificate": kubeadm_certificate,
    "kubeadm_certificate_info": kubeadm_certificate_info,
    "kubeconfig_cluster": kubeconfig_cluster,
}
CA = make_ca()
SECRET = "c2VjcmV0LXRva2Vu"


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    """A certificates directory with an API server's pair."""
    directory = tmp_path / "pki"
    directory.mkdir()
    _write(directory / "ca", CA)
    _write(directory / "apiserver", make_certificate(CA, "cp1", "192.0.2.11"))
    return directory


def _write(stem: Path, issued: Issued) -> None:
    stem.with_suffix(".crt").write_bytes(issued.certificate)
    stem.with_suffix(".key").write_bytes(issued.key)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A kubeconfig with a credential."""
    path = tmp_path / "admin.conf"
    path.write_text(
        "clusters:\n- cluster:\n    server: https://192.0.2.11:6443\n  name: kubernetes\n"
        f"users:\n- name: admin\n  user:\n    token: {SECRET}\n"
    )
    path.chmod(0o600)
    return path


def test_kubeconfig_check_apply_check_apply(kubeconfig: Path, run_module: RunModule) -> None:
    options: dict[str, t.Any] = {"path": str(kubeconfig), "server": "k8s.example.org:6443"}
    before = kubeconfig.read_text()
    checked = run_module("kubeconfig_cluster", check=True, diff=True, **options)
    assert kubeconfig.read_text() == before
    applied = run_module("kubeconfig_cluster", diff=True, **options)
    assert (
        checked["changes"]
        == applied["changes"]
        == [
            {
                "object": f"kubeconfig {kubeconfig}",
                "before": "https://192.0.2.11:6443",
                "after": "https://k8s.example.org:6443",
                "reason": "its clients connect to the server that it names",
            }
        ]
    )
    assert applied["diff"] == checked["diff"]
    assert applied["diff"][0]["after"] == "https://k8s.example.org:6443\n"
    assert kubeconfig.read_text() == before.replace("192.0.2.11", "k8s.example.org")
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    for check in (True, False):
        again = run_module("kubeconfig_cluster", check=check, **options)
        assert (again["changed"], again["changes"]) == (False, [])
        assert again["server"] == again["previous_server"] == "https://k8s.example.org:6443"
    assert SECRET not in repr((checked, applied))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": "/none.conf"}, "There is no kubeconfig /none.conf"),
        ({"server": "k8s.example.org"}, "The option server"),
        ({"cluster": "c"}, "its clusters: kubernetes"),
        ({"certificate_authority_data": "%"}, "The option certificate_authority_data is no base64"),
        ({"path": None}, "path"),
    ],
)
def test_kubeconfig_refuses(kubeconfig: Path, changes: dict[str, t.Any], reason: str, run_module: RunModule) -> None:
    before = kubeconfig.read_text()
    options: dict[str, t.Any] = {"path": str(kubeconfig), "server": "k8s.example.org:6443", **changes}
    result = run_module("kubeconfig_cluster", **options)
    assert result["failed"] is True
    assert reason in result["msg"]
    assert kubeconfig.read_text() == before
    assert SECRET not in repr(result)


def test_info_of_a_directory(pki: Path, run_module: RunModule) -> None:
    result = run_module("kubeadm_certificate_info", pki_dir=str(pki), expected_sans=["192.0.2.10", "CP1"])
    assert (result["changed"], result["changes"]) == (False, [])
    server, authority = result["certificates"]
    assert (server["source"], server["missing_sans"], server["key_matches"]) == (
        str(pki / "apiserver.crt"),
        ["192.0.2.10"],
        True,
    )
    assert (authority["is_ca"], authority["signed_by_ca"]) == (True, True)
    assert "PRIVATE KEY" not in repr(result)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "one of the following is required: paths, pki_dir, kubeconfig, endpoint"),
        ({"paths": ["/none.crt"]}, "There is no file /none.crt (option paths)"),
        ({"server_name": "x", "paths": ["/x"]}, "missing parameter(s) required by 'server_name': endpoint"),
        ({"endpoint": "127.0.0.1"}, "has no port"),
        ({"endpoint": "127.0.0.1:1"}, "127.0.0.1:1 served no certificate within 5 s"),
        ({"pki_dir": "/none", "expected_sans": ["a b"]}, "cannot be a SAN"),
    ],
)
def test_info_refuses(options: dict[str, t.Any], reason: str, run_module: RunModule) -> None:
    result = run_module("kubeadm_certificate_info", **options)
    assert result["failed"] is True
    assert reason in result["msg"]


def test_certificate_with_nothing_to_do(pki: Path, tmp_path: Path, run_module: RunModule) -> None:
    result = run_module(
        "kubeadm_certificate",
        sans=["CP1", "192.0.2.11"],
        pki_dir=str(pki),
        state_dir=str(tmp_path / "state"),
        served_endpoint="127.0.0.1:1",
    )
    assert result["changed"] is False
    assert {name: result[name] for name in ("changes", "name", "path", "recovery", "is_served", "served_after")} == {
        "changes": [],
        "name": "apiserver",
        "path": str(pki / "apiserver.crt"),
        "recovery": "none",
        "is_served": None,
        "served_after": None,
    }
    assert result["certificate"]["sans"]["ip"] == ["192.0.2.11"]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "state is present but all of the following are missing: sans"),
        ({"sans": ["a b"]}, "cannot be a SAN"),
        ({"sans": ["k8s.example.org"]}, "set the option advertise_address"),
        ({"sans": ["k8s.example.org"], "name": "etcd-server"}, "There is no {pki}/etcd/server.crt"),
        ({"sans": [], "name": "front-proxy-client"}, "value of name must be one of: apiserver, etcd-server, etcd-peer"),
        (
            {
                "sans": ["k8s.example.org"],
                "advertise_address": "192.0.2.11",
                "cluster_configuration": {"kind": "Other", "apiVersion": "v1"},
            },
            "ClusterConfiguration",
        ),
    ],
)
def test_certificate_refuses(
    pki: Path, tmp_path: Path, options: dict[str, t.Any], reason: str, run_module: RunModule
) -> None:
    own: dict[str, t.Any] = {"pki_dir": str(pki), "manifests_dir": str(tmp_path), "state_dir": str(tmp_path / "state")}
    result = run_module("kubeadm_certificate", **own, **options)
    assert result["failed"] is True
    assert reason.format(pki=pki) in result["msg"]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("name", "variable", "options"),
    [
        ("kubeadm_certificate", "YAML_IMPORT_ERROR", {"sans": []}),
        ("kubeadm_certificate", "X509_IMPORT_ERROR", {"sans": []}),
        ("kubeadm_certificate_info", "X509_IMPORT_ERROR", {"paths": ["/x"]}),
        ("kubeadm_certificate_info", "YAML_IMPORT_ERROR", {"kubeconfig": "/x"}),
        (
            "kubeconfig_cluster",
            "X509_IMPORT_ERROR",
            {"path": "/x", "server": "a:1", "certificate_authority_data": "eA=="},
        ),
    ],
)
def test_a_missing_library_is_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str, options: dict[str, t.Any], run_module: RunModule
) -> None:
    monkeypatch.setattr(MODULES[name], variable, "Traceback: no such module")
    result = run_module(name, **options)
    assert result["failed"] is True
    library = "PyYAML" if variable.startswith("YAML") else "cryptography"
    assert library in result["msg"]
    assert "kubeadm.ha.python_requirements" in result["msg"]


def test_without_pyyaml_a_plain_kubeconfig_is_edited_and_another_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run_module: RunModule
) -> None:
    monkeypatch.setattr(MODULES["kubeconfig_cluster"], "YAML_IMPORT_ERROR", "Traceback: no such module")
    plain, other = tmp_path / "plain", tmp_path / "other"
    entry = "clusters:\n- cluster:\n    server: https://192.0.2.11:6443\n  name: kubernetes\n"
    plain.write_text(f"apiVersion: v1\n{entry}users:\n- name: u\n  user:\n    token: secret\n")
    other.write_text(f"x: &anchor 1\ny: *anchor\n{entry}")
    result = run_module("kubeconfig_cluster", path=str(plain), server="k8s.example.org:6443")
    assert result["changed"] is True
    assert plain.read_text() == (
        f"apiVersion: v1\n{entry.replace('192.0.2.11', 'k8s.example.org')}users:\n- name: u\n  user:\n    token: secret\n"
    )
    assert run_module("kubeconfig_cluster", path=str(plain), server="k8s.example.org:6443")["changed"] is False
    before = other.read_text()
    refused = run_module("kubeconfig_cluster", path=str(other), server="k8s.example.org:6443")
    assert refused["failed"] is True
    assert "PyYAML" in refused["msg"]
    assert "kubeadm.ha.python_requirements" in refused["msg"]
    predicted = run_module("kubeconfig_cluster", check=True, path=str(other), server="k8s.example.org:6443")
    assert (predicted["changed"], predicted["msg"].partition(":")[0]) == (True, "known after apply")
    assert other.read_text() == before


@pytest.mark.parametrize("name", MODULES)
def test_every_returned_key_is_documented(
    name: str, pki: Path, kubeconfig: Path, tmp_path: Path, run_module: RunModule
) -> None:
    options: dict[str, dict[str, t.Any]] = {
        "kubeadm_certificate": {
            "sans": [],
            "pki_dir": str(pki),
            "state_dir": str(tmp_path),
            "served_endpoint": "127.0.0.1:1",
        },
        "kubeadm_certificate_info": {"pki_dir": str(pki)},
        "kubeconfig_cluster": {"path": str(kubeconfig), "server": "k8s.example.org:6443"},
    }
    result = run_module(name, **options[name])
    documented = yaml.safe_load(MODULES[name].RETURN)
    added_by_ansible = {"invocation", "changed", "uid", "gid", "owner", "group", "mode", "state", "size", "secontext"}
    assert set(result) - added_by_ansible == set(documented)
    if name == "kubeadm_certificate_info":
        assert set(result["certificates"][0]) == set(documented["certificates"]["contains"])
