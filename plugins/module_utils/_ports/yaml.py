# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of YAML documents and their text."""

from __future__ import annotations

import typing as t


class YamlReader(t.Protocol):
    """Reads YAML documents of whose scalars only the texts count, such as kubeconfigs."""

    def load(self, text: str) -> t.Any:
        """The one document of a text. Raises ``InvalidInput`` with the place when it is no YAML."""


class Yaml(YamlReader, t.Protocol):
    """Reads and writes YAML documents."""

    def load_all(self, text: str) -> t.Sequence[t.Any]:
        """All documents of a text."""

    def dump(self, document: t.Any) -> str:
        """The document in block style, keys in their order."""


class YamlText(t.Protocol):
    """Edits the text of a YAML document without rewriting it."""

    def with_scalar(self, text: str, path: t.Sequence[str | int], value: str) -> str:
        """The text with one string set, every other character as it was.

        Args:
            text: one YAML (or JSON) document.
            path: map keys and list indexes. The last key may be missing in its map; it is added.
            value: the string.

        Raises:
            InvalidInput: when there is no such place.
        """


__all__ = ("Yaml", "YamlReader", "YamlText")
