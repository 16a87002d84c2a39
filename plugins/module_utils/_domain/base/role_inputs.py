# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a role's variables, read one by one.

What cannot be read becomes a problem and has a stand-in, so that the values after it are read, too.
"""

from __future__ import annotations

import typing as t

from .boolean import boolean
from .errors import InvalidInput
from .problem import Problem


class RoleInputs:
    """The values of one role on one host.

    Attributes:
        host: the host's inventory name.
        problems: what was wrong so far.
        unreadable: names of the variables that have a stand-in.
    """

    def __init__(self, role: str, host: str, values: t.Mapping[str, t.Any], expected: t.Collection[str]) -> None:
        """``values``: by the variables' names without the role's. ``expected``: the names that there are.

        Raises:
            InvalidInput: names are missing, or others are given.
        """
        wrong = {"lack": sorted(set(expected) - set(values)), "must not have": sorted(set(values) - set(expected))}
        faults = [f"{verb} {', '.join(names)}" for verb, names in wrong.items() if names]
        if faults:
            raise InvalidInput(f"inputs of {role} {' and '.join(faults)}.")
        self.host = host
        self.problems: list[Problem] = []
        self.unreadable: set[str] = set()
        self._role = role
        self._values = values

    def variable(self, name: str) -> str:
        """The name of a variable in an inventory."""
        return f"{self._role}_{name}"

    def object_to(self, name: str, message: str, *, unreadable: bool = False) -> None:
        """Add a problem with a variable. ``unreadable``: it has a stand-in."""
        self.problems.append(Problem(self.variable(name), message))
        if unreadable:
            self.unreadable.add(name)

    def raw(self, name: str) -> t.Any:
        """The value as it is."""
        return self._values[name]

    def text(self, name: str) -> str:
        """Text, empty for nothing."""
        value = self._values[name]
        return "" if value is None else str(value)

    def boolean(self, name: str) -> bool:
        """A boolean as Ansible takes it, else ``False``."""
        read = boolean(self.text(name))
        if read is None:
            self._refuse(name, "neither true nor false")
        return bool(read)

    def number(self, name: str) -> int:
        """A number of at least 0, else 0."""
        text = self.text(name)
        if is_number(text):
            return int(text)
        self._refuse(name, "not a number")
        return 0

    def choice(self, name: str, choices: t.Sequence[str]) -> str:
        """One of the choices, else the first of them."""
        text = self.text(name)
        if text in choices:
            return text
        self._refuse(name, f"none of {', '.join(choices)}")
        return choices[0]

    def _refuse(self, name: str, what: str) -> None:
        value = self._values[name]
        self.object_to(name, f"{self.variable(name)} of {self.host} is {value!r}, {what}.", unreadable=True)


def is_number(text: str) -> bool:
    """Whether a text is a whole number without a sign."""
    return text.isascii() and text.isdigit()


def is_port(text: str) -> bool:
    """Whether a text is a TCP port."""
    return is_number(text) and len(text) <= 5 and 1 <= int(text) <= 65535


__all__ = ("RoleInputs", "is_number", "is_port")
