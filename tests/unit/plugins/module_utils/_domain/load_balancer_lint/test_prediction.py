# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds that a load balancer needs for a failed API server, by its settings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import haproxy_reader, nginx_reader
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.prediction import (
    Event,
    Outage,
    predict,
)
from tests.roles.lint_configurations import CONFIGURATIONS

if TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.balancer import Balancer


def balancer(name: str) -> Balancer:
    """The load balancer of one of the tests' configurations."""
    program, _source, text = CONFIGURATIONS[name]
    if program == "haproxy":
        (found,), _notes = haproxy_reader.parse("f", text)
    else:
        (found,), _notes = nginx_reader.parse({"f": nginx_text.parse("f", text)})
    return found


def outages(name: str) -> dict[str, Outage]:
    """What is predicted of it."""
    return {each.event.name: each for each in predict(balancer(name))}


#: By configuration and event: out of use, new connections well, open connections ended.
EXPECTED: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {
    # 2 s + 3 checks of 2 s + 2 x 2 s: the limit of a check with its handshake is inter, which is below timeout connect.
    "kubeadm-guide": {"DEAD": (6, 0, 0), "FROZEN": (12, 12, 35), "UNREADY": (None, None, None), "GONE": (12, 12, 35)},
    # The answer to the hello is waited for as long as timeout check says.
    "kubeadm-guide-2020": {
        "DEAD": (6, 0, 0),
        "FROZEN": (36, 36, 20),
        "UNREADY": (None, None, None),
        "GONE": (12, 12, 20),
    },
    "tcp-check": {
        "DEAD": (10, 10, 0),
        "FROZEN": (None, None, 600),
        "UNREADY": (None, None, None),
        "GONE": (20, 20, 600),
    },
    "no-check": {
        "DEAD": (None, None, 0),
        "FROZEN": (None, None, 60),
        "UNREADY": (None, None, None),
        "GONE": (None, None, 60),
    },
    "enix": {"DEAD": (14, 14, 0), "FROZEN": (None, None, 86400), "UNREADY": (None, None, None), "GONE": (20, 20, 40)},
    "kubespray": {"DEAD": (30, 0, 0), "FROZEN": (60, 60, 900), "UNREADY": (None, None, None), "GONE": (60, 60, 900)},
    "readyz-and-shutdown": {
        "DEAD": (2.5, 0, 0),
        "FROZEN": (4.5, 4.5, 4.5),
        "UNREADY": (2.5, 2.5, 2.5),
        "GONE": (4.5, 4.5, 4.5),
    },
    # Two workers without a zone.
    "kubespray-nginx": {
        "DEAD": (0, 0, 0),
        "FROZEN": (None, None, 600),
        "UNREADY": (None, None, None),
        "GONE": (2, 2, 600),
    },
    "kubeasz-nginx": {
        "DEAD": (0, 0, 0),
        "FROZEN": (None, None, 600),
        "UNREADY": (None, None, None),
        "GONE": (1, 1, 600),
    },
    "recipe-nginx": {
        "DEAD": (0, 0, 0),
        "FROZEN": (None, None, 600),
        "UNREADY": (None, None, None),
        "GONE": (60, 60, 600),
    },
    "recipe-nginx-15s": {
        "DEAD": (0, 0, 0),
        "FROZEN": (None, None, 15),
        "UNREADY": (None, None, None),
        "GONE": (15, 15, 15),
    },
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_seconds_of_known_configurations(name: str) -> None:
    assert {event: (each.out, each.clean, each.open_until) for event, each in outages(name).items()} == EXPECTED[name]


def test_the_sum_names_each_setting_and_its_place() -> None:
    assert (
        outages("tcp-check")["DEAD"].sum
        == "10 s = inter 5 s (f:11) + fall 2 (f:11): 2 x 0 s (refused) + 1 x inter 5 s (f:11)"
    )
    assert (
        outages("kubeadm-guide")["UNREADY"].sum
        == "the check asks for /healthz, and only /readyz says that an API server is not ready (f:19)"
    )
    assert outages("no-check")["FROZEN"].sum == "nothing checks it: no check (f:11)"


@pytest.mark.parametrize(
    ("name", "event", "meanwhile"),
    [
        ("kubeadm-guide", "DEAD", "waits 0 s, then another server has it: option redispatch (f:6)"),
        (
            "kubeadm-guide",
            "GONE",
            "waits 5 s (timeout connect 5 s (f:9)), then another server has it: option redispatch (f:6)",
        ),
        ("kubeadm-guide", "FROZEN", "hangs in the TLS handshake until the client gives up, at most 35 s (f:10)"),
        ("tcp-check", "DEAD", "fails after 3 s: no option redispatch, retries 3 (default)"),
        (
            "tcp-check",
            "GONE",
            "fails after 23 s (timeout connect 5 s (f:4)): no option redispatch, retries 3 (default)",
        ),
        (
            "recipe-nginx",
            "GONE",
            "waits 60 s (proxy_connect_timeout 60 s (default)), then another server has it: proxy_next_upstream (default)",
        ),
    ],
)
def test_what_a_new_connection_suffers(name: str, event: str, meanwhile: str) -> None:
    assert outages(name)[event].meanwhile == meanwhile


def test_nginx_tries_a_lost_host_again_and_again() -> None:
    assert (outages("kubeasz-nginx")["GONE"].returns, outages("kubespray-nginx")["FROZEN"].returns) == (3, None)


def test_connections_that_fail_take_a_server_out_where_haproxy_observes_them() -> None:
    text = CONFIGURATIONS["kubespray"].text.replace(
        "weight 100", "weight 100 observe layer4 error-limit 1 on-error mark-down"
    )
    (found,), _notes = haproxy_reader.parse("f", text.replace("timeout connect 30s", "timeout connect 300ms"))
    by_event = {each.event: each for each in predict(found)}
    assert (by_event[Event.DEAD].out, by_event[Event.GONE].out, by_event[Event.GONE].clean) == (0, 0.3, 0)
    assert by_event[Event.FROZEN].out == 15 + 2 * 0.3 + 15


def test_the_lua_script_of_the_role_ends_sessions_after_its_grace() -> None:
    text = CONFIGURATIONS["readyz-and-shutdown"].text.replace(" on-marked-down shutdown-sessions", "")
    (found,), _notes = haproxy_reader.parse("f", "global\n  lua-load /etc/haproxy/kubernetes-apiserver.lua\n" + text)
    by_event = {each.event: each for each in predict(found)}
    assert (by_event[Event.FROZEN].open_until, by_event[Event.UNREADY].open_until) == (5.5, 5.5)


def test_the_worst_server_is_what_counts() -> None:
    found = balancer("tcp-check")
    slow = dataclasses.replace(found.servers[1], check=None)
    mixed = dataclasses.replace(found, servers=(found.servers[0], slow, found.servers[2]))
    assert predict(mixed)[0].out is None


def test_one_server_alone_passes_nothing_on() -> None:
    found = balancer("kubeadm-guide")
    alone = dataclasses.replace(found, servers=found.servers[:1])
    assert predict(alone)[0].meanwhile == "fails after 0 s: there is no other server"


@given(
    interval=st.integers(100, 20000),
    fast=st.integers(100, 20000),
    fall=st.integers(1, 10),
    connect=st.integers(100, 20000),
    limit=st.integers(100, 20000),
)
def test_what_is_slower_to_fail_is_slower_to_be_noticed(
    interval: int, fast: int, fall: int, connect: int, limit: int
) -> None:
    text = (
        f"defaults\n  mode tcp\n  timeout connect {connect}\n  timeout check {limit}\n  timeout client 1h\n  timeout server 1h\n  option redispatch\n"
        "frontend f\n  bind :8443\n  default_backend b\nbackend b\n  option httpchk GET /readyz\n"
        f"  default-server check check-ssl inter {interval} fastinter {fast} fall {fall}\n  server a 192.0.2.1:6443\n  server b 192.0.2.2:6443\n"
    )
    (found,), _notes = haproxy_reader.parse("f", text)
    dead, frozen, unready, gone = (each.out for each in predict(found))
    assert dead is not None
    assert gone is not None
    assert frozen == gone
    assert dead == unready
    assert dead == pytest.approx((interval + (fall - 1) * fast) / 1000)
    assert gone == pytest.approx(dead + fall * min(interval, connect) / 1000)
