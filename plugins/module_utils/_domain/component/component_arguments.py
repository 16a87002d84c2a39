# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of a component that runs as a service of systemd: read from its unit and its environment files, and set there."""

from __future__ import annotations

import dataclasses
import difflib
import posixpath
import re
import typing as t

from ..base.change import Change, Decision
from ..base.errors import InvalidInput, UnsupportedState
from . import invocation, systemd_unit
from .argument_edit import Editor
from .invocation import Invocation, Sources, flag_name, is_secret, shown
from .static_pod import ETCD
from .systemd_text import encoded
from .systemd_unit import Unit

if t.TYPE_CHECKING:
    from ..._ports.files import Files

_FLAG = re.compile(r"[A-Za-z][A-Za-z0-9.-]*\Z")
#: Of packages, whose next version replaces them.
_OF_PACKAGES = ("/usr/lib/", "/lib/")
_OF_THIS_BOOT = "/run/"
_REASON = "the component is to be started with it"

#: What each flag is to have, in order; nothing for one that is not to be there.
Desired = t.Mapping[str, t.Tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Edit:
    """New arguments of a service.

    Attributes:
        sources: all its texts afterwards.
        invocation: what they say.
        changes: one for each flag.
        paths: the files that differ.
    """

    sources: Sources
    invocation: Invocation
    changes: tuple[Change, ...] = ()
    paths: tuple[str, ...] = ()


def parse_desired(values: t.Mapping[str, t.Any]) -> Desired:
    """The option ``set``: a value, a list of values, or ``None`` for each flag.

    Raises:
        InvalidInput: when it cannot be used.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, value in values.items():
        name = flag_name(str(key))
        if not _FLAG.match(name):
            raise InvalidInput(f"The option set: {key!r} is no name of a flag; write it as in advertise-address.")
        if name in found:
            raise InvalidInput(f"The option set has the flag {name} twice, in two spellings: leave one out.")
        items = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
        found[name] = tuple(_value(name, item) for item in items)
    return found


def decide(
    sources: Sources, desired: Desired, *, component: str, program: str | None = None, others: t.Sequence[Unit] = ()
) -> Edit:
    """The texts with which a service starts its component with the desired flags.

    Args:
        sources: its texts.
        desired: the flags to set; all others stay as they are.
        component: which one it starts.
        program: what its program is called, by default like the component.
        others: other units of the host, which may read the same environment files.

    Raises:
        UnsupportedState: when a flag cannot be set without changing more, or when what is there is not certain.
    """
    before = invocation.of_component(sources, component, program=program)
    editor = Editor(sources, _Owners(sources.unit, others).obstacle)
    changes: list[Change] = []
    for name, values in desired.items():
        old, texts = before.flags.get(name, ()), editor.sources
        if old == values:
            continue
        if component == ETCD:
            _check_environment(before, name, sources.unit.name)
        _set(editor, name, values)
        paths = _differing(texts, editor.sources)
        changes.append(
            Change(
                f"flag --{name} of {sources.unit.name} in {', '.join(paths)}",
                _shown(name, old),
                _shown(name, values),
                _REASON,
            )
        )
    _check(before, editor.invocation, desired, sources.unit.name)
    return Edit(editor.sources, editor.invocation, tuple(changes), _differing(sources, editor.sources))


def ensure(
    files: Files,
    sources: Sources,
    desired: Desired,
    *,
    component: str,
    program: str | None = None,
    others: t.Sequence[Unit] = (),
) -> Decision:
    """A service starts its component with the desired flags.

    Args:
        files: where its texts are.
        sources: its texts.
        desired: see :func:`decide`.
        component: see :func:`decide`.
        program: see :func:`decide`.
        others: see :func:`decide`.

    Raises:
        UnsupportedState: see :func:`decide`.
    """
    edit = decide(sources, desired, component=component, program=program, others=others)

    def act() -> t.Mapping[str, t.Any]:
        for path in edit.paths:
            if files.read(path) != encoded(sources.text(path)):
                raise UnsupportedState(f"{path} was changed by somebody else while it was to be edited: run again.")
        for path in edit.paths:
            files.write(path, encoded(edit.sources.text(path)))
        return {}

    return Decision(changes=edit.changes, values=values_of(edit), act=act)


def values_of(edit: Edit) -> dict[str, t.Any]:
    """What a module returns of the arguments."""
    read = edit.invocation
    return {
        "unit": edit.sources.unit.name,
        "program": read.program,
        "arguments": {name: _shown(name, values) for name, values in read.flags.items()},
        "files": list(read.files),
        "changed_files": list(edit.paths),
        "unit_files": [text.path for text in edit.sources.unit.texts],
        "environment_files": [file.path for file in read.environment_files],
    }


def secrets(desired: Desired) -> frozenset[str]:
    """Values that nobody may see, neither in a result nor in the options that it repeats."""
    values = (value for name, values in desired.items() if is_secret(name) for value in values)
    return frozenset(value for value in values if value not in ("", "true", "false") and not value.isdigit())


class _Owners:
    """Whose a file is, so that an edit changes this service and no other."""

    def __init__(self, unit: Unit, others: t.Sequence[Unit]) -> None:
        self._unit = unit
        self._others = [other for other in others if other.name != unit.name]

    def obstacle(self, path: str, variable: str | None) -> str | None:
        """Why an argument must not be changed in a file, as a sentence with the remedy; ``None`` when it may be."""
        unit = self._unit.name
        if path.startswith(_OF_THIS_BOOT):
            return f"{path} has arguments of {unit} and is made anew at each boot: change what makes it."
        settings = [] if variable is None else self._other_settings(variable)
        if settings:
            return (
                f"{path} has the variable {variable}, which {unit} puts in at {', '.join(settings)}, too: give ExecStart= a variable of "
                "its own, then set the flag."
            )
        if path in [text.path for text in self._unit.texts]:
            return self._of_unit(path)
        users = [other.name for other in self._others if _uses(other, path, variable or "")]
        if users:
            return (
                f"{path} has the variable {variable}, which {unit} shares with {', '.join(users)}: give {unit} a variable of its own, "
                "then set the flag."
            )
        return None

    def _other_settings(self, variable: str) -> list[str]:
        """Other command lines of the unit that have a variable."""
        found = []
        for text in self._unit.texts:
            for setting in systemd_unit.settings(text):
                value = "".join(character.value for character in setting.characters)
                if setting.key.startswith("Exec") and setting.key != "ExecStart" and _has(value, variable):
                    found.append(f"{setting.key}=")
        return list(dict.fromkeys(found))

    def _of_unit(self, path: str) -> str | None:
        unit = self._unit.name
        if path.startswith(_OF_PACKAGES):
            return (
                f"{path} has arguments of {unit} and belongs to a package, whose next version replaces it: copy it to "
                "/etc/systemd/system (systemctl edit --full), then set the flag."
            )
        if path != self._unit.fragment.path and posixpath.basename(posixpath.dirname(path)) != f"{unit}.d":
            return (
                f"{path} has arguments of {unit} and is a drop-in of other units, too: move what is meant for {unit} to a drop-in in "
                f"{unit}.d, then set the flag."
            )
        if path == self._unit.fragment.path and "@" in unit and posixpath.basename(path) != unit:
            return (
                f"{path} has arguments of {unit} and is the template of other instances, too: give {unit} a drop-in in {unit}.d, then "
                "set the flag."
            )
        return None


def _uses(other: Unit, path: str, variable: str) -> bool:
    """Whether a unit reads an environment file and puts in a variable of it."""
    texts = [text.text for text in other.texts]
    if not any(_has(text, variable) for text in texts):
        return False
    try:
        return path in [file.path for file in systemd_unit.parse(other).environment_files]
    except UnsupportedState:
        return any("EnvironmentFile" in text for text in texts)


def _has(text: str, variable: str) -> bool:
    return re.search(rf"\$\{{?{re.escape(variable)}(?![A-Za-z0-9_])", text) is not None


def _check_environment(before: Invocation, name: str, unit: str) -> None:
    """etcd takes its flags from variables, too, and does not start where a flag stands beside its variable."""
    variable = before.variables.get(f"ETCD_{name.upper().replace('-', '_')}")
    if variable is not None and name not in before.flags:
        raise UnsupportedState(
            f"{variable.path} sets {variable.name} for {unit}, and etcd does not start with --{name} beside it: change the variable there."
        )


def _set(editor: Editor, name: str, values: tuple[str, ...]) -> None:
    """Change as few of a flag's occurrences as possible, from the last to the first, so that the indexes hold."""
    indexes = [index for index, argument in enumerate(editor.invocation.arguments) if argument.name == name]
    if not indexes:
        for value in values[:1]:
            editor.append(name, value)
        if values[1:]:
            _set(editor, name, values)
        return
    current = editor.invocation.flags[name]
    matcher = difflib.SequenceMatcher(None, current, values, autojunk=False)
    for kind, start, stop, first, last in reversed(matcher.get_opcodes()):
        if kind == "equal":
            continue
        common = min(stop - start, last - first)
        for index in reversed(indexes[start + common : stop]):
            editor.remove(index)
        _insert(editor, name, values[first + common : last], indexes, start + common)
        for offset in reversed(range(common)):
            editor.replace(indexes[start + offset], values[first + offset])


def _insert(editor: Editor, name: str, values: t.Sequence[str], indexes: t.Sequence[int], number: int) -> None:
    """Add occurrences of a flag, of which the first is to be the one of that number."""
    for value in reversed(values):
        if number:
            editor.insert(indexes[number - 1] + 1, name, value, beside=indexes[number - 1])
        else:
            editor.insert(indexes[0], name, value, beside=indexes[0])


def _check(before: Invocation, after: Invocation, desired: Desired, unit: str) -> None:
    """What was asked is there, and nothing else has changed."""
    expected = {**before.flags, **desired}
    if after.flags != {name: values for name, values in expected.items() if values}:
        raise UnsupportedState(
            f"The flags of {unit} depend on each other in a way that is not understood: change the unit by hand."
        )


def _differing(before: Sources, after: Sources) -> tuple[str, ...]:
    paths = [text.path for text in before.unit.texts] + list(before.environment)
    return tuple(path for path in dict.fromkeys(paths) if before.text(path) != after.text(path))


def _value(name: str, value: t.Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(
            f"The option set: {name} has a value that is no text, number or list of those; write the text."
        )
    text = str(value)
    if any(ord(character) < ord(" ") or ord(character) == 0x7F for character in text) or not _is_text(text):
        hint = "" if is_secret(name) else f" ({text!r})"
        raise InvalidInput(f"The option set: {name} has a value with a control character{hint}; leave it out.")
    return text


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str, values: t.Sequence[str]) -> list[str]:
    return [shown(name, value) for value in values]


__all__ = ("Desired", "Edit", "decide", "ensure", "parse_desired", "secrets", "values_of")
