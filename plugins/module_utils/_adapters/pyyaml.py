# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML by PyYAML. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import typing as t

import yaml

from .._domain.errors import InvalidInput


class PyYaml:
    """``Yaml`` by PyYAML's safe loader and dumper."""

    def load(self, text: str) -> t.Any:
        """The one document of a text."""
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InvalidInput(f"This is no YAML document: {error}") from error

    def load_all(self, text: str) -> t.Sequence[t.Any]:
        """All documents of a text."""
        try:
            return [document for document in yaml.safe_load_all(text) if document is not None]
        except yaml.YAMLError as error:
            raise InvalidInput(f"These are no YAML documents: {error}") from error

    def dump(self, document: t.Any) -> str:
        """The document in block style, keys in their order."""
        return t.cast("str", yaml.safe_dump(document, default_flow_style=False, sort_keys=False, allow_unicode=True))


__all__ = ("PyYaml",)
