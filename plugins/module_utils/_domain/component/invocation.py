# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line with which systemd starts a component, each argument with its place in a file.

Variables are put in as systemd does it: systemd.service(5), "Command lines", and ``replace_env_argv`` in its sources.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ..base.errors import UnsupportedState
from . import environment_file, systemd_unit
from .environment_file import Variable
from .static_pod import COMPONENTS, ETCD, without_password
from .systemd_text import Character, Characters, Text, Word, value_words
from .systemd_unit import Command, EnvironmentFile, Unit

#: What may run as a service, see :func:`of_component`.
SERVICES = (*COMPONENTS, "kubelet", "kube-proxy", ETCD)
#: What stands for the value of a flag whose name says that it is a secret.
HIDDEN = "***"
_SECRET_NAMES = ("token", "password")
#: One program for all components, which Kubernetes had before 1.19: the first argument says which it is.
_HYPERKUBE = "hyperkube"

#: Variables that systemd itself gives to services, by systemd.exec(5), "Environment variables in spawned processes".
_OF_SYSTEMD = re.compile(
    r"(?:PATH|LANG|LC_[A-Z]+|LANGUAGE|USER|LOGNAME|HOME|SHELL|TERM|INVOCATION_ID|JOURNAL_STREAM|MAINPID|MANAGERPID|PIDFILE|NOTIFY_SOCKET"
    r"|(?:RUNTIME|STATE|CACHE|LOGS|CONFIGURATION|CREDENTIALS)_DIRECTORY|(?:XDG|LISTEN|WATCHDOG|SYSTEMD|MEMORY_PRESSURE)_[A-Z_]+)\Z"
)
_VARIABLE = re.compile(r"\$(?:\{([^:}]*)(\}|:|\Z)|\$)")
_VERBOSITY = re.compile(r"-v(\d+)\Z")
_FLAG = re.compile(r"--?[A-Za-z]")


@dataclasses.dataclass(frozen=True)
class Sources:
    """All texts that decide how a service is started.

    Attributes:
        unit: its unit with drop-ins.
        environment: its environment files by path; those that do not exist are left out.
    """

    unit: Unit
    environment: t.Mapping[str, Text] = dataclasses.field(default_factory=dict)

    def text(self, path: str) -> Text:
        """A file by its path."""
        return {**self.environment, **{text.path: text for text in self.unit.texts}}[path]

    def place(self, path: str, position: int) -> str:
        """A place in a file, for messages."""
        return f"{path}, line {self.text(path).line_of(position)}"

    def replaced(self, path: str, text: str) -> Sources:
        """The same with another text of one file."""
        new = Text(path, text)
        unit = dataclasses.replace(
            self.unit,
            fragment=new if self.unit.fragment.path == path else self.unit.fragment,
            drop_ins=tuple(new if drop_in.path == path else drop_in for drop_in in self.unit.drop_ins),
        )
        environment = {each: new if each == path else old for each, old in self.environment.items()}
        return Sources(unit, environment)


@dataclasses.dataclass(frozen=True)
class Argument:
    """A flag of a component, or an argument that is none.

    Attributes:
        name: the flag without dashes, with a dash for each underscore; empty for what is no flag.
        value: its value; ``true`` for a flag without one.
        words: the words of the command line that it is made of, one or two.
    """

    name: str
    value: str
    words: tuple[Word, ...]

    @property
    def pair(self) -> tuple[str, str]:
        """Name and value."""
        return self.name, self.value


@dataclasses.dataclass(frozen=True)
class Invocation:
    """How systemd starts a program.

    Attributes:
        command: the command line of the unit.
        words: what the program gets after its name.
        arguments: the same as flags with their values.
        variables: the environment as the unit and its files define it, by name.
        environment_files: the unit's environment files, in the order in which they are read.
    """

    command: Command
    words: tuple[Word, ...]
    arguments: tuple[Argument, ...]
    variables: t.Mapping[str, Variable]
    environment_files: tuple[EnvironmentFile, ...]

    @property
    def program(self) -> str:
        """Path of the program."""
        return self.command.program

    @property
    def flags(self) -> dict[str, tuple[str, ...]]:
        """The values of each flag, in their order."""
        found: dict[str, tuple[str, ...]] = {}
        for argument in self.arguments:
            if argument.name:
                found[argument.name] = (*found.get(argument.name, ()), argument.value)
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """The files in which the command line and its words stand, in the order of the words."""
        places = [self.command.path]
        for word in self.words:
            places += [word.path, *(character.path for character in word.characters)]
        return tuple(dict.fromkeys(places))


def environment_files(unit: Unit) -> tuple[EnvironmentFile, ...]:
    """The environment files that must be read before :func:`parse`."""
    return systemd_unit.parse(unit).environment_files


def parse(sources: Sources) -> Invocation:
    """How a service is started.

    Raises:
        UnsupportedState: when systemd would not start it, or when what it would do is not certain.
    """
    unit = sources.unit
    service = systemd_unit.parse(unit)
    if len(service.commands) != 1:
        raise UnsupportedState(
            f"{unit.name} has {len(service.commands)} commands in ExecStart= ({', '.join(text.path for text in unit.texts)}): "
            "let it have one, that of the component."
        )
    command = service.commands[0]
    variables = _Variables(sources, service)
    words = [word for each in command.words for word in variables.put_in(each)] if command.expands else command.words
    return Invocation(
        command=command,
        words=tuple(words),
        arguments=tuple(_arguments(words)),
        variables=variables.defined,
        environment_files=service.environment_files,
    )


def of_component(sources: Sources, component: str, *, program: str | None = None) -> Invocation:
    """How a service starts a component.

    Args:
        sources: its files.
        component: one of :data:`SERVICES`.
        program: what its program is called; by default like the component.

    Raises:
        UnsupportedState: when it runs another program, such as a shell, or as for :func:`parse`.
    """
    invocation = parse(sources)
    found = posixpath.basename(invocation.program)
    expected = posixpath.basename(program or component)
    if found == expected or (found == _HYPERKUBE and _is_named(invocation, component)):
        return invocation
    raise UnsupportedState(
        f"{sources.place(invocation.command.path, invocation.command.start)} starts {invocation.program} and not {expected}, so what "
        f"arguments {component} gets is not known: let ExecStart= of {sources.unit.name} start {component} itself, or name its program "
        "in the option program."
    )


def shown(name: str, value: str) -> str:
    """A flag's value as it may be shown."""
    return HIDDEN if is_secret(name) else without_password(value)


def is_secret(name: str) -> bool:
    """Whether the name of a flag says that its value is a secret: ``--etcd-password`` is one, ``--token-auth-file`` only names a file."""
    return name.lower().rpartition("-")[2] in _SECRET_NAMES


def flag_name(name: str) -> str:
    """The name of a flag without dashes before it, as it is in :class:`Argument`."""
    return name.lstrip("-").replace("_", "-")


class _Variables:
    """The environment in which variables of a command line are resolved."""

    def __init__(self, sources: Sources, service: systemd_unit.Service) -> None:
        self._sources = sources
        self._passed = service.passed
        self._unresolved = dict(service.unresolved)
        found = {variable.name: variable for variable in service.variables}
        for file in service.environment_files:
            for variable in self._of_file(file):
                found[variable.name] = variable
                self._unresolved.pop(variable.name, None)
        self.defined: t.Mapping[str, Variable] = {
            name: variable for name, variable in found.items() if not {name, f"{name}={variable.value}"} & service.unset
        }
        for name in service.unset:
            self._unresolved.pop(name, None)

    def put_in(self, word: Word) -> t.Iterator[Word]:
        """A word of the command line as the words that the program gets."""
        text = word.text
        if text.startswith("$") and text[1:2] not in ("{", "$"):
            yield from value_words(self._value(text[1:], word))
        else:
            yield dataclasses.replace(word, characters=tuple(self._braced(word)))

    def _braced(self, word: Word) -> t.Iterator[Character]:
        """The characters with ``${VARIABLE}`` put in and ``$$`` halved."""
        characters = word.characters
        position = 0
        for match in _VARIABLE.finditer("".join(character.value for character in characters)):
            yield from characters[position : match.start()]
            position = match.end()
            if match.group(2) == "}":
                yield from self._value(match.group(1), word)
            elif match.group(1) is not None:
                yield from characters[match.start() : position]
            else:
                first, last = characters[match.start()], characters[position - 1]
                yield Character("$", first.path, first.start, last.stop)
        yield from characters[position:]

    def _value(self, name: str, word: Word) -> Characters:
        """What a variable has; nothing where nobody sets it."""
        if name in self._unresolved:
            raise UnsupportedState(self._unresolved[name])
        if name in self.defined:
            return self.defined[name].characters
        if name in self._passed or _OF_SYSTEMD.match(name):
            raise UnsupportedState(
                f"{self._sources.place(word.path, word.start)} has the variable {name}, whose value systemd knows only when it starts "
                "the service: write the value itself, or set the variable in Environment= or in an environment file."
            )
        return ()

    def _of_file(self, file: EnvironmentFile) -> t.Sequence[Variable]:
        text = self._sources.environment.get(file.path)
        if text is not None:
            return environment_file.parse(text)
        if file.is_optional:
            return ()
        raise UnsupportedState(
            f"{file.place} names the environment file {file.path}, which does not exist, so the service cannot start: restore the "
            "file, or take it out of the unit."
        )


def _arguments(words: t.Sequence[Word]) -> t.Iterator[Argument]:
    """``--name=value``, ``--name value`` and ``--name``, with one dash or two.

    Components have no arguments beside their flags: a word after a flag is the flag's value, unless it is a flag itself.
    """
    rest = list(words)
    while rest:
        word = rest.pop(0)
        text = word.text
        if text == "--":
            yield from (Argument("", each.text, (each,)) for each in (word, *rest))
            return
        if not _FLAG.match(text):
            yield Argument("", text, (word,))
            continue
        name, equals, value = text.partition("=")
        verbosity = _VERBOSITY.match(text)
        if equals:
            yield Argument(flag_name(name), value, (word,))
        elif verbosity is not None:
            yield Argument("v", verbosity.group(1), (word,))
        elif rest and not _begins_anew(rest[0].text):
            following = rest.pop(0)
            yield Argument(flag_name(name), following.text, (word, following))
        else:
            yield Argument(flag_name(name), "true", (word,))


def _begins_anew(text: str) -> bool:
    return text == "--" or _FLAG.match(text) is not None


def _is_named(invocation: Invocation, component: str) -> bool:
    """Whether a program for all components is started as this one."""
    first = invocation.arguments[:1]
    names = {component, component[len("kube-") :] if component.startswith("kube-") else component}
    return bool(first) and not first[0].name and first[0].value in names


__all__ = (
    "HIDDEN",
    "SERVICES",
    "Argument",
    "Invocation",
    "Sources",
    "environment_files",
    "flag_name",
    "is_secret",
    "of_component",
    "parse",
    "shown",
)
