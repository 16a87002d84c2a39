# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Ansible's own parsers take command lines, without running anything.

``python3 -m tests.tools.ansible_options`` reads a list of command lines as JSON, and writes for each what the parser says: ``complaint``,
empty where it takes it, with ``args`` and ``extra_vars``. A process of its own: whoever imports Ansible's programs is a controller from then on.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import typing as t

from .environment import ROOT

#: Programs by their name, with the module and the class that have their options.
PROGRAMS: t.Mapping[str, tuple[str, str]] = {
    "ansible": ("adhoc", "AdHocCLI"),
    "ansible-doc": ("doc", "DocCLI"),
    "ansible-galaxy": ("galaxy", "GalaxyCLI"),
    "ansible-playbook": ("playbook", "PlaybookCLI"),
}


def ask(commands: t.Sequence[t.Sequence[str]]) -> list[dict[str, t.Any]]:
    """What the parsers say of command lines."""
    command = [sys.executable, "-m", "tests.tools.ansible_options"]
    asked = subprocess.run(
        command, cwd=ROOT, input=json.dumps(list(map(list, commands))), capture_output=True, check=True, text=True
    )
    return t.cast("list[dict[str, t.Any]]", json.loads(asked.stdout))


def parse(words: t.Sequence[str]) -> dict[str, t.Any]:
    """What the parser of one command line says."""
    module, name = PROGRAMS[words[0]]
    tool = getattr(importlib.import_module(f"ansible.cli.{module}"), name)(list(words))
    tool.init_parser()
    complaints: list[str] = []

    def refuse(message: str) -> t.NoReturn:
        complaints.append(message)
        raise SystemExit(2)

    for parser in _parsers(tool.parser):
        parser.error = refuse
    try:
        options = tool.parser.parse_args(list(words[1:]))
    except SystemExit:
        return {"complaint": "; ".join(complaints) or "usage", "args": [], "extra_vars": []}
    return {
        "complaint": "",
        "args": list(getattr(options, "args", None) or ()),
        "extra_vars": list(getattr(options, "extra_vars", None) or ()),
    }


def _parsers(parser: t.Any) -> t.Iterator[t.Any]:
    """A parser, and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for child in action.choices.values():
                yield from _parsers(child)


def main() -> int:
    """Read, parse, write."""
    json.dump([parse(words) for words in json.load(sys.stdin)], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
