# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept on a host of the creation of a cluster: that the collection makes one here, and which.

Without it a half-created control plane would seem to be somebody else's. It is written before the first change and
stays when the cluster is there.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..base.errors import UnsupportedState

PATH = "/var/lib/kubeadm-ha/init.json"
MODE = 0o600

#: Of a cluster that is being created, and of one that is.
CREATING, COMPLETE = "creating", "complete"
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class InitMarker:
    """What the file says.

    Attributes:
        state: :data:`CREATING` or :data:`COMPLETE`.
        identity: fields of the ClusterConfiguration that make the cluster this one.
        digest: of the identity.
        ca: SHA-256 of the file with the CA's certificate; empty before it was made.
    """

    state: str
    identity: t.Mapping[str, str]
    digest: str
    ca: str = ""

    @classmethod
    def parse(cls, content: bytes) -> InitMarker:
        """Read the file.

        Raises:
            UnsupportedState: when it is not what :meth:`content` wrote.
        """
        try:
            document = json.loads(content)
            found = cls(document["state"], dict(document["identity"]), document["digest"], document["ca"])
            is_known = document["version"] == _VERSION and found.state in (CREATING, COMPLETE)
        except (ValueError, KeyError, TypeError):
            is_known = False
        if not is_known:
            raise UnsupportedState(
                f"{PATH} cannot be understood, so whether a cluster is being created on this host is not known: remove it if "
                "no cluster needs this host, and run 'kubeadm reset' on it.",
                path=PATH,
            )
        return found

    def content(self) -> bytes:
        """The file."""
        return (json.dumps({"version": _VERSION, **dataclasses.asdict(self)}, indent=2, sort_keys=True) + "\n").encode()

    def differences(self, identity: t.Mapping[str, str]) -> list[str]:
        """What another cluster would have otherwise, as clauses."""
        return [
            f"{name} was {self.identity.get(name) or 'not given'} and is {identity.get(name) or 'not given'}"
            for name in sorted({*self.identity, *identity})
            if (self.identity.get(name) or "") != (identity.get(name) or "")
        ]


__all__ = ("COMPLETE", "CREATING", "MODE", "PATH", "InitMarker")
