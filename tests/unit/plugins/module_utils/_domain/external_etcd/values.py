# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports and inputs of hosts of etcd, as the tests change them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import San
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Certificate
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import (
    certificates,
    desired,
    member,
    places,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import (
    EtcdHost,
    Pair,
    Program,
    Record,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Service

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import Identity
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.decision import EtcdDecision

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp()
DAY = 86400.0
CA = "ca|3650"
INPUTS: dict[str, t.Any] = {
    "address": "",
    "binaries": "",
    "certificate_renew_days": 90,
    "certificate_valid_days": 365,
    "clients": [],
    "control_planes": ["192.0.2.11", "192.0.2.12"],
    "kubernetes_version": "1.34.4",
    "manage_firewall": True,
    "packages": {"apt": ["etcd-server", "etcd-client"]},
}


class TextX509:
    """``X509`` of texts: the signer, the days that are left, and SANs, with bars between."""

    def certificates(self, pem: bytes) -> t.Sequence[Certificate]:
        """The one in the text."""
        try:
            issuer, days, *sans = pem.decode().split("|")
            end = dt.datetime.fromtimestamp(NOW + float(days) * DAY, dt.UTC)
        except ValueError as error:
            raise InvalidInput("broken") from error
        start = end - dt.timedelta(days=365)
        names = frozenset(San.parse(san.partition(":")[2]) for san in sans)
        return [Certificate("", issuer, 1, start, end, names, "ECDSA secp256r1", False, "", "")]

    def identities(self, pem: bytes) -> t.Sequence[Identity]:
        """Not used by these tests."""
        raise AssertionError(pem)

    def key_matches(self, certificate_pem: bytes, key_pem: bytes) -> bool:
        """Not used by these tests."""
        raise AssertionError(certificate_pem, key_pem)

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Whether both have one signer."""
        return certificate_pem.split(b"|")[0] == ca_pem.split(b"|")[0]


def address_of(name: str) -> str:
    """By the number at its end."""
    return f"192.0.2.{30 + int(name[-1])}"


def bare(name: str, **changes: t.Any) -> EtcdHost:
    """A host with nothing of etcd, for which its distribution has a new one."""
    found = EtcdHost(
        hostname=name,
        address=address_of(name),
        addresses=(address_of(name),),
        package_manager="apt",
        offered="3.6.5-1",
        packaged=None,
        own=None,
        has_user=False,
        has_cryptography=True,
        files={},
        is_ours=False,
        service=Service("inactive", ""),
        is_loaded=False,
        record=Record(),
        data=(),
        taken=(),
        pairs={},
        ca="",
        has_ca_key=False,
        etcd=None,
        failure="",
        objects=None,
        firewall=Firewall(),
    )
    return dataclasses.replace(found, **changes)


def pem(name: str, days: float = 300, signer: str = "ca") -> str:
    """A certificate of a member."""
    return "|".join([signer, str(days), *certificates.sans(name, bare(name))])


def made(name: str, **changes: t.Any) -> EtcdHost:
    """A host whose member runs, as the role leaves it; the first one has the CA's key."""
    blank = bare(name, packaged=Program("/usr/bin/etcd", "3.6.5", {}))
    decided = decide(name, {name: blank})
    found = dataclasses.replace(
        blank,
        has_user=True,
        files={file.path: member._sha256(file.content) for file in decided.files},
        is_ours=True,
        service=Service("active", "enabled"),
        is_loaded=True,
        record=Record("member"),
        data=(places.DATA,),
        taken=(2379, 2380),
        pairs={pair: Pair(pem(name), is_whole=True) for pair in places.PAIRS},
        ca=CA,
        has_ca_key=name == "etcd1",
        objects=0,
    )
    return dataclasses.replace(found, **changes)


def decide(
    name: str, hosts: t.Mapping[str, EtcdHost], digests: t.Mapping[str, str] | None = None, **inputs: t.Any
) -> EtcdDecision:
    """The decision for one of the hosts."""
    wanted, faults = desired.parse(name, {**INPUTS, **inputs}, digests or {})
    return member.decide(name, wanted, faults, member.Circumstances(hosts, TextX509(), NOW))


def three(make: t.Callable[..., EtcdHost], **changes: t.Any) -> dict[str, EtcdHost]:
    """Three hosts alike."""
    return {name: make(name, **changes) for name in ("etcd1", "etcd2", "etcd3")}
