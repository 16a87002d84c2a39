# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/docsite/rst/guide_troubleshooting.rst``: every message of the collection, by what the operator was doing.

``python3 -m tests.tools.troubleshooting`` writes it from the messages in the code and from ``messages.yml``, which has what is said
beside them. Return code 1 and a sentence for each message without an entry there, and each entry without a message.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
import typing as t

import yaml

from . import messages
from .environment import ROOT

DOCUMENT = ROOT / "docs" / "docsite" / "rst" / "guide_troubleshooting.rst"
WRITTEN = ROOT / "tests" / "tools" / "messages.yml"
_ANCHOR = "ansible_collections.kubeadm.ha.docsite.guide_troubleshooting"
_HEAD = f"""..
  Copyright (c) 2026, kubeadm.ha contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Written by python3 -m tests.tools.troubleshooting: change tests/tools/messages.yml, or the message.

.. _{_ANCHOR}:

Troubleshooting, by message
===========================

Every message that a task of this collection can end with. Search this page for a few words of yours: what differs from case to case is here a name in angle
brackets, such as <host>. A message names what it is about and what to do; this page adds what was being done, whether anything has been changed, and whether it is
safe to run again. A run that fails after its first change ends with a list of what it had changed, on which hosts, and where the copies of before are.

It is safe to run ``kubeadm.ha.site`` again after every one of them: it inspects everything anew, passes over what is done, and begins where the run before ended.

Kinds of messages
-----------------

.. list-table::
   :header-rows: 1
   :widths: 10 35 20 35

   * - kind
     - what it means
     - what was changed
     - what to do
"""


@dataclasses.dataclass(frozen=True)
class Kind:
    """What messages of one kind have in common; see ``messages.yml``."""

    name: str
    of: tuple[str, ...]
    changed: str
    means: str
    do: str


@dataclasses.dataclass(frozen=True)
class Section:
    """What the operator was doing; see ``messages.yml``."""

    title: str
    when: str
    paths: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Written:
    """What is written by hand: the content of ``messages.yml``."""

    kinds: tuple[Kind, ...]
    sections: tuple[Section, ...]
    notes: t.Mapping[str, str]
    spoken: t.Mapping[str, t.Sequence[str]]
    passed_on: t.Mapping[str, t.Sequence[str]]

    @classmethod
    def parse(cls, content: t.Mapping[str, t.Any]) -> Written:
        """From the parsed YAML."""
        return cls(
            tuple(
                Kind(name, tuple(each["of"]), *(each[field].strip() for field in ("changed", "means", "do")))
                for name, each in content["kinds"].items()
            ),
            tuple(Section(each["title"], each["when"].strip(), tuple(each["paths"])) for each in content["sections"]),
            content["notes"],
            content["spoken"],
            content["passed_on"],
        )

    def section_of(self, path: str) -> Section | None:
        """The section of a file: that with the longest path that it begins with."""
        found = [(len(start), each) for each in self.sections for start in each.paths if path.startswith(start)]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def kind_of(self, message: messages.Message) -> Kind | None:
        """The kind of a message."""
        return next((kind for kind in self.kinds if message.kind in kind.of), None)


@functools.lru_cache(maxsize=1)
def written() -> Written:
    """What is written by hand."""
    return Written.parse(yaml.safe_load(WRITTEN.read_text(encoding="utf-8")))


@functools.lru_cache(maxsize=1)
def found() -> tuple[list[messages.Message], list[messages.Unfollowed]]:
    """The messages of the checkout, and the places that no text was found for."""
    return messages.of_collection(written().spoken)


def faults(
    by_hand: Written, said: t.Sequence[messages.Message], unfollowed: t.Sequence[messages.Unfollowed]
) -> t.Iterator[str]:
    """A sentence for each message without an entry, and each entry without a message."""
    yield from dict.fromkeys(_without_entry(by_hand, said))
    yield from _without_message(by_hand, said)
    places = {(each.path, each.source) for each in unfollowed}
    known = {(path, source) for path, sources in by_hand.passed_on.items() for source in sources}
    for path, source in sorted(places - known):
        yield (
            f"{path}: the text of {source} is not found: name the function or list that says it under spoken in messages.yml, or this "
            "expression under passed_on where another message or program says it."
        )
    for path, source in sorted(known - places):
        yield f"messages.yml: {path} no longer passes on {source}: take it out."


def _without_entry(by_hand: Written, said: t.Sequence[messages.Message]) -> t.Iterator[str]:
    for message in said:
        if by_hand.section_of(message.path) is None:
            yield f"{message.path}: no section of messages.yml has its messages: add the path to the one of what its users are doing."
        if by_hand.kind_of(message) is None:
            yield f"{message.path}: no kind of messages.yml has {message.kind}: add it to the one that means the same."


def _without_message(by_hand: Written, said: t.Sequence[messages.Message]) -> t.Iterator[str]:
    for section in by_hand.sections:
        own = [message.path for message in said if by_hand.section_of(message.path) == section]
        for start in section.paths:
            if not any(path.startswith(start) for path in own):
                yield f"messages.yml: no message is said below {start} ({section.title}): take the path out."
    kinds = {message.kind for message in said}
    for kind in by_hand.kinds:
        for name in kind.of:
            if name not in kinds:
                yield f"messages.yml: no message is a {name} ({kind.name}): take it out."
    for start in by_hand.notes:
        if not any(message.text.startswith(start) for message in said):
            yield f"messages.yml: no message begins with {start!r}: correct the note, or take it out."


def document(by_hand: Written, said: t.Sequence[messages.Message]) -> str:
    """The text of the guide."""
    parts = [_HEAD]
    parts += [_kind_row(kind) for kind in by_hand.kinds]
    for section in by_hand.sections:
        rows = [message for message in said if by_hand.section_of(message.path) == section]
        parts.append(f"\n{section.title}\n{'-' * len(section.title)}\n\n{section.when}\n\n")
        parts.append(".. list-table::\n   :header-rows: 1\n   :widths: 85 15\n\n   * - message\n     - kind\n")
        parts += [_row(by_hand, message) for message in sorted(rows, key=_order)]
    return "".join(parts)


def _kind_row(kind: Kind) -> str:
    cells = (kind.means, kind.changed, kind.do)
    return f"   * - .. _{_anchor(kind)}:\n\n       {kind.name}\n" + "".join(f"     - {_line(cell)}\n" for cell in cells)


def _row(by_hand: Written, message: messages.Message) -> str:
    kind = by_hand.kind_of(message)
    note = next((text for start, text in by_hand.notes.items() if message.text.startswith(start)), "")
    more = f"\n\n       {note}" if note else ""
    return f"   * - {_escaped(message.text)}{more}\n     - {'' if kind is None else f':ref:`{kind.name} <{_anchor(kind)}>`'}\n"


def _order(message: messages.Message) -> str:
    """Messages are sorted by their first letters, whatever value they begin with."""
    return re.sub(r"[^a-z ]", "", re.sub(r"<[^<>]*>", "", message.text).lower()).strip()


def _anchor(kind: Kind) -> str:
    return f"{_ANCHOR}.{kind.name}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """A text without what reStructuredText would read as markup."""
    return re.sub(r"([\\`*|_])", r"\\\1", text)


def main() -> int:
    """Write the guide."""
    said, unfollowed = found()
    wrong = list(faults(written(), said, unfollowed))
    DOCUMENT.write_text(document(written(), said), encoding="utf-8")
    print("\n".join(wrong) or f"{len(said)} messages in {len(written().sections)} sections")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
