# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates of a member are issued: those that are missing, and those that others would soon refuse."""

from __future__ import annotations

import typing as t

from ..base.address import San, canonical_dns_name
from ..base.change import KNOWN_AFTER_APPLY, Change
from ..base.errors import InvalidInput
from . import places

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from .report import EtcdHost

_LOCAL = ("localhost", "127.0.0.1", "::1")


def sans(name: str, host: EtcdHost) -> tuple[str, ...]:
    """Names and addresses by which a member is reached, as openssl writes them."""
    names = [text for text in (name, host.hostname) if canonical_dns_name(text)]
    found = {San.parse(text) for text in (*names, *_LOCAL, *filter(None, (host.address,)))}
    return tuple(f"{san.kind.upper()}:{san.value}" for san in sorted(found))


def issues(name: str, host: EtcdHost, ca: str, x509: X509, *, now: float, renew_days: int) -> list[Change]:
    """The certificates to be issued, each with why.

    Args:
        name: the host's name in the inventory.
        host: what was found on it.
        ca: the CA's certificate, empty where it is still to be made.
        x509: reads certificates.
        now: seconds since the epoch.
        renew_days: one that is valid for less is renewed.
    """
    found = []
    for pair in places.PAIRS:
        before, reason = _fault(host, pair, sans(name, host), ca, x509, now, renew_days)
        if reason:
            found.append(Change(f"certificate etcd/{pair}", before, KNOWN_AFTER_APPLY, reason))
    return found


def _fault(
    host: EtcdHost, pair: str, wanted: t.Sequence[str], ca: str, x509: X509, now: float, renew_days: int
) -> tuple[str | None, str]:
    """What the certificate is and why it is issued; no reason where it is not."""
    there = host.pairs.get(pair)
    if there is None or not there.pem:
        return None, "members and clients know each other by certificates"
    try:
        certificate = x509.certificates(there.pem.encode())[0]
        is_ours = bool(ca) and x509.is_signed_by(there.pem.encode(), ca.encode())
    except (InvalidInput, IndexError):
        return "broken", "it cannot be read"
    until = f"valid until {certificate.not_after:%Y-%m-%d}"
    if not there.is_whole:
        return until, "its key is missing or another one"
    if not is_ours:
        return until, "the CA of this etcd cluster has not signed it"
    texts = [text.partition(":")[2] for text in wanted]
    lacking = [text for text in texts if not certificate.covers(San.parse(text))]
    if lacking:
        return until, f"it is not for {', '.join(lacking)}"
    if certificate.days_left(now) < renew_days:
        return until, f"it ends in less than {renew_days} days"
    return until, ""


__all__ = ("issues", "sans")
