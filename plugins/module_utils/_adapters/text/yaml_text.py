# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits YAML text at the places that PyYAML's node marks show."""

from __future__ import annotations

import json
import re
import typing as t

from ..._domain.base.errors import InvalidInput
from .pyyaml import IMPORT_ERROR

if IMPORT_ERROR is None:
    import yaml

#: Strings that need no quotes in block and flow style: URLs, host names, base64.
_PLAIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9:/._+=%~-]*$")


class PyYamlText:
    """``YamlText`` by PyYAML's composer."""

    def with_scalar(self, text: str, path: t.Sequence[str | int], value: str) -> str:
        """The text with one string set; see the port."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise InvalidInput(f"This is no YAML document: {error}") from error
        parent = root
        for step in path[:-1]:
            parent = _child(parent, step)
        node = _child(parent, path[-1])
        if isinstance(node, yaml.ScalarNode):
            return _replaced(text, node, value)
        if node is None and isinstance(parent, yaml.MappingNode) and parent.value and isinstance(path[-1], str):
            return _added(text, parent, path[-1], value)
        raise InvalidInput(f"There is no string at {'.'.join(map(str, path))}.")


def _child(node: t.Any, step: str | int) -> t.Any:
    if isinstance(step, str) and isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(step, int) and isinstance(node, yaml.SequenceNode) and 0 <= step < len(node.value):
        return node.value[step]
    return None


def _replaced(text: str, node: yaml.ScalarNode, value: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    old = text[start:end]
    if node.style == "'" and "'" not in value and "\n" not in value:
        new = f"'{value}'"
    elif node.style == '"':
        new = json.dumps(value)
    else:
        new = _unquoted(value)
    if start == end:
        # The empty scalar of "key:" has no blank before it.
        new = f" {new}"
    # A block scalar reaches over its final line breaks.
    return text[:start] + new + old[len(old.rstrip()) :] + text[end:]


def _added(text: str, parent: yaml.MappingNode, key: str, value: str) -> str:
    """The text with ``key`` before the first key of a map that is not empty."""
    first = parent.value[0][0].start_mark
    if parent.flow_style:
        added = f"{json.dumps(key)}: {json.dumps(value)}, "
    else:
        added = f"{key}: {_unquoted(value)}\n{' ' * first.column}"
    return text[: first.index] + added + text[first.index :]


def _unquoted(value: str) -> str:
    is_plain = _PLAIN.match(value) is not None and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value)


__all__ = ("PyYamlText",)
