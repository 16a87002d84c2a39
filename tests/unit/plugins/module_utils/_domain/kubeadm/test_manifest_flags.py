# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a manifest kubeadm would not render. That its defaults are known here is shown with the real kubeadm."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount, StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import cluster_configuration, kubeadm_api
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
    Wanted,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_patches import Patches
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.manifest_flags import (
    OPTION_KEYS,
    Differences,
    _defaults,
    differences,
)

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
Flags = dict[str, t.Any]


def configuration(version: str = "v1beta4", **fields: t.Any) -> ClusterConfiguration:
    return ClusterConfiguration.parse(
        {"apiVersion": f"kubeadm.k8s.io/{version}", "kind": "ClusterConfiguration", **fields}
    )


def pod(component: str, config: ClusterConfiguration, changed: Flags | None = None, *mounts: Mount) -> StaticPod:
    """The pod that kubeadm renders without extraArgs, with flags changed; ``None`` takes one away."""
    flags: dict[str, str | None] = {**_defaults(component, config, {}), **(changed or {})}
    return StaticPod(tuple((name, value) for name, value in flags.items() if value is not None), mounts)


def find(
    component: str,
    config: ClusterConfiguration,
    changed: Flags | None = None,
    *mounts: Mount,
    patch: Patches | None = None,
) -> Differences:
    patches = {component: patch} if patch is not None else {}
    found = differences({component: pod(component, config, changed, *mounts)}, config, patches)
    return found[0] if found else Differences(component)


@pytest.mark.parametrize("component", COMPONENTS)
def test_kubeadms_own_manifest_has_no_difference(component: str) -> None:
    assert not find(component, configuration())


@pytest.mark.parametrize(
    ("component", "flags"),
    [
        ("kube-apiserver", {"advertise-address": "192.0.2.1", "secure-port": "8443"}),
        ("kube-apiserver", {"insecure-port": "0", "etcd-servers": "https://[::1]:2379"}),
        ("kube-controller-manager", {"port": "0", "cluster-signing-cert-file": "", "cluster-signing-key-file": ""}),
        ("kube-scheduler", {"port": "0"}),
        (
            "etcd",
            {"name": "cp1", "initial-cluster": "x", "initial-cluster-state": "existing", "snapshot-count": "10000"},
        ),
        ("etcd", {"experimental-initial-corrupt-check": "true", "listen-metrics-urls": "http://[::1]:2381"}),
        ("etcd", {"feature-gates": "InitialCorruptCheck=true", "watch-progress-notify-interval": "5s"}),
    ],
)
def test_values_of_the_host_and_of_other_versions_are_none(component: str, flags: Flags) -> None:
    assert not find(component, configuration(), flags)


@pytest.mark.parametrize(
    ("component", "changed", "reported", "adopted"),
    [
        ("kube-apiserver", {"profiling": "false"}, "--profiling=false (not set there)", {"profiling": ("false",)}),
        (
            "kube-apiserver",
            {"authorization-mode": "Node,RBAC,Webhook"},
            "--authorization-mode=Node,RBAC,Webhook (--authorization-mode=Node,RBAC there)",
            {"authorization-mode": ("Node,RBAC,Webhook",)},
        ),
        ("kube-apiserver", {"etcd-servers": "https://192.0.2.9:2379"}, "--etcd-servers=https://192.0.2.9:2379", ...),
        (
            "kube-controller-manager",
            {"bind-address": "0.0.0.0"},
            "--bind-address=0.0.0.0 (--bind-address=127.0.0.1",
            ...,
        ),
        ("kube-scheduler", {"v": "4"}, "--v=4 (not set there)", {"v": ("4",)}),
        ("etcd", {"quota-backend-bytes": "1"}, "--quota-backend-bytes=1", {"quota-backend-bytes": ("1",)}),
        ("etcd", {"snapshot-count": "5000"}, "--snapshot-count=5000", {"snapshot-count": ("5000",)}),
    ],
)
def test_manual_flags(component: str, changed: Flags, reported: str, adopted: t.Any) -> None:
    found = find(component, configuration(), changed)
    assert reported in str(found)
    assert found.can_be_adopted
    assert adopted is ... or found.extra_args == adopted


def test_a_default_that_was_taken_away_cannot_be_adopted() -> None:
    found = find("kube-apiserver", configuration(), {"enable-admission-plugins": None})
    assert str(found) == "no --enable-admission-plugins=NodeRestriction"
    assert not found.can_be_adopted
    assert found.extra_args == {}


def test_a_password_cannot_be_adopted() -> None:
    assert not find("kube-apiserver", configuration(), {"etcd-servers": "https://***@192.0.2.1:2379"}).can_be_adopted


@pytest.mark.parametrize("version", kubeadm_api.VERSIONS)
def test_extra_args_in_both_forms(version: str) -> None:
    flags = {"audit-log-maxage": "7", "v": "2"}
    written: t.Any = (
        [{"name": name, "value": value} for name, value in flags.items()] if version == "v1beta4" else flags
    )
    config = configuration(version, apiServer={"extraArgs": written})
    assert not find("kube-apiserver", config, flags)
    missing = find("kube-apiserver", config, {"v": "2"})
    assert (str(missing), missing.extra_args) == ("no --audit-log-maxage=7", {"audit-log-maxage": None})


def test_repeated_flags() -> None:
    issuers = [{"name": "service-account-issuer", "value": value} for value in ("https://a", "https://b")]
    keys = [{"name": "service-account-key-file", "value": value} for value in ("/a", "/b")]
    config = configuration(apiServer={"extraArgs": [*issuers, *keys]})
    base = pod("kube-apiserver", config, {"service-account-issuer": None, "service-account-key-file": None}).arguments

    def reported(*pairs: tuple[str, str]) -> str:
        return "; ".join(str(item) for item in differences({"kube-apiserver": StaticPod((*base, *pairs))}, config))

    right = [(item["name"], item["value"]) for item in (*issuers, *keys)]
    assert reported(*right) == ""
    assert reported(right[0], right[1], right[3], right[2]) == "", "the order of keys has no meaning"
    assert "service-account-issuer" in reported(right[1], right[0], *right[2:]), "the first issuer issues"
    assert "service-account-key-file" in reported(*right[:3])


def test_volumes() -> None:
    written = [{"name": "a", "hostPath": "/srv/a", "mountPath": "/a", "readOnly": True}]
    config = configuration(apiServer={"extraVolumes": written})
    own = (
        Mount("k8s-certs", "/etc/kubernetes/pki", "/etc/kubernetes/pki", "DirectoryOrCreate", read_only=True),
        Mount("etc-pki-tls-certs", "/etc/pki/tls/certs", "/etc/pki/tls/certs", "DirectoryOrCreate", read_only=True),
    )
    assert not find("kube-apiserver", config, {}, *own, Mount("a", "/srv/a", "/a", "Directory", read_only=True))
    found = find("kube-apiserver", config, {}, *own, Mount("b", "/srv/b", "/b"))
    assert str(found) == "no volume a; volume b (/srv/b at /b, writable)"
    assert found.extra_volumes == {"a": None, "b": Mount("b", "/srv/b", "/b")}
    assert "volume a" in str(find("kube-apiserver", config, {}, Mount("a", "/srv/a", "/a")))


def test_what_patches_set_is_no_difference() -> None:
    patch = Patches(frozenset({("v", "4")}), frozenset({"/srv/p"}))
    mount = Mount("p", "/srv/p", "/p")
    assert not find("kube-apiserver", configuration(), {"v": "4"}, mount, patch=patch)
    assert find("kube-apiserver", configuration(), {"v": "5"}, patch=patch)
    assert find("kube-apiserver", configuration(), {"allow-privileged": None}, patch=patch)
    whole = Patches(frozenset(), frozenset(), has_command=True)
    assert not find("kube-apiserver", configuration(), {"allow-privileged": None}, patch=whole)


def test_external_etcd() -> None:
    external = {
        "endpoints": ["https://e1:2379", "https://e2:2379"],
        "caFile": "/e/ca",
        "certFile": "/e/c",
        "keyFile": "/e/k",
    }
    config = configuration(etcd={"external": external})
    flags = {"etcd-servers": "https://e1:2379,https://e2:2379", "etcd-cafile": "/e/ca", "etcd-certfile": "/e/c"}
    certificates = Mount("etcd-certs-0", "/e", "/e", "DirectoryOrCreate", read_only=True)
    assert not find("kube-apiserver", config, {**flags, "etcd-keyfile": "/e/k"}, certificates)
    assert differences({"etcd": StaticPod()}, config) == ()


NAMES = st.sampled_from(
    ["v", "profiling", "audit-log-maxage", "bind-address", "leader-elect", "feature-gates", "data-dir"]
)
CHANGES = st.dictionaries(NAMES, st.text("abc=,/1", min_size=1, max_size=8), max_size=4)
VOLUMES = st.dictionaries(
    st.sampled_from("abc"), st.tuples(st.sampled_from(["/srv/x", "/srv/y"]), st.booleans()), max_size=3
)


@given(st.sampled_from(COMPONENTS), st.sampled_from(["v1beta2", "v1beta3", "v1beta4"]), CHANGES, CHANGES, VOLUMES)
def test_what_is_adopted_is_no_difference_any_more(
    component: str, version: str, before: Flags, manual: Flags, volumes: dict[str, tuple[str, bool]]
) -> None:
    key = OPTION_KEYS[component]
    empty = configuration(version)
    known = Wanted(extra_args={key: {name: (value,) for name, value in before.items()}})
    config = ClusterConfiguration.parse(empty.patched(known))
    mounts = [
        Mount(name, path, path, "", read_only=only) for name, (path, only) in volumes.items() if component != "etcd"
    ]
    pods = {component: pod(component, empty, manual, *mounts)}
    found = differences(pods, config)
    if not found:
        return
    # A default that extraArgs replace cannot be had back by taking the flag away: then it is written out.
    assert found[0].can_be_adopted
    wanted = Wanted(
        extra_args={key: found[0].extra_args}, extra_volumes={key: found[0].extra_volumes} if mounts else {}
    )
    adopted = ClusterConfiguration.parse(config.patched(wanted))
    assert differences(pods, adopted) == ()
    assert cluster_configuration.decide(adopted.document, wanted) is None
