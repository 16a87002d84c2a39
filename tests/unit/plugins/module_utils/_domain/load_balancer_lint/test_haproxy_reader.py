# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines, sections and servers of haproxy's configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import haproxy_reader, haproxy_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.balancer import Balancer, CheckKind
from tests.roles.lint_configurations import CONFIGURATIONS

FRONT = "frontend f\n  bind :6443\n  mode tcp\n  default_backend b\nbackend b\n  mode tcp\n"


def balancer(text: str) -> Balancer:
    """The only load balancer of a text."""
    (found,), notes = haproxy_reader.parse("haproxy.cfg", text)
    assert notes == ()
    return found


def refusal(text: str) -> str:
    """Why a text cannot be read; the name of the file where it can."""
    try:
        haproxy_reader.parse("haproxy.cfg", text)
    except InvalidInput as error:
        return error.message
    return "haproxy.cfg"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ()),
        ("   # a comment", ()),
        ("  timeout connect 5s # five", ("timeout", "connect", "5s")),
        (
            r"option httpchk GET / HTTP/1.1\r\nHost:\ kubernetes",
            ("option", "httpchk", "GET", "/", "HTTP/1.1\r\nHost: kubernetes"),
        ),
        ('http-check expect rstring "is # ok"', ("http-check", "expect", "rstring", "is # ok")),
        (r"log-format 'a\b \"c\"'", ("log-format", r"a\b \"c\"")),
        ('server "cp1" "${CP1}:6443"', ("server", "cp1", "${CP1}:6443")),
        ("acl a path -m reg a\\#b", ("acl", "a", "path", "-m", "reg", "a#b")),
        ('a ""', ("a", "")),
    ],
)
def test_words_of_a_line(line: str, words: tuple[str, ...]) -> None:
    assert haproxy_text.split(line, "haproxy.cfg:1") == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5000", 5.0), ("5s", 5.0), ("500ms", 0.5), ("1m", 60.0), ("24h", 86400.0), ("1d", 86400.0), ("250us", 0.00025)],
)
def test_durations(text: str, seconds: float) -> None:
    assert haproxy_text.parse_duration(text, "") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeout connect 5s\n", "haproxy.cfg:1: 'timeout' stands before any section"),
        (FRONT + "  timeout connect soon\n  server a 192.0.2.1:6443\n", "haproxy.cfg:7: 'soon' is no duration"),
        (FRONT + '  timeout connect "${T}"\n  server a 192.0.2.1:6443\n', "taken from the environment"),
        (FRONT + "  server a 192.0.2.1:6443 check inter\n", "haproxy.cfg:7: inter has no value"),
        (FRONT + "  server a 192.0.2.1:6443 check fall 0\n", "haproxy.cfg:7: fall is 0"),
        (FRONT + "  server a 192.0.2.1:6443 check fall many\n", "haproxy.cfg:7: 'many' is no number"),
        (FRONT + "  server a\n", "haproxy.cfg:7: server is not complete"),
        ("backend b\n  server 'a 192.0.2.1:6443\n", "haproxy.cfg:2: a quote ' is not closed"),
        (".if defined(X)\n" + FRONT, "haproxy.cfg:1: .if makes the configuration depend"),
        ("backend b from x\n  server a 192.0.2.1:6443\n", "haproxy.cfg:1: no section defaults has the name"),
        (
            FRONT.replace(":6443", ':"${PORT}"') + "  server a 192.0.2.1:6443\n",
            "haproxy.cfg:2: the port comes from the environment",
        ),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        haproxy_reader.parse("haproxy.cfg", text)
    assert message in caught.value.message


def test_defaults_are_inherited_in_their_order() -> None:
    text = (
        "defaults\n  timeout connect 1s\n"
        "defaults slow\n  timeout connect 9s\n"
        "defaults fast from slow\n  timeout server 1m\n"
        "frontend f from slow\n  bind 192.0.2.10:6443,:::7443\n  default_backend b\n"
        "backend b from fast\n  server a 192.0.2.1:6443\n"
    )
    found = balancer(text)
    assert str(found.connect) == "timeout connect 9 s (haproxy.cfg:4)"
    assert str(found.idle) == "timeout server 60 s (haproxy.cfg:6)"
    assert [(each.host, each.port) for each in found.listeners] == [("192.0.2.10", 6443), ("::", 7443)]


def test_unnamed_defaults_follow_each_other() -> None:
    text = "defaults\n  timeout connect 1s\n" + FRONT + "  server a 192.0.2.1:6443\ndefaults\n  timeout connect 7s\n"
    assert str(balancer(text).connect) == "timeout connect 1 s (haproxy.cfg:2)"


@pytest.mark.parametrize(
    ("lines", "server", "kind", "path"),
    [
        ("", "check", CheckKind.TCP, ""),
        ("", "check check-ssl verify none", CheckKind.TLS, ""),
        ("", "check ssl verify none", CheckKind.TLS, ""),
        ("option tcp-check", "check", CheckKind.TCP, ""),
        ("option tcp-check\ntcp-check connect ssl", "check", CheckKind.TLS, ""),
        ("option ssl-hello-chk", "check", CheckKind.HELLO, ""),
        ("option httpchk", "check", CheckKind.HTTP, "/"),
        ("option httpchk /readyz", "check", CheckKind.HTTP, "/readyz"),
        ("option httpchk GET /readyz", "check check-ssl", CheckKind.HTTPS, "/readyz"),
        (
            "option httpchk\nhttp-check connect ssl\nhttp-check send meth GET uri /livez",
            "check",
            CheckKind.HTTPS,
            "/livez",
        ),
        # The later one counts.
        ("option httpchk GET /healthz\noption ssl-hello-chk", "check", CheckKind.HELLO, ""),
        ("option ssl-hello-chk\noption httpchk GET /healthz", "check", CheckKind.HTTP, "/healthz"),
        ("option httpchk GET /healthz\nno option httpchk", "check", CheckKind.TCP, ""),
    ],
)
def test_kinds_of_checks(lines: str, server: str, kind: CheckKind, path: str) -> None:
    text = FRONT + "".join(f"  {line}\n" for line in lines.splitlines()) + f"  server a 192.0.2.1:6443 {server}\n"
    check = balancer(text).servers[0].check
    assert check is not None
    assert (check.kind, check.path) == (kind, path)


def test_servers_inherit_their_parameters() -> None:
    text = FRONT + (
        "  default-server inter 5s fall 2 check check-ssl verify none on-marked-down shutdown-sessions\n"
        "  server a 192.0.2.1:6443\n"
        "  server b 192.0.2.2:6443 inter 1s fastinter 200\n"
        "  server c [2001:db8::3]:6443 no-check backup\n"
    )
    first, second, third = balancer(text).servers
    assert first.check is not None
    assert second.check is not None
    assert (first.check.interval.value, second.check.interval.value, second.check.fast_interval.value) == (5, 1, 0.2)
    assert (first.check.fall.value, first.check.verifies) == (2, False)
    assert first.session_end is not None
    assert (third.check, third.is_backup, third.host, third.port) == (None, True, "2001:db8::3", 6443)
    assert balancer(text).used == (first, second)


def test_limits_of_a_check() -> None:
    def limits(defaults: str) -> tuple[float, float]:
        text = f"defaults\n{defaults}" + FRONT + "  server a 192.0.2.1:6443 check inter 4s\n"
        check = balancer(text).servers[0].check
        assert check is not None
        return check.connect_limit.value, check.answer_limit.value

    assert limits("") == (4, 4)
    assert limits("  timeout connect 1s\n") == (4, 4)
    assert limits("  timeout check 3s\n") == (4, 3)
    assert limits("  timeout connect 1s\n  timeout check 3s\n") == (1, 3)
    assert limits("  timeout connect 9s\n  timeout check 9s\n") == (4, 9)


@pytest.mark.parametrize(
    ("lines", "is_passed", "attempts"),
    [
        ("", False, 4),
        ("retries 1", False, 2),
        ("option redispatch", True, 1),
        ("option redispatch\nbalance leastconn", True, 1),
        ("option redispatch 1\nbalance source", False, 4),
        ("option redispatch\nbalance hdr(x)", False, 4),
        ("option redispatch\nno option redispatch", False, 4),
    ],
)
def test_who_gets_a_refused_connection(lines: str, is_passed: bool, attempts: int) -> None:
    text = FRONT + "".join(f"  {line}\n" for line in lines.splitlines()) + "  server a 192.0.2.1:6443\n"
    pass_on = balancer(text).pass_on
    assert (pass_on.is_passed, pass_on.attempts) == (is_passed, attempts)


def test_what_may_matter_and_is_not_followed_is_noted_without_its_values() -> None:
    text = (
        "global\n  spread-checks 5\n"
        + FRONT
        + (
            "  option external-check\n  use-server a if TRUE\n"
            "  server a 192.0.2.1:6443 check track c/d agent-check port 9 new-thing s3cret\n"
            "userlist u\n  user x password s3cret\n"
        )
    )
    _balancers, notes = haproxy_reader.parse("haproxy.cfg", text)
    assert [(note.where, note.what) for note in notes] == [
        ("haproxy.cfg:2", "spread-checks"),
        ("haproxy.cfg:11", "server parameter track"),
        ("haproxy.cfg:11", "server parameter agent-check"),
        ("haproxy.cfg:11", "server parameter port"),
        ("haproxy.cfg:11", "server parameter new-thing"),
        ("haproxy.cfg:11", "further server parameters"),
        ("haproxy.cfg:9", "option external-check"),
        ("haproxy.cfg:10", "use-server"),
    ]


WORDS = st.sampled_from([
    "global", "defaults", "frontend", "backend", "listen", "from", "server", "default-server", "bind", ":6443", "a", "b", "check", "inter", "2s", "fall",
    "0", "3", "option", "httpchk", "redispatch", "timeout", "connect", "client", "no", "http-check", "send", "uri", "server-template", "1-3", "retries",
    "default_backend", "use_backend", "hard-stop-after", "srvtcpka-cnt", "srvtcpka", "lua-load", "192.0.2.1:6443", "[::1]:6443", "\\", "'", '"', "#",
    "balance", "mode", "tcp", "verify", "on-marked-down", ".if", "$X", "tcp-check", "ssl-hello-chk",
])  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=7).map(" ".join), max_size=25).map("\n".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal(text).startswith("haproxy.cfg")


@given(st.lists(st.text(alphabet="ab'\"\\# ", max_size=8), max_size=5))
def test_quoted_words_are_read_as_they_were(words: list[str]) -> None:
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    assert haproxy_text.split(quoted, "") == tuple(words)


@pytest.mark.parametrize("name", [name for name, each in CONFIGURATIONS.items() if each.program == "haproxy"])
def test_known_configurations_are_read_without_a_note(name: str) -> None:
    found = balancer(CONFIGURATIONS[name].text)
    assert [server.name for server in found.servers] == ["cp1", "cp2", "cp3"]
    assert {server.port for server in found.servers} == {6443}
