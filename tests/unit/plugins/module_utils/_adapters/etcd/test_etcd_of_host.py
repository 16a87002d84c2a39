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
    open_member,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.snapshot_source import (
    SnapshotSource,
    has_api_server_service,
    snapshot_source,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd_access import EtcdAccess
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import Instance
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService
from tests.unit.plugins.certificates import make_ca, make_certificate

EXTERNAL = {
    "etcd-servers": "https://192.0.2.31:2379, https://[2001:db8::32]:2379/",
    "etcd-cafile": "/etc/etcd/ca.crt",
    "etcd-certfile": "/etc/etcd/client.crt",
    "etcd-keyfile": "/etc/etcd/client.key",
}


class NoServices:
    """A host on which systemd runs no API server."""

    def find(self, _component: str) -> list[ComponentService]:
        """None."""
        return []


NONE = t.cast("t.Any", NoServices())


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
    assert external_access(external(tmp_path), NONE) == EtcdAccess(
        endpoints=("https://192.0.2.31:2379", "https://[2001:db8::32]:2379"),
        ca_certificate="/etc/etcd/ca.crt",
        client_certificate="/etc/etcd/client.crt",
        client_key="/etc/etcd/client.key",
    )


@pytest.mark.parametrize("pods", [("etcd", "kube-apiserver"), (), ("kube-scheduler",)])
def test_stacked_etcd_and_hosts_without_an_api_server_have_none(tmp_path: Path, pods: t.Sequence[str]) -> None:
    directory = manifests(tmp_path / "manifests", *pods, etcd_servers="https://127.0.0.1:2379")
    assert external_access(directory, NONE) is None


@pytest.mark.parametrize("flags", [{"etcd_servers": "http://192.0.2.31:2379"}, {"etcd_keyfile": ""}])
def test_etcd_without_tls_is_refused(tmp_path: Path, flags: dict[str, str]) -> None:
    with pytest.raises(UnsupportedState, match="whoever reaches etcd owns the cluster"):
        external_access(external(tmp_path, **flags), NONE)


def test_the_way_is_opened_with_the_certificates_of_the_flags(tmp_path: Path) -> None:
    ca = make_ca()
    client = make_certificate(ca, name="client")
    for name, content in (("ca.crt", ca.certificate), ("c.crt", client.certificate), ("c.key", client.key)):
        (tmp_path / name).write_bytes(content)
    files = {"etcd_cafile": "ca.crt", "etcd_certfile": "c.crt", "etcd_keyfile": "c.key"}
    directory = external(tmp_path, **{flag: str(tmp_path / name) for flag, name in files.items()})
    _gateway, endpoints = open_etcd(directory, "/nowhere", services=NONE, timeout=1.0)
    assert endpoints == ("https://192.0.2.31:2379", "https://[2001:db8::32]:2379")
    (tmp_path / "c.key").unlink()
    with pytest.raises(InvalidInput, match=r"c\.key"):
        open_etcd(directory, "/nowhere", services=NONE, timeout=1.0)


def test_stacked_etcd_is_on_the_host_itself(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    (pki / "etcd").mkdir(parents=True)
    ca = make_ca()
    client = make_certificate(ca, name="client")
    (pki / "etcd/ca.crt").write_bytes(ca.certificate)
    (pki / "etcd/healthcheck-client.crt").write_bytes(client.certificate)
    (pki / "etcd/healthcheck-client.key").write_bytes(client.key)
    directory = manifests(tmp_path / "manifests", "etcd", "kube-apiserver")
    assert open_etcd(directory, str(pki), services=NONE, timeout=1.0)[1] == (STACKED_ENDPOINT,)


class ApiServerService(NoServices):
    """A host whose API server, a service, has a certificate for etcd."""

    def __init__(self, *, fault: str = "", **flags: str) -> None:
        self.flags = {"etcd-servers": "https://192.0.2.32:2379", **flags}
        self.fault = fault

    def find(self, component: str) -> list[ComponentService]:
        """It."""
        if component != "kube-apiserver":
            return []
        return [ComponentService("k8s-api.service", "active", 7, flags=self.flags, fault=self.fault)]


class MemberService(NoServices):
    """A host of etcd alone, which is a service."""

    def __init__(self, *, fault: str = "", **settings: str) -> None:
        self.member = ComponentService("etcd3.service", "active", 7, flags=settings, fault=fault)

    def find(self, component: str) -> list[ComponentService]:
        """It."""
        return [self.member] if component == "etcd" else []


def pair(directory: Path, name: str) -> dict[str, str]:
    """Paths of a CA, a certificate and a key, in the order of flags."""
    directory.mkdir()
    ca = make_ca()
    certificate = make_certificate(ca, name=name)
    contents = {"ca.crt": ca.certificate, "x.crt": certificate.certificate, "x.key": certificate.key}
    for file, content in contents.items():
        (directory / file).write_bytes(content)
    return {file: str(directory / file) for file in contents}


def test_a_static_pod_of_etcd_is_kubeadms(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no certificate for clients of etcd"):
        open_member(
            Instance("etcd", "/x/etcd.yaml"), t.cast("t.Any", NoServices()), str(tmp_path / "none"), timeout=1.0
        )


def test_a_service_of_etcd_is_asked_with_what_its_host_has(tmp_path: Path) -> None:
    own, client = pair(tmp_path / "own", "etcd"), pair(tmp_path / "client", "client")
    flags = {
        "listen-client-urls": "https://127.0.0.1:2379",
        "advertise-client-urls": "https://192.0.2.31:2379/",
        "trusted-ca-file": own["ca.crt"],
        "cert-file": own["x.crt"],
        "key-file": own["x.key"],
    }
    member, nowhere = Instance("etcd", "", flags, unit="etcd.service"), str(tmp_path / "none")
    named = {"etcd-cafile": client["ca.crt"], "etcd-certfile": client["x.crt"], "etcd-keyfile": client["x.key"]}
    cases: list[NoServices] = [
        NoServices(),
        ApiServerService(**named),
        ApiServerService(**named, **{"etcd-servers": ""}),
    ]
    for services in cases:
        _gateway, url = open_member(member, t.cast("t.Any", services), nowhere, timeout=1.0)
        assert url == "https://192.0.2.31:2379"
    Path(own["x.key"]).unlink()
    open_member(member, t.cast("t.Any", ApiServerService(**named)), nowhere, timeout=1.0)
    with pytest.raises(InvalidInput, match=r"own/x\.key"):
        open_member(member, t.cast("t.Any", NoServices()), nowhere, timeout=1.0)
    # The API server's cannot be used, so the member's own counts.
    with pytest.raises(InvalidInput, match=r"own/x\.key"):
        open_member(
            member, t.cast("t.Any", ApiServerService(**{**named, "etcd-keyfile": "/nowhere"})), nowhere, timeout=1.0
        )


@pytest.mark.parametrize("changed", [{"advertise-client-urls": "http://192.0.2.31:2379"}, {"key-file": ""}])
def test_a_service_of_etcd_without_tls_is_refused(changed: dict[str, str]) -> None:
    flags = {
        "advertise-client-urls": "https://192.0.2.31:2379",
        "trusted-ca-file": "/a",
        "cert-file": "/b",
        "key-file": "/c",
    }
    with pytest.raises(InvalidInput, match="secure it first"):
        open_member(
            Instance("etcd", "", {**flags, **changed}, unit="etcd.service"),
            t.cast("t.Any", NoServices()),
            "/nowhere",
            timeout=1.0,
        )


def service(**options: t.Any) -> t.Any:
    """A host whose API server is a service."""
    return t.cast("t.Any", ApiServerService(**options))


def test_the_flags_of_a_service_name_its_etcd(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none")
    assert external_access(nowhere, service(**EXTERNAL)) == EtcdAccess(
        ("https://192.0.2.31:2379", "https://[2001:db8::32]:2379"),
        "/etc/etcd/ca.crt",
        "/etc/etcd/client.crt",
        "/etc/etcd/client.key",
    )
    assert external_access(nowhere, service(**{"etcd-servers": ""})) is None
    with pytest.raises(UnsupportedState, match="whoever reaches etcd owns the cluster"):
        external_access(nowhere, service(**{**EXTERNAL, "etcd-servers": "http://192.0.2.31:2379"}))
    with pytest.raises(
        UnsupportedState, match=r"How k8s-api.service of this host reaches etcd is not certain: A shell."
    ):
        external_access(nowhere, service(fault="A shell.", **EXTERNAL))
    # A static pod, and stacked etcd, count before it.
    found = external_access(external(tmp_path), service(**{**EXTERNAL, "etcd-servers": "https://192.0.2.99:2379"}))
    assert found is not None
    assert found.endpoints[0] == "https://192.0.2.31:2379"
    (tmp_path / "manifests" / "etcd.yaml").touch()
    assert external_access(str(tmp_path / "manifests"), service(**EXTERNAL)) is None


def test_the_etcd_of_a_service_is_opened_with_its_certificates(tmp_path: Path) -> None:
    client = pair(tmp_path / "client", "client")
    flags = {"etcd-cafile": client["ca.crt"], "etcd-certfile": client["x.crt"], "etcd-keyfile": client["x.key"]}
    nowhere, services = str(tmp_path / "none"), service(**flags)
    assert open_etcd(nowhere, services=services, timeout=1.0)[1] == ("https://192.0.2.32:2379",)
    Path(client["x.key"]).unlink()
    with pytest.raises(InvalidInput, match=r"client/x\.key"):
        open_etcd(nowhere, services=services, timeout=1.0)
    # Who names a server means kubeadm's certificates.
    with pytest.raises(InvalidInput, match="no certificate for clients of etcd in /nowhere"):
        open_etcd(nowhere, "/nowhere", services=services, timeout=1.0, endpoints=["https://192.0.2.31:2379"])


def snapshot(
    directory: Path, services: t.Any, *, of_member: bool = False, endpoint: str | None = None
) -> SnapshotSource:
    """What a host without kubeadm's certificates makes a snapshot of."""
    return snapshot_source(
        str(directory), services, pki_dir="/nowhere", endpoint=endpoint, of_member=of_member, timeout=1.0
    )


def test_a_snapshot_is_of_the_etcd_of_the_api_server(tmp_path: Path) -> None:
    client = pair(tmp_path / "client", "client")
    flags = {"etcd-cafile": client["ca.crt"], "etcd-certfile": client["x.crt"], "etcd-keyfile": client["x.key"]}
    found = snapshot(tmp_path, service(**flags))
    assert (found.endpoints, found.problem) == (("https://192.0.2.32:2379",), "")
    assert found.open is not None
    found.open()
    # Its member of etcd is another question.
    assert snapshot(tmp_path, service(**flags), of_member=True) == SnapshotSource()
    assert snapshot(tmp_path, NONE) == SnapshotSource()
    insecure = snapshot(tmp_path, service(**{**flags, "etcd-servers": "http://192.0.2.31:2379"}))
    assert (insecure.endpoints, insecure.open) == ((), None)
    assert "secure etcd first" in insecure.problem
    given = snapshot(tmp_path, service(**flags), endpoint="https://192.0.2.41:2379")
    assert given.endpoints == ("https://192.0.2.41:2379",)
    assert given.open is not None
    with pytest.raises(InvalidInput, match="no certificate for clients of etcd in /nowhere"):
        given.open()


def test_a_snapshot_of_a_member_is_of_the_service_on_its_host(tmp_path: Path) -> None:
    own = pair(tmp_path / "own", "etcd")
    settings = {
        "advertise-client-urls": "https://192.0.2.31:2379",
        "trusted-ca-file": own["ca.crt"],
        "cert-file": own["x.crt"],
        "key-file": own["x.key"],
    }
    found = snapshot(tmp_path, t.cast("t.Any", MemberService(**settings)), of_member=True)
    assert (found.endpoints, found.problem) == (("https://192.0.2.31:2379",), "")
    assert found.open is not None
    unsafe = snapshot(tmp_path, t.cast("t.Any", MemberService(**{**settings, "key-file": ""})), of_member=True)
    assert (unsafe.endpoints, unsafe.open) == ((), None)
    assert "secure it first" in unsafe.problem
    unclear = snapshot(tmp_path, t.cast("t.Any", MemberService(fault="A shell.", **settings)), of_member=True)
    assert unclear.problem == "How etcd3.service of this host is started is not certain: A shell."


def test_a_static_pod_of_etcd_gives_its_own_snapshot(tmp_path: Path) -> None:
    directory = manifests(tmp_path / "manifests", "etcd", "kube-apiserver")
    for of_member in (False, True):
        assert snapshot(Path(directory), service(**EXTERNAL), of_member=of_member).endpoints == (STACKED_ENDPOINT,)


def test_only_an_api_server_that_is_no_static_pod_is_a_service(tmp_path: Path) -> None:
    assert has_api_server_service(str(tmp_path / "none"), service())
    assert not has_api_server_service(str(tmp_path / "none"), NONE)
    assert not has_api_server_service(external(tmp_path), service())
