# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units with their drop-ins."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import systemd_unit
from tests.unit.plugins.module_utils._domain.component.services import UNIT_FILE, command, service

COMMANDS = {
    "plain": ("/bin/a --b c", "/bin/a", ["--b", "c"]),
    "prefixes": ("-+/bin/a b", "/bin/a", ["b"]),
    "two exclamation marks": ("!!/bin/a b", "/bin/a", ["b"]),
    "a name of its own": ("@/bin/a name b", "/bin/a", ["b"]),
    "a program without path": ("a b", "a", ["b"]),
    "continued": ("/bin/a \\\n  b\\\nc", "/bin/a", ["b", "c"]),
    "comments among them": ("/bin/a \\\n # b \\\n  ; c\n d", "/bin/a", ["d"]),
    "a backslash that is none": ("/bin/a b\\\\", "/bin/a", ["b\\"]),
    "at the end of the file": ("/bin/a b \\", "/bin/a", ["b"]),
    "specifiers": ("/bin/%p %n %N %i %% %t %", "/bin/kube-apiserver", [
        "kube-apiserver.service", "kube-apiserver", "", "%", "/run", "%",
    ]),
    "no specifier": ("/bin/a %! %-b", "/bin/a", ["%!", "%-b"]),
    "a semicolon as a word": ("/bin/a \\; ';' b;", "/bin/a", [";", ";", "b;"]),
    "a semicolon at the end": ("/bin/a b ;", "/bin/a", ["b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_command_lines(name: str) -> None:
    line, program, words = COMMANDS[name]
    (found,) = systemd_unit.parse(command(line).unit).commands
    assert (found.program, [word.text for word in found.words]) == (program, words)


def test_a_drop_in_begins_the_command_line_anew() -> None:
    sources = service(
        "[Service]\nExecStart=/bin/a\nEnvironment=A=1\nEnvironmentFile=/etc/a\n",
        "[Service]\nExecStart=\nExecStart=/bin/b $A\n",
        "[Service]\nEnvironment=\nEnvironment=B=2 'C=3 4'\nEnvironmentFile=\nEnvironmentFile=-/etc//./b\nUnsetEnvironment=B\n",
    )
    found = systemd_unit.parse(sources.unit)
    assert [each.program for each in found.commands] == ["/bin/b"]
    assert {each.name: each.value for each in found.variables} == {"B": "2", "C": "3 4"}
    assert [(each.path, each.is_optional) for each in found.environment_files] == [("/etc/b", True)]
    assert found.unset == {"B"}


def test_specifiers_of_an_instance_and_of_the_host() -> None:
    unit = service("[Service]\nExecStart=/bin/a %i %I %j %H\n", name="kube-a@b-c.service", specifiers={"H": "cp1"}).unit
    assert [word.text for word in systemd_unit.parse(unit).commands[0].words] == ["b-c", "b/c", "a", "cp1"]


def test_environment_is_read_up_to_the_first_fault() -> None:
    unit = command("/bin/a", r'Environment=A=1 2=3 "B=4 5" C=\q D=6', "Environment=E=%m F=%n").unit
    found = systemd_unit.parse(unit)
    assert {each.name: each.value for each in found.variables} == {"A": "1", "B": "4 5", "F": "kube-apiserver.service"}
    assert "has the specifier %m, of which only systemd knows the value" in found.unresolved["E"]


def test_other_sections_and_lines_that_are_none() -> None:
    unit = service(
        "ExecStart=/bin/a\n[Unit]\nExecStart=/bin/b\n[Service]\nnothing\n=x\nExecStart = /bin/c\n[X-a]\nExecStart=d"
    )
    assert [each.program for each in systemd_unit.parse(unit.unit).commands] == ["/bin/c"]


REFUSED = {
    "a quote": ("/bin/a 'b", "line 2 has a quote in ExecStart= that is not closed, so systemd does not load the unit"),
    "no program": ("-", "line 2 has no program in ExecStart="),
    "a directory": ("/bin/", "line 2 has no program in ExecStart="),
    "no first argument": ("@/bin/a", "line 2 has no program in ExecStart="),
    "a shell of a later version": ("|/bin/a", "line 2 has no program in ExecStart="),
    "prefixes twice": ("--/bin/a", "line 2 has no program in ExecStart="),
    "the machine's id": ("/bin/a \\\n --b=%m", "line 3 has the specifier %m, of which only systemd knows the value"),
    "a pattern": ("/bin/a\nEnvironmentFile=/etc/*.conf", "line 3 has a pattern in EnvironmentFile="),
    "a section": ("/bin/a\n[Install", "line 3 begins the name of a section and does not end it"),
    "no UTF-8": ("/bin/a \udcff", "line 2 is no UTF-8"),
    "a NUL": ("/bin/a \0", "line 2 has a NUL byte"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused(name: str) -> None:
    line, message = REFUSED[name]
    with pytest.raises(UnsupportedState, match=f"^{UNIT_FILE}, {message}"):
        systemd_unit.parse(command(line).unit)


@pytest.mark.parametrize("line", ["/bin/a \\\n# b\n c", "/bin/a\n# b \\\nType=simple"])
def test_an_old_systemd_has_other_comments(line: str) -> None:
    unit = command(line).unit
    for version in (None, 240, 252):
        assert systemd_unit.parse(dataclasses.replace(unit, systemd=version)).commands
    with pytest.raises(
        UnsupportedState, match="line 3 has a comment on or with a continuation line, which systemd 239"
    ):
        systemd_unit.parse(dataclasses.replace(unit, systemd=239))


@given(st.text(alphabet="[]=#;'\"\\ \n\r\t%$inx/@-+!:aE\udcff\0", max_size=40), st.booleans())
def test_odd_units_are_read_or_refused(content: str, is_command: bool) -> None:
    sources = command(f"/bin/a {content}") if is_command else service(content)
    with contextlib.suppress(UnsupportedState):
        systemd_unit.parse(sources.unit)
