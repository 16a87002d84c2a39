# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports between JSON and frozen dataclasses: a field's name is its key, its annotation says what must be there.

Annotations are ``str``, ``int``, ``float``, ``bool``, ``t.Any``, dataclasses, classes with ``parse`` (texts in a report, such as
``Endpoint``), ``X | None``, and ``t.Sequence``, ``tuple``, ``frozenset`` and ``t.Mapping`` (keys are texts) of them.

Hosts only write. :func:`read` evaluates annotations, which the Python 3.8 of a host cannot do: it is the controller's.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import typing as t

from .errors import InvalidInput
from .malformed_report import missing, of_another_kind

Report = t.TypeVar("Report")

_ABSENT, _UNWRITTEN = "absent", "unwritten"
_MISSING, _NONE = object(), type(None)
_SCALARS: t.Mapping[t.Any, tuple[str, tuple[type, ...]]] = {
    str: ("a text", (str,)),
    bool: ("true or false", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
}


class _Unfit(Exception):
    """Arguments: path of the key, what must be there, what was found."""


def absent(value: t.Any, *, is_written: bool = True) -> dict[str, t.Any]:
    """Metadata of a field that a constructor must be given, but that may be missing or null in a document.

    Args:
        value: what it is then.
        is_written: whether it is written when it is that.
    """
    return {_ABSENT: value, _UNWRITTEN: not is_written}


def read(kind: type[Report], document: t.Any, *, where: str) -> Report:
    """The value of a document. Keys that no field has are passed over.

    Args:
        kind: a dataclass. Its ``SCHEMA``, raised when a key gets another meaning, is what a key ``schema`` must hold.
        document: parsed JSON.
        where: what the document is, as the beginning of a sentence: ``The report of cp1``.

    Raises:
        MalformedReport: when something is missing or is not what its field says, with the path of its key.
    """
    schema = getattr(kind, "SCHEMA", None)
    try:
        if _mapping(document, "").get("schema", schema) != schema:
            raise _Unfit("schema", str(schema), document["schema"])
        return t.cast("Report", _value(kind, document, ""))
    except _Unfit as error:
        path, wanted, found = error.args
        raise (missing(where, path) if found is _MISSING else of_another_kind(where, path, found, wanted)) from None


def as_dict(report: t.Any) -> dict[str, t.Any]:
    """The document of a value, JSON-compatible: what :func:`read` makes the same value of."""
    found = ((field, getattr(report, field.name)) for field in dataclasses.fields(report))
    return {
        field.name: _document(value)
        for field, value in found
        if not field.metadata.get(_UNWRITTEN) or value != field.metadata[_ABSENT]
    }


def _document(value: t.Any) -> t.Any:
    if hasattr(type(value), "parse"):
        return str(value)
    if dataclasses.is_dataclass(value):
        return as_dict(value)
    if isinstance(value, collections.abc.Mapping):
        return {key: _document(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, frozenset)):
        return [_document(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    return value


@functools.lru_cache(maxsize=None)
def _fields(kind: t.Any) -> tuple[tuple[str, t.Any, t.Any], ...]:
    """Name, annotation and value when absent of each field."""
    hints = t.get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        default = _MISSING if field.default is dataclasses.MISSING else field.default
        default = default if field.default_factory is dataclasses.MISSING else field.default_factory()
        found.append((field.name, hints[field.name], field.metadata.get(_ABSENT, default)))
    return tuple(found)


def _value(kind: t.Any, found: t.Any, path: str) -> t.Any:
    if kind in _SCALARS:
        return _scalar(kind, found, path)
    if hasattr(kind, "parse"):
        try:
            return kind.parse(_scalar(str, found, path))
        except InvalidInput:
            raise _Unfit(path, f"the text of a value {kind.__name__}", found) from None
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, found, path)
    if kind is t.Any and found is not _MISSING:
        return found
    arguments = t.get_args(kind)
    if _NONE in arguments:
        return None if found is None else _value(arguments[0], found, path)
    if t.get_origin(kind) is collections.abc.Mapping:
        return {key: _value(arguments[1], item, f"{path}[{key!r}]") for key, item in _mapping(found, path).items()}
    return _list(kind, found, path)


def _scalar(kind: t.Any, found: t.Any, path: str) -> t.Any:
    wanted, types = _SCALARS[kind]
    if not isinstance(found, types) or (isinstance(found, bool) and kind is not bool):
        raise _Unfit(path, wanted, found)
    return found


def _dataclass(kind: t.Any, found: t.Any, path: str) -> t.Any:
    document, values = _mapping(found, path), {}
    for name, hint, when_absent in _fields(kind):
        item = document.get(name, _MISSING)
        is_absent = item is _MISSING or (item is None and _NONE not in t.get_args(hint))
        is_optional = is_absent and when_absent is not _MISSING
        values[name] = when_absent if is_optional else _value(hint, item, f"{path}.{name}" if path else name)
    return kind(**values)


def _mapping(found: t.Any, path: str) -> t.Mapping[str, t.Any]:
    if not isinstance(found, collections.abc.Mapping) or not all(isinstance(key, str) for key in found):
        raise _Unfit(path, "a mapping with texts as keys", found)
    return found


def _list(kind: t.Any, found: t.Any, path: str) -> t.Any:
    origin, arguments = t.get_origin(kind), t.get_args(kind)
    if not isinstance(found, (list, tuple)):
        raise _Unfit(path, "a list" if arguments else "a value", found)
    is_fixed = origin is tuple and arguments[-1] is not Ellipsis
    if is_fixed and len(found) != len(arguments):
        raise _Unfit(path, f"a list of {len(arguments)} items", found)
    kinds = arguments if is_fixed else arguments[:1] * len(found)
    items = tuple(_value(*pair, f"{path}[{index}]") for index, pair in enumerate(zip(kinds, found)))
    return frozenset(items) if origin is frozenset else items


__all__ = ("absent", "as_dict", "read")
