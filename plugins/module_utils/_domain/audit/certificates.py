# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about certificates and keys: their ends, whom they name, and whether control planes agree on them."""

from __future__ import annotations

import posixpath
import typing as t

from ..base.address import San, canonical_ip
from ..base.certificate import rfc3339
from ..base.errors import InvalidInput
from . import certificate_ends, kinds
from .audit_finding import found

if t.TYPE_CHECKING:
    from ..base.certificate import Certificate
    from ..plan.checks.expiry import Expiry
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput, ControlPlane

#: Days before its end at which a certificate, or an authority, is reported, if they are also less than this share of its life.
_SOON, _CA_SOON, _SHARE = 30, 180, 0.2
_AUTHORITIES = frozenset({"ca.crt", "front-proxy-ca.crt", "ca.pem"})
_DAY = 86400.0


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about certificates."""
    yield from _ends(audit)
    for item in audit.control_planes.values():
        yield from _names(audit, item)
    yield from _authorities(audit)
    yield from _service_accounts(audit)
    yield from _kubelets(audit)
    yield from _hosts(audit)


def _ends(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        for item in certificate_ends.of(audit, host):
            if certificate_ends.is_self_signed_of_kubelet(item):
                yield from _self_signed(item)
            else:
                yield from _end(
                    name, item.path, item.certificate, host.report.clock, remedy=item.remedy, is_needed=item.is_needed
                )


def _self_signed(item: Expiry) -> t.Iterator[AuditFinding]:
    """One that nobody can verify matters to few; that it ends is not said before."""
    if item.has_expired:
        name, directory = item.host.name, posixpath.dirname(item.path)
        yield found(
            kinds.CERTIFICATE_KUBELET_SELF_SIGNED,
            name,
            f"{item.path} on {name} expired {-item.days_left} days ago.",
            f"{item.path}: {item.certificate.subject}",
            f"valid from {rfc3339(item.certificate.not_before)} to {rfc3339(item.certificate.not_after)}",
            remedy=f"Remove kubelet.crt and kubelet.key in {directory} on {name} and restart the kubelet, which makes new ones; or let kubelets "
            "be issued certificates (serverTLSBootstrap).",
        )


def _end(
    name: str, path: str, certificate: Certificate, now: float, *, remedy: str, is_needed: bool
) -> t.Iterator[AuditFinding]:
    evidence = (
        f"{path}: {certificate.subject}",
        f"valid from {rfc3339(certificate.not_before)} to {rfc3339(certificate.not_after)}",
    )
    remedy = f"{remedy[:1].upper()}{remedy[1:]}."
    left = certificate.not_after.timestamp() - now
    life = certificate.not_after.timestamp() - certificate.not_before.timestamp()
    is_authority = certificate.is_ca or posixpath.basename(path) in _AUTHORITIES
    if certificate.is_expired(now):
        kind = kinds.CERTIFICATE_EXPIRED if is_needed else kinds.CERTIFICATE_SPARE_EXPIRED
        yield found(
            kind, name, f"{path} on {name} expired {-certificate.days_left(now)} days ago.", *evidence, remedy=remedy
        )
    elif certificate.is_not_yet_valid(now):
        yield found(
            kinds.CERTIFICATE_NOT_YET_VALID,
            name,
            f"{path} on {name} is valid only from {rfc3339(certificate.not_before)}.",
            *evidence,
            remedy=f"Compare the clock of {name} with the others'; if it is right, {remedy[:1].lower()}{remedy[1:]}",
        )
    elif left < (_CA_SOON if is_authority else _SOON) * _DAY and left < life * _SHARE:
        kind = kinds.CERTIFICATE_CA_EXPIRES if is_authority else kinds.CERTIFICATE_EXPIRES
        yield found(
            kind, name, f"{path} on {name} expires in {certificate.days_left(now)} days.", *evidence, remedy=remedy
        )


def _names(audit: AuditInput, item: ControlPlane) -> t.Iterator[AuditFinding]:
    certificate = item.certificates.get(item.serving_certificate)
    if certificate is None:
        return
    shown = ", ".join((*certificate.dns_names, *certificate.ip_addresses))
    evidence = (f"{item.serving_certificate}: {shown}",)
    endpoint = audit.endpoint
    remedy = f"Run kubeadm.ha.site (step certify), which issues the certificate of {item.name} anew without a restart of the API server."
    if endpoint is not None and not certificate.covers(endpoint.san):
        yield found(
            kinds.CERTIFICATE_SAN_ENDPOINT,
            item.name,
            f"The API server of {item.name} presents a certificate that does not name {endpoint.host}.",
            *evidence,
            remedy=remedy,
        )
    if canonical_ip(item.api_server.host) and not certificate.covers(_san(item.api_server.host)):
        yield found(
            kinds.CERTIFICATE_SAN_OWN,
            item.name,
            f"The API server of {item.name} presents a certificate that does not name its own address {item.api_server.host}.",
            *evidence,
            remedy=remedy,
        )
    if certificate.misplaced_sans:
        yield found(
            kinds.CERTIFICATE_MISPLACED,
            item.name,
            f"The certificate of the API server of {item.name} has {', '.join(certificate.misplaced_sans)} as a DNS name.",
            *evidence,
            remedy=remedy,
        )


def _san(text: str) -> San:
    try:
        return San.parse(text)
    except InvalidInput:
        return San("dns", text)


def _authorities(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Authorities of the same file that have different keys; during a rotation files hold both."""
    wanted: dict[str, dict[str, frozenset[str]]] = {}
    for name, item in audit.control_planes.items():
        pki = item.host.pki_dir
        for path, certificate in item.certificates.items():
            if posixpath.basename(path) in _AUTHORITIES:
                keys = frozenset({certificate.public_key_sha256})
                if path == f"{pki}/ca.crt":
                    keys |= item.host.pki_ca_hashes
                wanted.setdefault(path, {})[name] = keys
    for path, by_host in wanted.items():
        (first, keys), *_others = by_host.items()
        for name, other in by_host.items():
            if not keys & other:
                yield found(
                    kinds.CERTIFICATE_CA_DIFFERS,
                    name,
                    f"{path} on {name} is another authority than on {first}.",
                    f"{first}: {', '.join(sorted(keys))}",
                    f"{name}: {', '.join(sorted(other))}",
                    remedy=f"Find which of both the nodes trust (certificate-authority-data of kubelet.conf). The other control plane joins anew: "
                    f"kubeadm.ha.remove_node for {name}, then kubeadm.ha.site.",
                )


def _service_accounts(audit: AuditInput) -> t.Iterator[AuditFinding]:
    seen = {
        name: frozenset(item.host.report.audit.public_keys.values())
        for name, item in audit.control_planes.items()
        if item.host.report.audit is not None and item.host.report.audit.public_keys
    }
    if len(set(seen.values())) < 2:
        return
    (first, keys), *_others = seen.items()
    for name, other in seen.items():
        if other != keys:
            yield found(
                kinds.CERTIFICATE_SERVICE_ACCOUNT,
                name,
                f"{name} has other public keys of service accounts than {first}.",
                f"{first}: {', '.join(sorted(keys))}",
                f"{name}: {', '.join(sorted(other))}",
                remedy=f"Copy sa.pub and sa.key of the control plane whose controller manager signs to {name}, and restart the API server there.",
            )


def _kubelets(audit: AuditInput) -> t.Iterator[AuditFinding]:
    served = {key for item in audit.control_planes.values() for key in item.host.pki_ca_hashes}
    for name, host in audit.hosts.items():
        if served and host.kubelet_ca_hashes and not host.kubelet_ca_hashes & served:
            yield found(
                kinds.CERTIFICATE_KUBELET_CA,
                name,
                f"The kubelet of {name} trusts a certificate authority that no control plane has.",
                f"kubelet.conf: {', '.join(sorted(host.kubelet_ca_hashes))}",
                f"ca.crt of the control planes: {', '.join(sorted(served))}",
                remedy=f"Put ca.crt of a control plane into kubelet.conf of {name} and restart the kubelet, if {name} is of this cluster.",
            )


def _hosts(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        for certificate in host.interrupted_certificates:
            yield found(
                kinds.CERTIFICATE_INTERRUPTED,
                name,
                f"The replacement of {certificate} on {name} was interrupted.",
                f"journal of {certificate} on {name}",
                remedy="Run kubeadm.ha.site (step repair): it ends the replacement or undoes it.",
            )
        if host.is_control_plane and not host.report.has_ca_key and host.report.user_id == 0:
            yield found(
                kinds.CERTIFICATE_EXTERNAL_CA,
                name,
                f"{name} has no {host.pki_dir}/ca.key.",
                f"{host.pki_dir}/ca.key is missing",
                remedy="See that whoever has it renews in time; for a run of kubeadm.ha.site put it there.",
            )


__all__ = ("find",)
