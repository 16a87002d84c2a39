# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding of the audit: with the hosts by whose loss it is felt."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.finding import Finding

if t.TYPE_CHECKING:
    from ..base.finding import Kind


@dataclasses.dataclass(frozen=True)
class AuditFinding(Finding):
    """A finding.

    Attributes:
        lost_with: parts by whose loss it is felt: inventory names of hosts, or the address of a member of etcd on none of them. Empty
            where it is felt without a loss, or does not depend on one.
    """

    lost_with: tuple[str, ...] = ()


def found(
    kind: Kind,
    subject: str,
    summary: str,
    *evidence: str,
    remedy: str,
    lost_with: t.Iterable[str] = (),
) -> AuditFinding:
    """A finding, its parts without repetition and in their order."""
    return AuditFinding(kind, subject, summary, tuple(dict.fromkeys(evidence)), remedy, tuple(dict.fromkeys(lost_with)))


__all__ = ("AuditFinding", "found")
