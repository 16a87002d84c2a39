# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a component is started with."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import invocation
from tests.unit.plugins.module_utils._domain.component.services import (
    CONF,
    UNIT_FILE,
    UNIT_WITH_CONF,
    WITH_CONF,
    WITH_FLAGS,
    command,
    service,
)


def test_flags_in_a_file_of_their_own() -> None:
    found = invocation.parse(WITH_CONF)
    assert found.program == "/opt/kubernetes/bin/kube-apiserver"
    assert found.files == (UNIT_FILE, CONF)
    assert found.flags["etcd-servers"] == ("https://192.0.2.11:2379,https://192.0.2.12:2379,https://192.0.2.13:2379",)
    assert (found.flags["logtostderr"], found.flags["v"], len(found.arguments)) == (("false",), ("2",), 14)


def test_flags_in_the_unit() -> None:
    found = invocation.parse(WITH_FLAGS)
    assert list(found.flags) == [
        *("advertise-address", "default-not-ready-toleration-seconds", "max-mutating-requests-inflight"),
        *("anonymous-auth", "etcd-servers", "profiling", "runtime-config", "v"),
    ]
    assert (found.flags["profiling"], found.flags["runtime-config"]) == (("true",), ("api/all=true",))
    (place,) = [argument.words[0] for argument in found.arguments if argument.name == "anonymous-auth"]
    assert WITH_FLAGS.place(place.path, place.start) == f"{UNIT_FILE}, line 12"


WORDS = {
    "a variable as a word": ("$A b", ['A=1 "2 3"'], ["1", "b"]),
    "a variable in quotes": ("'$A'", ["'A=1 2'"], ["1", "2"]),
    "a variable in braces": ("a${A}b ${A}", ["'A=1 2'"], ["a1 2b", "1 2"]),
    "a variable in the middle": ("a$A", ["A=1"], ["a$A"]),
    "quotes in a variable": ("$A", ["\"A='1 2' 3\\\\ 4\""], ["1 2", "3 4"]),
    "nobody sets it": ("$A ${A} b", [], ["", "b"]),
    "an empty one": ("$A ${A}", ["A="], [""]),
    "dollars": ("$$A a$$b $ $A,b ${A:-c} ${A", ["A=1"], ["$A", "a$b", "${A:-c}", "${A"]),
    "no variable in a variable": ("$B ${B}", ["A=1 B=$A"], ["$A", "$A"]),
}


@pytest.mark.parametrize("name", WORDS)
def test_variables(name: str) -> None:
    line, assignments, expected = WORDS[name]
    found = invocation.parse(command(f"/bin/kube-apiserver {line}", *(f"Environment={each}" for each in assignments)))
    assert [word.text for word in found.words] == expected


def test_no_variables_with_a_colon() -> None:
    found = invocation.parse(command(":/bin/kube-apiserver $A ${A} $$", "Environment=A=1"))
    assert [word.text for word in found.words] == ["$A", "${A}", "$$"]


def test_files_come_after_the_unit_and_the_last_counts() -> None:
    found = invocation.parse(
        service(
            "[Service]\nEnvironment=A=1 B=1 C=1\nEnvironmentFile=/etc/a\nEnvironmentFile=-/etc/b\nEnvironmentFile=-/etc/c\n"
            "UnsetEnvironment=D E=3\nExecStart=/bin/kube-apiserver ${A}${B}${C}${D}${E}\n",
            environment={"/etc/a": "B=2\nC=2\nD=2\nE=2", "/etc/b": "C=3"},
        )
    )
    assert [word.text for word in found.words] == ["1232"]
    assert [file.path for file in found.environment_files] == ["/etc/a", "/etc/b", "/etc/c"]


FLAGS = {
    "with an equals sign": ("--a=b --c=d=e --f=", [("a", "b"), ("c", "d=e"), ("f", "")]),
    "with a word": ("--a b -c d", [("a", "b"), ("c", "d")]),
    "without a value": ("--a --b -c", [("a", "true"), ("b", "true"), ("c", "true")]),
    "a negative number": ("--a -1 --b", [("a", "-1"), ("b", "true")]),
    "verbosity": ("-v2 -v 3 -v=4 --v=5", [("v", "2"), ("v", "3"), ("v", "4"), ("v", "5")]),
    "underscores": ("--a_b=c_d", [("a-b", "c_d")]),
    "what is no flag": ("a --b=c -- --d", [("", "a"), ("b", "c"), ("", "--"), ("", "--d")]),
    "the empty word": ("--a '' b", [("a", ""), ("", "b")]),
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags(name: str) -> None:
    line, expected = FLAGS[name]
    assert [each.pair for each in invocation.parse(command(f"/bin/etcd {line}")).arguments] == expected


def test_one_program_for_all_components() -> None:
    for first in ("kube-apiserver", "apiserver"):
        sources = command(f"/usr/bin/hyperkube {first} --v=2")
        assert invocation.of_component(sources, "kube-apiserver").flags == {"v": ("2",)}
    with pytest.raises(UnsupportedState, match="starts /usr/bin/hyperkube and not kubelet"):
        invocation.of_component(sources, "kubelet")


def test_another_name_of_the_program() -> None:
    sources = command("/opt/bin/apiserver-1.20 --v=2")
    assert invocation.of_component(sources, "kube-apiserver", program="/opt/bin/apiserver-1.20").flags == {"v": ("2",)}
    with pytest.raises(UnsupportedState, match="starts /opt/bin/apiserver-1.20 and not kube-apiserver"):
        invocation.of_component(sources, "kube-apiserver")


REFUSED = {
    "a shell": (
        command("/bin/sh -c 'exec kube-apiserver --v=2'"),
        "line 2 starts /bin/sh and not kube-apiserver, so what arguments kube-apiserver gets is not known",
    ),
    "two commands": (command("/bin/kube-apiserver ; /bin/b"), "kube-apiserver.service has 2 commands in ExecStart="),
    "none": (service("[Service]\nType=oneshot\n"), "kube-apiserver.service has 0 commands in ExecStart="),
    "no environment file": (
        service(UNIT_WITH_CONF.replace("=-", "=")),
        f"{UNIT_FILE}, line 6 names the environment file {CONF}, which does not exist",
    ),
    "a variable of systemd": (
        command("/bin/kube-apiserver --a=${HOME}"),
        "line 2 has the variable HOME, whose value systemd knows only when it starts the service",
    ),
    "a variable that is passed on": (
        command("/bin/kube-apiserver \\\n --a=1 $MINE", "PassEnvironment=MINE"),
        "line 4 has the variable MINE, whose value systemd knows only",
    ),
    "a variable with the machine's id": (
        command("/bin/kube-apiserver $A", "Environment=A=%m"),
        "line 2 has the specifier %m",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused(name: str) -> None:
    sources, message = REFUSED[name]
    with pytest.raises(UnsupportedState, match=message):
        invocation.of_component(sources, "kube-apiserver")


def test_secrets_are_not_shown() -> None:
    assert invocation.shown("token", "abc") == invocation.HIDDEN
    assert invocation.shown("etcd-password", "abc") == invocation.HIDDEN
    assert invocation.shown("token-auth-file", "/a") == "/a"
    assert invocation.shown("enable-bootstrap-token-auth", "true") == "true"
    assert invocation.shown("etcd-servers", "https://user:secret@192.0.2.1:2379") == "https://***@192.0.2.1:2379"
    assert invocation.shown("v", "2") == "2"


@given(st.text(alphabet="AB=${}:'\" \\\n%-n1", max_size=30), st.text(alphabet="AB=${}'\" \\\n-1#", max_size=30))
def test_odd_texts_are_read_or_refused(line: str, content: str) -> None:
    sources = service(
        f"[Service]\nEnvironmentFile=/etc/a\nExecStart=/bin/kube-apiserver $A {line}\n", environment={"/etc/a": content}
    )
    with contextlib.suppress(UnsupportedState):
        found = invocation.parse(sources)
        assert [word for argument in found.arguments for word in argument.words] == list(found.words)
