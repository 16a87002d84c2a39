# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: what an audit says about one object of a cluster, with what it saw, why that matters and what to do."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Severity(enum.Enum):
    """How bad a finding is. In ascending order."""

    #: Worth knowing, and nothing that has to be mended.
    INFO = "info"
    #: The loss of one part will be felt, or an outage is prepared.
    WARNING = "warning"
    #: The loss of one part is an outage, or there is one.
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place from the mildest, 0, on."""
        return list(Severity).index(self)


@dataclasses.dataclass(frozen=True)
class Kind:
    """What findings of one id have in common.

    Attributes:
        id: lower case words joined by hyphens, prefixed by the subject and a dot: ``etcd.no-tolerance``. It never changes its meaning.
        severity: of every finding of this kind.
        title: a few words without the object.
        why: why it matters, a sentence or two.
    """

    id: str
    severity: Severity
    title: str
    why: str


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    Attributes:
        kind: what it has in common with others.
        object: the host, the node or the object of the API that it is about.
        summary: what is wrong with that object, one sentence.
        evidence: what was seen, as it was seen, one text each: a path with its line, a flag, a socket.
        remedy: what to do: a command, or the step of ``kubeadm.ha.site`` that mends it.
    """

    kind: Kind
    object: str
    summary: str
    evidence: t.Sequence[str]
    remedy: str


__all__ = ("Finding", "Kind", "Severity")
