# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as Go writes them, and with it the flags of Kubernetes."""

from __future__ import annotations

import re

from .errors import InvalidInput

#: Seconds of a unit in Go's durations.
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)")


def seconds(text: str) -> float:
    """Seconds of one of Go's durations.

    Raises:
        InvalidInput: when it is none.
    """
    parts = _PART.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(f"{text!r} is no duration such as 15s or 1m30s: correct the flag.")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


__all__ = ("seconds",)
