# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in the plain layout of kubeadm's files, for hosts without PyYAML."""

from __future__ import annotations

import typing as t

from ..._domain.base import plain_yaml, plain_yaml_edit
from ..._domain.base.errors import InvalidInput, LibraryMissing


class PlainYaml:
    """``YamlReader`` and ``YamlText`` without a library. Every scalar is a text."""

    def load(self, text: str) -> t.Any:
        """The one document of a text; ``LibraryMissing`` when only PyYAML reads it, if anything does."""
        try:
            return plain_yaml.load(text)
        except InvalidInput as error:
            raise _needs_library(error) from None

    def with_scalar(self, text: str, path: t.Sequence[str | int], value: str) -> str:
        """The text with one string set; see the port. ``LibraryMissing`` when only PyYAML can."""
        try:
            return plain_yaml_edit.with_scalar(text, path, value)
        except InvalidInput as error:
            raise _needs_library(error) from None


def _needs_library(error: InvalidInput) -> LibraryMissing:
    return LibraryMissing(
        f"A YAML document of this host can only be read by PyYAML, which is missing here ({error.message.rstrip('.')}): the role "
        "kubeadm.ha.python_requirements installs it.",
        library="PyYAML",
    )


__all__ = ("PlainYaml",)
