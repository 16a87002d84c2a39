# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The etcd of a control plane is found by its static pods."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import (
    STACKED_ENDPOINT,
    external_access,
    open_etcd,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd_access import EtcdAccess
from tests.unit.plugins.certificates import make_ca, make_certificate

EXTERNAL = {
    "etcd-servers": "https://192.0.2.31:2379, https://[2001:db8::32]:2379/",
    "etcd-cafile": "/etc/etcd/ca.crt",
    "etcd-certfile": "/etc/etcd/client.crt",
    "etcd-keyfile": "/etc/etcd/client.key",
}


def manifests(directory: Path, *pods: str, **flags: str) -> str:
    """A directory of static pods; flags of the API server by names with underscores."""
    directory.mkdir()
    for pod in pods:
        lines = [f"    - --{name.replace('_', '-')}={value}" for name, value in flags.items()]
        text = "\n".join(["spec:", "  containers:", "  - command:", f"    - {pod}", *lines])
        (directory / f"{pod}.yaml").write_text(text + "\n", encoding="utf-8")
    return str(directory)


def external(directory: Path, **flags: str) -> str:
    """A control plane with external etcd."""
    named = {name.replace("-", "_"): value for name, value in EXTERNAL.items()}
    return manifests(directory / "manifests", "kube-apiserver", **{**named, **flags})


def test_the_flags_of_the_api_server_name_external_etcd(tmp_path: Path) -> None:
    assert external_access(external(tmp_path)) == EtcdAccess(
        endpoints=("https://192.0.2.31:2379", "https://[2001:db8::32]:2379"),
        ca_certificate="/etc/etcd/ca.crt",
        client_certificate="/etc/etcd/client.crt",
        client_key="/etc/etcd/client.key",
    )


@pytest.mark.parametrize("pods", [("etcd", "kube-apiserver"), (), ("kube-scheduler",)])
def test_stacked_etcd_and_hosts_without_an_api_server_have_none(tmp_path: Path, pods: t.Sequence[str]) -> None:
    directory = manifests(tmp_path / "manifests", *pods, etcd_servers="https://127.0.0.1:2379")
    assert external_access(directory) is None


@pytest.mark.parametrize("flags", [{"etcd_servers": "http://192.0.2.31:2379"}, {"etcd_keyfile": ""}])
def test_etcd_without_tls_is_refused(tmp_path: Path, flags: dict[str, str]) -> None:
    with pytest.raises(UnsupportedState, match="whoever reaches etcd owns the cluster"):
        external_access(external(tmp_path, **flags))


def test_the_way_is_opened_with_the_certificates_of_the_flags(tmp_path: Path) -> None:
    ca = make_ca()
    client = make_certificate(ca, name="client")
    for name, content in (("ca.crt", ca.certificate), ("c.crt", client.certificate), ("c.key", client.key)):
        (tmp_path / name).write_bytes(content)
    files = {"etcd_cafile": "ca.crt", "etcd_certfile": "c.crt", "etcd_keyfile": "c.key"}
    directory = external(tmp_path, **{flag: str(tmp_path / name) for flag, name in files.items()})
    _gateway, endpoints = open_etcd(directory, "/nowhere", timeout=1.0)
    assert endpoints == ("https://192.0.2.31:2379", "https://[2001:db8::32]:2379")
    (tmp_path / "c.key").unlink()
    with pytest.raises(InvalidInput, match=r"c\.key"):
        open_etcd(directory, "/nowhere", timeout=1.0)


def test_stacked_etcd_is_on_the_host_itself(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    (pki / "etcd").mkdir(parents=True)
    ca = make_ca()
    client = make_certificate(ca, name="client")
    (pki / "etcd/ca.crt").write_bytes(ca.certificate)
    (pki / "etcd/healthcheck-client.crt").write_bytes(client.certificate)
    (pki / "etcd/healthcheck-client.key").write_bytes(client.key)
    directory = manifests(tmp_path / "manifests", "etcd", "kube-apiserver")
    assert open_etcd(directory, str(pki), timeout=1.0)[1] == (STACKED_ENDPOINT,)
