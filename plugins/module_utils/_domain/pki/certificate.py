# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SANs of a certificate decide."""

from __future__ import annotations

import typing as t

from ..base.address import San, canonical_ip
from ..base.change import Change

if t.TYPE_CHECKING:
    from ..base.certificate import Certificate


def missing_sans(certificate: Certificate, wanted: t.Iterable[San]) -> frozenset[San]:
    """The wanted SANs that the certificate does not cover. An IP address that stands as a DNS name does not count."""
    return frozenset(san for san in wanted if not certificate.covers(san))


def decide_sans(name: str, certificate: Certificate, wanted: t.Iterable[San]) -> Change | None:
    """The change that a certificate needs to cover the wanted SANs, ``None`` when it does.

    Args:
        name: kubeadm's name of the certificate: ``apiserver``, ``etcd-server``, ``etcd-peer``.
        certificate: the certificate as it is.
        wanted: SANs that it must cover; those that it has are kept.

    Returns:
        ``before`` and ``after`` are sorted lists of SANs. The certificate may get more than ``after``: kubeadm adds
        what it always adds and what ``certSANs`` of the cluster says.
    """
    missing = missing_sans(certificate, wanted)
    if not missing:
        return None
    misplaced = certificate.misplaced_sans
    remark = f"; {', '.join(misplaced)} in it as DNS name counts for no client" if misplaced else ""
    return Change(
        object=object_name(name),
        before=shown(certificate.sans),
        after=shown(kept_sans(certificate) | missing),
        reason=f"it does not cover {', '.join(shown(missing))}{remark}",
    )


def kept_sans(certificate: Certificate) -> frozenset[San]:
    """The SANs that a successor must have: all of them, an IP address that stood as a DNS name as an IP address."""
    return frozenset(
        San("ip", canonical_ip(san.value) or "") if _is_misplaced(san) else san for san in certificate.sans
    )


def object_name(name: str) -> str:
    """How a certificate is called in changes."""
    return f"certificate {name}"


def shown(sans: t.Iterable[San]) -> list[str]:
    """SANs as a sorted list for people; an IP address that stands as a DNS name is marked ``DNS:``."""
    return sorted(f"DNS:{san}" if _is_misplaced(san) else str(san) for san in sans)


def _is_misplaced(san: San) -> bool:
    return san.kind == "dns" and canonical_ip(san.value) is not None


__all__ = ("decide_sans", "kept_sans", "missing_sans", "object_name", "shown")
