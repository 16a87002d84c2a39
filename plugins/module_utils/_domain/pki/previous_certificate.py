# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key and certificate that were there before this collection replaced them, for the way back.

They are kept on their host, for root only, from the first replacement to the way back. A pair that is replaced again stays the one
that was kept; one that somebody else has put there meanwhile takes its place.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..base.certificate import rfc3339
from ..base.change import Change
from ..base.errors import InvalidInput
from .certificate import object_name, shown
from .certificate_journal import Pair

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import X509
    from .certificate_issue import Kind

_DIRECTORY = "previous-certificates"
_REASON = "it was so before kubeadm.ha replaced it"


@dataclasses.dataclass(frozen=True)
class PreviousCertificate:
    """What became of a certificate that this collection has replaced.

    Attributes:
        name: kubeadm's name of it.
        sans: of the one that is there now.
        previous_sans: of the one before.
        returns: whether the one before comes back.
        remark: why it does not, as a sentence; empty when it does, or is there already.
    """

    name: str
    sans: tuple[str, ...]
    previous_sans: tuple[str, ...]
    returns: bool
    remark: str = ""


def return_change(found: PreviousCertificate) -> Change:
    """The return of the certificate before as a change."""
    return Change(object_name(found.name), list(found.sans), list(found.previous_sans), _REASON)


class PreviousPair:
    """What is kept of one certificate."""

    def __init__(self, files: Files, kind: Kind, state_dir: str) -> None:
        """``state_dir``: directory of the collection's records on this host."""
        self._files, self._kind = files, kind
        self._directory = f"{state_dir}/{_DIRECTORY}/{kind.name}"
        self._path = f"{self._directory}/record.json"

    @property
    def exists(self) -> bool:
        """Whether anything was kept."""
        return bool(self._record())

    def keep(self, old: Pair, new: Pair, *, pki_dir: str) -> None:
        """Keep a pair before another one replaces it. The copies are there before the record names them."""
        record = self._record()
        before, left = record.get("previous"), list(record.get("left") or ())
        known = [before, *left] if record.get("pki_dir") == pki_dir else []
        if list(old.hashes) not in known:
            before, left = list(old.hashes), []
            directory = self._copies(before)
            self._files.make_private_directory(directory)
            self._files.write(f"{directory}/key", old.key or b"", mode=0o600)
            self._files.write(f"{directory}/crt", old.certificate or b"", mode=0o600)
        document = {"pki_dir": pki_dir, "previous": before, "left": [*left, list(new.hashes)]}
        self._files.write(self._path, (json.dumps(document, indent=1) + "\n").encode(), mode=0o600)

    def pair(self) -> Pair:
        """The pair that was kept, if its copies are still what was kept."""
        before = self._record().get("previous")
        if not before:
            return Pair(None, None)
        directory = self._copies(before)
        found = Pair(self._files.read(f"{directory}/key"), self._files.read(f"{directory}/crt"))
        return found if list(found.hashes) == before else Pair(None, None)

    def inspect(self, x509: X509, in_place: Pair, *, ca: bytes, pki_dir: str, now: float) -> PreviousCertificate | None:
        """What becomes of the certificate on the way back; ``None`` where nothing was kept.

        Args:
            x509: reads certificates.
            in_place: the pair that is there now.
            ca: the CA's certificates in PEM.
            pki_dir: the cluster's certificates directory.
            now: seconds since the epoch.
        """
        record = self._record()
        if not record or record.get("pki_dir") != pki_dir:
            return None
        pair = self.pair()
        sans, previous_sans = _sans(x509, in_place), _sans(x509, pair)
        if list(in_place.hashes) == record["previous"]:
            return PreviousCertificate(self._kind.name, sans, sans, returns=False)
        remark = self._remark(x509, in_place, pair, record, ca=ca, now=now)
        return PreviousCertificate(self._kind.name, sans, previous_sans, returns=not remark, remark=remark)

    def remove(self) -> None:
        """The copies go: the pair is back."""
        self._files.remove(self._directory)

    def _remark(
        self, x509: X509, in_place: Pair, pair: Pair, record: t.Mapping[str, t.Any], *, ca: bytes, now: float
    ) -> str:
        """Why the pair that was kept does not come back."""
        name = f"The certificate {self._kind.name}"
        if list(in_place.hashes) not in record["left"]:
            return f"{name} was renewed or replaced by somebody else since, so it stays as it is."
        try:
            certificate = x509.certificates(pair.certificate or b"")[0]
            if certificate.is_expired(now):
                return (
                    f"{name} of before expired on {rfc3339(certificate.not_after)}, so the one that is there stays. It is valid for more names, "
                    "which does no harm."
                )
            if not x509.is_signed_by(pair.certificate or b"", ca):
                return f"{name} of before is not signed by the CA of now, so the one that is there stays."
            if x509.key_matches(pair.certificate or b"", pair.key or b""):
                return ""
        except (InvalidInput, IndexError):
            pass
        return f"{name} of before was kept in {self._directory}, but what is there cannot be used, so the one in use stays."

    def _copies(self, hashes: t.Sequence[str | None]) -> str:
        return f"{self._directory}/{(hashes[1] or '')[:16]}"

    def _record(self) -> dict[str, t.Any]:
        try:
            found = json.loads(self._files.read(self._path) or b"{}")
            return dict(found) if {"pki_dir", "previous", "left"} <= set(found) else {}
        except (ValueError, TypeError):
            return {}


def _sans(x509: X509, pair: Pair) -> tuple[str, ...]:
    try:
        return tuple(shown(x509.certificates(pair.certificate or b"")[0].sans))
    except (InvalidInput, IndexError):
        return ()


__all__ = ("PreviousCertificate", "PreviousPair", "return_change")
