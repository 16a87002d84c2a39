# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a static pod's manifest kubeadm would not render on another control plane.

kubeadm renders its defaults, replaced flag by flag by ``extraArgs``, and its own volumes with ``extraVolumes``
(kubernetes/kubernetes, cmd/kubeadm/app/phases/controlplane/manifests.go and volumes.go, phases/etcd/local.go,
util/arguments.go; tests/integration/test_manifest_flags.py asks real kubeadm). Flags whose value is the host's own are no differences.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..component.static_pod import COMPONENTS, ETCD, STRUCK, Mount, StaticPod, is_below, without_password
from . import extra_volumes
from .cluster_configuration import ClusterConfiguration
from .kubeadm_patches import Patches

Values = t.Tuple[str, ...]

#: Components by their key in options and in :data:`extra_args.COMPONENTS`.
OPTION_KEYS: t.Mapping[str, str] = {
    "kube-apiserver": "api_server",
    "kube-controller-manager": "controller_manager",
    "kube-scheduler": "scheduler",
    ETCD: "etcd",
}

#: Flags whose value each host has for itself: kubeadm gives each control plane its own.
PER_HOST: t.Mapping[str, frozenset[str]] = {
    "kube-apiserver": frozenset({"advertise-address", "secure-port"}),
    "kube-controller-manager": frozenset(),
    "kube-scheduler": frozenset(),
    ETCD: frozenset(
        {
            "name",
            "listen-client-urls",
            "advertise-client-urls",
            "listen-peer-urls",
            "initial-advertise-peer-urls",
            "initial-cluster",
            "initial-cluster-state",
        }
    ),
}
#: Defaults that only some versions of kubeadm render, or that follow the host's address family.
_SOMETIMES: t.Mapping[str, t.Mapping[str, frozenset[str]]] = {
    "kube-apiserver": {
        "insecure-port": frozenset({"0"}),
        "etcd-servers": frozenset({"https://127.0.0.1:2379", "https://[::1]:2379"}),
    },
    "kube-controller-manager": {
        "port": frozenset({"0"}),
        "node-cidr-mask-size": frozenset({"24"}),
        # kubeadm renders empty ones with an external CA.
        "cluster-signing-cert-file": frozenset({""}),
        "cluster-signing-key-file": frozenset({""}),
    },
    "kube-scheduler": {"port": frozenset({"0"}), "address": frozenset({"127.0.0.1"})},
    ETCD: {
        "experimental-initial-corrupt-check": frozenset({"true"}),
        "experimental-watch-progress-notify-interval": frozenset({"5s"}),
        "feature-gates": frozenset({"InitialCorruptCheck=true"}),
        "listen-metrics-urls": frozenset({"http://127.0.0.1:2381", "http://[::1]:2381"}),
        "snapshot-count": frozenset({"10000"}),
        "watch-progress-notify-interval": frozenset({"5s"}),
    },
}
#: Flags that are given several times and whose order has a meaning: tokens are issued for the first issuer.
_ORDERED = frozenset({"service-account-issuer"})
#: What kubeadm mounts by itself where it exists.
_OWN_MOUNTS = (
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
)


@dataclasses.dataclass(frozen=True)
class FlagDifference:
    """A flag that a joining control plane would get otherwise.

    Attributes:
        name: without dashes.
        manifest: its values in the manifest, ``None`` without it.
        rendered: the values that kubeadm would render, ``None`` when it would not render the flag.
        is_default: the rendered value is kubeadm's default, which ``extraArgs`` can replace but not take away.
    """

    name: str
    manifest: Values | None
    rendered: Values | None
    is_default: bool = False

    @property
    def can_be_adopted(self) -> bool:
        """Whether ``extraArgs`` can say what the manifest does."""
        if self.manifest is None:
            return not self.is_default
        return not any(STRUCK in value for value in self.manifest)

    def __str__(self) -> str:
        if self.manifest is None:
            return f"no {_flag(self.name, self.rendered)}"
        shown = _flag(self.name, self.manifest)
        return f"{shown} ({'not set' if self.rendered is None else _flag(self.name, self.rendered)} there)"


@dataclasses.dataclass(frozen=True)
class VolumeDifference:
    """A hostPath volume that a joining control plane would not get, or, without ``manifest``, only it would get."""

    name: str
    manifest: Mount | None
    rendered: Mount | None

    def __str__(self) -> str:
        if self.manifest is None:
            return f"no volume {self.name}"
        access = "read-only" if self.manifest.read_only else "writable"
        return f"volume {self.name} ({self.manifest.host_path} at {self.manifest.mount_path}, {access})"


@dataclasses.dataclass(frozen=True)
class Differences:
    """Everything in which one component's manifest differs."""

    component: str
    flags: tuple[FlagDifference, ...] = ()
    volumes: tuple[VolumeDifference, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flags or self.volumes)

    @property
    def can_be_adopted(self) -> bool:
        """Whether the ClusterConfiguration can say all of it."""
        # ClusterConfiguration has no extraVolumes for etcd.
        return all(flag.can_be_adopted for flag in self.flags) and not (self.component == ETCD and self.volumes)

    @property
    def extra_args(self) -> dict[str, Values | None]:
        """The ``extraArgs`` that make kubeadm render what the manifest says; ``None`` takes one away."""
        return {flag.name: flag.manifest for flag in self.flags if flag.can_be_adopted}

    @property
    def extra_volumes(self) -> dict[str, Mount | None]:
        """The ``extraVolumes`` likewise, by name."""
        return {volume.name: volume.manifest for volume in self.volumes if self.component != ETCD}

    def __str__(self) -> str:
        return "; ".join(str(item) for item in (*self.flags, *self.volumes))


def differences(
    pods: t.Mapping[str, StaticPod],
    configuration: ClusterConfiguration,
    patches: t.Mapping[str, Patches] | None = None,
) -> tuple[Differences, ...]:
    """The differences of each component that has any.

    Args:
        pods: the static pods of a control plane by component.
        configuration: the cluster's.
        patches: what kubeadm's patches set, by component.
    """
    found = []
    for component in (*COMPONENTS, ETCD):
        pod = pods.get(component)
        if pod is None or (component == ETCD and configuration.etcd_kind == "external"):
            continue
        patch = (patches or {}).get(component, Patches())
        flags = tuple(_flag_differences(component, pod, configuration, patch))
        volumes = tuple(_volume_differences(component, pod, configuration, patch)) if component != ETCD else ()
        found.append(Differences(component, flags, volumes))
    return tuple(item for item in found if item)


def _flag_differences(
    component: str, pod: StaticPod, configuration: ClusterConfiguration, patch: Patches
) -> t.Iterator[FlagDifference]:
    extra = _extra_args(component, configuration)
    defaults = _defaults(component, configuration, extra)
    rendered = {**{name: (value,) for name, value in defaults.items()}, **extra}
    for name in sorted({*pod.flags, *rendered} - PER_HOST[component]):
        now, wanted = pod.flags.get(name), rendered.get(name)
        if now == wanted or (now and wanted and name not in _ORDERED and sorted(now) == sorted(wanted)):
            continue
        if name not in extra and _is_sometimes_default(component, name, now):
            continue
        if (now is None and patch.has_command) or (now and all((name, value) in patch.flags for value in now)):
            continue
        yield FlagDifference(name, now, wanted, is_default=name in defaults and name not in extra)


def _is_sometimes_default(component: str, name: str, now: Values | None) -> bool:
    values = _SOMETIMES[component].get(name)
    return values is not None and now is not None and set(now) <= values


def _extra_args(component: str, configuration: ClusterConfiguration) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for name, value in configuration.extra_args(OPTION_KEYS[component]):
        found[name] = (*found.get(name, ()), without_password(value))
    return found


def _defaults(component: str, configuration: ClusterConfiguration, extra: t.Mapping[str, Values]) -> dict[str, str]:
    """kubeadm's own flags that every version from 1.22 on renders with this value."""
    pki = configuration.certificates_dir
    if component == "kube-apiserver":
        return _api_server(configuration, pki, extra)
    if component == "kube-controller-manager":
        return _controller_manager(configuration, pki)
    if component == "kube-scheduler":
        return _local_client("/etc/kubernetes/scheduler.conf")
    return {
        "data-dir": str(_at(configuration, "etcd", "local", "dataDir") or "/var/lib/etcd"),
        "cert-file": f"{pki}/etcd/server.crt",
        "key-file": f"{pki}/etcd/server.key",
        "trusted-ca-file": f"{pki}/etcd/ca.crt",
        "client-cert-auth": "true",
        "peer-cert-file": f"{pki}/etcd/peer.crt",
        "peer-key-file": f"{pki}/etcd/peer.key",
        "peer-trusted-ca-file": f"{pki}/etcd/ca.crt",
        "peer-client-cert-auth": "true",
    }


def _api_server(configuration: ClusterConfiguration, pki: str, extra: t.Mapping[str, Values]) -> dict[str, str]:
    domain = configuration.networking.get("dnsDomain") or "cluster.local"
    flags = {
        "allow-privileged": "true",
        "client-ca-file": f"{pki}/ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "kubelet-client-certificate": f"{pki}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{pki}/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": f"{pki}/front-proxy-client.crt",
        "proxy-client-key-file": f"{pki}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{pki}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-issuer": f"https://kubernetes.default.svc.{domain}",
        "service-account-key-file": f"{pki}/sa.pub",
        "service-account-signing-key-file": f"{pki}/sa.key",
        "service-cluster-ip-range": _service_subnet(configuration),
        "tls-cert-file": f"{pki}/apiserver.crt",
        "tls-private-key-file": f"{pki}/apiserver.key",
        **_etcd_client(configuration, pki),
    }
    # With a structured configuration kubeadm leaves the modes to it (from 1.31 on).
    if "authorization-config" not in extra:
        flags["authorization-mode"] = "Node,RBAC"
    return flags


def _etcd_client(configuration: ClusterConfiguration, pki: str) -> dict[str, str]:
    external = _at(configuration, "etcd", "external")
    if not isinstance(external, dict):
        urls = dict(configuration.extra_args("etcd")).get("advertise-client-urls")
        return {
            "etcd-cafile": f"{pki}/etcd/ca.crt",
            "etcd-certfile": f"{pki}/apiserver-etcd-client.crt",
            "etcd-keyfile": f"{pki}/apiserver-etcd-client.key",
            "etcd-servers": urls or "https://127.0.0.1:2379",
        }
    flags = {"etcd-servers": without_password(",".join(external.get("endpoints") or ()))}
    if external.get("caFile"):
        flags["etcd-cafile"] = str(external["caFile"])
    if external.get("certFile") and external.get("keyFile"):
        flags["etcd-certfile"], flags["etcd-keyfile"] = str(external["certFile"]), str(external["keyFile"])
    return flags


def _controller_manager(configuration: ClusterConfiguration, pki: str) -> dict[str, str]:
    flags = {
        **_local_client("/etc/kubernetes/controller-manager.conf"),
        "client-ca-file": f"{pki}/ca.crt",
        "cluster-name": str(_at(configuration, "clusterName") or "kubernetes"),
        "cluster-signing-cert-file": f"{pki}/ca.crt",
        "cluster-signing-key-file": f"{pki}/ca.key",
        "controllers": "*,bootstrapsigner,tokencleaner",
        "requestheader-client-ca-file": f"{pki}/front-proxy-ca.crt",
        "root-ca-file": f"{pki}/ca.crt",
        "service-account-private-key-file": f"{pki}/sa.key",
        "use-service-account-credentials": "true",
    }
    pod_subnet = configuration.networking.get("podSubnet")
    if pod_subnet:
        flags["allocate-node-cidrs"] = "true"
        flags["cluster-cidr"] = str(pod_subnet)
        flags["service-cluster-ip-range"] = _service_subnet(configuration)
    return flags


def _local_client(kubeconfig: str) -> dict[str, str]:
    return {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
    }


def _service_subnet(configuration: ClusterConfiguration) -> str:
    return str(configuration.networking.get("serviceSubnet") or "10.96.0.0/12")


def _volume_differences(
    component: str, pod: StaticPod, configuration: ClusterConfiguration, patch: Patches
) -> t.Iterator[VolumeDifference]:
    rendered = extra_volumes.parse_mounts(configuration.document, OPTION_KEYS[component])
    own = (*_OWN_MOUNTS, configuration.certificates_dir, *_own_paths(pod))
    manifest: dict[str, Mount] = {}
    for mount in pod.mounts:
        manifest.setdefault(mount.name, mount)
    for name in sorted({*manifest, *rendered}):
        now, wanted = manifest.get(name), rendered.get(name)
        if now is not None and wanted is not None and _is_same(now, wanted):
            continue
        if wanted is None and now is not None:
            is_own = any(is_below(now.host_path, path) for path in own) and now.host_path == now.mount_path
            if is_own or now.host_path in patch.host_paths:
                continue
        yield VolumeDifference(name, now, wanted)


def _own_paths(pod: StaticPod) -> t.Iterator[str]:
    """What kubeadm mounts because flags name it: kubeconfigs, and the directories of external etcd's certificates."""
    for name in ("kubeconfig", "flex-volume-plugin-dir"):
        yield from pod.flags.get(name, ())
    for name in ("etcd-cafile", "etcd-certfile", "etcd-keyfile"):
        yield from (value.rpartition("/")[0] or "/" for value in pod.flags.get(name, ()))


def _is_same(one: Mount, other: Mount) -> bool:
    """The path's type decides only what the kubelet does when it is missing."""
    return (one.host_path, one.mount_path, one.read_only) == (other.host_path, other.mount_path, other.read_only)


def _at(configuration: ClusterConfiguration, *path: str) -> t.Any:
    value: t.Any = configuration.document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _flag(name: str, values: Values | None) -> str:
    return " ".join(f"--{name}={value}" for value in values or ())


__all__ = ("OPTION_KEYS", "PER_HOST", "Differences", "FlagDifference", "VolumeDifference", "differences")
