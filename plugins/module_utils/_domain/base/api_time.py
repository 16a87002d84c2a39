# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as the Kubernetes API writes them."""

from __future__ import annotations

import datetime as dt
import re

#: RFC 3339 with microseconds (MicroTime of the API).
_TIME = re.compile(r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z\Z")
#: Time of the API, as metadata has it.
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


def seconds_of(text: str) -> float | None:
    """Seconds since the epoch of a time of the API, ``None`` when it is none."""
    match = _TIME.match(text)
    if match is None:
        return None
    whole = dt.datetime.strptime(f"{match.group(1)}+0000", "%Y-%m-%dT%H:%M:%S%z")
    return whole.timestamp() + float(f"0.{match.group(2) or 0}")


def time_of(text: str) -> dt.datetime:
    """A time of the API's metadata.

    Raises:
        ValueError: when it is none.
    """
    return dt.datetime.strptime(text, _SECONDS).replace(tzinfo=dt.timezone.utc)


def text_of(time: dt.datetime) -> str:
    """A time of the API's metadata as the API writes it."""
    return time.strftime(_SECONDS)


__all__ = ("seconds_of", "text_of", "time_of")
