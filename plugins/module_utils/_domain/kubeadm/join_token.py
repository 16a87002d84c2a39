# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bootstrap token with which a host joins, as text.

Its form: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format.
"""

from __future__ import annotations

import dataclasses
import re

from ..base.errors import InvalidInput

_TOKEN = re.compile(r"^([a-z0-9]{6})\.([a-z0-9]{16})\Z")
_TOKEN_ID = re.compile(r"^[a-z0-9]{6}\Z")


@dataclasses.dataclass(frozen=True)
class Token:
    """A bootstrap token: the public ``id`` and the ``secret``."""

    id: str
    secret: str = dataclasses.field(repr=False)

    @property
    def text(self) -> str:
        """As kubeadm writes it."""
        return f"{self.id}.{self.secret}"

    @classmethod
    def find(cls, text: str) -> Token | None:
        """The token that a text is, ``None`` when it is none."""
        match = _TOKEN.match(text)
        return None if match is None else cls(*match.groups())

    @classmethod
    def parse(cls, text: str) -> Token:
        """Like :meth:`find`; the error does not hold the text."""
        token = cls.find(text)
        if token is None:
            raise InvalidInput("The option token is no bootstrap token: it must match [a-z0-9]{6}.[a-z0-9]{16}.")
        return token

    @staticmethod
    def check_id(text: str) -> str:
        """The text, if it is the id of a token."""
        if not _TOKEN_ID.match(text):
            raise InvalidInput("The option token_id is no id of a bootstrap token: it must match [a-z0-9]{6}.")
        return text


__all__ = ("Token",)
