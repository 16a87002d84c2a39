# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which SANs the serving certificates and kubeadm-config get, in the plan and before it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, San, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host import Host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Manifest
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import cluster_configuration
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate import decide_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import wanted_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.desired import Desired
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.steps.certify import EtcdCertificate
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    before,
    objects,
    plan_of,
    record,
    record_of,
)
from tests.unit.plugins.reports import host_report

PKI = "/etc/kubernetes/pki"
DESIRED = Desired(
    endpoint=Endpoint("k8s.example.org"),
    load_balancer="haproxy",
    control_planes=("cp1", "cp2", "cp3"),
    workers=(),
    load_balancers=("lb1",),
)
#: What kubeadm puts into the certificate of cp1's API server by itself.
OWN = (
    *("cp1", "192.0.2.11", "10.96.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    "kubernetes.default.svc.cluster.local",
)
ETCD_OWN = ("cp1", "192.0.2.11", "localhost", "127.0.0.1", "::1")
CONFIGURATION: dict[str, t.Any] = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "kind": "ClusterConfiguration",
    "kubernetesVersion": "v1.34.4",
}


def certificate(*sans: San | str, **changes: t.Any) -> Certificate:
    """A serving certificate."""
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return Certificate(
        **{
            "subject": "CN=x",
            "issuer": "CN=kubernetes",
            "serial_number": 1,
            "not_before": start,
            "not_after": start + dt.timedelta(days=365),
            "sans": frozenset(San.parse(san) if isinstance(san, str) else san for san in sans),
            "key_algorithm": "RSA 2048",
            "is_ca": False,
            "public_key_sha256": "sha256:00",
            "fingerprint_sha256": "00",
            **changes,
        }
    )


def host(
    api_server: Certificate, *, name: str = "cp1", address: str = "192.0.2.11", etcd: Certificate | None = None
) -> Host:
    """A control plane."""
    certificates = {f"{PKI}/apiserver.crt": api_server}
    if etcd is not None:
        certificates |= {f"{PKI}/etcd/server.crt": etcd, f"{PKI}/etcd/peer.crt": etcd}
    flags = {"kube-apiserver": ("advertise-address", address), "etcd": ("name", name)}
    manifests = {pod: Manifest(flags=(flag,)) for pod, flag in flags.items()}
    report = host_report(name, address, manifests=manifests, kubernetes_files=(f"{PKI}/etcd/ca.key",))
    return Host(name=name, report=report, certificates=certificates, ca_pem="", kubeconfigs={})


def changed(of: Host, **changes: t.Any) -> Host:
    """The host with another report."""
    return dataclasses.replace(of, report=dataclasses.replace(of.report, **changes))


def with_flag(of: Host, pod: str, flag: str, value: str) -> Host:
    """The host with one more flag in a manifest."""
    manifest = Manifest(flags=(*of.manifests[pod].flags, (flag, value)))
    return changed(of, manifests={**of.manifests, pod: manifest})


def texts(sans: t.Iterable[San]) -> set[str]:
    return {san.value for san in sans}


def of_api_servers(*hosts: Host, **configuration: t.Any) -> set[str]:
    return texts(wanted_sans.of_api_servers(DESIRED, hosts, {**CONFIGURATION, **configuration}))


@pytest.mark.parametrize(
    ("given_by_flag", "kept"),
    [
        ([], set()),
        (["203.0.113.9"], {"203.0.113.9"}),
        (["2001:DB8:0::9", "API.example.org.", "*.example.net"], {"2001:db8::9", "api.example.org", "*.example.net"}),
        # An address as DNS name counts for no client; kubeadm can only write it as an address.
        ([San("dns", "203.0.113.9")], {"203.0.113.9"}),
        # What the endpoint was before its change is nothing that kubeadm would add afterwards.
        (["old.example.org"], {"old.example.org"}),
        (["10.96.0.10"], {"10.96.0.10"}),
        # kubeadm refuses it in certSANs; it stands in the problems if the certificate must change.
        (["api_1.example.org"], set()),
    ],
)
def test_sans_that_only_the_certificate_has_are_kept(given_by_flag: list[San | str], kept: set[str]) -> None:
    assert of_api_servers(host(certificate(*OWN, *given_by_flag))) == {"k8s.example.org", *kept}


@pytest.mark.parametrize(
    ("networking", "own"),
    [
        ({"dnsDomain": "corp.test"}, "kubernetes.default.svc.corp.test"),
        ({"serviceSubnet": "172.30.0.0/16"}, "172.30.0.1"),
        ({"serviceSubnet": "fd00:96::/112"}, "fd00:96::1"),
        ({"serviceSubnet": "172.30.0.0/16,fd00:96::/112"}, "172.30.0.1"),
    ],
)
def test_what_kubeadm_adds_by_itself_is_not_written_down(networking: dict[str, str], own: str) -> None:
    known = host(certificate("cp1", "192.0.2.11", "kubernetes", own))
    assert of_api_servers(known, networking=networking) == {"k8s.example.org"}
    assert own in of_api_servers(known)


def test_two_stacks_have_one_service_address() -> None:
    """kubeadm adds the address of the first subnet only, so the other one must be written down."""
    found = of_api_servers(host(certificate("fd00:96::1")), networking={"serviceSubnet": "172.30.0.0/16,fd00:96::/112"})
    assert "fd00:96::1" in found


def test_every_control_plane_counts_and_a_copied_certificate_gives_no_names_away() -> None:
    first = host(certificate(*OWN, "one.example.org"))
    copied = host(certificate(*OWN, "two.example.org"), name="cp2", address="192.0.2.12")
    assert of_api_servers(first, copied) == {"k8s.example.org", "one.example.org", "two.example.org"}


def test_configured_sans_are_wanted_and_broken_ones_left_to_kubeadm() -> None:
    found = of_api_servers(host(certificate(*OWN)), apiServer={"certSANs": ["API.example.org", "no name", "::1"]})
    assert found == {"k8s.example.org", "api.example.org", "::1"}


def test_etcd_needs_its_address_on_both_certificates() -> None:
    old = certificate("cp1", "localhost", "127.0.0.1", "::1")
    found = {
        name: decide_sans(name, current, sans)
        for name, current, sans in wanted_sans.certificates(
            DESIRED, host(certificate(*OWN, "k8s.example.org"), etcd=old), (), CONFIGURATION
        )
    }
    assert found["apiserver"] is None
    for name in ("etcd-server", "etcd-peer"):
        change = found[name]
        assert change is not None
        assert change.object == f"certificate {name}"
        assert change.reason == "it does not cover 192.0.2.11"
        assert set(change.after) == set(ETCD_OWN)


def test_etcd_gets_what_is_configured_for_each_certificate() -> None:
    configuration = {
        **CONFIGURATION,
        "etcd": {"local": {"serverCertSANs": ["etcd.example.org"], "peerCertSANs": ["198.51.100.1"]}},
    }
    found = wanted_sans.of_etcd(host(certificate(*OWN)), configuration)
    assert {name: texts(sans) - set(ETCD_OWN) for name, sans in found.items()} == {
        "etcd-server": {"etcd.example.org"},
        "etcd-peer": {"198.51.100.1"},
    }


def test_external_etcd_has_no_certificates_of_ours() -> None:
    configuration = {**CONFIGURATION, "etcd": {"external": {"endpoints": ["https://192.0.2.31:2379"]}}}
    names = [name for name, *_rest in wanted_sans.certificates(DESIRED, host(certificate(*OWN)), (), configuration)]
    assert names == ["apiserver"]
    without = host(certificate(*OWN))
    without = changed(without, manifests={"kube-apiserver": without.manifests["kube-apiserver"]})
    assert wanted_sans.of_etcd(without, CONFIGURATION) == {}


def reported(*hosts: Host) -> list[str]:
    return [problem.message for problem in wanted_sans.problems(DESIRED, hosts, CONFIGURATION)]


def test_a_good_control_plane_has_no_problem() -> None:
    assert reported(host(certificate(*OWN), etcd=certificate("cp1"))) == []


def test_sans_that_kubeadm_cannot_write_stop_the_run_only_if_the_certificate_must_change() -> None:
    unusual = certificate(*OWN, "api_1.example.org", other_sans=("URI:spiffe://example.org/api",))
    (problem,) = reported(host(unusual))
    assert "(URI:spiffe://example.org/api, api_1.example.org)" in problem
    assert "apiserver.crt of cp1" in problem
    assert reported(host(dataclasses.replace(unusual, sans=unusual.sans | parse_sans(["k8s.example.org"])))) == []


def test_a_certificate_of_another_file_stops_the_run() -> None:
    other = with_flag(host(certificate(*OWN)), "kube-apiserver", "tls-cert-file", "/etc/ssl/api.crt")
    (problem,) = reported(other)
    assert "serves /etc/ssl/api.crt (--tls-cert-file)" in problem


def test_an_external_etcd_ca_stops_the_run_only_if_a_certificate_must_change() -> None:
    without_key = changed(host(certificate(*OWN), etcd=certificate("cp1")), kubernetes_files=())
    assert [message.partition(" of cp1")[0] for message in reported(without_key)] == [
        "etcd/server.crt",
        "etcd/peer.crt",
    ]
    complete = changed(host(certificate(*OWN), etcd=certificate(*ETCD_OWN)), kubernetes_files=())
    assert reported(complete) == []


@pytest.mark.parametrize(
    ("urls", "is_reported"),
    [
        ("https://127.0.0.1:2380", True),
        ("https://[::1]:2380", True),
        ("https://192.0.2.11:2380", False),
        ("https://127.0.0.1:2380,https://192.0.2.11:2380", False),
        ("https://0.0.0.0:2380", False),
    ],
)
def test_etcd_on_loopback_cannot_be_joined(urls: str, is_reported: bool) -> None:
    old = with_flag(host(certificate(*OWN), etcd=certificate(*ETCD_OWN)), "etcd", "listen-peer-urls", urls)
    assert any("listens for members on loopback only" in message for message in reported(old)) is is_reported
    others = [host(certificate(*OWN), name=name) for name in ("cp2", "cp3")]
    assert not any("loopback" in message for message in reported(old, *others)), "nobody is to join"


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True).map(lambda name: f"{name}.example.org")
SANS = st.lists(
    st.one_of(
        NAMES,
        st.sampled_from([*OWN, "*.example.org", "k8s.example.org"]),
        st.ip_addresses().map(str),
        st.ip_addresses(v=4).map(lambda address: San("dns", str(address))),
    ),
    max_size=6,
)


@given(SANS, SANS, st.lists(NAMES, max_size=3))
def test_what_is_done_once_is_done(in_first: list[t.Any], in_second: list[t.Any], configured: list[str]) -> None:
    """Certificates and kubeadm-config after the plan call for nothing more, and nothing of them is lost."""
    hosts = [host(certificate(*OWN, *in_first)), host(certificate(*in_second), name="cp2", address="192.0.2.12")]
    configuration: dict[str, t.Any] = {**CONFIGURATION, "apiServer": {"certSANs": configured}}
    for _round in range(2):
        sans = wanted_sans.of_api_servers(DESIRED, hosts, configuration)
        changes = [decide_sans("apiserver", item.certificates[f"{PKI}/apiserver.crt"], sans) for item in hosts]
        for item, change in zip(hosts, changes, strict=True):
            old = item.certificates[f"{PKI}/apiserver.crt"]
            if change is not None:
                item.certificates[f"{PKI}/apiserver.crt"] = certificate(*change.after)  # type: ignore[index]
                assert texts(old.sans) <= set(change.after)
        wanted = cluster_configuration.Wanted(
            control_plane_endpoint=DESIRED.endpoint, cert_sans=tuple(sorted(texts(sans)))
        )
        of_configuration = cluster_configuration.decide(configuration, wanted)
        configuration = cluster_configuration.ClusterConfiguration.parse(configuration).patched(wanted)
        joining = parse_sans([*configuration["apiServer"]["certSANs"], *OWN])
        assert parse_sans(str(san) for san in hosts[0].certificates[f"{PKI}/apiserver.crt"].sans) <= joining
    assert changes == [None, None]
    assert of_configuration is None


def test_the_plan_names_what_the_run_does() -> None:
    arguments = _with_flag_sans(before())
    plan = plan_of(arguments)
    assert plan.problems == ()
    entries = {entry.change.object: entry.change for entry in plan.entries if entry.host == "cp1"}
    sans = ("192.0.2.10", "203.0.113.9", "api.example.org")
    assert (record(plan, "cp1", "certify").sans, record(plan, "cp1", "point").sans) == (sans, sans)
    assert entries["certificate apiserver"].reason == "it does not cover 192.0.2.10"
    assert entries["ConfigMap kube-system/kubeadm-config"].after["apiServer.certSANs"] == list(sans)
    assert entries["certificate etcd-server"].reason == "it does not cover 192.0.2.11"
    assert record(plan, "cp1", "certify").etcd == tuple(
        EtcdCertificate(name, tuple(sorted(ETCD_OWN))) for name in ("etcd-server", "etcd-peer")
    )
    assert [host.name for host in plan.hosts if "certify" in host.records] == ["cp1"]


def test_a_converted_cluster_gets_only_what_its_other_control_planes_lack() -> None:
    arguments = _with_flag_sans(after())
    plan = plan_of(arguments)
    for name in ("cp1", "cp2", "cp3"):
        assert [item.name for item in record_of(arguments, name, "certify").etcd] == (
            ["etcd-server", "etcd-peer"] if name == "cp1" else []
        )
        planned = {entry for entry in objects(plan, name) if entry[0] in ("certify", "point")}
        etcd = {("certify", "certificate etcd-server"), ("certify", "certificate etcd-peer")}
        own = {"cp1": {("point", "ConfigMap kube-system/kubeadm-config"), *etcd}}
        assert planned == own.get(name, {("certify", "certificate apiserver")})


def _with_flag_sans(arguments: Arguments) -> Arguments:
    """cp1 was made with ``--apiserver-cert-extra-sans``, and its etcd by an old kubeadm."""
    report = arguments["hosts"]["cp1"]
    for item in report["certificates"]:
        if item["path"].endswith("apiserver.crt"):
            item["pem"] += " 203.0.113.9 api.example.org"
    for name in ("server", "peer"):
        pem = "CN=cp1|k|cp1 localhost 127.0.0.1 ::1"
        report["certificates"].append({"path": f"{PKI}/etcd/{name}.crt", "pem": pem})
    report["kubernetes_files"].append(f"{PKI}/etcd/ca.key")
    return arguments
