# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a certificate's replacement and the pairs that it knows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ..base.errors import UnsupportedState

#: SHA-256 of key and certificate, ``None`` for a file that is not there.
Hashes = t.Tuple[t.Optional[str], t.Optional[str]]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Contents of the two files; ``None`` for one that is not there."""

    key: bytes | None = dataclasses.field(repr=False)
    certificate: bytes | None = dataclasses.field(repr=False)

    @property
    def hashes(self) -> Hashes:
        """SHA-256 of key and certificate."""
        return _sha256(self.key), _sha256(self.certificate)


@dataclasses.dataclass(frozen=True)
class Journal:
    """What the work directory is for, kept beside the copies.

    Attributes:
        state: ``replacing``, ``restoring`` (the new pair was not served) or ``done``.
        pki_dir: where the pair is.
        old: hashes of the pair before.
        new: hashes of the pair afterwards.
    """

    state: str
    pki_dir: str
    old: Hashes
    new: Hashes

    @classmethod
    def parse(cls, content: bytes, path: str) -> Journal:
        """Read a journal; ``UnsupportedState`` when it is none."""
        try:
            data = json.loads(content.decode("utf-8"))
            old, new = ((data[name]["key"], data[name]["certificate"]) for name in ("old", "new"))
            return cls(state=data["state"], pki_dir=data["pki_dir"], old=old, new=new)
        except (ValueError, KeyError, TypeError) as error:
            raise UnsupportedState(
                f"The journal {path} cannot be read: compare the pairs beside it with those in use, then remove its "
                "directory."
            ) from error

    def dump(self) -> bytes:
        """The journal as JSON."""
        pairs = {"old": self.old, "new": self.new}
        data: dict[str, t.Any] = {"state": self.state, "pki_dir": self.pki_dir}
        data.update({name: {"key": key, "certificate": crt} for name, (key, crt) in pairs.items()})
        return (json.dumps(data, indent=2) + "\n").encode("utf-8")

    def knows(self, pair: Pair) -> bool:
        """Whether key and certificate each are the old or the new one, or gone."""
        known = zip(pair.hashes, self.old, self.new)
        return all(found in (None, old, new) for found, old, new in known)


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


__all__ = ("Hashes", "Journal", "Pair")
