# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a component has the certificate that it is to have, and whether the CA can issue one."""

from __future__ import annotations

import re
import typing as t

from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..pki.certificate import missing_sans, shown

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import X509
    from ..base.address import San
    from .desired import DesiredService
    from .found import Owner
    from .layout import Layout
    from .profile import Profile

_DAY = 86400.0
_COMMON_NAME = re.compile(r"(?:^|,)CN=([^,]*)")
_FOR_OTHERS = 0o077


class Fault(t.NamedTuple):
    """Why a certificate will not do.

    Attributes:
        before: what is there; ``None`` where there is nothing.
        reason: in one clause.
    """

    before: t.Any
    reason: str


def fault(
    profile: Profile,
    *,
    pem: bytes | None,
    key: bytes | None,
    key_owner: Owner | None,
    ca: bytes,
    sans: t.Sequence[San],
    renew_days: int,
    x509: X509 | None,
    now: float,
) -> Fault | None:
    """Why a certificate is to be issued, ``None`` where the present one will do.

    Args:
        profile: of the component.
        pem: the present certificate.
        key: its key.
        key_owner: whose that is.
        ca: the cluster's CA.
        sans: what it must be valid for.
        renew_days: how long before its end it is renewed.
        x509: reads certificates; ``None`` where the host lacks the library.
        now: seconds since the epoch.
    """
    if pem is None:
        return Fault(None, "there is none")
    if x509 is None:
        return Fault(
            "a certificate", "the host lacks the Python library cryptography, so whether it will do is not known yet"
        )
    try:
        certificate = x509.certificates(pem)[0]
        matches = key is not None and x509.key_matches(pem, key)
        is_signed = x509.is_signed_by(pem, ca)
    except InvalidInput as error:
        return Fault("a broken file", error.message)
    before = {
        "subject": certificate.subject,
        "sans": shown(certificate.sans),
        "until": certificate.not_after.isoformat(),
    }
    missing = missing_sans(certificate, sans)
    faults = (
        (
            certificate.subject != f"CN={profile.user}",
            f"its subject is {certificate.subject}, and RBAC names a user without groups",
        ),
        (key is None, "its key is missing"),
        (not matches, "its key is another one"),
        (key_owner is not None and bool(key_owner.mode & _FOR_OTHERS), "others can read its key"),
        (not is_signed, "the cluster's CA has not signed it"),
        (not certificate.is_server, "it is not for servers"),
        (bool(missing), f"it does not cover {', '.join(shown(missing))}"),
        (certificate.is_not_yet_valid(now), "it is not valid yet"),
        (certificate.not_after.timestamp() - now < renew_days * _DAY, f"it ends on {certificate.not_after:%Y-%m-%d}"),
    )
    reason = next((text for is_so, text in faults if is_so), None)
    return None if reason is None else Fault(before, reason)


def foreign(profile: Profile, path: str, pem: bytes | None, x509: X509 | None) -> Problem | None:
    """A certificate of somebody else, whose place is not taken."""
    if pem is None or x509 is None:
        return None
    try:
        subject = x509.certificates(pem)[0].subject
    except InvalidInput:
        return None
    match = _COMMON_NAME.search(subject)
    if match is not None and match.group(1) == profile.user:
        return None
    return Problem(
        f"{profile.role}_certificate",
        f"{path} is the certificate of {subject}: name other places in {profile.role}_certificate and {profile.role}_private_key.",
    )


def problems_of_ca(
    profile: Profile,
    desired: DesiredService,
    layout: Layout,
    host: str,
    files: Files,
    x509: X509 | None,
    *,
    issues: bool,
) -> t.Iterator[Problem]:
    """Why the cluster's CA cannot issue the certificate."""
    role = profile.role
    if not layout.ca_certificate or files.read(layout.ca_certificate) is None:
        where = (
            f"{layout.ca_certificate} does not exist on {host}"
            if layout.ca_certificate
            else f"No component on {host} names it"
        )
        yield Problem(
            f"{role}_ca_certificate", f"The cluster's CA is needed. {where}: give its path in {role}_ca_certificate."
        )
        return
    if not issues or not desired.signs_here:
        return
    signing, key = files.read(layout.signing_certificate), files.read(layout.ca_key) if layout.ca_key else None
    if signing is None or key is None:
        missing = layout.ca_key if signing is not None else layout.signing_certificate
        yield Problem(
            f"{role}_ca_key",
            f"{host} has no key of the cluster's CA, without which no certificate of {profile.user} can be issued: {missing or 'its path'} "
            f"{'does not exist' if missing else 'is not known'}. Give its path in {role}_ca_key, or the host that has it in {role}_signer.",
        )
        return
    if x509 is None:
        return
    try:
        is_pair = x509.key_matches(signing, key)
        trusted = {each.fingerprint_sha256 for each in x509.certificates(files.read(layout.ca_certificate) or b"")}
        is_trusted = x509.certificates(signing)[0].fingerprint_sha256 in trusted
    except InvalidInput as error:
        yield Problem(
            f"{role}_ca_certificate",
            f"The CA of {host} cannot be used ({layout.ca_certificate}, {layout.ca_key}): {error.message}",
        )
        return
    if not is_pair:
        yield Problem(
            f"{role}_ca_key",
            f"{layout.ca_key} on {host} is not the key of {layout.signing_certificate}: give the right ones in {role}_ca_certificate and "
            f"{role}_ca_key.",
        )
    elif not is_trusted:
        yield Problem(
            f"{role}_ca_certificate",
            f"{layout.signing_certificate} on {host} is not among {layout.ca_certificate}, which the API server takes for its clients' CA: give "
            f"{role}_ca_certificate and {role}_ca_key.",
        )


__all__ = ("Fault", "fault", "foreign", "problems_of_ca")
