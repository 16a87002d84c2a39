# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows: blocks of commands and of YAML, and commands inside of sentences.

In a block of ``console`` the lines that begin with ``$`` are commands, and the others are what they print; without such a line each
is a command. In one of ``sh`` every line is. A block that begins with a comment ``# on ...`` says where it is an example for a person to
run; its syntax is checked, and nothing else.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing as t

from .environment import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

SHELLS = ("console", "sh", "bash")
#: What is shown as it is: pictures, outputs, files that are neither commands nor YAML.
PLAIN = ("text", "toml")
_PATTERNS = (
    "README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/lab.md", "docs/monitoring/README.md", "docs/docsite/rst/*.rst", "examples/**/README.md",
    "roles/*/README.md",
)  # fmt: skip
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\S+)\n\n(?P<text>(?:(?P=indent) +.*\n|\n)+)", re.MULTILINE
)
_LITERAL = re.compile(r"(?<![`\\])``(?P<text>[^`]+)``(?!`)")
_CODE = re.compile(r"(?<![`\\])`(?P<text>[^`\n]+)`(?!`)")
_PROGRAMS = re.compile(r"^(?:ansible(?:-[a-z]+)? |make [a-z]|python3 -m |pytest |molecule )")
_EXAMPLE = re.compile(r"^#\s+on \S")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of a document.

    Attributes:
        path: of the document, relative to the checkout.
        line: number of its first line there.
        language: what it is in; empty where the document does not say.
        text: its content, without indentation.
    """

    path: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Path and line."""
        return f"{self.path}:{self.line}"

    @property
    def is_example(self) -> bool:
        """Whether it says where a person runs it."""
        return self.language in SHELLS and bool(_EXAMPLE.match(self.text))

    @property
    def commands(self) -> list[str]:
        """The commands of a block of a shell, each on one line and without its prompt."""
        lines = self.text.replace("\\\n", " ").splitlines()
        prompted = [line[2:] for line in lines if line.startswith("$ ")]
        return prompted if prompted and self.language == "console" else [line for line in lines if line.strip()]


@dataclasses.dataclass(frozen=True)
class Command:
    """A simple command of a shell.

    Attributes:
        place: path and line of where it stands.
        words: program and arguments.
    """

    place: str
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """The first word."""
        return self.words[0]


def documents() -> list[Path]:
    """The documents whose commands are held."""
    return sorted({path for pattern in _PATTERNS for path in ROOT.glob(pattern)})


def blocks(path: str, text: str) -> list[Block]:
    """The blocks of a document in Markdown or reStructuredText."""
    found = []
    for match in (_DIRECTIVE if path.endswith(".rst") else _FENCE).finditer(text):
        lines = match["text"].rstrip().splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        content = "".join(f"{line[indent:]}\n" for line in lines)
        found.append(Block(path, text.count("\n", 0, match.start("text")) + 1, match["language"], content))
    return found


def inline(path: str, text: str) -> list[Command]:
    """Commands inside of sentences: code that begins with a program of the controller and has an argument."""
    pattern, code = (_DIRECTIVE, _LITERAL) if path.endswith(".rst") else (_FENCE, _CODE)
    outside = pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
    return [
        command
        for match in code.finditer(outside)
        if _PROGRAMS.match(match["text"])
        for command in simple(" ".join(match["text"].split()), f"{path}:{outside.count(chr(10), 0, match.start()) + 1}")
    ]


def simple(line: str, place: str) -> list[Command]:
    """The simple commands of a line, without what is set before them, comments and sudo."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>()")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("&|;()"):
            found.append([])
        else:
            found[-1].append(word)
    commands = []
    for words in found:
        rest = list(words)
        while rest and (rest[0] == "sudo" or re.match(r"^[A-Za-z_]+=", rest[0])):
            rest.pop(0)
        if rest:
            commands.append(Command(place, tuple(rest)))
    return commands


__all__ = ("PLAIN", "SHELLS", "Block", "Command", "blocks", "documents", "inline", "simple")
