# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports between JSON and frozen dataclasses: a field's name is its key, its annotation says what must be there.

Where a document was written otherwise before, or is laid out as the API has it, the field's metadata says so (:func:`at`).

Annotations are ``str``, ``int``, ``float``, ``bool``, ``t.Any``, dataclasses, classes with ``parse`` (texts in a report, such as
``Endpoint``), ``dt.datetime`` (a time as the API writes it), ``X | None``, and ``t.Sequence``, ``tuple``, ``frozenset`` and
``t.Mapping`` (keys are texts) of them.

Hosts only write. :func:`read` evaluates annotations, which the Python 3.8 of a host cannot do: it is the controller's.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime as dt
import functools
import typing as t

from .api_time import text_of, time_of
from .errors import InvalidInput
from .malformed_report import missing, of_another_kind

Report = t.TypeVar("Report")

_ABSENT, _UNWRITTEN, _NULL, _KEYS = "absent", "unwritten", "null", "keys"
_MISSING, _NONE = object(), type(None)
_SCALARS: t.Mapping[t.Any, tuple[str, tuple[type, ...]]] = {
    str: ("a text", (str,)),
    bool: ("true or false", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
}


class _Unfit(Exception):
    """Arguments: path of the key, what must be there, what was found."""


def absent(value: t.Any, *, is_written: bool = True, as_null: bool = False) -> dict[str, t.Any]:
    """Metadata of a field that a constructor must be given, but that may be missing or null in a document.

    Args:
        value: what it is then.
        is_written: whether it is written when it is that.
        as_null: whether it is written as null then.
    """
    return {_ABSENT: value, _UNWRITTEN: not is_written, _NULL: as_null}


def present() -> dict[str, t.Any]:
    """Metadata of a field that a constructor need not be given, but that must be in a document."""
    return {_ABSENT: _MISSING}


def at(*keys: str) -> dict[str, t.Any]:
    """Metadata of a field that is not under its name.

    Args:
        keys: of each mapping on the way to it. Without any the keys of the field, which is a dataclass, stand beside those of
            the other fields; where it may be ``None`` it is that without the first one.
    """
    return {_KEYS: keys}


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
    document: dict[str, t.Any] = {}
    for field in dataclasses.fields(report):
        value, keys = getattr(report, field.name), field.metadata.get(_KEYS, (field.name,))
        is_absent = _ABSENT in field.metadata and value == field.metadata[_ABSENT]
        if not keys:
            document.update({} if value is None else as_dict(value))
        elif not (is_absent and field.metadata.get(_UNWRITTEN)):
            inner = document
            for key in keys[:-1]:
                inner = inner.setdefault(key, {})
            inner[keys[-1]] = None if is_absent and field.metadata.get(_NULL) else _document(value)
    return document


def _document(value: t.Any) -> t.Any:
    if hasattr(type(value), "parse"):
        return str(value)
    if dataclasses.is_dataclass(value):
        return as_dict(value)
    if isinstance(value, dt.datetime):
        return text_of(value)
    if isinstance(value, collections.abc.Mapping):
        return {key: _document(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, frozenset)):
        return [_document(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    return value


class _Field(t.NamedTuple):
    name: str
    keys: tuple[str, ...]
    hint: t.Any
    when_absent: t.Any

    @property
    def may_be_none(self) -> bool:
        return _NONE in t.get_args(self.hint)

    def of(self, document: t.Mapping[str, t.Any], path: str) -> tuple[t.Any, str]:
        """What a document holds for it, and the path of that."""
        found: t.Any = document
        for key in self.keys:
            if (found is _MISSING or found is None) and self.when_absent is not _MISSING:
                return _MISSING, path
            found = _mapping(found, path).get(key, _MISSING)
            path = f"{path}.{key}" if path else key
        if not self.keys and self.may_be_none:
            (first, *_more) = _fields(t.get_args(self.hint)[0])
            found = None if document.get(first.keys[0]) is None else document
        return found, path


@functools.lru_cache(maxsize=None)
def _fields(kind: t.Any) -> tuple[_Field, ...]:
    hints = t.get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        default = _MISSING if field.default is dataclasses.MISSING else field.default
        default = default if field.default_factory is dataclasses.MISSING else field.default_factory()
        keys = field.metadata.get(_KEYS, (field.name,))
        found.append(_Field(field.name, keys, hints[field.name], field.metadata.get(_ABSENT, default)))
    return tuple(found)


def _value(kind: t.Any, found: t.Any, path: str) -> t.Any:
    if kind in _SCALARS:
        return _scalar(kind, found, path)
    if hasattr(kind, "parse"):
        try:
            return kind.parse(_scalar(str, found, path))
        except InvalidInput:
            raise _Unfit(path, f"the text of a value {kind.__name__}", found) from None
    if kind is dt.datetime:
        try:
            return time_of(_scalar(str, found, path))
        except ValueError:
            raise _Unfit(path, "a time", found) from None
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
    for field in _fields(kind):
        item, place = field.of(document, path)
        is_absent = item is _MISSING or (item is None and not field.may_be_none)
        is_optional = is_absent and field.when_absent is not _MISSING
        values[field.name] = field.when_absent if is_optional else _value(field.hint, item, place)
    return kind(**values)


def _mapping(found: t.Any, path: str) -> t.Mapping[str, t.Any]:
    if not isinstance(found, collections.abc.Mapping):
        raise _Unfit(path, "a mapping", found)
    if not all(isinstance(key, str) for key in found):
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


__all__ = ("absent", "as_dict", "at", "present", "read")
