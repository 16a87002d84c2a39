# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of the role external_etcd mean."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..base.address import canonical_ip
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..base.role_inputs import RoleInputs
from ..base.version import KubernetesVersion

ROLE = "external_etcd"
VARIABLES = (
    "address",
    "binaries",
    "certificate_renew_days",
    "certificate_valid_days",
    "clients",
    "control_planes",
    "kubernetes_version",
    "manage_firewall",
    "packages",
)


@dataclasses.dataclass(frozen=True)
class DesiredEtcd:
    """What a host's inputs want. The fields are the role's variables, without its name.

    Attributes:
        packages: names of etcd's packages, the server first, by the package manager.
        binaries: directory on the controller or URL, empty for packages.
        digests: of the programs in the directory, by their names; empty for a URL.
        clients: addresses and networks that ask etcd beside its members, those of control planes first; empty where those are not known.
    """

    version: KubernetesVersion | None
    address: str
    packages: t.Mapping[str, t.Sequence[str]]
    binaries: str
    digests: t.Mapping[str, str]
    valid_days: int
    renew_days: int
    clients: tuple[str, ...]
    manage_firewall: bool

    @property
    def is_remote(self) -> bool:
        """Whether programs are downloaded by the host."""
        return "://" in self.binaries


def parse(
    host: str, values: t.Mapping[str, t.Any], digests: t.Mapping[str, str]
) -> tuple[DesiredEtcd, tuple[Problem, ...]]:
    """The role's inputs, with every reason why it cannot work with them.

    Args:
        host: the host's inventory name.
        values: of the role's variables, by :data:`VARIABLES`.
        digests: SHA-256 of the programs in the directory of the controller.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(ROLE, host, values, VARIABLES)
    binaries = inputs.text("binaries").rstrip("/")
    packages = inputs.raw("packages")
    control_planes, clients = _networks(inputs, "control_planes"), _networks(inputs, "clients")
    found = DesiredEtcd(
        version=_version(inputs),
        address=_address(inputs),
        packages=packages if isinstance(packages, t.Mapping) else {},
        binaries=binaries,
        digests=digests,
        valid_days=inputs.number("certificate_valid_days"),
        renew_days=inputs.number("certificate_renew_days"),
        # Without the control planes nobody may be shut out: an API server that does not reach etcd is none.
        clients=(*control_planes, *clients) if control_planes else (),
        manage_firewall=inputs.boolean("manage_firewall"),
    )
    if not inputs.unreadable and found.renew_days >= found.valid_days:
        inputs.object_to(
            "certificate_renew_days",
            f"{ROLE}_certificate_renew_days of {host} is {found.renew_days}, but certificates are valid for {found.valid_days} days, so "
            "that each run would renew them: give a smaller number.",
        )
    if binaries and not found.is_remote and "etcd" not in digests:
        inputs.object_to(
            "binaries",
            f"{ROLE}_binaries of {host} is {binaries}, where the controller has no program etcd: name a directory that has etcd, etcdctl "
            "and etcdutl, or a URL.",
        )
    return found, tuple(inputs.problems)


def _version(inputs: RoleInputs) -> KubernetesVersion | None:
    text = inputs.text("kubernetes_version")
    if not text:
        return None
    try:
        return KubernetesVersion.parse(text)
    except InvalidInput:
        inputs.object_to(
            "kubernetes_version",
            f"{ROLE}_kubernetes_version of {inputs.host} is {text!r}: give the version of Kubernetes whose kubeadm is to take this etcd, "
            "such as 1.34.4.",
            unreadable=True,
        )
        return None


def _address(inputs: RoleInputs) -> str:
    text = inputs.text("address")
    address = canonical_ip(text) if text else ""
    if address is None:
        inputs.object_to(
            "address",
            f"{ROLE}_address of {inputs.host} is {text!r}, not an IP address: set kubeadm_ha_etcd_address of the host to one of its "
            "addresses, or leave it out.",
            unreadable=True,
        )
    return address or ""


def _networks(inputs: RoleInputs, name: str) -> tuple[str, ...]:
    """Addresses, and networks with their prefix."""
    given = inputs.raw(name)
    texts = [str(each).strip() for each in (given if isinstance(given, (list, tuple)) else [given or ""])]
    found = {text: _network(text) for text in texts if text}
    wrong = [text for text, network in found.items() if not network]
    if wrong:
        inputs.object_to(
            name,
            f"{ROLE}_{name} of {inputs.host} has {', '.join(wrong)}: list IP addresses and networks, such as 192.0.2.11 or 192.0.2.0/24.",
            unreadable=True,
        )
    return tuple(network for network in found.values() if network)


def _network(text: str) -> str:
    """As a firewall lists it, empty for what is none."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ""
    return str(network) if network.num_addresses > 1 else str(network.network_address)


__all__ = ("ROLE", "VARIABLES", "DesiredEtcd", "parse")
