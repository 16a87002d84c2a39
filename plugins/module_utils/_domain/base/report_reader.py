# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a report, which came as JSON: what is not as it must be is named by its place."""

from __future__ import annotations

import dataclasses
import typing as t

from .malformed_report import missing, of_another_kind

T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Fields:
    """The fields of a mapping in a report.

    Where a method takes a default, a key that is missing or ``None`` has it; without one the key is required. Each raises
    ``MalformedReport`` when it finds something else than what it reads.

    Attributes:
        whose: what was inspected, as the beginning of a sentence: ``The report of the cluster``.
        document: the mapping.
        path: where it is in the report, empty for the report itself.
    """

    whose: str
    document: t.Mapping[str, t.Any]
    path: str = ""

    @classmethod
    def of(cls, whose: str, document: t.Any, path: str = "") -> Fields:
        """The fields of what should be a mapping.

        Raises:
            MalformedReport: when it is none.
        """
        if not isinstance(document, t.Mapping):
            raise of_another_kind(whose, path, document, "a mapping")
        return cls(whose, document, path)

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        return t.cast("str", self._one(key, str, "a text", default))

    def optional_text(self, key: str) -> str | None:
        """A text; ``None`` without."""
        return self.text(key) if self.has(key) else None

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false."""
        return bool(self._one(key, bool, "true or false", default))

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        return t.cast("int", self._one(key, int, "a whole number", default))

    def optional_whole(self, key: str) -> int | None:
        """A whole number; ``None`` without."""
        return self.whole(key) if self.has(key) else None

    def number(self, key: str) -> float:
        """A number."""
        return t.cast("float", self._one(key, (int, float), "a number", None))

    def optional_number(self, key: str) -> float | None:
        """A number; ``None`` without."""
        return self.number(key) if self.has(key) else None

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        found = self._list(key, optional=optional)
        for number, item in enumerate(found):
            if not isinstance(item, str):
                raise of_another_kind(self.whose, f"{self._at(key)}[{number}]", item, "a text")
        return tuple(found)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        found = self._list(key, optional=False)
        for number, item in enumerate(found):
            if not isinstance(item, int) or isinstance(item, bool):
                raise of_another_kind(self.whose, f"{self._at(key)}[{number}]", item, "a whole number")
        return tuple(found)

    def read(self, key: str, parse: t.Callable[[str], T], wanted: str) -> T:
        """A text that is understood by ``parse``, which raises ``ValueError`` for one that is not ``wanted``."""
        try:
            return parse(self.text(key))
        except ValueError as error:
            raise of_another_kind(self.whose, self._at(key), self.document[key], wanted) from error

    def any(self, key: str) -> t.Any:
        """Whatever there is, ``None`` too."""
        return self._there(key)

    def mapping(self, key: str, *, optional: bool = False) -> t.Mapping[str, t.Any]:
        """A mapping whose content is not this collection's, as it is."""
        if optional and not self.has(key):
            return {}
        return self.fields(key).document

    def fields(self, key: str) -> Fields:
        """A mapping, as fields."""
        return Fields.of(self.whose, self._there(key), self._at(key))

    def optional_fields(self, key: str) -> Fields | None:
        """A mapping, as fields; ``None`` without."""
        return self.fields(key) if self.has(key) else None

    def each(self, key: str, *, optional: bool = False) -> tuple[Fields, ...]:
        """A list of mappings, as fields."""
        return tuple(
            Fields.of(self.whose, item, f"{self._at(key)}[{number}]")
            for number, item in enumerate(self._list(key, optional=optional))
        )

    def mappings(self, key: str, *, optional: bool = False) -> tuple[t.Mapping[str, t.Any], ...]:
        """A list of mappings whose content is not this collection's, as they are."""
        return tuple(item.document for item in self.each(key, optional=optional))

    def has(self, key: str) -> bool:
        """Whether there is something else than ``None`` under a key."""
        return self.document.get(key) is not None

    def _list(self, key: str, *, optional: bool) -> t.Sequence[t.Any]:
        found = () if optional and not self.has(key) else self._there(key)
        if not isinstance(found, (list, tuple)):
            raise of_another_kind(self.whose, self._at(key), found, "a list")
        return found

    def _one(self, key: str, kind: t.Any, wanted: str, default: t.Any) -> t.Any:
        found = default if default is not None and not self.has(key) else self._there(key)
        # To Python true and false are whole numbers.
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            raise of_another_kind(self.whose, self._at(key), found, wanted)
        return found

    def _there(self, key: str) -> t.Any:
        if key not in self.document:
            raise missing(self.whose, self._at(key))
        return self.document[key]

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


__all__ = ("Fields",)
