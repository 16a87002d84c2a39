# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClusterConfiguration documents of every version, read and patched."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
    Wanted,
    decide,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_api import VERSIONS

#: As kubeadm 1.34 stores it after a plain ``kubeadm init``.
STORED = """\
apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {}
encryptionAlgorithm: RSA-2048
etcd:
  local:
    dataDir: /var/lib/etcd
imageRepository: registry.k8s.io
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
networking:
  dnsDomain: cluster.local
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
proxy: {}
scheduler: {}
"""


def document(version: str = "v1beta4", **fields: t.Any) -> dict[str, t.Any]:
    """A small ClusterConfiguration."""
    return {
        "apiVersion": f"kubeadm.k8s.io/{version}",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.34.4",
        **fields,
    }


def arguments(version: str, **flags: str) -> t.Any:
    """``extraArgs`` as the version writes them."""
    if version == "v1beta4":
        return [{"name": name, "value": value} for name, value in flags.items()]
    return dict(flags)


def test_reads_what_kubeadm_stores() -> None:
    configuration = ClusterConfiguration.parse(yaml.safe_load(STORED))
    assert configuration.api_version == "kubeadm.k8s.io/v1beta4"
    assert configuration.control_plane_endpoint is None
    assert configuration.cert_sans == ()
    assert configuration.etcd_kind == "local"
    assert configuration.kubernetes_version == "v1.34.4"
    assert configuration.certificates_dir == "/etc/kubernetes/pki"
    assert configuration.image_repository == "registry.k8s.io"
    assert configuration.networking["podSubnet"] == "10.244.0.0/16"
    assert configuration.extra_args("api_server") == ()


def test_reads_external_etcd_and_the_timeout_of_old_versions() -> None:
    configuration = ClusterConfiguration.parse(
        document(
            "v1beta3",
            etcd={"external": {"endpoints": ["https://192.0.2.21:2379"]}},
            apiServer={"timeoutForControlPlane": "4m0s"},
        )
    )
    assert configuration.etcd_kind == "external"
    assert configuration.control_plane_timeout == "4m0s"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (None, "holds no ClusterConfiguration"),
        ([], "holds no ClusterConfiguration"),
        ({"kind": "ClusterStatus", "apiVersion": "kubeadm.k8s.io/v1beta2"}, "holds no ClusterConfiguration"),
        ({"kind": "ClusterConfiguration", "apiVersion": "kubeadm.k8s.io/v1alpha3"}, "v1alpha3"),
        ({"kind": "ClusterConfiguration", "apiVersion": "kubeadm.k8s.io/v9"}, "kubeadm config migrate"),
    ],
)
def test_refuses_what_it_cannot_read(broken: t.Any, message: str) -> None:
    with pytest.raises(UnsupportedState, match=message):
        ClusterConfiguration.parse(broken)


@pytest.mark.parametrize("version", VERSIONS)
def test_sets_the_endpoint_and_adds_sans(version: str) -> None:
    before = document(version, apiServer={"certSANs": ["LB.example.org", "2001:DB8::1"]}, theirs={"unknown": [1]})
    wanted = Wanted(
        control_plane_endpoint=Endpoint("lb.example.org", 6443),
        cert_sans=("lb.example.org", "2001:db8:0::1", "192.0.2.10"),
    )
    change = decide(before, wanted)
    assert change is not None
    assert change.object == "ConfigMap kube-system/kubeadm-config"
    assert change.before == {"apiServer.certSANs": ["LB.example.org", "2001:DB8::1"], "controlPlaneEndpoint": None}
    assert change.after == {
        "apiServer.certSANs": ["LB.example.org", "2001:DB8::1", "192.0.2.10"],
        "controlPlaneEndpoint": "lb.example.org:6443",
    }
    after = ClusterConfiguration.parse(before).patched(wanted)
    assert after["theirs"] == {"unknown": [1]}
    assert decide(after, wanted) is None


@pytest.mark.parametrize(
    ("stored", "wanted", "changes"),
    [
        ("k8s.example.org:6443", "K8S.example.org:6443", False),
        ("[2001:DB8:0::1]:6443", "[2001:db8::1]:6443", False),
        ("k8s.example.org:6443", "k8s.example.org:8443", True),
        ("192.0.2.11:6443", "192.0.2.10:6443", True),
        # kubeadm would complete it with the bindPort of the node that runs it.
        ("k8s.example.org", "k8s.example.org:6443", True),
        ("", "k8s.example.org:6443", True),
        ("not an endpoint", "k8s.example.org:6443", True),
    ],
)
def test_compares_endpoints_by_their_meaning(stored: str, wanted: str, changes: bool) -> None:
    change = decide(document(controlPlaneEndpoint=stored), Wanted(control_plane_endpoint=Endpoint.parse(wanted)))
    assert (change is not None) is changes


def test_keeps_sans_that_are_none() -> None:
    after = ClusterConfiguration.parse(document(apiServer={"certSANs": ["not a name!"]})).patched(
        Wanted(cert_sans=("192.0.2.10",))
    )
    assert after["apiServer"]["certSANs"] == ["not a name!", "192.0.2.10"]


def test_sets_etcd_sans_where_kubeadm_runs_etcd() -> None:
    wanted = Wanted(etcd_server_cert_sans=("etcd.example.org",), etcd_peer_cert_sans=("192.0.2.11",))
    change = decide(yaml.safe_load(STORED), wanted)
    assert change is not None
    assert change.after == {
        "etcd.local.peerCertSANs": ["192.0.2.11"],
        "etcd.local.serverCertSANs": ["etcd.example.org"],
    }


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        (Wanted(etcd_server_cert_sans=("192.0.2.1",)), "etcd_server_cert_sans"),
        (Wanted(etcd_peer_cert_sans=("192.0.2.1",)), "etcd_peer_cert_sans"),
        (Wanted(extra_args={"etcd": {"quota-backend-bytes": ("1",)}}), "extra_args.etcd"),
    ],
)
def test_refuses_etcd_options_with_external_etcd(wanted: Wanted, option: str) -> None:
    with pytest.raises(InvalidInput, match=f"option {option} is for etcd that kubeadm runs"):
        decide(document(etcd={"external": {"endpoints": []}}), wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"control_plane_endpoint": "k8s.example.org"}, "option control_plane_endpoint cannot be used: .* has no port"),
        ({"cert_sans": ["ok.example.org", "no name"]}, "option cert_sans cannot be used: 'no name'"),
        ({"etcd_peer_cert_sans": ["999.1.1.1"]}, "option etcd_peer_cert_sans cannot be used"),
    ],
)
def test_names_the_option_that_cannot_be_used(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Wanted.parse(options)


def test_keeps_sorted_documents_sorted_and_others_in_their_order() -> None:
    wanted = Wanted(control_plane_endpoint=Endpoint("k8s.example.org"), cert_sans=("192.0.2.10",))
    ours = ClusterConfiguration.parse(yaml.safe_load(STORED)).patched(wanted)
    assert list(ours) == sorted(ours)
    theirs = ClusterConfiguration.parse({"kind": "ClusterConfiguration", **document()}).patched(wanted)
    assert list(theirs) == ["kind", "apiVersion", "kubernetesVersion", "controlPlaneEndpoint", "apiServer"]


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
SANS = st.lists(
    st.one_of(
        NAMES.map(lambda name: f"{name}.example.org"),
        st.ip_addresses().map(str),
        st.ip_addresses(v=6).map(lambda address: address.exploded.upper()),
    ),
    max_size=4,
).map(tuple)
UNKNOWN = st.dictionaries(
    NAMES.map(lambda name: f"x-{name}"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
FLAGS = st.dictionaries(NAMES, st.text(max_size=5), max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, t.Any]:
    """ClusterConfigurations of every version, with fields that no version has."""
    version = draw(st.sampled_from(VERSIONS))
    fields: dict[str, t.Any] = draw(UNKNOWN)
    if draw(st.booleans()):
        fields["apiServer"] = {"certSANs": list(draw(SANS)), **draw(UNKNOWN)}
        fields["apiServer"]["extraArgs"] = arguments(version, **draw(FLAGS))
    if draw(st.booleans()):
        fields["controlPlaneEndpoint"] = draw(NAMES) + draw(st.sampled_from(["", ":6443", ":8443"]))
    if draw(st.booleans()):
        fields["etcd"] = {"local": {"dataDir": "/var/lib/etcd", **draw(UNKNOWN)}}
    return document(version, **fields)


WANTED = st.builds(
    Wanted,
    control_plane_endpoint=st.none() | st.builds(Endpoint, NAMES, st.sampled_from([6443, 8443])),
    cert_sans=SANS,
    etcd_server_cert_sans=SANS,
    etcd_peer_cert_sans=SANS,
    extra_args=st.dictionaries(
        st.sampled_from(["api_server", "scheduler", "etcd"]),
        st.dictionaries(NAMES, st.none() | st.tuples(st.text(max_size=5)), max_size=3),
        max_size=3,
    ),
    patch=st.fixed_dictionaries(
        {}, optional={"clusterName": NAMES, "networking": st.just({"podSubnet": "10.0.0.0/8"})}
    ),
)


@given(documents(), WANTED)
def test_patched_once_is_patched(stored: dict[str, t.Any], wanted: Wanted) -> None:
    original = copy.deepcopy(stored)
    change = decide(stored, wanted)
    after = ClusterConfiguration.parse(stored).patched(wanted)
    assert stored == original
    assert decide(after, wanted) is None
    assert ClusterConfiguration.parse(after).patched(wanted) == after
    if change is None:
        assert decide(after, Wanted(patch={})) is None
        assert {key: value for key, value in after.items() if value} == {
            key: value for key, value in stored.items() if value
        }
    else:
        assert change.before.keys() == change.after.keys()
        assert all(change.before[key] != change.after[key] for key in change.before)
        json.dumps(change.as_dict())


@given(documents(), WANTED)
def test_what_is_not_named_survives(stored: dict[str, t.Any], wanted: Wanted) -> None:
    after = ClusterConfiguration.parse(stored).patched(wanted)
    for path in ((), ("apiServer",), ("etcd", "local")):
        was, now = stored, after
        for name in path:
            was, now = was.get(name) or {}, now.get(name) or {}
        assert {key: value for key, value in was.items() if key.startswith("x-")} == {
            key: value for key, value in now.items() if key.startswith("x-")
        }
    was_flags = dict(ClusterConfiguration.parse(stored).extra_args("api_server"))
    now_flags = dict(ClusterConfiguration.parse(after).extra_args("api_server"))
    named = wanted.extra_args.get("api_server", {})
    assert {k: v for k, v in was_flags.items() if k not in named} == {
        k: v for k, v in now_flags.items() if k not in named
    }
    old = ClusterConfiguration.parse(stored).cert_sans
    assert ClusterConfiguration.parse(after).cert_sans[: len(old)] == old
