# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a program's output explains its failure.

kubeadm prints a failing retry again and again, and its etcd client each as a line of JSON of 300 characters.
"""

from __future__ import annotations

import json
import re
import typing as t

#: How many distinct lines an error carries.
_LINES = 8
#: No line is longer, nor is all of it together.
_LONGEST_LINE = 500
#: Beginnings of lines of kubeadm that say nothing of an error.
_NOISE = (
    "To see the stack trace",
    "[preflight] If you know what you are doing",
    "[preflight] Some fatal errors occurred",
    "[WARNING ",
)
#: klog's header: level, date, time, process, place.
_KLOG = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\] ")
#: What differs between two reports of one and the same failure.
_VARYING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)?|0x[0-9a-f]+|\b\d+(?:\.\d+)?(?:ms|µs|s|m)\b|\battempt[ =:]*\d+"
)
#: Members of a line of JSON that explain it (zap, etcd's logger).
_EXPLAINING = ("msg", "method", "error")


def distinct_lines(text: str) -> list[str]:
    """The last lines that differ from each other, each once with the number of its repetitions, in their order."""
    texts = [_readable(line.strip()) for line in text.splitlines()]
    counts: dict[str, int] = {}
    last: dict[str, str] = {}
    for line in texts:
        if line and not line.startswith(_NOISE):
            key = _VARYING.sub("#", line)
            counts[key] = counts.get(key, 0) + 1
            # What was said last stands last.
            last.pop(key, None)
            last[key] = line
    lines = [f"{_cut(line)}{f' ({counts[key]} times)' if counts[key] > 1 else ''}" for key, line in last.items()]
    return lines[-_LINES:]


def last_words(text: str) -> str:
    """The distinct lines in one."""
    return " ".join(distinct_lines(text))


def without_secrets(text: str, secrets: t.Iterable[str]) -> str:
    """The text with every secret struck out."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text


def _readable(line: str) -> str:
    """The text of a line of JSON, without a logger's header."""
    line = _KLOG.sub("", line)
    if not line.startswith("{"):
        return line
    try:
        document = json.loads(line)
    except ValueError:
        return line
    if not isinstance(document, dict) or not any(key in document for key in _EXPLAINING):
        return line
    texts: list[t.Any] = [document.get(key) for key in _EXPLAINING]
    return ": ".join(str(item) for item in texts if item)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}..."


__all__ = ("distinct_lines", "last_words", "without_secrets")
