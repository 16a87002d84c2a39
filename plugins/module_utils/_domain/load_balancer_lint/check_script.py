# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script that keepalived runs really asks for, as far as its text says it."""

from __future__ import annotations

import dataclasses
import re

#: ``NAME=value`` of a shell, so that an address made of variables can be read.
_ASSIGNMENT = re.compile(
    r"^\s*(?:export\s+|local\s+|readonly\s+)?([A-Za-z_][A-Za-z0-9_]*)=[\"']?([A-Za-z0-9_.:\[\]/-]*)[\"']?\s*$",
    re.MULTILINE,
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}?")
_URL = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?")
_CURL = re.compile(r"(?:^|[\s;&|(`])(?:/usr/bin/)?curl\s+([^\n;|&]*)", re.MULTILINE)
_FAIL = re.compile(r"(?:^|\s)(?:--fail(?:-with-body|-early)?|-[A-Za-z]*f[A-Za-z]*)(?:\s|$)")
#: What judges the answer in another way.
_JUDGED = re.compile(r"http_code|response_code|grep|\[\[?\s")
_PROCESS = re.compile(
    r"(?:^|[\s;&|(`/])(?:killall\s+-0|kill\s+-0|pkill\s+-0|pgrep|pidof|systemctl\s+(?:--quiet\s+|-q\s+)?(?:is-active|status)|ps\s)"
)
_ASKS = re.compile(r"(?:^|[\s;&|(`/])(?:curl|wget|nc|ncat|socat|openssl|kubectl|/dev/tcp)\b")
#: A port that only a variable gives, which was not filled in.
UNKNOWN_PORT = 0


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a script asks for.

    Attributes:
        targets: host and port of each URL; :data:`UNKNOWN_PORT` where the port is not known.
        ignores_errors: whether an answer such as 500 or 403 counts as healthy.
        asks_process_only: whether it asks for a process and for no answer.
    """

    targets: tuple[tuple[str, int], ...]
    ignores_errors: bool
    asks_process_only: bool


def parse(text: str) -> Asked:
    """What a script or a command line asks for."""
    code = "\n".join(re.sub(r"(^|\s)#.*$", "", line) for line in text.replace("\\\n", " ").splitlines())
    known = dict(_ASSIGNMENT.findall(code))
    plain = _VARIABLE.sub(lambda found: known.get(found.group(1), found.group(0)), code)
    targets = []
    for found in _URL.finditer(plain):
        follows_variable = plain[found.end() : found.end() + 2] in (":$", ":{")
        default = UNKNOWN_PORT if follows_variable else 443 if found.group(0).startswith("https") else 80
        port = int(found.group(2)) if found.group(2) else default
        if (found.group(1), port) not in targets:
            targets.append((found.group(1), port))
    calls = [found.group(1) for found in _CURL.finditer(plain)]
    judged = bool(_JUDGED.search(code))
    return Asked(
        targets=tuple(targets),
        ignores_errors=bool(calls) and not judged and any(not _FAIL.search(call) for call in calls),
        asks_process_only=bool(_PROCESS.search(code)) and not _ASKS.search(code),
    )


__all__ = ("UNKNOWN_PORT", "Asked", "parse")
