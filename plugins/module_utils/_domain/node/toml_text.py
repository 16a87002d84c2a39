# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small writer of TOML: mappings, texts, numbers, booleans and lists of these. The same value gives the same text."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ..base.errors import InvalidInput

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def render(document: t.Mapping[str, t.Any]) -> str:
    """The text of a document. Values come before tables; both keep their order.

    Raises:
        InvalidInput: a value is nothing that TOML has, or a key is no text; the message names its place.
    """
    lines: list[str] = []
    _table(document, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(table: t.Mapping[str, t.Any], path: tuple[str, ...], lines: list[str]) -> None:
    for key in table:
        if not isinstance(key, str):
            raise InvalidInput(f"the key {key!r} of {'.'.join(path) or 'the document'} is not a text.")
    values = {key: value for key, value in table.items() if not isinstance(value, t.Mapping)}
    if path and (values or not table):
        lines += ["", f"[{'.'.join(_key(part) for part in path)}]"]
    lines += [f"{_key(key)} = {_value(value, (*path, key))}" for key, value in values.items()]
    for key, value in table.items():
        if isinstance(value, t.Mapping):
            _table(value, (*path, key), lines)


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    """A basic string. JSON's escapes are TOML's, apart from DEL, which TOML wants escaped, and pairs of surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: t.Any, path: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item, path) for item in value)}]"
    raise InvalidInput(f"{'.'.join(path)} is {value!r}, which TOML cannot hold there.")


__all__ = ("render",)
