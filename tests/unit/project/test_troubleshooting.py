# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that the collection can end with is in the guide."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from tests.tools import messages, troubleshooting
from tests.tools.messages import Message, Unfollowed

ERRORS = "class KubeadmHaError(Exception): ...\nclass InvalidInput(KubeadmHaError): ...\nclass Odd(InvalidInput): ...\n"


def test_every_message_has_an_entry_and_every_entry_a_message() -> None:
    said, unfollowed = troubleshooting.found()
    assert list(troubleshooting.faults(troubleshooting.written(), said, unfollowed)) == []


def test_the_guide_is_that_of_the_code() -> None:
    said, _unfollowed = troubleshooting.found()
    expected = troubleshooting.document(troubleshooting.written(), said)
    text = troubleshooting.DOCUMENT.read_text(encoding="utf-8")
    assert text == expected, "run python3 -m tests.tools.troubleshooting"


def test_the_guide_has_every_message_once() -> None:
    said, _unfollowed = troubleshooting.found()
    lines = troubleshooting.DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line.removeprefix("   * - ").replace("\\", "") for line in lines if line.startswith("   * - ")]
    assert sorted(row for row in rows if row != "message" and row != "kind" and not row.startswith(".. _")) == sorted(
        message.text.replace("\\", "") for message in said
    )


def test_no_section_is_without_a_message() -> None:
    said, _unfollowed = troubleshooting.found()
    written = troubleshooting.written()
    assert {section.title for section in written.sections} == {
        section.title for message in said for section in [written.section_of(message.path)] if section is not None
    }


def texts(source: str, spoken: dict[str, list[str]] | None = None) -> list[str]:
    found, _unfollowed = messages.of_python({"e.py": ERRORS, "x.py": source}, spoken)
    return [message.text for message in found]


FOUND = {
    "a text": ('raise InvalidInput("Give a number.")', ["Give a number."]),
    "a subclass": ('raise Odd("Give an odd number.")', ["Give an odd number."]),
    "by its name": ('raise InvalidInput(message="Give a number.")', ["Give a number."]),
    "values": (
        'raise InvalidInput(f"{host.name} has {len(found)} of {\', \'.join(names)} here.")',
        ["<name> has <found> of <names> here."],
    ),
    "a problem": ('yield_ = Problem(host, "Mend the host.")', ["Mend the host."]),
    "a module's failure": ('module.fail_json(msg="It is broken here.")', ["It is broken here."]),
    "a failed result": ('r = {"failed": True, "msg": "It is broken here."}', ["It is broken here."]),
    "a sum": ('def f(x):\n    raise InvalidInput("It is " + x + " here.")', ["It is <x> here."]),
    "a choice": (
        'raise InvalidInput("Give it more." if a else "Give it less.")',
        ["Give it more.", "Give it less."],
    ),
    "a choice inside": (
        'raise InvalidInput(f"Give it {\'more\' if a else \'less\'} of that.")',
        ["Give it more of that.", "Give it less of that."],
    ),
    "a local name": (
        'def f():\n    text = f"Give {a} more."\n    raise InvalidInput(text)',
        ["Give <a> more."],
    ),
    "a part with a local name": (
        'def f():\n    begin = "Nothing was done"\n    raise InvalidInput(f"{begin}: give {a} more.")',
        ["Nothing was done: give <a> more."],
    ),
    "a constant": ('_WHY = "give it more"\ndef f():\n    raise InvalidInput(f"So {_WHY}, as is right.")', ["So give it more, as is right."]),
    "a helper": (
        'def f():\n    raise InvalidInput(_why(1))\ndef _why(a):\n    if a:\n        return "Give one more."\n    return "Give two more."',
        ["Give one more.", "Give two more."],
    ),
    "a generator": (
        """def f():
    for text in _a():
        Problem("x", text)
def _a():
    yield "Give one more."
    yield from _b()
def _b():
    yield "Give two more."
""",
        ["Give one more.", "Give two more."],
    ),
    "pairs": (
        'def f():\n    return [Problem(name, text) for name, text in _why()]\ndef _why():\n    yield "x", "Give one more."',
        ["Give one more."],
    ),
    "a list": (
        'def f():\n    found = []\n    found.append("Give one more.")\n    for text in found:\n        Problem("x", text)',
        ["Give one more."],
    ),
    "what callers give": (
        'def refuse(text):\n    raise InvalidInput(text)\nrefuse("Give one more.")\nrefuse(text="Give two more.")',
        ["Give one more.", "Give two more."],
    ),
    "fragments behind a frame": (
        'def refuse(what):\n    raise InvalidInput(f"{name} {what}.")\nrefuse("has no port")',
        ["<name> has no port."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_message_is_followed_to_its_texts(name: str) -> None:
    source, expected = FOUND[name]
    assert sorted(texts(source)) == sorted(expected)


def test_a_message_stands_where_its_text_does() -> None:
    found, _unfollowed = messages.of_python(
        {"e.py": ERRORS, "x.py": "raise InvalidInput(why())", "y.py": 'def why():\n    return "Give one more."'}
    )
    assert found == [Message("Give one more.", "InvalidInput", "y.py")]


def test_what_cannot_be_followed_is_named() -> None:
    found, unfollowed = messages.of_python({"e.py": ERRORS, "x.py": "raise InvalidInput(error.message)"})
    assert (found, unfollowed) == ([], [Unfollowed("x.py", "error.message")])


SPOKEN = {
    "a function": 'def why():\n    yield "Give one more."',
    "a list": 'def f(why):\n    why.append("Give one more.")',
    "a list that grows": 'def f(why):\n    why += ["Give one more."]',
    "a mapping": 'def f(why):\n    why["x"] = "Give one more."',
}


@pytest.mark.parametrize("name", SPOKEN)
def test_a_message_that_a_report_carries_is_found_where_it_is_said(name: str) -> None:
    assert texts(SPOKEN[name], {"x.py": ["why"]}) == ["Give one more."]
    assert texts(SPOKEN[name]) == []


TASKS = """
- name: A block
  block:
    - name: Assert
      ansible.builtin.assert:
        that: a
        fail_msg: >-
          {{ inventory_hostname }} has {% if a %}one{% else %}none{% endif %} of {{ found | join(', ') }}: give it more.
  rescue:
    - name: Fail
      ansible.builtin.fail:
        msg: "Stopped: {{ 'a' ~ b }} is gone."
    - name: Pass on
      ansible.builtin.fail:
        msg: "{{ problems | map(attribute='message') | join(' ') }}"
"""


def test_messages_of_tasks() -> None:
    assert [message.text for message in messages.of_tasks("x.yml", yaml.safe_load(TASKS))] == [
        "<inventory_hostname> has one none of <found>: give it more.",
        "Stopped: <b> is gone.",
    ]


PLAY = "- hosts: all\n  tasks:\n    - ansible.builtin.fail: {msg: No host was inspected.}"


def test_messages_of_plays() -> None:
    assert [message.text for message in messages.of_tasks("x.yml", yaml.safe_load(PLAY))] == ["No host was inspected."]


WRITTEN = troubleshooting.Written(
    (troubleshooting.Kind("input", ("InvalidInput",), "nothing", "It is wrong.", "Correct it."),),
    (troubleshooting.Section("Begin", "At first.", ("a/",)), troubleshooting.Section("Go on", "Then.", ("a/b/",))),
    {"Give": "See there."},
    {},
    {"a/x.py": ["error.message"]},
)
SAID = (Message("Give one more.", "InvalidInput", "a/x.py"), Message("Give two more.", "InvalidInput", "a/b/x.py"))
UNFOLLOWED = (Unfollowed("a/x.py", "error.message"),)


def test_nothing_is_wrong_with_what_fits() -> None:
    assert list(troubleshooting.faults(WRITTEN, SAID, UNFOLLOWED)) == []


WRONG = {
    "no section": ((*SAID, Message("Go away now.", "InvalidInput", "b.py")), UNFOLLOWED, "no section of messages.yml"),
    "no kind": ((*SAID, Message("Go away now.", "Odd", "a/x.py")), UNFOLLOWED, "has Odd"),
    "no message of a path": (SAID[:1], UNFOLLOWED, "no message is said below a/b/"),
    "no message of a note": (
        [dataclasses.replace(each, text="Take one.") for each in SAID],
        UNFOLLOWED,
        "begins with 'Give'",
    ),
    "not followed": (SAID, (*UNFOLLOWED, Unfollowed("a/x.py", "text")), "the text of text is not found"),
    "no longer passed on": (SAID, (), "no longer passes on error.message"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_named(name: str) -> None:
    said, unfollowed, part = WRONG[name]
    (fault,) = troubleshooting.faults(WRITTEN, said, unfollowed)
    assert part in fault


def test_a_kind_without_a_message_is_named() -> None:
    kinds = (
        *WRITTEN.kinds,
        troubleshooting.Kind("state", ("UnsupportedState",), "nothing", "It is wrong.", "Mend it."),
    )
    (fault,) = troubleshooting.faults(dataclasses.replace(WRITTEN, kinds=kinds), SAID, UNFOLLOWED)
    assert "UnsupportedState" in fault


def test_a_row_has_the_message_its_note_and_its_kind() -> None:
    text = troubleshooting.document(WRITTEN, (Message("Give *a_b* `c`.", "InvalidInput", "a/x.py"), SAID[1]))
    assert "   * - Give \\*a\\_b\\* \\`c\\`.\n\n       See there.\n     - :ref:`input <" in text
    assert text.index("Begin") < text.index("Give \\*") < text.index("Go on") < text.index("Give two")
