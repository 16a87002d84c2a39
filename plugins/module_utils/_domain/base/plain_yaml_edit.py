# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of one string in the part of YAML that :mod:`plain_yaml` reads, without a library.

Where a string stands is not computed but proved: every line that may hold it is tried, and the one is taken after whose edit the
document says what is wanted and nothing else has changed.
"""

from __future__ import annotations

import copy
import json
import re
import typing as t

from . import plain_yaml
from .errors import InvalidInput

#: Strings that are one in YAML without quotes, whatever they say: URLs.
_PLAIN = re.compile(r"^[a-z][a-z0-9+.-]*://[A-Za-z0-9:/._+=%~\[\]-]*[A-Za-z0-9/\]]$")


def with_scalar(text: str, path: t.Sequence[str | int], value: str) -> str:
    """The text with one string set, every other character as it was.

    Args:
        text: one document in block style.
        path: map keys and list indexes; the last one is a key whose value stands behind it on its line.
        value: the string.

    Raises:
        InvalidInput: when the text cannot be read here, or the string does not stand so.
    """
    wanted = copy.deepcopy(plain_yaml.load(text))
    try:
        parent = wanted
        for step in path[:-1]:
            parent = parent[step]
        is_there = isinstance(parent[path[-1]], str)
    except (KeyError, IndexError, TypeError):
        is_there = False
    if not is_there:
        raise InvalidInput(f"There is no string at {'.'.join(map(str, path))}.")
    parent[path[-1]] = value
    line = re.compile(
        rf"^(?P<before>[ -]*{re.escape(str(path[-1]))}:[ ]+)[^ \t\r\n#][^\r\n]*?(?P<after>[ \t]*(?:[ \t]#[^\r\n]*)?\r?)$",
        re.MULTILINE,
    )
    written = value if _PLAIN.match(value) else json.dumps(value)
    for match in line.finditer(text):
        edited = f"{text[: match.start()]}{match.group('before')}{written}{match.group('after')}{text[match.end() :]}"
        if _says(edited, wanted):
            return edited
    raise InvalidInput(f"The string at {'.'.join(map(str, path))} does not stand on a line of its own.")


def _says(text: str, wanted: t.Any) -> bool:
    try:
        return bool(plain_yaml.load(text) == wanted)
    except InvalidInput:
        return False


__all__ = ("with_scalar",)
