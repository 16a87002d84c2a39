# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *certify*: the certificate of an API server gets the SANs of the endpoint and of every master, with the key that it has."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.address import San
from ....base.change import Change
from ...entry import Entry
from ...step import Step, hosts_of

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..scaling import Scaling

NAME = "certify"


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role binary_control_plane is given to certify a master.

    Attributes:
        path: the certificate.
        key: its key, which stays.
        ca_path: the CA's certificate there.
        ca_key: the CA's key there.
        names: all SANs that it is to have, each with ``DNS:`` or ``IP:`` before it.
        sans: those that it does not have yet.
        server: address and port where it is served.
    """

    path: str
    key: str
    ca_path: str
    ca_key: str
    names: tuple[str, ...]
    sans: tuple[str, ...]
    server: str


class Certify(Step["Scaling"]):
    """Masters that there are, each its own certificate."""

    name = NAME

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the control planes."""
        del others
        for name in situation.desired.control_planes:
            missing = situation.missing_sans(name)
            if missing and situation.signing is not None:
                own = sorted(san.value for san in situation.served[name].sans)
                change = Change(
                    object=f"certificate {situation.certificate_paths(name)[0]}",
                    before=own,
                    after=sorted({*own, *missing}),
                    reason="clients of other masters and of the endpoint verify these names",
                )
                yield Entry(name, self.name, change)

    def groups(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """A play of its own: certificates of kubeadm are another one's."""
        del situation
        return {"certify_services": hosts_of(entries, self.name)}

    def record(self, situation: Scaling, host: Host) -> Record:
        """The files of this host."""
        path, key = situation.certificate_paths(host.name)
        missing = situation.missing_sans(host.name)
        wanted = situation.served[host.name].sans | {San.parse(text) for text in missing}
        signing = situation.signing
        return Record(
            path=path,
            key=key,
            ca_path=signing.certificate if signing is not None else "",
            ca_key=signing.key if signing is not None else "",
            names=tuple(sorted(f"{san.kind.upper()}:{san.value}" for san in wanted)),
            sans=missing,
            server=str(situation.server_of(host.name)),
        )


__all__ = ("NAME", "Certify", "Record")
