# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications against defaults, role by role.

``python -m tests.tools.argument_specs`` ends with 1 and one sentence per difference. Rules:

- every entry point has a description, and ``main`` exists;
- every option of every entry point is a variable of ``defaults/main.yml``, or required: then the defaults name it in a
  comment, so that the file remains the complete list of what can be set;
- every variable of the defaults is an option of at least one entry point;
- where an option states a ``default``, it equals that of the defaults, and an option with a default is not required;
- a ``default`` that is stated uses no input of the collection that may be undefined: Ansible resolves it also where the option is
  given, and refuses the role then. Such a default stands in ``defaults/main.yml`` only;
- every variable begins with the role's name. Inputs of the collection, ``kubeadm_ha_*``, are defined by no role.
"""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import yaml

from .environment import ROOT

_MISSING = object()
#: An input of the collection without ``default`` behind it.
_BARE_INPUT = re.compile(r"\bkubeadm_ha_\w+\b(?!\s*\|\s*default\()")


def differences(role: str, *, specification: t.Any, defaults: t.Any, defaults_text: str) -> list[str]:
    """What is wrong in one role.

    Args:
        role: its name.
        specification: content of ``meta/argument_specs.yml``; ``None`` when there is no such file.
        defaults: content of ``defaults/main.yml``; ``None`` when it is empty or missing.
        defaults_text: its text, for the comments.
    """
    entries = specification.get("argument_specs") if isinstance(specification, dict) else None
    if not isinstance(entries, dict) or "main" not in entries:
        return [f"{role}: meta/argument_specs.yml has no entry point main"]
    variables: dict[str, t.Any] = defaults or {}
    found = [
        f"{role}: defaults/main.yml sets {name}, which does not begin with {role}_"
        for name in variables
        if not name.startswith((f"{role}_", f"__{role}_"))
    ]
    options: set[str] = set()
    for entry, content in entries.items():
        if not content.get("short_description"):
            found.append(f"{role}: entry point {entry} has no short_description")
        for name, option in (content.get("options") or {}).items():
            options.add(name)
            found += _option(role, entry, name, option or {}, variables, defaults_text)
    found += [
        f"{role}: {name} of defaults/main.yml is an option of no entry point"
        for name in variables
        if name not in options and not name.startswith("__")
    ]
    return found


def _option(
    role: str, entry: str, name: str, option: dict[str, t.Any], variables: dict[str, t.Any], defaults_text: str
) -> list[str]:
    where = f"{role}: option {name} of {entry}"
    stated = option.get("default", _MISSING)
    if option.get("required"):
        if stated is not _MISSING or name in variables:
            return [f"{where} is required and has a default"]
        if not re.search(rf"^#.*\b{re.escape(name)}\b", defaults_text, re.MULTILINE):
            return [f"{where} is required, and no comment of defaults/main.yml names it"]
        return []
    if name not in variables:
        return [f"{where} is missing in defaults/main.yml"]
    if isinstance(stated, str) and _BARE_INPUT.search(stated):
        return [
            f"{where} states the default {stated!r}, which fails where that is undefined: leave it to defaults/main.yml"
        ]
    if stated is not _MISSING and (stated != variables[name] or type(stated) is not type(variables[name])):
        return [f"{where} states the default {stated!r}, defaults/main.yml sets {variables[name]!r}"]
    return []


def check_roles(root: Path = ROOT) -> list[str]:
    """What is wrong in all roles of a checkout."""
    found = []
    for role in sorted(path for path in (root / "roles").glob("*") if path.is_dir()):
        specification, defaults = role / "meta" / "argument_specs.yml", role / "defaults" / "main.yml"
        text = defaults.read_text() if defaults.is_file() else ""
        found += differences(
            role.name,
            specification=yaml.safe_load(specification.read_text()) if specification.is_file() else None,
            defaults=yaml.safe_load(text),
            defaults_text=text,
        )
    return found


if __name__ == "__main__":
    problems = check_roles()
    print("\n".join(problems) or "every role's argument specification equals its defaults")
    sys.exit(1 if problems else 0)
