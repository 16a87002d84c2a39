# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set is read afterwards, and everything else stays as it was."""

from __future__ import annotations

import difflib
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import component_arguments, invocation
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.component_arguments import Edit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import Sources
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text, decoded, encoded
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit
from tests.unit.plugins.module_utils._domain.component.services import (
    CONF,
    CONF_TEXT,
    UNIT_FILE,
    UNIT_WITH_CONF,
    WITH_CONF,
    WITH_FLAGS,
    command,
    service,
)

COMPONENT = "kube-apiserver"


def decide(sources: Sources, *, others: t.Sequence[Unit] = (), **values: t.Any) -> Edit:
    """The edit by which flags get values; an underscore is a dash."""
    desired = component_arguments.parse_desired(values)
    return component_arguments.decide(sources, desired, component=COMPONENT, others=others)


def difference(before: Sources, edit: Edit) -> list[str]:
    """The lines that differ, over all files."""
    found: list[str] = []
    for path in edit.paths:
        old, new = (sources.text(path).text.splitlines() for sources in (before, edit.sources))
        lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
        found += [line for line in lines if not line.startswith("@@")]
    return found


EDITS: dict[str, tuple[Sources, dict[str, t.Any], list[str]]] = {
    "a value in a file": (
        WITH_CONF,
        {"bind_address": "192.0.2.12"},
        ["---bind-address=192.0.2.11 \\", "+--bind-address=192.0.2.12 \\"],
    ),
    "the first in a file": (
        WITH_CONF,
        {"logtostderr": True},
        ['-KUBE_APISERVER_OPTS="--logtostderr=false \\', '+KUBE_APISERVER_OPTS="--logtostderr=true \\'],
    ),
    "the first of a file goes": (
        WITH_CONF,
        {"logtostderr": None},
        ['-KUBE_APISERVER_OPTS="--logtostderr=false \\', "---v=2 \\", '+KUBE_APISERVER_OPTS="--v=2 \\'],
    ),
    "the last of a file goes": (
        WITH_CONF,
        {"audit-log-path": []},
        [
            "---service-account-issuer=https://kubernetes.default.svc \\",
            '---audit-log-path=/opt/kubernetes/logs/k8s-audit.log"',
            '+--service-account-issuer=https://kubernetes.default.svc"',
        ],
    ),
    "a new one in a file": (
        WITH_CONF,
        {"apiserver-count": 3},
        [
            '---audit-log-path=/opt/kubernetes/logs/k8s-audit.log"',
            "+--audit-log-path=/opt/kubernetes/logs/k8s-audit.log \\",
            '+--apiserver-count=3"',
        ],
    ),
    "another issuer, before and after": (
        WITH_CONF,
        {"service-account-issuer": ["https://a", "https://kubernetes.default.svc", "https://b"]},
        ["+--service-account-issuer=https://a \\", "+--service-account-issuer=https://b \\"],
    ),
    "a value in the unit": (
        WITH_FLAGS,
        {"advertise_address": "192.0.2.12"},
        ["-  --advertise-address=192.0.2.11 \\", "+  --advertise-address=192.0.2.12 \\"],
    ),
    "a value in quotes": (
        WITH_FLAGS,
        {"runtime_config": "api/all=false"},
        ["-  --runtime-config='api/all=true' \\", "+  --runtime-config='api/all=false' \\"],
    ),
    "a flag without a value": (WITH_FLAGS, {"profiling": False}, ["-  --profiling \\", "+  --profiling=false \\"]),
    "one between a comment and others": (
        WITH_FLAGS,
        {"max-mutating-requests-inflight": None},
        ["-  --max-mutating-requests-inflight=2000 \\"],
    ),
    "the last of the unit": (
        WITH_FLAGS,
        {"v": None},
        ["-  --runtime-config='api/all=true' \\", "-  --v=2", "+  --runtime-config='api/all=true'"],
    ),
    "new ones in the unit": (
        WITH_FLAGS,
        {"a": "b c", "d": '{"e": "$f%n"}'},
        ["-  --v=2", "+  --v=2 \\", '+  "--a=b c" \\', "+  '--d={\"e\": \"$$f%%n\"}'"],
    ),
    "the last after a comment": (
        command("/bin/kube-apiserver \\\n  --a=1 \\\n  # of b\n  --b=2", "Type=notify"),
        {"b": None},
        ["-  --a=1 \\", "+  --a=1", "-  --b=2"],
    ),
    "the value of a variable": (
        command("/bin/kube-apiserver --a=${A}", "Environment=A=1"),
        {"a": "2"},
        ["-Environment=A=1", "+Environment=A=2"],
    ),
    "a variable that another flag has, too": (
        command("/bin/kube-apiserver --a=${A} --b=${A}", "Environment=A=1"),
        {"a": "2"},
        ["-ExecStart=/bin/kube-apiserver --a=${A} --b=${A}", "+ExecStart=/bin/kube-apiserver --a=2 --b=${A}"],
    ),
    "a value that is composed": (
        command("/bin/kube-apiserver --a=https://${A}:443", "Environment=A=h"),
        {"a": "https://i:443"},
        ["-ExecStart=/bin/kube-apiserver --a=https://${A}:443", "+ExecStart=/bin/kube-apiserver --a=https://i:443"],
    ),
    "a second word in an assignment without quotes": (
        command("/bin/kube-apiserver $A", "Environment=A=--a=1 B=2"),
        {"b": "2"},
        ["-Environment=A=--a=1 B=2", '+Environment="A=--a=1 --b=2" B=2'],
    ),
    "nothing there yet": (
        command("/bin/kube-apiserver $A"),
        {"a": "1"},
        ["-ExecStart=/bin/kube-apiserver $A", "+ExecStart=/bin/kube-apiserver $A --a=1"],
    ),
    "a word of its own": (
        command("/bin/kube-apiserver --a 1 --b"),
        {"a": "2"},
        ["-ExecStart=/bin/kube-apiserver --a 1 --b", "+ExecStart=/bin/kube-apiserver --a 2 --b"],
    ),
    "a value that seems to be a flag": (
        command("/bin/kube-apiserver --a 1 --b"),
        {"a": "-x"},
        ["-ExecStart=/bin/kube-apiserver --a 1 --b", "+ExecStart=/bin/kube-apiserver --a=-x --b"],
    ),
    "verbosity": (
        command("/bin/kube-apiserver -v2"),
        {"v": 4},
        ["-ExecStart=/bin/kube-apiserver -v2", "+ExecStart=/bin/kube-apiserver -v4"],
    ),
    "a specifier": (
        command("/bin/kube-apiserver --a=%n"),
        {"a": "b"},
        ["-ExecStart=/bin/kube-apiserver --a=%n", "+ExecStart=/bin/kube-apiserver --a=b"],
    ),
    "one of several": (
        command("/bin/kube-apiserver --a=1 --b=x --a=2 --a=3"),
        {"a": [1, 3]},
        ["-ExecStart=/bin/kube-apiserver --a=1 --b=x --a=2 --a=3", "+ExecStart=/bin/kube-apiserver --a=1 --b=x --a=3"],
    ),
    "the first before one in quotes, in an assignment without": (
        service(UNIT_WITH_CONF.replace("KUBE_APISERVER_OPTS", "A"), environment={CONF: "A=--a=1 '--b=c d'\n"}),
        {"a": None},
        ["-A=--a=1 '--b=c d'", "+A=\\'--b=c d'"],
    ),
    "underscores": (
        command("/bin/kube-apiserver --a_b=1"),
        {"a-b": 2},
        ["-ExecStart=/bin/kube-apiserver --a_b=1", "+ExecStart=/bin/kube-apiserver --a_b=2"],
    ),
    "a drop-in": (
        service("[Service]\nExecStart=/bin/kube-apiserver --a=1\n", "[Service]\nExecStart=\nExecStart=/bin/kube-apiserver --a=1 --b=2\n"),
        {"a": "3"},
        ["-ExecStart=/bin/kube-apiserver --a=1 --b=2", "+ExecStart=/bin/kube-apiserver --a=3 --b=2"],
    ),
    "nothing": (WITH_FLAGS, {"v": 2, "profiling": True, "insecure-port": None}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edits(name: str) -> None:
    sources, values, expected = EDITS[name]
    edit = decide(sources, **values)
    assert difference(sources, edit) == expected
    assert bool(edit.changes) is bool(expected)
    assert decide(edit.sources, **values).changes == ()


def test_changes_say_what_and_where() -> None:
    edit = decide(WITH_CONF, bind_address="192.0.2.12", profiling=False, token_auth_file="/other")
    assert [(change.object, change.before, change.after) for change in edit.changes] == [
        (f"flag --bind-address of kube-apiserver.service in {CONF}", ["192.0.2.11"], ["192.0.2.12"]),
        (f"flag --profiling of kube-apiserver.service in {CONF}", [], ["false"]),
        (f"flag --token-auth-file of kube-apiserver.service in {CONF}", ["/opt/kubernetes/cfg/token.csv"], ["/other"]),
    ]
    assert edit.paths == (CONF,)


def test_bytes_that_are_no_text_stay() -> None:
    content = b"# \xe4lter\r\n" + CONF_TEXT.encode()
    sources = Sources(WITH_CONF.unit, {CONF: decoded(CONF, content)})
    edit = decide(sources, bind_address="192.0.2.12")
    assert encoded(edit.sources.text(CONF)) == content.replace(
        b"--bind-address=192.0.2.11", b"--bind-address=192.0.2.12"
    )


def _other(name: str, text: str) -> Unit:
    return Unit(name, Text(f"/etc/systemd/system/{name}", text))


SCHEDULER = "[Service]\nEnvironmentFile=/opt/kubernetes/cfg/kube-apiserver.conf\nExecStart=/bin/kube-scheduler {}\n"
PACKAGE = "/usr/lib/systemd/system/kube-apiserver.service"


def _moved(
    path: str, text: str = "[Service]\nExecStart=/bin/kube-apiserver --v=2\n", name: str = "kube-apiserver.service"
) -> Sources:
    return Sources(Unit(name, Text(path, text)))


REFUSED: dict[str, tuple[Sources, t.Sequence[Unit], str]] = {
    "a variable of several services": (
        WITH_CONF,
        [_other("kube-scheduler.service", SCHEDULER.format("${KUBE_APISERVER_OPTS}"))],
        f"{CONF} has the variable KUBE_APISERVER_OPTS, which kube-apiserver.service shares with kube-scheduler.service",
    ),
    "a unit of a package": (_moved(PACKAGE), (), f"{PACKAGE} has arguments of kube-apiserver.service and belongs to a package"),
    "a unit of this boot": (_moved("/run/systemd/system/a.service"), (), "is made anew at each boot: change what makes it"),
    "a template": (
        _moved("/etc/systemd/system/kube-apiserver@.service", name="kube-apiserver@a.service"),
        (),
        "is the template of other instances, too",
    ),
    "a drop-in of all services": (
        Sources(
            Unit(
                "kube-apiserver.service",
                Text(UNIT_FILE, "[Service]\nExecStart=/bin/kube-apiserver $A\n"),
                (Text("/etc/systemd/system/service.d/a.conf", "[Service]\nEnvironment=A=--v=2\n"),),
            )
        ),
        (),
        "/etc/systemd/system/service.d/a.conf has arguments of kube-apiserver.service and is a drop-in of other units, too",
    ),
    "a variable that another command has": (
        command("/bin/kube-apiserver $A", "Environment=A=--v=2", "ExecStartPre=/bin/echo ${A}"),
        (),
        f"{UNIT_FILE} has the variable A, which kube-apiserver.service puts in at ExecStartPre=, too",
    ),
    "a variable used twice": (
        command("/bin/kube-apiserver $A $A", "Environment=A=--v=2"),
        (),
        "line 2 has the flag --v in a way that cannot be changed without changing more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_more_is_refused(name: str) -> None:
    sources, others, message = REFUSED[name]
    value = "4" if name != "a variable used twice" else ["2", "4"]
    with pytest.raises(UnsupportedState, match=message):
        decide(sources, others=others, v=value)
    assert decide(sources, others=others, v=invocation.parse(sources).flags["v"]).changes == ()


def test_a_file_may_be_shared_where_its_variable_is_not() -> None:
    others = [_other("kube-scheduler.service", SCHEDULER.format("$KUBE_SCHEDULER_OPTS $KUBE_APISERVER_OPTS_2"))]
    assert decide(WITH_CONF, others=others, v=4).paths == (CONF,)


def test_etcd_has_variables_in_the_place_of_flags() -> None:
    sources = command("/bin/etcd --name=a", "Environment=ETCD_NAME=a ETCD_DATA_DIR=/b")
    assert component_arguments.decide(sources, {"name": ("c",)}, component="etcd").changes
    with pytest.raises(
        UnsupportedState, match=f"{UNIT_FILE} sets ETCD_DATA_DIR for kube-apiserver.service, and etcd does not start"
    ):
        component_arguments.decide(sources, {"data-dir": ("/c",)}, component="etcd")


def test_a_new_flag_goes_where_it_may() -> None:
    sources = service(
        "[Service]\nEnvironment=A='--a=1 --b=2' B=--c=3\nEnvironmentFile=/etc/a\nExecStart=/bin/kube-apiserver $A $B $C\n",
        environment={"/etc/a": "C='--d=4'\n"},
    )
    unit = Unit("kube-apiserver.service", Text(PACKAGE, sources.unit.fragment.text))
    edit = decide(Sources(unit, sources.environment), e=5)
    assert edit.sources.text("/etc/a").text == "C='--d=4 --e=5'\n"


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no name": ({"a b": 1}, "The option set: 'a b' is no name of a flag"),
    "one twice": ({"a-b": 1, "--a_b": 2}, "The option set has the flag a-b twice"),
    "a map": ({"a": {"b": 1}}, "The option set: a has a value that is no text, number or list of those"),
    "a line end": ({"a": "b\nc"}, "The option set: a has a value with a control character"),
    "no text": ({"a": "\udcff"}, "The option set: a has a value with a control character"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_inputs(name: str) -> None:
    values, message = WRONG[name]
    with pytest.raises(InvalidInput, match=message):
        component_arguments.parse_desired(values)


def test_a_secret_is_not_in_an_error() -> None:
    with pytest.raises(InvalidInput) as raised:
        component_arguments.parse_desired({"my-password": "geheim\n"})
    assert "geheim" not in raised.value.message


# Properties

NAMES = ("a", "b-c", "d", "token-e")
PLAIN = st.text(alphabet="ab1./:,=@-", max_size=8)
ODD = st.text(alphabet="ab1 =-,'\"\\$%{}n#;`!é", max_size=8)
VALUES = st.one_of(PLAIN, PLAIN, ODD)
FLAGS = st.lists(st.tuples(st.sampled_from(NAMES), PLAIN), min_size=0, max_size=6)
DESIRED = st.dictionaries(
    st.sampled_from((*NAMES, "new")),
    st.one_of(st.none(), VALUES, st.lists(VALUES, max_size=3)),
    min_size=1,
    max_size=3,
)


def _lines(flags: t.Sequence[tuple[str, str]], gap: str) -> str:
    return gap.join(f"--{name}={value}" for name, value in flags)


def _layout(kind: str, flags: t.Sequence[tuple[str, str]]) -> Sources:
    """A service of one of the layouts that people have."""
    conf = {
        "double quotes": f'# first\nOPTS="{_lines(flags, " ")}"\nOTHER=1\n',
        "double quotes over lines": '# first\nOPTS="{}"\nOTHER="1"'.format(_lines(flags, " \\\n")),
        "single quotes": f"OPTS='{_lines(flags, ' ')}'\n",
        "no quotes": "OPTS={}\nOTHER=1\n".format(_lines(flags, " \\\n  ")),
    }
    if kind in conf:
        return service(UNIT_WITH_CONF.replace("KUBE_APISERVER_OPTS", "OPTS"), environment={CONF: conf[kind]})
    rest = "\nRestart=on-failure\n# last\n\n[Install]\nWantedBy=multi-user.target\n"
    units = {
        "unit": "[Service]\nExecStart=/bin/kube-apiserver " + _lines(flags, " ") + rest,
        "unit over lines": "[Service]\nExecStart=/bin/kube-apiserver \\\n  " + _lines(flags, " \\\n  ") + rest,
        "unit with comments": "[Service]\nExecStart=/bin/kube-apiserver \\\n  "
        + _lines(flags, " \\\n  # why\n  ")
        + rest,
        "Environment=": f'[Service]\nEnvironment="OPTS={_lines(flags, " ")}" B=2\nExecStart=/bin/kube-apiserver $OPTS'
        + rest,
    }
    units["Environment= without quotes"] = units["Environment="].replace(
        f'"OPTS={_lines(flags, " ")}"', f"OPTS={_lines(flags[:1], '')}"
    )
    return service(units[kind])


LAYOUTS = (
    *("double quotes", "double quotes over lines", "single quotes", "no quotes"),
    *("unit", "unit over lines", "unit with comments", "Environment=", "Environment= without quotes"),
)


@pytest.mark.parametrize("kind", LAYOUTS)
@settings(max_examples=40)
@given(flags=FLAGS, desired=DESIRED)
def test_reading_after_writing_gives_what_was_asked(
    kind: str, flags: list[tuple[str, str]], desired: dict[str, t.Any]
) -> None:
    sources = _layout(kind, flags)
    before = invocation.parse(sources)
    wanted = component_arguments.parse_desired(desired)
    try:
        edit = component_arguments.decide(sources, wanted, component=COMPONENT)
    except UnsupportedState:
        # Nothing can stand for a single quote between single quotes of an environment file.
        if kind == "single quotes" and any("'" in value for values in wanted.values() for value in values):
            return
        raise
    expected = {name: values for name, values in {**before.flags, **wanted}.items() if values}
    assert invocation.parse(edit.sources).flags == expected
    _others_are_the_same(sources, edit, set(desired))


def _others_are_the_same(sources: Sources, edit: Edit, names: set[str]) -> None:
    """Order and spelling of all other arguments, every comment and every other line."""
    arguments, lines = [], []
    for each in (sources, edit.sources):
        arguments.append([argument.pair for argument in invocation.parse(each).arguments if argument.name not in names])
        texts = "\n".join(text.text for text in (*each.unit.texts, *each.environment.values()))
        lines.append([line for line in texts.splitlines() if not _is_of_flags(line)])
    assert arguments[0] == arguments[1]
    assert lines[0] == lines[1]


def _is_of_flags(line: str) -> bool:
    return any(mark in line for mark in ("--", "OPTS=", "ExecStart=")) or line.strip() in ("\\", "")


@given(
    line=st.text(alphabet="-ab= '\"\\\n$A{}%n", max_size=30),
    content=st.text(alphabet="A=-ab '\"\\\n", max_size=30),
    desired=DESIRED,
)
def test_odd_texts_are_edited_or_refused(line: str, content: str, desired: dict[str, t.Any]) -> None:
    sources = service(
        f"[Service]\nEnvironmentFile=/etc/a\nExecStart=/bin/kube-apiserver $A {line}\nType=notify\n",
        environment={"/etc/a": content},
    )
    wanted = component_arguments.parse_desired(desired)
    try:
        edit = component_arguments.decide(sources, wanted, component=COMPONENT)
    except UnsupportedState:
        return
    before, after = invocation.parse(sources), invocation.parse(edit.sources)
    assert after.flags == {name: values for name, values in {**before.flags, **wanted}.items() if values}
    assert (after.program, after.command.expands) == (before.program, before.command.expands)
