# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one argument of a service in the file that has it, and nothing else in any file.

An edit is proposed and then proved: the new texts are read like the old ones, and every argument, every variable and every other setting must
be what it was, but for the one that was to change. Of several spellings the first that is proved is taken.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.errors import UnsupportedState
from . import argument_spelling, environment_file, invocation, systemd_unit
from .argument_spelling import Kind
from .systemd_text import value_words

if t.TYPE_CHECKING:
    from .environment_file import Variable
    from .invocation import Argument, Invocation, Sources
    from .systemd_text import Word

_GAP = re.compile(r"[ \t\r\n\\]+\Z")
_CONTINUATION = re.compile(r"[ \t]*\\(?=\r?\n)")
_REST_OF_LINE = re.compile(r"[ \t]*\\?\r?\n?")

#: The arguments as they are expected: names and values.
_Pairs = t.List[t.Tuple[str, str]]


class Splice(t.NamedTuple):
    """A part of a file, and what is to be there instead."""

    path: str
    start: int
    stop: int
    text: str


@dataclasses.dataclass(frozen=True)
class Place:
    """Where arguments stand one after the other.

    Attributes:
        kind: what it is.
        path: the file.
        variable: the variable whose value it is; ``None`` for the command line itself.
        spans: where each word begins and ends in the file, the program of a command line among them.
    """

    kind: Kind
    path: str
    variable: Variable | None
    spans: tuple[tuple[int, int], ...]

    @property
    def key(self) -> tuple[str, int]:
        """What no other place has."""
        return self.path, -1 if self.variable is None else self.variable.start


#: Why a place must not be written to, as a sentence; ``None`` when it may.
Obstacle = t.Callable[[str, t.Optional[str]], t.Optional[str]]


class Editor:
    """Edits the arguments of one service, one after the other.

    Attributes:
        sources: its texts as they are by now.
        invocation: what they say.
    """

    def __init__(self, sources: Sources, obstacle: Obstacle) -> None:
        self.sources = sources
        self.invocation = invocation.parse(sources)
        self._obstacle = obstacle

    def replace(self, index: int, value: str) -> None:
        """Give a flag another value."""
        argument = self.invocation.arguments[index]
        expected = self._pairs()
        expected[index] = (argument.name, value)
        self._take(argument, [*self._definitions(argument, value), *self._replacements(argument, value)], expected)

    def remove(self, index: int) -> None:
        """Take a flag away."""
        argument = self.invocation.arguments[index]
        expected = self._pairs()
        del expected[index]
        self._take(argument, list(self._removals(argument)), expected)

    def insert(self, index: int, name: str, value: str, *, beside: int) -> None:
        """Add a flag as the argument of that index, beside another argument."""
        neighbour = self.invocation.arguments[beside]
        expected = self._pairs()
        expected.insert(index, (name, value))
        place = self._place(neighbour.words[-1])
        text = f"--{name}={value}"
        if index > beside:
            proposals = list(self._after(place, neighbour.words[-1].stop, text))
        else:
            proposals = list(self._before(place, neighbour.words[0].start, text))
        self._take(neighbour, [(place, splices) for splices in proposals], expected)

    def append(self, name: str, value: str) -> None:
        """Add a flag where most of the others are."""
        text = f"--{name}={value}"
        obstacles: list[str] = []
        for place in self._places():
            reason = self._reason(place)
            if reason is not None:
                obstacles.append(reason)
                continue
            position, index = self._end(place)
            expected = self._pairs()
            expected.insert(index, (name, value))
            if self._prove(self._after(place, position, text), expected):
                return
        if obstacles:
            raise UnsupportedState(obstacles[0])
        raise UnsupportedState(
            f"{self._command_place()} starts {self.invocation.program}, and --{name} cannot be added there without changing more: add "
            "it by hand."
        )

    # What is tried, and proved

    def _take(
        self, argument: Argument, proposals: t.Sequence[tuple[Place, t.Sequence[Splice]]], expected: _Pairs
    ) -> None:
        obstacles: list[str] = []
        for place, splices in proposals:
            reason = self._reason(place)
            if reason is not None:
                obstacles.append(reason)
            elif self._prove([splices], expected):
                return
        if obstacles:
            raise UnsupportedState(obstacles[0])
        first = argument.words[0]
        raise UnsupportedState(
            f"{self.sources.place(first.path, first.start)} has {_named(argument)} in a way that cannot be changed without changing more, "
            "because it is composed of several parts or used more than once: write it out there, or change it by hand."
        )

    def _prove(self, proposals: t.Iterable[t.Sequence[Splice]], expected: _Pairs) -> bool:
        """Take the first proposal that does what is expected, and nothing else."""
        entries = list(_entries(self.sources))
        for splices in proposals:
            after = _spliced(self.sources, splices)
            try:
                read = invocation.parse(after)
            except UnsupportedState:
                continue
            if read.program != self.invocation.program or [each.pair for each in read.arguments] != expected:
                continue
            touched = _touched(entries, self.invocation, splices)
            if _without(touched, entries, self.invocation) == _without(touched, list(_entries(after)), read):
                self.sources, self.invocation = after, read
                return True
        return False

    # Proposals

    def _definitions(self, argument: Argument, value: str) -> t.Iterator[tuple[Place, t.Sequence[Splice]]]:
        """The value stands for itself in the definition of a variable."""
        word, _prefix, start = _value_of(argument)
        characters = word.characters[start:]
        if not characters or any(
            word.start <= each.start < word.stop and each.path == word.path for each in characters
        ):
            return
        place = self._place_at(characters[0].path, characters[0].start)
        if place is None or any(self._place_at(each.path, each.start) != place for each in characters):
            return
        for spelling in argument_spelling.inside(value, place.kind):
            yield place, (Splice(place.path, characters[0].start, characters[-1].stop, spelling),)

    def _replacements(self, argument: Argument, value: str) -> t.Iterator[tuple[Place, t.Sequence[Splice]]]:
        """The value is written where the flag is."""
        word, prefix, start = _value_of(argument)
        place = self._place(word)
        parts = list(self._parts(place, word, start, prefix, value))
        whole = [
            Splice(word.path, word.start, word.stop, each)
            for each in argument_spelling.word(prefix + value, place.kind)
        ]
        raw = self.sources.text(word.path).text[word.start : word.stop]
        is_in_place = argument_spelling.is_plain(value) or raw.strip("'\"") != raw
        proposals = [*parts, *whole] if is_in_place else [*whole, *parts]
        first, last = argument.words[0], argument.words[-1]
        if first is not last and first.path == last.path:
            spellings = argument_spelling.word(f"{first.text}={value}", place.kind)
            proposals += [Splice(word.path, first.start, last.stop, each) for each in spellings]
        for splice in proposals:
            yield place, (splice,)
        for splice in proposals:
            for splices in self._in_quotes(place, splice):
                yield place, splices

    @staticmethod
    def _parts(place: Place, word: Word, start: int, prefix: str, value: str) -> t.Iterator[Splice]:
        """The part of a word that is the value."""
        characters = word.characters[start:]
        if any(each.path != word.path or not word.start <= each.start < word.stop for each in characters):
            return
        before = word.characters[start - 1] if start else None
        equals = "=" if prefix.endswith("=") and not word.text.startswith(prefix) else ""
        for spelling in argument_spelling.inside(value, place.kind):
            if characters:
                yield Splice(word.path, characters[0].start, characters[-1].stop, spelling)
            elif before is not None and before.path == word.path and word.start <= before.start < word.stop:
                yield Splice(word.path, before.stop, before.stop, equals + spelling)
                yield Splice(word.path, before.stop, word.stop, equals + spelling)

    def _removals(self, argument: Argument) -> t.Iterator[tuple[Place, t.Sequence[Splice]]]:
        first, last = argument.words[0], argument.words[-1]
        place = self._place(first)
        if self._place(last).key != place.key:
            return
        text = self.sources.text(place.path).text
        before = [span for span in place.spans if span[1] <= first.start]
        after = [span for span in place.spans if span[0] >= last.stop]
        if before and _GAP.match(text[before[-1][1] : first.start]):
            yield place, (Splice(place.path, before[-1][1], last.stop, ""),)
        if after and _GAP.match(text[last.stop : after[0][0]]):
            yield place, (Splice(place.path, first.start, after[0][0], ""),)
            if place.kind is Kind.FILE_VARIABLE and not before:
                # At the beginning of an assignment a quote is one, in it a character: let it stay one.
                yield place, (Splice(place.path, first.start, after[0][0], "\\"),)
        line = _lines_of(text, first.start, last.stop)
        if line is not None:
            # Without anything after it the line before must not go on.
            continuation = None if after or not before else _CONTINUATION.match(text, before[-1][1])
            if continuation is not None:
                yield place, (Splice(place.path, *continuation.span(), ""), Splice(place.path, *line, ""))
            yield place, (Splice(place.path, *line, ""),)
        yield place, (Splice(place.path, first.start, last.stop, ""),)

    def _after(self, place: Place, position: int, text: str) -> t.Iterator[t.Sequence[Splice]]:
        for gap in self._gaps(place, position):
            for spelling in argument_spelling.word(text, place.kind):
                yield (Splice(place.path, position, position, gap + spelling),)
                yield from self._in_quotes(place, Splice(place.path, position, position, gap + spelling))

    def _before(self, place: Place, position: int, text: str) -> t.Iterator[t.Sequence[Splice]]:
        for gap in self._gaps(place, position):
            for spelling in argument_spelling.word(text, place.kind):
                yield (Splice(place.path, position, position, spelling + gap),)
                yield from self._in_quotes(place, Splice(place.path, position, position, spelling + gap))

    @staticmethod
    def _in_quotes(place: Place, splice: Splice) -> t.Iterator[t.Sequence[Splice]]:
        """An assignment of ``Environment=`` without quotes needs some as soon as it has a second word."""
        if place.kind is Kind.UNIT_VARIABLE and place.variable is not None:
            start, stop = place.variable.start, place.variable.stop
            yield Splice(place.path, start, start, '"'), splice, Splice(place.path, stop, stop, '"')

    def _gaps(self, place: Place, position: int) -> t.Sequence[str]:
        """What may stand between two words: what stands between words there already, the nearest first."""
        text = self.sources.text(place.path).text
        pairs = zip(place.spans, place.spans[1:])
        found = [(abs(stop - position), text[stop:start]) for (_start, stop), (start, _stop) in pairs]
        return tuple(dict.fromkeys([gap for _distance, gap in sorted(found) if _GAP.match(gap)] + [" "]))

    # Places

    def _places(self) -> t.Sequence[Place]:
        """Places to which a flag may be added: where most flags are, then the others, at last the end of the command line."""
        found: dict[tuple[str, int], Place] = {}
        counts: dict[tuple[str, int], int] = {}
        for argument in self.invocation.arguments:
            place = self._place(argument.words[0])
            found[place.key] = place
            counts[place.key] = counts.get(place.key, 0) + (1 if argument.name else 0)
        ranked = sorted((key for key, count in counts.items() if count), key=lambda key: -counts[key])
        command = self._command()
        return [found[key] for key in ranked] + [command] * (command.key not in ranked)

    def _end(self, place: Place) -> tuple[int, int]:
        """Where the last flag of a place ends in its file, and the index of the argument that follows it."""
        last = None
        for index, argument in enumerate(self.invocation.arguments):
            if argument.name and self._place(argument.words[0]).key == self._place(argument.words[-1]).key == place.key:
                last = argument.words[-1].stop, index + 1
        return last or (place.spans[-1][1], len(self.invocation.arguments))

    def _place(self, word: Word) -> Place:
        place = self._place_at(word.path, word.start)
        return self._command() if place is None else place

    def _place_at(self, path: str, position: int) -> Place | None:
        """The command line or the variable to which a position belongs."""
        command = self._command()
        if path == command.path and any(start <= position < stop for start, stop in command.spans):
            return command
        for variable in self.invocation.variables.values():
            if variable.path == path and variable.start <= position < variable.stop:
                is_of_unit = path in [text.path for text in self.sources.unit.texts]
                spans = tuple((each.start, each.stop) for each in value_words(variable.characters))
                return Place(Kind.UNIT_VARIABLE if is_of_unit else Kind.FILE_VARIABLE, path, variable, spans)
        return None

    def _command(self) -> Place:
        command = self.invocation.command
        spans = ((command.start, command.stop), *((word.start, word.stop) for word in command.words))
        return Place(Kind.COMMAND, command.path, None, spans)

    def _command_place(self) -> str:
        return self.sources.place(self.invocation.command.path, self.invocation.command.start)

    def _reason(self, place: Place) -> str | None:
        return self._obstacle(place.path, None if place.variable is None else place.variable.name)

    def _pairs(self) -> _Pairs:
        return [argument.pair for argument in self.invocation.arguments]


def _value_of(argument: Argument) -> tuple[Word, str, int]:
    """The word that holds a flag's value, what stands before the value in it, and how many characters of it that is."""
    if len(argument.words) > 1:
        return argument.words[-1], "", 0
    word = argument.words[0]
    text = "".join(character.value for character in word.characters)
    name, equals, _value = text.partition("=")
    if equals:
        return word, f"{name}=", len(name) + 1
    if text.startswith("-v") and text[2:].isdigit():
        return word, "-v", 2
    return word, f"{text}=", len(text)


def _lines_of(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """The lines that hold nothing but this part of a text, from their beginning to after their end."""
    begin = text.rfind("\n", 0, start) + 1
    rest = _REST_OF_LINE.match(text, stop)
    end = stop if rest is None else rest.end()
    is_whole = end == len(text) or text[end - 1] == "\n"
    return (begin, end) if is_whole and not text[begin:start].strip() else None


def _spliced(sources: Sources, splices: t.Sequence[Splice]) -> Sources:
    for path in dict.fromkeys(splice.path for splice in splices):
        text = sources.text(path).text
        mine = [(splice.start, order, splice) for order, splice in enumerate(splices) if splice.path == path]
        for _start, _order, splice in sorted(mine, reverse=True):
            text = text[: splice.start] + splice.text + text[splice.stop :]
        sources = sources.replaced(path, text)
    return sources


#: A setting of a unit or an assignment of an environment file: its file and its number there.
_Entry = t.Tuple[str, int]
#: An entry, where it begins and ends in its file, and what it says.
_Found = t.Tuple[_Entry, int, int, t.Tuple[str, ...]]


def _entries(sources: Sources) -> t.Iterator[_Found]:
    """Everything that systemd reads in the files, and where it is."""
    for text in sources.unit.texts:
        for number, setting in enumerate(systemd_unit.settings(text)):
            value = "".join(character.value for character in setting.characters)
            yield (text.path, number), setting.start, setting.stop, (setting.section, setting.key, value)
    for path, text in sources.environment.items():
        for number, variable in enumerate(environment_file.parse(text)):
            yield (path, number), variable.start, variable.stop, (variable.name, variable.value)


def _touched(entries: t.Sequence[_Found], read: Invocation, splices: t.Sequence[Splice]) -> tuple[str | _Entry, ...]:
    """What splices change: entries of files, and variables by name."""
    found: list[str | _Entry] = []
    for splice in splices:
        found += [entry for entry, start, stop, _what in entries if _holds(entry[0], start, stop, splice)]
        found += [each.name for each in read.variables.values() if _holds(each.path, each.start, each.stop, splice)]
    return tuple(found)


def _holds(path: str, start: int, stop: int, splice: Splice) -> bool:
    return splice.path == path and start <= splice.start <= stop


def _without(
    touched: t.Container[str | _Entry], entries: t.Sequence[_Found], read: Invocation
) -> list[tuple[str | _Entry, tuple[str, ...] | None]]:
    """Everything that systemd reads, but for the values of what is touched."""
    found: list[tuple[str | _Entry, tuple[str, ...]]] = [
        *((entry, what) for entry, _start, _stop, what in entries),
        *((name, (variable.value,)) for name, variable in sorted(read.variables.items())),
    ]
    return [(what, None if what in touched else value) for what, value in found]


def _named(argument: Argument) -> str:
    return f"the flag --{argument.name}" if argument.name else "an argument"


__all__ = ("Editor", "Obstacle", "Place", "Splice")
