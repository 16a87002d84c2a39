# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of strings in the part of YAML that :mod:`plain_yaml` reads, without a library.

Where a string stands is not computed but proved: on every line that may hold one a text of its own is put at once, the document says
which of them is where, and an edit is taken only when the document after it says what is wanted and nothing else has changed. So a
text is read three times, however many lines it has: kubeconfigs of hundreds of clusters are read on every host.
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
_MARK = "kubeadm-ha://line/{}"

_Path = t.Sequence[t.Union[str, int]]


def with_scalar(text: str, path: _Path, value: str) -> str:
    """The text with one string set, every other character as it was.

    Args:
        text: one document in block style.
        path: map keys and list indexes; the last one is a key whose value stands behind it on its line.
        value: the string.

    Raises:
        InvalidInput: when the text cannot be read here, or the string does not stand so.
    """
    return with_scalars(text, [path], value)


def with_scalars(text: str, paths: t.Sequence[_Path], value: str) -> str:
    """Like :func:`with_scalar` for strings under the same key at several places, all set to one value."""
    document = plain_yaml.load(text)
    if not paths:
        return text
    wanted = copy.deepcopy(document)
    for path in paths:
        parent = _parent(wanted, path)
        if parent is None or not isinstance(parent[path[-1]], str):
            raise InvalidInput(f"There is no string at {'.'.join(map(str, path))}.")
        parent[path[-1]] = value
    lines = list(_line(str(paths[0][-1])).finditer(text))
    marked = _load(_edited(text, {match: _MARK.format(number) for number, match in enumerate(lines)}))
    by_mark = {_MARK.format(number): match for number, match in enumerate(lines)}
    found = {}
    for path in paths:
        parent = _parent(marked, path)
        match = None if parent is None else by_mark.get(str(parent[path[-1]]))
        if match is None:
            raise InvalidInput(f"The string at {'.'.join(map(str, path))} does not stand on a line of its own.")
        found[match] = value if _PLAIN.match(value) else json.dumps(value)
    edited = _edited(text, found)
    if _load(edited) != wanted:
        raise InvalidInput(f"The string at {'.'.join(map(str, paths[0]))} does not stand on a line of its own.")
    return edited


def _line(key: str) -> t.Pattern[str]:
    """A line that may hold the value of a key."""
    return re.compile(
        rf"^(?P<before>[ -]*{re.escape(key)}:[ ]+)[^ \t\r\n#][^\r\n]*?(?P<after>[ \t]*(?:[ \t]#[^\r\n]*)?\r?)$",
        re.MULTILINE,
    )


def _edited(text: str, written: t.Mapping[t.Match[str], str]) -> str:
    """The text with what is written at the lines, which are in their order."""
    parts, at = [], 0
    for match in sorted(written, key=lambda match: match.start()):
        parts += [text[at : match.start()], match.group("before"), written[match], match.group("after")]
        at = match.end()
    return "".join([*parts, text[at:]])


def _parent(document: t.Any, path: _Path) -> t.Any:
    """What has the last step of a path; ``None`` when nothing does."""
    try:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]]
    except (KeyError, IndexError, TypeError):
        return None
    return document


def _load(text: str) -> t.Any:
    """The document; ``None`` when it cannot be read."""
    try:
        return plain_yaml.load(text)
    except InvalidInput:
        return None


__all__ = ("with_scalar", "with_scalars")
