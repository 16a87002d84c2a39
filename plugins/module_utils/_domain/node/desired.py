# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's inputs want of a host. What cannot be read becomes a problem, and all of them are reported together."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ..base.boolean import boolean
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..base.version import KubernetesVersion
from . import toml_text

CONTROL_PLANE, WORKER = "control_plane", "worker"
#: What the role may leave to somebody else, as its variable says.
FIREWALL = "firewall"
_VERSION = re.compile(r"v?\d+\.\d+\.\d+")
_URL = re.compile(r"https?://[^\s\"']+")
_REGISTRY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:\[\]-]*")


@dataclasses.dataclass(frozen=True)
class Platform:
    """What a family of distributions calls things.

    Attributes:
        like: ``ID`` or ``ID_LIKE`` of its members.
        containerd: the package of containerd.
        tools: programs that kubeadm and the kubelet call, with their packages.
        chrony: the package of chrony.
        chrony_service: its service.
    """

    like: tuple[str, ...]
    containerd: str
    tools: t.Mapping[str, str]
    chrony: str
    chrony_service: str


@dataclasses.dataclass(frozen=True)
class Mirror:
    """From where images of a registry come instead: first and only."""

    registry: str
    url: str
    ca: str


@dataclasses.dataclass(frozen=True)
class Repository:
    """A repository of packages; without a URL Kubernetes' own. ``key`` is a text in armour or a URL."""

    url: str = ""
    key: str = ""


@dataclasses.dataclass(frozen=True)
class DesiredNode:
    """One node as the inputs want it.

    Attributes:
        version: of Kubernetes; ``None`` where none is given.
        image_repository: of Kubernetes' images.
        pause_image: in place of the one that belongs to the version; empty for that.
        repository: of packages.
        binaries: directory on the controller or URL of programs, in place of packages; empty without.
        mirrors: of registries.
        containerd_settings: settings of containerd by plugin.
        systemd_cgroup: whether the kubelet's cgroups are systemd's.
        bears_swap: whether the kubelet starts with swap.
        bears_old_cgroups: whether the kubelet starts on control groups of version 1; ``None`` is its version's default.
        pod_subnets: the networks of pods.
        control_planes: addresses of all control planes; empty where they are not known.
        node_type: ``control_plane`` or ``worker``.
        api_server_port: of control planes.
        has_etcd: whether a control plane runs a member of etcd.
        has_flannel: whether flannel connects the pods.
        ignored_checks: names of kubeadm's checks that may fail, in lower case.
        manages: ``containerd``, ``firewall`` and ``time`` where the role takes care of it.
        platforms: of distributions.
    """

    version: KubernetesVersion | None
    image_repository: str
    pause_image: str
    repository: Repository
    binaries: str
    mirrors: tuple[Mirror, ...]
    containerd_settings: t.Mapping[str, t.Any]
    systemd_cgroup: bool
    bears_swap: bool
    bears_old_cgroups: bool | None
    pod_subnets: tuple[str, ...]
    control_planes: tuple[str, ...]
    node_type: str
    api_server_port: int
    has_etcd: bool
    has_flannel: bool
    ignored_checks: frozenset[str]
    manages: frozenset[str]
    platforms: tuple[Platform, ...]

    @property
    def has_ipv6_pods(self) -> bool:
        """Whether pods have IPv6 addresses."""
        return any(":" in subnet for subnet in self.pod_subnets)

    def platform(self, identifiers: t.Collection[str]) -> Platform | None:
        """The family that one of these identifiers of os-release belongs to."""
        return next((each for each in self.platforms if set(each.like) & set(identifiers)), None)


#: The role's variables without its name.
VARIABLES = (
    "api_server_port",
    "binaries",
    "cni",
    "containerd_settings",
    "control_planes",
    "ignore_preflight_errors",
    "image_repository",
    "kubelet_configuration",
    "kubernetes_version",
    "manage_containerd",
    "manage_firewall",
    "manage_time",
    "node_type",
    "package_repository",
    "pause_image",
    "platforms",
    "pod_subnet",
    "registry_mirrors",
    "stacked_etcd",
)


def parse(host: str, values: t.Mapping[str, t.Any]) -> tuple[DesiredNode, tuple[Problem, ...]]:
    """The desired node, with a stand-in for each value that cannot be read, and why it cannot.

    Args:
        host: the host's inventory name.
        values: of :data:`VARIABLES`.

    Raises:
        InvalidInput: names are missing, or others are given.
    """
    if set(values) != set(VARIABLES):
        raise InvalidInput(f"inputs of node_prepare must be these: {', '.join(VARIABLES)}.")
    inputs = _Inputs(host, values)
    kubelet = inputs.mapping("kubelet_configuration")
    desired = DesiredNode(
        version=_version(inputs),
        image_repository=inputs.text("image_repository").rstrip("/"),
        pause_image=inputs.text("pause_image"),
        repository=_repository(inputs),
        binaries=inputs.text("binaries").rstrip("/"),
        mirrors=tuple(_mirrors(inputs)),
        containerd_settings=_settings(inputs),
        systemd_cgroup=kubelet.get("cgroupDriver", "systemd") == "systemd",
        bears_swap=kubelet.get("failSwapOn") is False,
        bears_old_cgroups=None if kubelet.get("failCgroupV1") is None else kubelet["failCgroupV1"] is False,
        pod_subnets=tuple(_pod_subnets(inputs)),
        control_planes=tuple(_control_planes(inputs)),
        node_type=_node_type(inputs),
        api_server_port=_port(inputs),
        has_etcd=inputs.boolean("stacked_etcd"),
        has_flannel=inputs.text("cni") == "flannel",
        ignored_checks=frozenset(str(item).lower() for item in inputs.sequence("ignore_preflight_errors")),
        manages=frozenset(name for name in ("containerd", FIREWALL, "time") if inputs.boolean(f"manage_{name}")),
        platforms=tuple(_platforms(inputs.mapping("platforms"))),
    )
    if kubelet.get("cgroupDriver", "systemd") not in ("systemd", "cgroupfs"):
        inputs.object_to("kubelet_configuration", "has a cgroupDriver that is neither systemd nor cgroupfs")
    return desired, tuple(inputs.problems)


class _Inputs:
    """Values of the role's variables, and what is wrong with them."""

    def __init__(self, host: str, values: t.Mapping[str, t.Any]) -> None:
        self.problems: list[Problem] = []
        self._host = host
        self._values = values

    def object_to(self, name: str, what: str) -> None:
        variable = f"node_prepare_{name}"
        self.problems.append(Problem(variable, f"{variable} of {self._host} {what}."))

    def text(self, name: str) -> str:
        value = self._values[name]
        return "" if value is None else str(value).strip()

    def mapping(self, name: str) -> t.Mapping[str, t.Any]:
        value = self._values[name]
        if value is None or isinstance(value, dict):
            return value or {}
        self.object_to(name, "must be a mapping")
        return {}

    def sequence(self, name: str) -> t.Sequence[t.Any]:
        value = self._values[name]
        if value is None or isinstance(value, (list, tuple)):
            return value or ()
        if isinstance(value, str):
            return [item.strip() for item in value.split(",") if item.strip()]
        self.object_to(name, "must be a list")
        return ()

    def boolean(self, name: str) -> bool:
        found = boolean(self.text(name))
        if found is None:
            self.object_to(name, f"is {self._values[name]!r}, neither true nor false")
        return bool(found)


def _version(inputs: _Inputs) -> KubernetesVersion | None:
    text = inputs.text("kubernetes_version")
    if not text:
        return None
    if _VERSION.fullmatch(text) is None:
        inputs.object_to(
            "kubernetes_version", f"is {text!r}: set kubeadm_ha_kubernetes_version to a whole version such as 1.34.4"
        )
        return None
    return KubernetesVersion.parse(text)


def _repository(inputs: _Inputs) -> Repository:
    given = inputs.mapping("package_repository")
    if not given:
        return Repository()
    url, key = (str(given.get(name) or "").strip() for name in ("url", "key"))
    unknown = sorted(set(given) - {"url", "key"})
    if unknown:
        inputs.object_to("package_repository", f"has {', '.join(unknown)}, but is {{url, key}}")
    if _URL.fullmatch(url) is None:
        inputs.object_to("package_repository", f"has the url {url!r}, which is neither http:// nor https://")
    if not key.startswith("-----BEGIN PGP PUBLIC KEY BLOCK") and _URL.fullmatch(key) is None:
        inputs.object_to(
            "package_repository",
            "needs the key that signs it: the text of an ASCII-armored public key, a path on the controller, or a URL",
        )
    return Repository(url, key)


def _mirrors(inputs: _Inputs) -> t.Iterator[Mirror]:
    for registry, given in sorted(inputs.mapping("registry_mirrors").items()):
        mirror = given if isinstance(given, dict) else {"url": given}
        url, ca = (str(mirror.get(name) or "").strip() for name in ("url", "ca"))
        name = str(registry)
        if _REGISTRY.fullmatch(name) is None or _URL.fullmatch(url) is None or set(mirror) - {"url", "ca"}:
            inputs.object_to(
                "registry_mirrors",
                f"must have a registry such as registry.k8s.io and {{url, ca}} of its mirror, not {name!r}",
            )
        elif ca and "-----BEGIN CERTIFICATE-----" not in ca:
            inputs.object_to("registry_mirrors", f"has a ca of {name} that is no PEM text of a certificate")
        else:
            yield Mirror(name, url.rstrip("/"), f"{ca}\n" if ca else "")


def _settings(inputs: _Inputs) -> t.Mapping[str, t.Any]:
    given = inputs.mapping("containerd_settings")
    wrong = sorted(str(name) for name, value in given.items() if not isinstance(value, dict))
    if wrong:
        inputs.object_to(
            "containerd_settings",
            f"must have a mapping of settings for each plugin, and has none for {', '.join(wrong)}",
        )
        return {}
    try:
        toml_text.render({"plugins": given})
    except InvalidInput as error:
        inputs.object_to("containerd_settings", f"cannot be written as TOML: {error.message.rstrip('.')}")
        return {}
    return given


def _pod_subnets(inputs: _Inputs) -> t.Iterator[str]:
    for text in filter(None, (item.strip() for item in inputs.text("pod_subnet").split(","))):
        try:
            yield str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            inputs.object_to("pod_subnet", f"has {text!r}, which is no network such as 10.244.0.0/16")


def _control_planes(inputs: _Inputs) -> t.Iterator[str]:
    for item in inputs.sequence("control_planes"):
        try:
            yield str(ipaddress.ip_address(str(item)))
        except ValueError:
            inputs.object_to("control_planes", f"has {item!r}, which is no IP address")


def _node_type(inputs: _Inputs) -> str:
    text = inputs.text("node_type")
    if text not in (CONTROL_PLANE, WORKER):
        inputs.object_to("node_type", f"is {text!r}, none of {CONTROL_PLANE}, {WORKER}")
        return WORKER
    return text


def _port(inputs: _Inputs) -> int:
    text = inputs.text("api_server_port")
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    inputs.object_to("api_server_port", f"is {text!r}, no port")
    return 6443


def _platforms(given: t.Mapping[str, t.Any]) -> t.Iterator[Platform]:
    for values in given.values():
        yield Platform(
            tuple(values["like"]),
            values["containerd"],
            dict(values["tools"]),
            values["chrony"],
            values["chrony_service"],
        )


__all__ = (
    "CONTROL_PLANE",
    "FIREWALL",
    "VARIABLES",
    "WORKER",
    "DesiredNode",
    "Mirror",
    "Platform",
    "Repository",
    "parse",
)
