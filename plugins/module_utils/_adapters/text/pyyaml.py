# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML by PyYAML."""

from __future__ import annotations

import functools
import re
import traceback
import typing as t

from ..._domain.base.errors import InvalidInput

#: Why PyYAML cannot be imported on this host, ``None`` when it can.
IMPORT_ERROR: str | None = None
try:
    import yaml
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

#: Plain scalars that PyYAML reads as strings (its floats need a point and a signed exponent) and sigs.k8s.io/yaml does not,
#: and line breaks of Unicode, which PyYAML writes but does not read outside double quotes.
_TO_BE_QUOTED = re.compile(
    r"(?s:.*[\x7f-\x9f\u2028\u2029\ufeff].*)"
    r"|[yYnN]"
    r"|[-+]?0o[0-7_]+"
    r"|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+"
)


class PyYaml:
    """``Yaml`` by PyYAML's safe loader and dumper."""

    def load(self, text: str) -> t.Any:
        """The one document of a text."""
        try:
            return yaml.load(str(text), Loader=_loader())  # noqa: S506 (a safe one)
        except yaml.YAMLError as error:
            raise InvalidInput(f"This is no YAML document: {error}") from error

    def load_all(self, text: str) -> t.Sequence[t.Any]:
        """All documents of a text."""
        try:
            return [document for document in yaml.load_all(str(text), Loader=_loader()) if document is not None]
        except yaml.YAMLError as error:
            raise InvalidInput(f"These are no YAML documents: {error}") from error

    def dump(self, document: t.Any) -> str:
        """The document in block style, keys in their order."""
        text: str = yaml.dump(document, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=True)
        return text


def _loader() -> t.Any:
    """libyaml's safe loader where PyYAML was built with it: it takes a tenth of the time.

    It takes nothing but ``str`` itself, and Ansible's strings are of a class of their own.
    """
    return yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@functools.lru_cache(maxsize=None)
def _dumper() -> type[yaml.SafeDumper]:
    """A dumper that quotes the strings that Kubernetes' own YAML parser would take for numbers or booleans, too."""

    class Dumper(yaml.SafeDumper):
        def represent_text(self, text: str) -> yaml.ScalarNode:
            style = '"' if _TO_BE_QUOTED.fullmatch(text) else None
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, Dumper.represent_text)
    return Dumper


__all__ = ("IMPORT_ERROR", "PyYaml")
