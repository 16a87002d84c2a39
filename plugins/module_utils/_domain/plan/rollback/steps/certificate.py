# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the control plane that stays go back to what they were."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.address import Endpoint
from ....pki.previous_certificate import return_change
from ...entry import Entry
from ...step import Step

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ....pki.previous_certificate import PreviousCertificate
    from ..rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role apiserver_certificate is given.

    Attributes:
        server: address and port of the API server.
        names: of the certificates.
    """

    server: str
    names: tuple[str, ...]


class Certificate(Step["Rollback"]):
    """Nobody connects by the names any more that were added."""

    name = "return_certificate"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Those that come back."""
        del others
        for found in returning(situation):
            yield Entry(situation.first.name, self.name, return_change(found))

    def record(self, situation: Rollback, host: Host) -> Record:
        """Those that come back."""
        del host
        return Record(str(situation.server), tuple(found.name for found in returning(situation)))


def returning(situation: Rollback) -> list[PreviousCertificate]:
    """Of the control plane that stays; an API server's only where it is for every address that is gone back to."""
    return [found for found in _kept(situation) if found.returns and not lacking(situation, found)]


def lacking(situation: Rollback, found: PreviousCertificate) -> list[str]:
    """Names of the API server that somebody goes back to, and that the certificate of before is not for."""
    if found.name != "apiserver":
        return []
    return [
        host
        for host in (Endpoint.parse(target).host for target in situation.targets)
        if host not in found.previous_sans
    ]


def _kept(situation: Rollback) -> t.Sequence[PreviousCertificate]:
    previous = situation.previous.get(situation.first.name)
    return previous.certificates if previous is not None else ()


__all__ = ("Certificate", "Record", "lacking", "returning")
