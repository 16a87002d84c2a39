# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of a new cluster may be; see :mod:`input_values`."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..base.endpoint_input import is_subdomain
from ..base.errors import InvalidInput
from ..base.version import KubernetesVersion

_REPOSITORY = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._-]+)*\Z")
_FULL_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+\Z")
#: kubeadm takes one subnet of each family.
_FAMILIES = 2


def parse_kubernetes_version(value: t.Any) -> KubernetesVersion:
    """A whole version: packages and images have one, not a branch."""
    if not isinstance(value, str) or not _FULL_VERSION.match(value):
        raise InvalidInput(
            f"{value!r} is no version of Kubernetes with all three numbers: write it as 1.34.4, in quotes."
        )
    return KubernetesVersion.parse(value)


def parse_subnets(value: t.Any) -> tuple[str, ...]:
    """A subnet, or one of each address family with a comma between."""
    texts = [text.strip() for text in value.split(",")] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not texts or len(texts) > _FAMILIES:
        raise InvalidInput(f"{value!r} is no subnet: write it as 10.244.0.0/16, or one of IPv4 and one of IPv6.")
    networks = [_network(text) for text in texts]
    if len({network.version for network in networks}) != len(networks):
        raise InvalidInput(f"{value!r} has two subnets of one address family: give one of IPv4 and one of IPv6.")
    return tuple(str(network) for network in networks)


def parse_dns_domain(value: t.Any) -> str:
    """The domain of the cluster's Services."""
    if not isinstance(value, str) or not is_subdomain(value):
        raise InvalidInput(
            f"{value!r} is no DNS domain: write lower-case letters, digits, '-' and '.', as cluster.local."
        )
    return value


def parse_image_repository(value: t.Any) -> str:
    """A registry, and what stands in it before the names of Kubernetes' images."""
    if not isinstance(value, str) or not _REPOSITORY.match(value):
        raise InvalidInput(f"{value!r} is no image repository: write it without https://, as registry.k8s.io.")
    return value


def parse_network(value: t.Any) -> str:
    """``flannel``, ``none``, or where a manifest is."""
    if value in ("flannel", "none"):
        return str(value)
    if isinstance(value, str) and (value.startswith(("/", "https://", "http://")) or value.endswith((".yml", ".yaml"))):
        return value
    raise InvalidInput(f"{value!r} is no pod network: write flannel, none, or the path or URL of a manifest.")


def parse_vip(value: t.Any) -> str:
    """A virtual IP address with the length of its network's prefix."""
    try:
        found = ipaddress.ip_interface(value) if isinstance(value, str) and "/" in value else None
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput(f"{value!r} is no virtual IP address: write it with its prefix, as 192.0.2.10/24.")
    if found.network.num_addresses > 2 and found.ip in (found.network.network_address, found.network.broadcast_address):
        raise InvalidInput(
            f"{value!r} is the address of the network itself or its broadcast address: give one of a host."
        )
    return str(found)


def parse_router_id(value: t.Any) -> int:
    """The number by which virtual routers of one network know each other (RFC 9568, section 5.2.3)."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not re.match(r"[0-9]{1,3}\Z", text) or not 1 <= int(text) <= 255:
        raise InvalidInput(
            f"{value!r} is no virtual router id: write a number from 1 to 255 that nobody else in the network has."
        )
    return int(text)


def parse_mapping(value: t.Any) -> dict[str, t.Any]:
    """A mapping with texts as keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidInput(f"{value!r} is no mapping: write KEY: VALUE lines below the variable.")
    return value


def _network(text: t.Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text if isinstance(text, str) and "/" in text else "")
    except ValueError as error:
        reason = f" ({error})" if "host bits" in str(error) else ""
        raise InvalidInput(f"{text!r} is no subnet{reason}: write it as 10.244.0.0/16.") from None


__all__ = (
    "parse_dns_domain",
    "parse_image_repository",
    "parse_kubernetes_version",
    "parse_mapping",
    "parse_network",
    "parse_router_id",
    "parse_subnets",
    "parse_vip",
)
