# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a bootstrap token may live."""

from __future__ import annotations

import re
import typing as t

from ..base.errors import InvalidInput

#: A token lives no longer than this, in seconds.
MAXIMUM_TTL = 15 * 60

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS: t.Mapping[str, float] = {"h": 3600.0, "m": 60.0, "s": 1.0}


def check_ttl(text: str) -> None:
    """Check the life of a token.

    Raises:
        InvalidInput: when it is no Go duration, or none that this collection allows.
    """
    parts = _DURATION.findall(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(f"The option ttl is {text!r}: write a duration such as 15m or 10m30s.")
    if not 1 <= seconds <= MAXIMUM_TTL:
        raise InvalidInput(f"The option ttl is {text}: a token must live between 1s and 15m.")


__all__ = ("MAXIMUM_TTL", "check_ttl")
