# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of a service with its drop-ins, as systemd reads them: systemd.syntax(7), systemd.service(5), systemd.unit(5)."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ..base.errors import UnsupportedState
from .environment_file import Variable, is_name
from .systemd_text import (
    BLANKS,
    Character,
    Characters,
    Text,
    Unbalanced,
    Word,
    characters_of,
    command_words,
    is_utf8,
    refuse_strange_text,
    strip,
    text_of,
)

_SERVICE = "Service"
_COMMENTS = "#;"
#: Since this version of systemd a comment among continuation lines is passed over, and a backslash at its end means nothing.
_COMMENTS_END_WITH_THEIR_LINE = 240
_LINE = re.compile(r"([^\n\r]*)(\r\n|\n\r|\n|\r|\Z)")
_BYTE_ORDER_MARK = "\ufeff"
_COMMAND_SEPARATOR = ";"
_GLOB = frozenset("*?[")
#: What may stand before a program, in any order.
_PREFIXES = re.compile(r"[-@:+!]*")
_SPECIFIER = re.compile(r"[A-Za-z0-9%]\Z")

#: Specifiers that mean the same on every host, for services of the system.
_FIXED: t.Mapping[str, str] = {
    "t": "/run",
    "S": "/var/lib",
    "C": "/var/cache",
    "L": "/var/log",
    "E": "/etc",
    "u": "root",
    "U": "0",
    "g": "root",
    "G": "0",
    "h": "/root",
}


@dataclasses.dataclass(frozen=True)
class Unit:
    """The files of a unit.

    Attributes:
        name: of the unit, with its suffix; of an instance, not of its template.
        fragment: its unit file.
        drop_ins: its drop-ins in the order in which systemd reads them.
        specifiers: values of specifiers that are known of this host, by their letter, for example ``H``.
        systemd: the version of systemd that reads them; ``None`` is a recent one.
    """

    name: str
    fragment: Text
    drop_ins: tuple[Text, ...] = ()
    specifiers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    systemd: int | None = None

    @property
    def texts(self) -> tuple[Text, ...]:
        """All its files in the order in which systemd reads them."""
        return (self.fragment, *self.drop_ins)


@dataclasses.dataclass(frozen=True)
class Setting:
    """An assignment in a unit file.

    Attributes:
        section: without its brackets; empty before the first one.
        key: the name of the setting.
        characters: its value, continuation lines joined.
        path: the file.
        start: where the value's part of the text begins.
        stop: where it ends.
    """

    section: str
    key: str
    characters: tuple[Character, ...]
    path: str
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class Command:
    """A command line of ``ExecStart=``.

    Attributes:
        program: the path of the program.
        words: what follows it, specifiers resolved, variables not.
        expands: whether systemd puts in the values of variables.
        path: the file in which it is.
        start: where it begins there.
        stop: where the name of the program ends.
    """

    program: str
    words: tuple[Word, ...]
    expands: bool
    path: str
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class EnvironmentFile:
    """A setting ``EnvironmentFile=``.

    Attributes:
        path: of the file.
        is_optional: it need not exist.
        place: the unit file that names it, and its line.
    """

    path: str
    is_optional: bool
    place: str


@dataclasses.dataclass(frozen=True)
class Service:
    """What a unit says of the start of its program.

    Attributes:
        commands: all command lines of ``ExecStart=``.
        variables: those of ``Environment=`` in their order.
        unresolved: why the value of a variable is not known, by its name.
        environment_files: in the order in which they are read.
        passed: names of ``PassEnvironment=``.
        unset: names and assignments of ``UnsetEnvironment=``.
    """

    commands: tuple[Command, ...]
    variables: tuple[Variable, ...]
    unresolved: t.Mapping[str, str]
    environment_files: tuple[EnvironmentFile, ...]
    passed: frozenset[str]
    unset: frozenset[str]


def settings(text: Text) -> tuple[Setting, ...]:
    """All assignments of a unit file, of every section.

    Raises:
        UnsupportedState: when systemd would not load the file.
    """
    refuse_strange_text(text)
    section = ""
    found: list[Setting] = []
    for line in _logical_lines(text):
        characters = strip(line)
        if not characters:
            continue
        if not is_utf8(text_of(characters)):
            raise _unreadable(text, characters[0].start, "is no UTF-8")
        if characters[0].value == "[":
            if characters[-1].value != "]":
                raise _unreadable(text, characters[0].start, "begins the name of a section and does not end it")
            section = text_of(characters[1:-1])
            continue
        setting = _setting(section, characters)
        if setting is not None:
            found.append(setting)
    return tuple(found)


def parse(unit: Unit) -> Service:
    """What a unit and its drop-ins say of the start of its program.

    Raises:
        UnsupportedState: when systemd would not load it, or when what it says is not certain.
    """
    reader = _Reader(unit)
    for text in unit.texts:
        if unit.systemd is not None and unit.systemd < _COMMENTS_END_WITH_THEIR_LINE:
            _refuse_comments(text, unit.systemd)
        reader.take(text)
    return reader.service()


class _Reader:
    """Collects the settings of a service; an empty one resets its list."""

    def __init__(self, unit: Unit) -> None:
        self._specifiers = {**_FIXED, **_of_name(unit.name), **unit.specifiers}
        self._text = unit.fragment
        self._commands: list[Command] = []
        self._variables: list[Variable] = []
        self._unresolved: dict[str, str] = {}
        self._files: list[EnvironmentFile] = []
        self._passed: list[str] = []
        self._unset: list[str] = []
        self._takers: t.Mapping[str, tuple[t.Callable[[Setting], None], list[t.Any]]] = {
            "ExecStart": (self._exec_start, self._commands),
            "Environment": (self._environment, self._variables),
            "EnvironmentFile": (self._environment_file, self._files),
            "PassEnvironment": (functools.partial(self._names, self._passed), self._passed),
            "UnsetEnvironment": (functools.partial(self._names, self._unset), self._unset),
        }

    def take(self, text: Text) -> None:
        """What one file of the unit says of the service."""
        self._text = text
        for setting in settings(text):
            if setting.section != _SERVICE or setting.key not in self._takers:
                continue
            taker, found = self._takers[setting.key]
            if setting.characters:
                taker(setting)
            else:
                found.clear()
                if found is self._variables:
                    self._unresolved.clear()

    def service(self) -> Service:
        """All of them."""
        return Service(
            tuple(self._commands),
            tuple(self._variables),
            dict(self._unresolved),
            tuple(self._files),
            frozenset(self._passed),
            frozenset(self._unset),
        )

    def _exec_start(self, setting: Setting) -> None:
        try:
            words = list(command_words(setting.characters))
        except Unbalanced:
            raise _unreadable(self._text, setting.start, "has a quote in ExecStart= that is not closed") from None
        for line in _command_lines(self._text, words):
            self._commands.append(self._command(line))

    def _command(self, words: t.Sequence[Word]) -> Command:
        flags = "".join(_PREFIXES.findall(words[0].text)[:1])
        path = text_of(self._resolve(words[0].characters[len(flags) :]))
        first = 2 if "@" in flags else 1
        if not _is_program(path) or not _are_prefixes(flags) or len(words) < first:
            raise _unreadable(self._text, words[0].start, "has no program in ExecStart=")
        return Command(
            program=path,
            words=tuple(dataclasses.replace(word, characters=self._resolve(word.characters)) for word in words[first:]),
            expands=":" not in flags,
            path=self._text.path,
            start=words[0].start,
            stop=words[first - 1].stop,
        )

    def _environment(self, setting: Setting) -> None:
        """Words up to the first with a fault, as systemd does it."""
        try:
            for word in command_words(setting.characters, is_strict=True):
                self._assignment(word)
        except Unbalanced:
            return

    def _assignment(self, word: Word) -> None:
        try:
            characters = self._resolve(word.characters)
        except UnsupportedState as error:
            self._unresolved[word.text.partition("=")[0]] = error.message
            return
        name, equals, value = text_of(characters).partition("=")
        if not equals or not is_name(name) or not is_utf8(value):
            return
        self._unresolved.pop(name, None)
        self._variables.append(Variable(name, characters[len(name) + 1 :], word.path, word.start, word.stop))

    def _environment_file(self, setting: Setting) -> None:
        value = text_of(self._resolve(setting.characters))
        path = value[1:] if value.startswith("-") else value
        if not path.startswith("/"):
            return
        place = _place(self._text, setting.start)
        if _GLOB & set(path):
            raise UnsupportedState(
                f"{place} has a pattern in EnvironmentFile=, so which files it means depends on what else is in their directory: "
                "name each file in a setting of its own."
            )
        simple = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
        self._files.append(EnvironmentFile(simple, value.startswith("-"), place))

    def _names(self, names: list[str], setting: Setting) -> None:
        try:
            names.extend(word.text for word in command_words(setting.characters))
        except Unbalanced:
            return

    def _resolve(self, characters: Characters) -> tuple[Character, ...]:
        """The characters with specifiers resolved."""
        found: list[Character] = []
        position = 0
        while position < len(characters):
            character = characters[position]
            letter = characters[position + 1].value if position + 1 < len(characters) else ""
            if character.value == "%" and _SPECIFIER.match(letter):
                value = "%" if letter == "%" else self._specifiers.get(letter)
                if value is None:
                    raise UnsupportedState(
                        f"{_place(self._text, character.start)} has the specifier %{letter}, of which only systemd knows the value: "
                        "write the value itself."
                    )
                stop = characters[position + 1].stop
                found += [Character(each, character.path, character.start, stop) for each in value]
                position += 1
            else:
                found.append(character)
            position += 1
        return tuple(found)


def _logical_lines(text: Text) -> t.Iterator[tuple[Character, ...]]:
    """Lines without comments, continued ones joined: the backslash at the end of a line is a blank."""
    continued: list[Character] = []
    for match in _LINE.finditer(text.text):
        start, stop = match.span(1)
        if match.group(0) == "":
            break
        if start == 0 and match.group(1).startswith(_BYTE_ORDER_MARK):
            start += 1
        if match.group(1).lstrip(BLANKS)[:1] in tuple(_COMMENTS):
            continue
        continued += characters_of(text, start, stop)
        if _ends_with_escape(match.group(1)):
            continued[-1] = continued[-1]._replace(value=" ", stop=match.end())
            continue
        yield tuple(continued)
        continued = []
    if continued:
        yield tuple(continued)


def _refuse_comments(text: Text, version: int) -> None:
    """Refuse comments that an old systemd takes for a part of a setting, or by which it hides one."""
    is_continued = False
    for match in _LINE.finditer(text.text):
        line = match.group(1)
        is_comment = line.lstrip(BLANKS)[:1] in tuple(_COMMENTS)
        if is_comment and (is_continued or _ends_with_escape(line)):
            raise UnsupportedState(
                f"{_place(text, match.start())} has a comment on or with a continuation line, which systemd {version} takes for a part of "
                "the setting: move the comment before the setting, without a backslash at its end."
            )
        is_continued = _ends_with_escape(line)


def _ends_with_escape(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _setting(section: str, characters: Characters) -> Setting | None:
    """The assignment of a line; ``None`` for one that systemd passes over."""
    index = next((index for index, character in enumerate(characters) if character.value == "="), 0)
    if index == 0:
        return None
    value = strip(characters[index + 1 :])
    equals = characters[index]
    return Setting(
        section=section,
        key=text_of(strip(characters[:index])),
        characters=value,
        path=equals.path,
        start=value[0].start if value else equals.stop,
        stop=value[-1].stop if value else equals.stop,
    )


def _command_lines(text: Text, words: t.Sequence[Word]) -> t.Iterator[t.Sequence[Word]]:
    """Words of each command: a semicolon that stands alone, without quotes, separates two."""
    line: list[Word] = []
    for word in words:
        raw = text.text[word.start : word.stop]
        if raw == _COMMAND_SEPARATOR or (word.text == _COMMAND_SEPARATOR and not line):
            if line:
                yield line
            line = []
        elif raw == "\\" + _COMMAND_SEPARATOR and line:
            line.append(dataclasses.replace(word, characters=word.characters[-1:]))
        else:
            line.append(word)
    if line:
        yield line


def _are_prefixes(flags: str) -> bool:
    """Each once, and of ``+``, ``!`` and ``!!`` one."""
    return all(flags.count(each) <= 1 for each in "-@:+") and flags.count("!") <= (0 if "+" in flags else 2)


def _is_program(path: str) -> bool:
    """An absolute path or a name; a prefix that this collection does not know makes it none."""
    return (
        path not in ("", ".", "..")
        and path[-1] != "/"
        and (path[0] == "/" or re.match(r"[^/|\s]+\Z", path) is not None)
    )


def _of_name(name: str) -> dict[str, str]:
    """The specifiers that a unit's name gives."""
    whole = name.rpartition(".")[0] or name
    prefix, _at, instance = whole.partition("@")
    last = prefix.rpartition("-")[2]
    return {
        "n": name,
        "N": whole,
        "p": prefix,
        "i": instance,
        "j": last,
        "P": _unescaped(prefix),
        "I": _unescaped(instance),
        "J": _unescaped(last),
    }


def _unescaped(name: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match.group(1), 16)), name.replace("-", "/"))


def _place(text: Text, position: int) -> str:
    return f"{text.path}, line {text.line_of(position)}"


def _unreadable(text: Text, position: int, why: str) -> UnsupportedState:
    return UnsupportedState(f"{_place(text, position)} {why}, so systemd does not load the unit: repair it.")


__all__ = ("Command", "EnvironmentFile", "Service", "Setting", "Unit", "parse", "settings")
