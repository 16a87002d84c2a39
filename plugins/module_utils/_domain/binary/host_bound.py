# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that say which host it is, and are another one's on another host."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import canonical_ip
from ..base.addresses_in_text import addresses_in, is_of_a_host

if t.TYPE_CHECKING:
    from .report import ServicesReport

#: Flags that have an address of their own host,
_ADDRESSES = frozenset({
    "address", "advertise-address", "bind-address", "healthz-bind-address", "insecure-bind-address", "metrics-bind-address", "node-ip",
})  # fmt: skip
#: or the name of its Node.
_NAMES = frozenset({"hostname-override"})
#: Flags that name hosts and are the same on all masters.
_OF_CLUSTER = frozenset({
    "api-audiences", "etcd-servers", "etcd-servers-overrides", "external-hostname", "service-account-issuer", "service-account-jwks-uri",
})  # fmt: skip
#: The same as fields of a configuration file.
ADDRESS_FIELDS = frozenset({"address", "bindAddress", "healthzBindAddress", "metricsBindAddress"})
NAME_FIELDS = frozenset({"hostnameOverride"})


@dataclasses.dataclass(frozen=True)
class Master:
    """A host of the control plane, or one that shall be.

    Attributes:
        name: inventory name.
        node_name: name of its Node.
        address: what its API server advertises.
        addresses: all that it has.
        report: its services and what they name.
    """

    name: str
    node_name: str
    address: str
    addresses: frozenset[str]
    report: ServicesReport

    def own(self, text: str) -> tuple[str, ...]:
        """The addresses of this host, and of no loopback, that a text has."""
        return tuple(found for found in addresses_in(text) if found in self.addresses and is_of_a_host(found))


def arguments_on(
    arguments: t.Mapping[str, t.Sequence[str]], source: Master, target: Master
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The arguments of a component of one master as they must be on another, and the flags of which that is not known.

    Args:
        arguments: the values of each flag.
        source: the master that has them.
        target: the other one.
    """
    found: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    for flag, values in arguments.items():
        if flag in _NAMES:
            found[flag] = (target.node_name,) if values else ()
        elif flag in _ADDRESSES:
            found[flag] = tuple(_with_address(value, source, target) for value in values)
        else:
            found[flag] = tuple(values)
            if flag not in _OF_CLUSTER and any(source.own(value) for value in values):
                unknown.append(flag)
    return found, tuple(unknown)


def fields_on(fields: t.Mapping[str, str], source: Master, target: Master) -> dict[str, str]:
    """The fields of a configuration file of one master that have another value on another one."""
    found = {}
    for field, value in fields.items():
        if field in NAME_FIELDS and value:
            found[field] = target.node_name
        elif field in ADDRESS_FIELDS:
            found[field] = _with_address(value, source, target)
    return {field: value for field, value in found.items() if value != fields[field]}


def canonical(addresses: t.Iterable[str]) -> frozenset[str]:
    """Addresses as :class:`Master` has them."""
    return frozenset(found for found in map(canonical_ip, addresses) if found is not None)


def _with_address(value: str, source: Master, target: Master) -> str:
    own = source.own(value)
    for address in own:
        value = value.replace(address, target.address)
    return value


__all__ = ("ADDRESS_FIELDS", "NAME_FIELDS", "Master", "arguments_on", "canonical", "fields_on")
