# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx and the watcher's unit."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import nginx_reader
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.balancer import Balancer, CheckKind
from tests.roles.lint_configurations import CONFIGURATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT = """\
[Service]
ExecStart=/usr/bin/python3 -I /usr/local/sbin/kubernetes-apiserver-watch --nginx=/usr/sbin/nginx --directory=/run/x \\
  --configuration=/etc/x --ca=/etc/ca --check=https --timeout=1 --interval=0.5 \\
  --server=cp1=192.0.2.11:6443 \\
  --server=cp2=192.0.2.12:6443
"""


def stream(servers: str, server: str = "", top: str = "") -> str:
    """A configuration of one upstream."""
    return f"{top}\nstream {{\n  upstream a {{ {servers} }}\n  server {{ listen 6443; proxy_pass a; {server} }}\n}}\n"


def balancer(text: str, unit: str = "") -> Balancer:
    """The only load balancer of a text."""
    watchers = [nginx_reader.parse_watcher("unit", unit)] if unit else []
    (found,), notes = nginx_reader.parse({"nginx.conf": nginx_text.parse("nginx.conf", text)}, watchers)
    assert notes == ()
    return found


def refusal(parse: Callable[[], object]) -> str:
    """Why something cannot be read; the name of the file where it can."""
    try:
        parse()
    except InvalidInput as error:
        return error.message
    return "nginx.conf"


def test_defaults_are_those_of_nginx() -> None:
    found = balancer(stream("server 192.0.2.11:6443; server 192.0.2.12:6443;"))
    passive = found.servers[0].passive
    assert passive is not None
    assert (passive.max_fails.value, passive.fail_timeout.value) == (1, 10)
    assert str(found.connect) == "proxy_connect_timeout 60 s (default)"
    assert str(found.idle) == "proxy_timeout 600 s (default)"
    assert found.pass_on.is_passed
    assert found.shares_state
    assert (found.stop_after, found.server_keepalive) == (None, None)


def test_settings_are_taken_with_their_places() -> None:
    text = stream(
        "zone z 64k; server 192.0.2.11:6443 max_fails=3 fail_timeout=1m30s; server [2001:db8::1]:6443 backup; server 192.0.2.13:6443 down;",
        "proxy_connect_timeout 500ms; proxy_timeout 1h; proxy_next_upstream off; proxy_socket_keepalive on;",
        "worker_processes auto; worker_shutdown_timeout 10s;",
    )
    found = balancer(text)
    assert [(server.host, server.is_backup) for server in found.servers] == [
        ("192.0.2.11", False),
        ("2001:db8::1", True),
    ]
    assert [str(server.passive and server.passive.fail_timeout) for server in found.used] == [
        "fail_timeout 90 s (nginx.conf:3)"
    ]
    assert (str(found.connect), str(found.idle)) == (
        "proxy_connect_timeout 0.5 s (nginx.conf:4)",
        "proxy_timeout 3600 s (nginx.conf:4)",
    )
    assert str(found.stop_after) == "worker_shutdown_timeout 10 s (nginx.conf:1)"
    assert not found.pass_on.is_passed
    assert found.shares_state
    assert found.server_keepalive is not None


def test_workers_share_nothing_without_a_zone() -> None:
    assert not balancer(stream("server 192.0.2.11:6443;", top="worker_processes 4;")).shares_state


def test_an_upstream_may_be_a_server_itself() -> None:
    text = "stream { server { listen 192.0.2.10:6443; proxy_pass 192.0.2.11:6443; } }"
    assert [(server.host, server.port) for server in balancer(text).servers] == [("192.0.2.11", 6443)]


def test_files_that_include_each_other() -> None:
    files = {
        "/etc/nginx/nginx.conf": "stream {\n  include stream.d/*.conf;\n}",
        "/etc/nginx/stream.d/api.conf": "upstream a { server 192.0.2.11:6443; }\nserver { listen 6443; proxy_pass a; }",
    }
    parsed = {path: nginx_text.parse(path, text) for path, text in files.items()}
    (found,), notes = nginx_reader.parse(parsed)
    assert found.where == "/etc/nginx/stream.d/api.conf:1"
    assert notes == ()


def test_what_is_available_is_read_where_it_is_enabled() -> None:
    """Under the path of the link by which it is included; what is available only is no load balancer of the host."""
    text, old = stream("server 192.0.2.11:6443;"), stream("server 192.0.2.12:6443;")
    texts = {
        "/etc/nginx/nginx.conf": "events {}\ninclude streams-enabled/*;\n",
        "/etc/nginx/streams-available/api.conf": text,
        "/etc/nginx/streams-available/old.conf": old,
        "/etc/nginx/streams-enabled/api.conf": text,
    }
    found, notes = nginx_reader.parse({path: nginx_text.parse(path, each) for path, each in texts.items()})
    assert [each.where.partition(":")[0] for each in found] == ["/etc/nginx/streams-enabled/api.conf"]
    assert notes == ()
    alone, _notes = nginx_reader.parse({"/x/streams-available/old.conf": nginx_text.parse("old.conf", old)})
    assert len(alone) == 1, "a file that is given by itself is meant"


def test_what_was_not_given_is_noted() -> None:
    text = "http { upstream b { server 192.0.2.11:6443; } }\ninclude other/api.conf;\n" + stream(
        "server unix:/run/x; server 192.0.2.11:6443;"
    )
    _balancers, notes = nginx_reader.parse({"nginx.conf": nginx_text.parse("nginx.conf", text)})
    assert [note.what for note in notes] == [
        "include of a file that was not given", "server of a socket or of a variable", "an upstream of http in front of API servers",
    ]  # fmt: skip


def test_the_watcher_checks_the_servers_that_it_names() -> None:
    found = balancer(stream("server 192.0.2.11:6443; server 192.0.2.12:6443; server 192.0.2.13:6443;"), UNIT)
    first, _second, third = (server.check for server in found.servers)
    assert first is not None
    assert (first.kind, first.path, first.interval.value, first.connect_limit.value) == (
        CheckKind.HTTPS,
        "/readyz",
        0.5,
        1,
    )
    assert third is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stream {", "nginx.conf: nginx would not load this: unexpected end of file"),
        ("stream }", "nginx.conf: nginx would not load this"),
        (stream("server 192.0.2.11:6443 fail_timeout=soon;"), "nginx.conf:3: 'soon' is no time of nginx"),
        (stream("server 192.0.2.11:6443 max_fails=x;"), "nginx.conf:3: max_fails=x is no number"),
        (stream("server;"), "nginx.conf:3: server is not complete"),
        ("include nginx.conf;", "nginx.conf:1: the file includes itself"),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        nginx_reader.parse({"nginx.conf": nginx_text.parse("nginx.conf", text)})
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10.0), ("10s", 10.0), ("250ms", 0.25), ("1h30m", 5400.0), ("1d 1s", 86401.0)]
)
def test_times(text: str, seconds: float) -> None:
    assert nginx_reader.parse_time(text, "") == seconds


WORDS = st.sampled_from([
    "stream", "upstream", "server", "http", "a", "192.0.2.1:6443", "listen", "6443", "proxy_pass", "include", "x.conf", "{", "}", ";", "zone", "max_fails=1",
    "fail_timeout=9", "proxy_timeout", "1s", "'", '"', "#", "\n", "worker_processes", "$x", "unix:/x",
])  # fmt: skip


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal(lambda: nginx_reader.parse({"nginx.conf": nginx_text.parse("nginx.conf", text)})).startswith(
        "nginx.conf"
    )


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_unit_is_read_or_refused(text: str) -> None:
    for unit in (text, f"ExecStart=kubernetes-apiserver-watch --timeout={text}"):
        assert refusal(functools.partial(nginx_reader.parse_watcher, "nginx.conf", unit)).startswith("nginx.conf")


@pytest.mark.parametrize("name", [name for name, each in CONFIGURATIONS.items() if each.program == "nginx"])
def test_known_configurations_are_read_without_a_note(name: str) -> None:
    assert [server.port for server in balancer(CONFIGURATIONS[name].text).servers] == [6443, 6443, 6443]
